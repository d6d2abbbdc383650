//! Charters drawn from seeds, and the one of Linze County, held against tables of what they must
//! allow.

mod generated;
mod library;
mod linze;
mod support;
