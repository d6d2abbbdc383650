//! The command line of a node: its settings, and the program itself as somebody types it.

mod answers;
mod harness;
mod program;
mod settings;
