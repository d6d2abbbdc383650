//! What the app makes of the floors below it: the review of a period, and imports that the engine judges.

mod drawing;
#[path = "../../../readmodel/tests/readmodel/harness.rs"]
#[expect(dead_code, reason = "the read model's own tests use the rest")]
mod harness;
mod judged;
mod reports;
#[path = "../../../import/tests/import/support.rs"]
#[expect(dead_code, reason = "the import's own tests use the rest")]
mod support;
