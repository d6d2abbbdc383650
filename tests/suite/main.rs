//! The cross-crate suites, in one binary so that they link once.

mod console;
mod mesh;
mod tidy;
mod year;
