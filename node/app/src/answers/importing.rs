//! Importing files: a preview always, and the writing where it is asked for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crdt_model::charter::Charter;
use crdt_model::ids::{CommitHash, RecordId};

use super::finding::reader;
use super::records::role_of;
use super::renumbered;
use crate::asked::attached::Attached;
use crate::asked::importing::{ImportReport, ImportRequest};
use crate::asked::protocol::Reply;
use crate::door::Answer;
use crate::reason::refusal_text;
use crdt_model::text;
use crdt_model::text::{Language, Problem, Text};
use node_import::{CharterRules, Held, HeldIn, Import, Mapping, Placement, Preview, SourceFile};
use node_machine::room::disk_full;
use node_runtime::keeper::Keeper;

/// Rows that a report names one by one, at most.
const REPORT_ROWS_MAX: usize = 200;

pub(super) fn import(
    keeper: &mut Keeper,
    wanted: &ImportRequest,
    answer: Answer,
) -> Result<(), Problem> {
    if wanted.apply && keeper.room.is_short() {
        answer(Reply::Problem(disk_full()));
        return Ok(());
    }
    // Devices of a catalogue are compared with those it has.
    keeper.prepare_read_model(false)?;
    let previewed = match preview(keeper, wanted) {
        Ok(preview) if wanted.apply && !preview.drafts.is_empty() => {
            return apply(keeper, preview, answer);
        }
        Ok(preview) => preview,
        Err(problem) => {
            answer(Reply::Problem(problem));
            return Ok(());
        }
    };
    let judged = judge(keeper, previewed)?;
    answer(Reply::Imported(Box::new(report(&judged, wanted.apply))));
    Ok(())
}

/// Has the engine judge what would be written as it does when it writes, and shows a few values.
fn judge(keeper: &mut Keeper, mut preview: Preview) -> Result<Preview, Problem> {
    let charter = Arc::clone(keeper.adopted.charter());
    preview.judge(|drafts| {
        let judged = keeper.would_write(drafts)?;
        Ok(judged.map(drop).map_err(|why| refusal_text(&charter, &why)))
    })?;
    let renumbered = renumbered::notes(keeper, &preview)?;
    preview.notes.extend(renumbered);
    let role = role_of(keeper, None)?;
    let reads = reader(keeper, role);
    if let Some(kind) = charter.kinds().kind(preview.kind) {
        preview.show_values(kind, |draft| {
            let held = HeldIn(&keeper.store).grade(&draft.facet);
            let grade = draft.grade.or(held);
            grade.is_some_and(|grade| reads(&draft.facet.label(grade)))
        });
    }
    Ok(preview)
}

fn preview(keeper: &Keeper, wanted: &ImportRequest) -> Result<Preview, Problem> {
    let files = wanted.files.iter().map(source_file);
    let files: Vec<SourceFile> = files.collect();
    let charter = keeper.engine.charter();
    let kinds = charter.kinds();
    let mut mapping = match &wanted.mapping {
        Some(file) => Mapping::parse(&file.name, &text_of(file)?, kinds)?,
        None => Mapping::of_catalogues(kinds)?,
    };
    mapping.encoding = wanted.encoding.or(mapping.encoding);
    let mut placement = Placement::of_the_county()?;
    if let Some(file) = &wanted.placement {
        placement = placement.with(if file.name.ends_with(".csv") {
            Placement::from_csv(&file.name, &file.bytes)?
        } else {
            Placement::from_toml(&text_of(file)?)?
        });
    }
    let import = Import {
        mapping: &mapping,
        placement: &placement,
        rules: &CharterRules {
            charter: &**charter,
            author: keeper.node(),
        },
        held: &HeldIn(&keeper.store),
        fallback_home: wanted.home,
    };
    import.preview(&files)
}

/// What many writes come to, told when the last is through.
struct Tally {
    left: usize,
    preview: Preview,
    written: u64,
    refused: BTreeMap<RecordId, Text>,
    answer: Option<Answer>,
}

impl Tally {
    fn note(&mut self, record: RecordId, outcome: Result<Vec<CommitHash>, Text>) {
        match outcome {
            Ok(commits) => self.written += commits.len() as u64,
            Err(refused) => {
                self.refused.insert(record, refused);
            }
        }
        self.left -= 1;
        if self.left > 0 {
            return;
        }
        self.preview.refuse(&self.refused);
        let mut report = report(&self.preview, true);
        report.written = self.written;
        if let Some(answer) = self.answer.take() {
            answer(Reply::Imported(Box::new(report)));
        }
    }
}

/// Writes the drafts, those of one record together. What the writing refuses is told like what the
/// preview refuses, by file, line and key.
fn apply(keeper: &mut Keeper, mut preview: Preview, answer: Answer) -> Result<(), Problem> {
    let renumbered = renumbered::notes(keeper, &preview)?;
    preview.notes.extend(renumbered);
    let records = preview.take_records();
    let tally = Tally {
        left: records.len(),
        preview,
        written: 0,
        refused: BTreeMap::new(),
        answer: Some(answer),
    };
    let tally = Arc::new(Mutex::new(tally));
    let charter = Arc::clone(keeper.adopted.charter());
    for drafts in records {
        let Some(record) = drafts.first().map(|draft| draft.facet.record) else {
            continue;
        };
        let (tally, charter) = (Arc::clone(&tally), Arc::clone(&charter));
        keeper.write(drafts, move |outcome| {
            // Held for a moment by one thread; a panic under it is a bug that has been reported.
            let mut tally = tally
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            tally.note(record, outcome.map_err(|why| refusal_text(&charter, &why)))
        })?;
        // A year's file is more than may wait for the disk at a time.
        if keeper.engine.is_busy() {
            while keeper.make_durable()? {}
        }
    }
    Ok(())
}

fn report(preview: &Preview, applied: bool) -> ImportReport {
    let text = Text {
        zh: preview.render(Language::Zh, REPORT_ROWS_MAX),
        en: preview.render(Language::En, REPORT_ROWS_MAX),
    };
    let json = serde_json::to_value(preview).unwrap_or_default();
    ImportReport {
        text,
        preview: json,
        applied,
        written: 0,
        refused: preview.totals.refusals(),
    }
}

fn source_file(file: &Attached) -> SourceFile {
    let name = file.name.rsplit('/').next().unwrap_or(&file.name);
    SourceFile {
        name: name.to_owned(),
        bytes: file.bytes.clone(),
    }
}

fn text_of(file: &Attached) -> Result<String, Problem> {
    String::from_utf8(file.bytes.clone()).map_err(|problem| {
        let name = &file.name;
        Problem::new(
            "file-unreadable",
            text!(
                "无法读取文件 {name}：{problem}",
                "cannot read the file {name}: {problem}"
            ),
            text!("把它存为 UTF-8 文本", "save it as text in UTF-8"),
        )
    })
}
