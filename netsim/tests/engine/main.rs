//! Claims about the engine, tried in the county in memory.

mod charters;
mod county;
mod emergencies;
mod forks;
mod healing;
mod judging;
mod lives;
mod load;
mod log;
mod machines;
mod purges;
mod refusals;
mod secrecy;
mod spreading;
mod thin;
mod widening;
