//! Claims about the engine, tried in the county in memory.

mod county;
mod healing;
mod random;
mod refusals;
mod spreading;
