//! The cross-crate suites, in one binary so that they link once.

mod tidy;
