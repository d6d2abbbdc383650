//! The read model: what the node holds, as tables of SQLite in its folder, for lists, filters, sorting
//! and full-text search. It is made from the replica and can be thrown away at any time; the truth is
//! never in it, and it holds nothing that the replica does not.
//!
//! ```text
//! readmodel/readmodel.sqlite        the tables; -wal and -shm beside it while the node runs, -sums always
//!
//! about(name, value)                `format`, `schema`, `node`, `charter`
//! facet_table(facet, kind, …)       which table a facet has, and what people call it
//! facet_column(facet, field, …)     which column a field has, or which table if it grows
//! word(facet, field, word, zh, en)  what the words of vocabularies stand for
//! label(id, facet, home, …)         every label that a facet here has
//! facet(id, label, record, …)       every facet here, with the digest of its heads
//! conflict(facet_id, field, …)      all values of fields that have more than one; `shown` is 1 at the
//!                                   one that the facet's own table has
//! left_out(facet_id, key, …)        all values that do not count, for two machines wrote as one node
//! case_summary(facet_id, …)         one table a facet: fixed columns, then one for each field
//! case_summary_timeline(…)          one table a field that grows, one row an entry
//! search(text, fields)              the index of all texts (FTS5); its rowid is the facet's id
//! ```
//!
//! Times are milliseconds since 1970-01-01T00:00:00Z, booleans 0 and 1, nodes and records as text.
//! `begun_ms` and `changed_ms` are the earliest and the latest wall time of the values in force.
//! `step_since_ms`, for the field that says the step, is the wall time of the value that is shown.
//!
//! What is here is compared with the replica by the digest of each facet's heads, so no journal and
//! no mark is needed to go on after a crash.
//!
//! * [`ReadModel`], in `model`: opens the tables and keeps them as the replica has it. `catalogue`: writes
//!   which tables there are. `rows`: one facet in its tables. `text`: words for the index.
//!   [`policy::reading::tables`]: tables from kinds.
//! * `file`: the files in the folder. `pages`: checksums of all pages, so that damage is noticed. `wal`:
//!   what is written ahead.
//! * [`Tables`]: answers questions, on any thread. Its folder has one file a question: [`find`], [`search`],
//!   [`tally`], [`measure`], [`left_out`], `heard`; [`access`]: which rows somebody may read.
//! * [`mod@alike`]: how alike two texts are.

pub mod alike;
mod catalogue;
mod error;
mod file;
mod model;
mod pages;
mod rows;
mod tables;
mod text;
mod wal;

pub use catalogue::Owner;
pub use error::ReadModelError;
pub use file::{commits_known, remove};
pub use model::{Opened, Progress, ReadModel, SLICE_FACETS, Seen};
pub use tables::{CallOff, Place, Tables, access, find, left_out, measure, search, tally};
