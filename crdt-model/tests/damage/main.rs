//! What damage to single values of a store does to a node, and what it does not.

mod anywhere;
mod charter;
mod claims;
mod county;
mod flawed;
