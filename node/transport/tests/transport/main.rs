//! The transport over real sockets of the loopback interface. Tests wait for events, never for time.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says why and ends"
)]

mod admission;
mod exchange;
mod floods;
mod harness;
mod memory;
mod outages;
mod ports;
mod quic;
mod relay;
mod stranger;
