//! Suites that need more than one crate: real processes from end to end, and the habits of the
//! project held by a test. They are all in `suite/`; this library is empty.
