//! Claims about the engine, tried in the county in memory.

mod charters;
mod county;
mod healing;
mod random;
mod refusals;
mod spreading;
mod widening;
