//! What reconciliation promises: it finds exactly what differs, in few rounds and bytes, whatever
//! the other side answers, and without a word about what is not shared.

mod cost;
mod differences;
mod hostile;
mod malformed;
mod messages;
mod pairs;
mod requests;
mod secrecy;
mod trees;
mod views;
