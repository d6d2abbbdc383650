//! The cross-crate suites, in one binary so that they link once.

mod mesh;
mod tidy;
