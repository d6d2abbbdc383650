//! Importing files: a preview always, and the writing where it is asked for.

use std::collections::BTreeMap;
use std::sync::mpsc;

use super::Running;
use super::finding::reader;
use super::records::role_of;
use super::renumbered;
use crate::asked::attached::Attached;
use crate::asked::importing::{ImportReport, ImportRequest};
use crate::asked::protocol::Reply;
use crate::door::Answer;
use crate::door::stopping;
use crate::reason::refusal_text;
use crdt_model::text;
use crdt_model::text::{Language, Problem, Text};
use node_import::{CharterRules, Held, HeldIn, Import, Mapping, Placement, Preview, SourceFile};
use node_machine::room::disk_full;
use node_runtime::keeper::Keeper;
use node_runtime::mail::Work;
use node_runtime::reading::Followed;
use node_runtime::view::Footing;

/// Rows that a report names one by one, at most.
const REPORT_ROWS_MAX: usize = 200;

/// Records that the engine's thread is given at a time: others wait for it no longer than these take.
const RECORDS_AT_ONCE: usize = 16;

/// Says what files would do and, where it is asked for, has it written. If the node runs, all but the
/// engine's part is done on a thread of its own.
pub(super) fn import(
    keeper: &mut Keeper,
    running: Option<&Running<'_>>,
    wanted: ImportRequest,
    answer: Answer,
) -> Result<(), Problem> {
    if wanted.apply && keeper.room.is_short() {
        answer(Reply::Problem(disk_full()));
        return Ok(());
    }
    // Devices of a catalogue are compared with those it has.
    keeper.prepare_read_model(running.is_none())?;
    let footing = keeper.footing();
    let Some(running) = running else {
        let reply = imported(&footing, &wanted, &mut |work| {
            work(keeper).map_err(Stopped::StoreFailed)
        });
        return match reply {
            Ok(report) => {
                answer(Reply::Imported(Box::new(report)));
                Ok(())
            }
            Err(Stopped::Refused(problem)) => {
                answer(Reply::Problem(problem));
                Ok(())
            }
            Err(Stopped::StoreFailed(problem)) => Err(problem),
        };
    };
    let mailbox = running.mailbox.clone();
    let run = move || {
        let reply = imported(&footing, &wanted, &mut |work| {
            mailbox.bulk_blocking(Work {
                needs_limits: false,
                run: Box::new(|keeper, _| work(keeper)),
            });
            Ok(())
        });
        answer(match reply {
            Ok(report) => Reply::Imported(Box::new(report)),
            Err(Stopped::Refused(problem) | Stopped::StoreFailed(problem)) => {
                Reply::Problem(problem)
            }
        });
    };
    if let Err(error) = std::thread::Builder::new()
        .name("import".to_owned())
        .spawn(run)
    {
        // Whoever asked is told that there was no answer.
        tracing::warn!(%error, "an import could not begin");
    }
    Ok(())
}

/// A part of an import that the engine's thread does.
type Part = Box<dyn FnOnce(&mut Keeper) -> Result<(), Problem> + Send>;

/// Why an import ended early.
enum Stopped {
    /// Nothing of what was not acknowledged was written.
    Refused(Problem),
    /// The store has failed, and with it the node.
    StoreFailed(Problem),
}

impl From<Problem> for Stopped {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

/// The import; `on_engine` leaves a part of it for the engine's thread.
fn imported(
    footing: &Footing,
    wanted: &ImportRequest,
    on_engine: &mut dyn FnMut(Part) -> Result<(), Stopped>,
) -> Result<ImportReport, Stopped> {
    let mut preview = preview(footing, wanted)?;
    if !wanted.apply || preview.drafts.is_empty() {
        judge(footing, &mut preview, on_engine)?;
        preview.notes.extend(renumbered(footing, &preview)?);
        show_values(footing, &mut preview)?;
        return Ok(report(&preview, wanted.apply));
    }
    preview.notes.extend(renumbered(footing, &preview)?);
    let written = write(footing, &mut preview, on_engine)?;
    let mut report = report(&preview, true);
    report.written = written;
    Ok(report)
}

fn renumbered(footing: &Footing, preview: &Preview) -> Result<Vec<Text>, Problem> {
    footing.ask(|view| Ok(renumbered::notes(view, preview)?))
}

/// Has the engine judge what would be written as it does when it writes.
fn judge(
    footing: &Footing,
    preview: &mut Preview,
    on_engine: &mut dyn FnMut(Part) -> Result<(), Stopped>,
) -> Result<(), Stopped> {
    let records = preview.take_records();
    let mut refused = BTreeMap::new();
    for records in records.chunks(RECORDS_AT_ONCE) {
        let (tell, told) = mpsc::channel();
        let asked = records.to_vec();
        on_engine(Box::new(move |keeper| {
            for drafts in asked {
                // The other end waits below.
                let _ = tell.send(keeper.would_write(&drafts)?);
            }
            Ok(())
        }))?;
        for drafts in records {
            let judged = told.recv().map_err(|_| stopping())?;
            if let (Err(why), Some(draft)) = (judged, drafts.first()) {
                let why = refusal_text(footing.adopted.charter(), &why);
                refused.insert(draft.facet.record, why);
            }
        }
    }
    preview.take_back(records, &refused);
    Ok(())
}

/// Shows a few values, of facets that the first role may read.
fn show_values(footing: &Footing, preview: &mut Preview) -> Result<(), Problem> {
    footing.ask(|view| {
        let role = role_of(&view.adopted, None)?;
        let reads = reader(view, role);
        if let Some(kind) = view.charter.kinds().kind(preview.kind) {
            preview.show_values(kind, |draft| {
                let held = HeldIn(&view.store).grade(&draft.facet);
                let grade = draft.grade.or(held);
                grade.is_some_and(|grade| reads(&draft.facet.label(grade)))
            });
        }
        Ok(())
    })
}

/// Writes the drafts, those of one record together. What the writing refuses is told like what the
/// preview refuses, by file, line and key. Returns how many facets were written.
fn write(
    footing: &Footing,
    preview: &mut Preview,
    on_engine: &mut dyn FnMut(Part) -> Result<(), Stopped>,
) -> Result<u64, Stopped> {
    let (tell, told) = mpsc::channel();
    let records = preview.take_records();
    let expected = records.len();
    for records in records.chunks(RECORDS_AT_ONCE) {
        let (records, tell) = (records.to_vec(), tell.clone());
        on_engine(Box::new(move |keeper| {
            for drafts in records {
                let Some(record) = drafts.first().map(|draft| draft.facet.record) else {
                    continue;
                };
                let tell = tell.clone();
                keeper.write(drafts, move |outcome| {
                    let outcome = outcome.map(|commits| commits.len() as u64);
                    // Nobody listens any more if the node is ending.
                    let _ = tell.send((record, outcome));
                })?;
            }
            // A year's file is more than may wait for the disk at a time.
            if keeper.engine.is_busy() {
                while keeper.make_durable()? {}
            }
            Ok(())
        }))?;
    }
    // What is still waiting becomes durable, and what was written is found from now on.
    drop(tell);
    on_engine(Box::new(|keeper| {
        while keeper.make_durable()? {}
        Ok(())
    }))?;
    let (mut written, mut refused) = (0, BTreeMap::new());
    for _ in 0..expected {
        let (record, outcome) = told.recv().map_err(|_| stopping())?;
        match outcome {
            Ok(commits) => written += commits,
            Err(why) => {
                refused.insert(record, refusal_text(footing.adopted.charter(), &why));
            }
        }
    }
    preview.refuse(&refused);
    follow(on_engine)?;
    Ok(written)
}

/// Waits until the read model has what was written.
fn follow(on_engine: &mut dyn FnMut(Part) -> Result<(), Stopped>) -> Result<(), Stopped> {
    loop {
        let (tell, told) = mpsc::channel();
        on_engine(Box::new(move |keeper| {
            // The other end waits below.
            let _ = tell.send(keeper.follow()?);
            Ok(())
        }))?;
        if told.recv() != Ok(Followed::Some) {
            return Ok(());
        }
    }
}

fn preview(footing: &Footing, wanted: &ImportRequest) -> Result<Preview, Problem> {
    let files = wanted.files.iter().map(source_file);
    let files: Vec<SourceFile> = files.collect();
    let charter = &footing.charter;
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
            author: footing.node,
        },
        held: &HeldIn(&footing.store),
        fallback_home: wanted.home,
    };
    import.preview(&files)
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
                "读不了文件 {name}：不是 UTF-8 文本（`{problem}`）",
                "cannot read the file {name}: {problem}"
            ),
            text!("把它存为 UTF-8 文本", "save it as text in UTF-8"),
        )
    })
}
