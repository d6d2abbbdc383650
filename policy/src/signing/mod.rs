//! Who made a charter, and which one a node may hold.
//!
//! [`manifest`] is what is signed, [`sshsig`] and [`key_files`] how, [`board`] whose signatures count,
//! [`sign`] the steps of a reviewer, [`adopt`] with [`refusal`] what a node may hold and why not,
//! [`bundle`] the bytes that travel, [`held`] what a node's store holds. For bad days: [`recovery`]
//! (keys are lost) and [`emergency`] (more may be seen, for hours).

pub mod adopt;
pub mod board;
pub mod bundle;
pub mod emergency;
pub mod held;
pub mod key_files;
pub mod manifest;
pub(crate) mod manifest_text;
pub mod recovery;
pub mod refusal;
pub mod sign;
pub mod sshsig;
