//! placeholder
pub mod text;
pub mod store;
pub mod transport;
