//! Importing files: a preview always, and the writing where it is asked for.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use crdt_model::charter::Charter;
use crdt_model::ids::{CommitHash, RecordId};

use super::finding::reader;
use super::records::role_of;
use super::renumbered;
use crate::control::importing::{ImportReport, ImportRequest};
use crate::control::protocol::Reply;
use crate::import::read_bounded;
use crate::import::{CharterRules, Held, HeldIn, Import, Mapping, Placement, Preview, SourceFile};
use crate::member::keeper::{Answer, Keeper};
use crate::reason::refusal_text;
use crate::text;
use crate::text::{Language, Problem, Text};

/// Rows that a report names one by one, at most.
const REPORT_ROWS_MAX: usize = 200;

pub(super) fn import(
    keeper: &mut Keeper,
    wanted: &ImportRequest,
    answer: Answer,
) -> Result<(), Problem> {
    // Devices of a catalogue are compared with those it has.
    keeper.catch_up(false)?;
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
    let mut files = Vec::new();
    for path in &wanted.files {
        let name = path
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into());
        files.push(SourceFile {
            name,
            bytes: read(path)?,
        });
    }
    let charter = keeper.engine.charter();
    let kinds = charter.kinds();
    let mut mapping = match &wanted.mapping {
        Some(path) => Mapping::parse(&path.display().to_string(), &read_text(path)?, kinds)?,
        None => Mapping::of_catalogues(kinds)?,
    };
    mapping.encoding = wanted.encoding.or(mapping.encoding);
    let mut placement = Placement::of_the_county()?;
    if let Some(path) = &wanted.placement {
        let table = path.extension().is_some_and(|extension| extension == "csv");
        placement = placement.with(if table {
            Placement::from_csv(&path.display().to_string(), &read(path)?)?
        } else {
            Placement::from_toml(&read_text(path)?)?
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
    fn note(
        &mut self,
        record: RecordId,
        outcome: Result<Vec<CommitHash>, Text>,
    ) -> Option<(Answer, Reply)> {
        match outcome {
            Ok(commits) => self.written += commits.len() as u64,
            Err(refused) => {
                self.refused.insert(record, refused);
            }
        }
        self.left -= 1;
        if self.left > 0 {
            return None;
        }
        self.preview.refuse(&self.refused);
        let mut report = report(&self.preview, true);
        report.written = self.written;
        Some((self.answer.take()?, Reply::Imported(Box::new(report))))
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

fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    let file = std::fs::File::open(path).map_err(|problem| unreadable(path, &problem))?;
    read_bounded(file)
}

fn read_text(path: &Path) -> Result<String, Problem> {
    String::from_utf8(read(path)?).map_err(|problem| unreadable(path, &problem))
}

fn unreadable(path: &Path, problem: &dyn std::fmt::Display) -> Problem {
    let path = path.display();
    Problem::new(
        "file-unreadable",
        text!(
            "无法读取文件 {path}：{problem}",
            "cannot read the file {path}: {problem}"
        ),
        text!("检查路径和权限", "check the path and its permissions"),
    )
}
