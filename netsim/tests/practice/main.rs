//! The county's practice on the charter of Linze County, told as what happens: time limits across
//! outages and holidays, matters that two places handle at once, lists that not everybody has yet.

mod beginning;
mod clocks;
mod county;
mod letters;
mod lists;
mod presence;
mod time_limits;
mod warnings;
