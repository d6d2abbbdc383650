//! Room on the disk, as a status says it.

use serde::{Deserialize, Serialize};

/// How much room there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct DiskRoom {
    /// Bytes that may still be written.
    pub free_bytes: u64,
    /// Whether writes are refused because there is too little.
    pub full: bool,
}
