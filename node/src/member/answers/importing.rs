//! Importing files: a preview always, and the writing where it is asked for.

use std::sync::{Arc, Mutex};

use crdt_model::engine::WriteRefused;
use crdt_model::ids::CommitHash;

use super::renumbered;
use super::writing::refused_problem;
use crate::control::attached::Attached;
use crate::control::importing::{ImportReport, ImportRequest};
use crate::control::protocol::Reply;
use crate::import::{CharterRules, HeldIn, Import, Mapping, Placement, Preview, SourceFile};
use crate::member::keeper::{Answer, Keeper};
use crate::member::room::disk_full;
use crate::text;
use crate::text::{Language, Problem, Text};

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
    keeper.catch_up(false)?;
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
    let files = wanted.files.iter().map(source_file);
    let files: Vec<SourceFile> = files.collect();
    let charter = keeper.engine.charter();
    let kinds = charter.kinds();
    let mapping = match &wanted.mapping {
        Some(file) => Mapping::parse(&file.name, &text_of(file)?, kinds)?,
        None => Mapping::of_catalogues(kinds)?,
    };
    let mut placement = Placement::of_the_county()?;
    if let Some(file) = &wanted.placement {
        placement = placement.with(if file.name.ends_with(".csv") {
            Placement::from_csv(&file.bytes)?
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
