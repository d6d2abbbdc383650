//! Every bound of an import, with its unit in its name and its relations asserted at compile time.

use crdt_model::limits::{COMMIT_BYTES_MAX, COMMIT_OPERATIONS_MAX};

/// Bytes of one file.
pub const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Files read in one go.
pub const FILES_MAX: usize = 1024;
/// Rows of one import, over all its files.
pub const ROWS_MAX: usize = 500_000;
/// Bytes of a mapping or placement file.
pub const MAPPING_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Columns of one table.
pub const COLUMNS_MAX: usize = 256;
/// Lines above a table's header that may hold its title.
pub const TITLE_ROWS_MAX: usize = 10;
/// Bytes of one `Item` of a catalogue.
pub const ITEM_BYTES_MAX: usize = 64 * 1024;
/// Elements within one `Item`.
pub const ITEM_ELEMENTS_MAX: usize = 256;
/// Levels of elements within one `Item`: the standard has `Item`, `Info` and a field.
pub const ITEM_DEPTH_MAX: usize = 6;
/// Characters of a foreign name or value that a message repeats.
pub const QUOTE_CHARS_MAX: usize = 40;
/// Values of one field of one file that a preview shows.
pub const SAMPLES_MAX: usize = 3;
/// Characters of a value that a preview shows.
pub const SAMPLE_CHARS_MAX: usize = 40;
/// Distinct names of columns that are remembered, and of dropped or unmapped ones that are counted one
/// by one.
pub const COUNTED_NAMES_MAX: usize = 512;
/// Notes about the files of one import.
pub const NOTES_MAX: usize = 1000;
/// Bytes that the fields of one draft may take together, so that its commit fits.
pub const DRAFT_BYTES_MAX: usize = COMMIT_BYTES_MAX - COMMIT_OVERHEAD_BYTES;
/// Bytes of a commit that are not its fields' keys and values.
const COMMIT_OVERHEAD_BYTES: usize = 3 * 1024;
/// Bytes that one operation takes beside its key and value, one overwritten operation included.
pub const OPERATION_OVERHEAD_BYTES: usize = 48;

const _: () = assert!(OPERATION_OVERHEAD_BYTES * COMMIT_OPERATIONS_MAX < DRAFT_BYTES_MAX);
const _: () = assert!(ITEM_BYTES_MAX < FILE_BYTES_MAX);
const _: () = assert!(MAPPING_BYTES_MAX < FILE_BYTES_MAX);
