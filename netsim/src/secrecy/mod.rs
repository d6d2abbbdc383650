//! Non-interference, by looking: whether what reaches a node speaks of anything that the node may
//! not hold.
//!
//! * [`mentions`]: by type. Everything that reaches a node, its disk, its log or its status lists
//!   what it mentions.
//! * [`told`]: judges such a list by a table of who may hold what that is not the engine's own.
//! * [`needles`]: by bytes. Finds secrets in any bytes, as they are, written in hexadecimal or
//!   base64, or hashed.
//! * [`canary`]: secrets worth looking for.
//!
//! The two are made so that each finds what the other cannot: a list knows that a label or a count
//! was told, and bytes know nothing of types that somebody forgot. What neither can judge, a
//! fingerprint or a count that depends on what it must not, takes two runs that are compared.

pub mod canary;
pub mod mentions;
pub mod needles;
pub mod told;

pub use canary::Canary;
pub use mentions::{Mention, Mentions};
pub use needles::{Form, Found, Needles};
pub use told::{Leak, Permitted, judge};
