//! Brings foreign files into the mesh: catalogues of GB/T 28181 platforms and tables that offices
//! keep. Every row becomes drafts for the facets of one record, or is refused with its line and
//! reason; what may not exist in the mesh is dropped where it is read, and counted; nothing is ever
//! deleted, and importing a file twice changes nothing.
//!
//! An import is a [`Preview`] first ([`fn@preview`]). The caller has every record's drafts judged by the
//! engine, as for any other write ([`Preview::take_records`], [`Preview::take_back`]). To write, the
//! caller applies [`Preview::drafts`].
//!
//! * [`mod@decode`]: bytes to text, by what the bytes are; a header decides where they allow two readings
//! * [`gb28181`] and [`mod@csv`]: text to rows of named cells ([`row`]); [`source`]: all files together
//! * [`forbidden`]: what never gets past a reader
//! * [`mapping`]: which column becomes which field; [`fields`] and [`convert`] apply it; `value_problem`:
//!   why a facet does not take a value
//! * [`place`]: which node a row belongs to
//! * `locate`, `plan` and `changes`: rows to drafts, against what the node holds and may write
//!   ([`rules`]); `import`: the settings that they share
//! * [`outcome`]: what becomes of each row; [`mod@preview`]: what people and programs are shown

mod changes;
pub mod convert;
pub mod csv;
pub mod decode;
pub mod fields;
pub mod forbidden;
pub mod gb28181;
mod import;
pub mod limits;
mod locate;
pub mod mapping;
pub mod outcome;
pub mod place;
mod plan;
pub mod preview;
pub mod row;
pub mod rules;
pub mod samples;
pub mod source;
mod value_problem;

use std::sync::Arc;

use crdt_model::ids::Name;
use sha2::{Digest, Sha256};

pub use self::decode::{DecodedAs, decode, read_bounded};
pub use self::import::Import;
pub use self::locate::record_id;
pub use self::mapping::{Format, Mapping};
pub use self::outcome::{Outcome, Refusals, RowOutcome, Totals};
pub use self::place::Placement;
pub use self::preview::Preview;
pub use self::rules::{CharterRules, Held, HeldIn, Rules};
pub use self::source::SourceFile;

use self::decode::Decoded;
use self::forbidden::{Verdict, judge};
use self::limits::{FILE_BYTES_MAX, FILES_MAX, NOTES_MAX};
use self::source::{Counts, FileRead, Source, of_file};
use crdt_model::text;
use crdt_model::text::{Problem, Text};

/// Reads files and says what importing them would do.
///
/// The answers to one catalogue query may be spread over several files, and several files may have rows
/// about one thing.
///
/// # Errors
/// A file that cannot be read at all. What is wrong with single rows is in the preview.
pub fn preview(import: &Import<'_>, files: &[SourceFile]) -> Result<Preview, Problem> {
    if files.len() > FILES_MAX {
        return Err(too_much(&format!("{FILES_MAX}")));
    }
    let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
    if bytes > FILE_BYTES_MAX {
        return Err(too_much(&format!("{} MiB", FILE_BYTES_MAX / (1024 * 1024))));
    }
    let mapping = import.mapping;
    let kind = import.rules.kinds().kind(mapping.kind);
    let kind = kind.ok_or_else(|| no_kind(mapping.kind))?;
    let mut source = read(mapping, files)?;
    let (left_behind, unmapped) = not_taken(mapping, &source);
    if source.notes.len() > NOTES_MAX {
        let more = source.notes.len() - NOTES_MAX;
        source.notes.truncate(NOTES_MAX);
        source
            .notes
            .push(text!("……另有 {more} 条说明", "… and {more} more notes"));
    }
    let planned = plan::plan(import, kind, &source.columns, &source.rows);
    let mut rows = std::mem::take(&mut source.set_aside);
    rows.extend(planned.rows);
    rows.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
    Ok(Preview {
        mapping: mapping.title.clone(),
        kind: mapping.kind,
        files: source.files,
        totals: Totals::of(&rows),
        partial: !source.partial.is_empty(),
        partial_answers: source.partial,
        dropped: source.dropped,
        left_behind,
        unmapped,
        notes: source.notes,
        samples: Vec::new(),
        rows,
        drafts: planned.drafts,
    })
}

fn read(mapping: &Mapping, files: &[SourceFile]) -> Result<Source, Problem> {
    let mut source = Source::default();
    let mut decoded: Vec<(Arc<str>, Decoded<'_>)> = Vec::with_capacity(files.len());
    for file in files {
        let text = decode(&file.bytes, mapping.encoding)
            .map_err(|problem| of_file(&file.name, problem))?;
        if text.doubtful {
            source.notes.push(doubtful(&file.name));
        }
        source.files.push(FileRead {
            name: file.name.clone(),
            sha256: hex::encode(Sha256::digest(&file.bytes)),
            decoded_as: text.decoded_as,
        });
        decoded.push((Arc::from(file.name.as_str()), text));
    }
    match mapping.format {
        Format::Gb28181 => gb28181::read(&decoded, &mut source)?,
        Format::Csv => {
            for (name, text) in &decoded {
                csv::read(name, text, mapping, &mut source)?;
            }
        }
    }
    Ok(source)
}

/// Counts the cells that do not become fields: first those in columns that the mapping leaves behind
/// on purpose, then those in columns that the mapping does not mention.
fn not_taken(mapping: &Mapping, source: &Source) -> (Counts, Counts) {
    let (mut left_behind, mut unmapped) = (Counts::default(), Counts::default());
    let same = |one: &str, other: &str| one.trim().eq_ignore_ascii_case(other.trim());
    let fate = |name: &str| {
        let dropped = mapping.drops.iter().any(|drop| same(&drop.name, name));
        let known = mapping.known_columns().any(|known| same(known, name));
        // That a password was there is counted as dropped already.
        let secret = judge(name, "") == Verdict::OnlyThatItWasPresent;
        (dropped && !secret, known || secret)
    };
    let fates: Vec<(bool, bool)> = source.columns.iter().map(|(_, name)| fate(name)).collect();
    for (column, _) in source.rows.iter().flat_map(|row| row.cells()) {
        match fates.get(usize::from(column)) {
            Some((true, _)) => left_behind.add(source.columns.name(column)),
            Some((false, false)) => unmapped.add(source.columns.name(column)),
            _ => {}
        }
    }
    (left_behind, unmapped)
}

fn no_kind(kind: Name) -> Problem {
    Problem::new(
        "import-kind",
        text!(
            "现行章程没有类型“{kind}”",
            "the charter in force has no kind `{kind}`"
        ),
        text!(
            "请使用与章程版本相符的列对应表",
            "use a mapping that fits the charter's version"
        ),
    )
}

/// The note about a file whose bytes are valid in two encodings.
fn doubtful(name: &str) -> Text {
    text!(
        "{name} 的字节按 UTF-8 和 GB18030 都读得通，现按 UTF-8 读取；请核对列出的值，不对时加 \
         `--encoding gb18030`",
        "the bytes of {name} are good UTF-8 and good GB18030, and were read as UTF-8; look at the values \
         shown, and if they are wrong add --encoding gb18030"
    )
}

fn too_much(limit: &str) -> Problem {
    Problem::new(
        "import-too-large",
        text!(
            "一次导入的文件超过上限（{limit}）",
            "more than one import may read ({limit})"
        ),
        text!("请分批导入", "import them in parts"),
    )
}
