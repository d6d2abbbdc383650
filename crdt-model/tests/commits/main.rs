//! What commits and messages promise: any order of arrival comes to the same, and no bytes from
//! outside do harm.

mod bytes;
mod corpus;
mod delivery;
mod forks;
mod samples;
mod wide;
