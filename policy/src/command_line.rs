//! What the programs' command lines have in common: help, what is wrong with a command line, and
//! values that several of them take, all of it in both languages.

pub mod help;
pub mod usage;
pub mod values;
