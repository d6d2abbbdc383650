//! The running member of the mesh.
pub mod cli;
pub mod control;
pub mod county;
pub mod folder;
pub mod import;
pub mod member;
pub mod private;
pub mod readmodel;
pub mod reason;
pub mod report;
pub mod settings;
mod signals;
pub mod snapshot;
pub mod store;
pub mod text;
mod time;
pub mod transport;
