//! placeholder
pub mod text;
pub mod store;
