//! Importing files: a preview always, and the writing where it is asked for.

use std::path::Path;
use std::sync::{Arc, Mutex};

use crdt_model::engine::WriteRefused;
use crdt_model::ids::CommitHash;

use super::renumbered;
use super::writing::refused_problem;
use crate::control::importing::{ImportReport, ImportRequest};
use crate::control::protocol::Reply;
use crate::import::read_bounded;
use crate::import::{CharterRules, HeldIn, Import, Mapping, Placement, Preview, SourceFile};
use crate::member::keeper::{Answer, Keeper};
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
    keeper.prepare_read_model(false)?;
    match preview(keeper, wanted) {
        Ok(preview) if wanted.apply && !preview.drafts.is_empty() => apply(keeper, preview, answer),
        Ok(preview) => {
            answer(Reply::Imported(Box::new(report(&preview, wanted.apply))));
            Ok(())
        }
        Err(problem) => {
            answer(Reply::Problem(problem));
            Ok(())
        }
    }
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
    let mapping = match &wanted.mapping {
        Some(path) => Mapping::parse(&path.display().to_string(), &read_text(path)?, kinds)?,
        None => Mapping::of_catalogues(kinds)?,
    };
    let mut placement = Placement::of_the_county()?;
    if let Some(path) = &wanted.placement {
        let table = path.extension().is_some_and(|extension| extension == "csv");
        placement = placement.with(if table {
            Placement::from_csv(&read(path)?)?
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
    let mut preview = import.preview(&files)?;
    let renumbered = renumbered::notes(keeper, &preview)?;
    preview.notes.extend(renumbered);
    Ok(preview)
}

/// What many writes come to, told when the last is through.
struct Tally {
    left: usize,
    report: ImportReport,
    answer: Option<Answer>,
}

impl Tally {
    fn note(
        &mut self,
        charter: &policy::CedarCharter,
        outcome: Result<Vec<CommitHash>, WriteRefused>,
    ) -> Option<(Answer, Reply)> {
        match outcome {
            Ok(commits) => self.report.written += commits.len() as u64,
            Err(refused) => self.report.refused.push(refused_problem(charter, &refused)),
        }
        self.left -= 1;
        if self.left > 0 {
            return None;
        }
        let reply = Reply::Imported(Box::new(self.report.clone()));
        Some((self.answer.take()?, reply))
    }
}

/// Writes the drafts, those of one record together.
fn apply(keeper: &mut Keeper, mut preview: Preview, answer: Answer) -> Result<(), Problem> {
    let records = preview.take_records();
    let tally = Tally {
        left: records.len(),
        report: report(&preview, true),
        answer: Some(answer),
    };
    let tally = Arc::new(Mutex::new(tally));
    let charter = Arc::clone(keeper.adopted.charter());
    for drafts in records {
        let (tally, charter) = (Arc::clone(&tally), Arc::clone(&charter));
        keeper.write(drafts, move |outcome| {
            // Held for a moment by one thread; a panic under it is a bug that has been reported.
            let mut tally = tally
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            tally.note(&charter, outcome)
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
        refused: Vec::new(),
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
