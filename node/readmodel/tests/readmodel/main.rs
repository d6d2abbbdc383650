//! The read model: it has what the replica has and nothing else, and gives nobody more than they may
//! read.

mod damage;
mod following;
mod harness;
mod lists;
mod purges;
mod searching;
