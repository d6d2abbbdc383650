//! `import`: says what files would do and, where it is asked for, has it written.

use std::collections::BTreeMap;
use std::sync::mpsc;

use crdt_model::draft::Draft;
use crdt_model::ids::{NodeId, RecordId};
use crdt_model::text;
use crdt_model::text::{Language, Problem, Text};
use node_import::decode::Named;
use node_import::{
    CharterRules, Held, HeldIn, Import, Mapping, Placement, Preview, Refusals, SourceFile,
};
use node_machine::room::disk_full;
use node_runtime::keeper::Keeper;
use node_runtime::mail::Work;
use node_runtime::reading::Followed;
use node_runtime::view::Footing;
use serde::{Deserialize, Serialize};

use crate::door::attached::Attached;
use crate::door::caller::{Capability, first_role};
use crate::door::line;
use crate::door::node::on_a_thread;
use crate::door::stopping;
use crate::door::task::{Stage, Task};
use crate::door::use_case::{Does, UseCase};
use crate::readable::reader;
use crate::reason::refusal_text;
use crate::renumbered;

/// Rows that a report names one by one, at most.
const REPORT_ROWS_MAX: usize = 200;

/// Records that the engine's thread is given at a time: others wait for it no longer than these take.
const RECORDS_AT_ONCE: usize = 16;

/// What is to be imported.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportRequest {
    /// The files.
    pub files: Vec<Attached>,
    /// A column mapping, for spreadsheets saved as text.
    #[serde(default)]
    pub mapping: Option<Attached>,
    /// The home of rows that name none.
    #[serde(default)]
    pub home: Option<NodeId>,
    /// A table of device to node, for rows that name none.
    #[serde(default)]
    pub placement: Option<Attached>,
    /// The encoding of the files, for who knows better than their bytes say.
    #[serde(default)]
    pub encoding: Option<Named>,
    /// Whether to write.
    pub apply: bool,
}

/// What an import did, or would do.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ImportReport {
    /// For people.
    pub text: Text,
    /// For programs: [`node_import::Preview`] as JSON.
    pub preview: serde_json::Value,
    /// Whether it was written; a preview writes nothing.
    pub applied: bool,
    /// Facets that were written.
    pub written: u64,
    /// How much of the files is refused, by the preview or, if it was written, by the writing. Which
    /// rows, and why, is in `preview`.
    pub refused: Refusals,
    /// Records that were left because it was called off. What was written before stays, and importing
    /// the same files again goes on from there.
    #[serde(default, skip_serializing_if = "line::is_zero")]
    pub left: u64,
}

impl UseCase for ImportRequest {
    const NEEDS: Capability = Capability::Operator;
    const DEADLINE_S: Option<u64> = None;
    const ENDS_EARLY: bool = true;
    type Answer = ImportReport;

    /// If the node runs, all but the engine's part is done on a thread of its own.
    fn begin(self) -> Does<ImportReport> {
        Does::work(move |mut node, respond| {
            if self.apply && node.keeper.room.is_short() {
                respond(Err(disk_full()));
                return Ok(());
            }
            // Devices of a catalogue are compared with those it has.
            let footing = node.footing()?;
            let mailbox = node.running.as_ref().map(|running| running.mailbox.clone());
            let (keeper, task) = (node.keeper, node.task);
            let Some(mailbox) = mailbox else {
                let reply = imported(&footing, &self, &task, &mut |work| {
                    work(keeper).map_err(Stopped::StoreFailed)
                });
                return match reply {
                    Ok(report) => {
                        respond(Ok(report));
                        Ok(())
                    }
                    Err(Stopped::Refused(problem)) => {
                        respond(Err(problem));
                        Ok(())
                    }
                    Err(Stopped::StoreFailed(problem)) => Err(problem),
                };
            };
            on_a_thread("import", move || {
                let reply = imported(&footing, &self, &task, &mut |work| {
                    mailbox.bulk_blocking(Work {
                        needs_limits: false,
                        run: Box::new(|keeper, _| work(keeper)),
                    });
                    Ok(())
                });
                respond(reply.map_err(|stopped| match stopped {
                    Stopped::Refused(problem) | Stopped::StoreFailed(problem) => problem,
                }));
            });
            Ok(())
        })
    }

    fn about(&self) -> String {
        let (files, apply) = (self.files.len(), self.apply);
        format!("files={files} apply={apply}")
    }

    fn attached(&self) -> Vec<&Attached> {
        let beside = self.mapping.iter().chain(&self.placement);
        self.files.iter().chain(beside).collect()
    }

    fn attached_mut(&mut self) -> Vec<&mut Attached> {
        let beside = self.mapping.iter_mut().chain(&mut self.placement);
        self.files.iter_mut().chain(beside).collect()
    }
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
    task: &Task,
    on_engine: &mut dyn FnMut(Part) -> Result<(), Stopped>,
) -> Result<ImportReport, Stopped> {
    task.has_come(Stage::Reading, 0, 0);
    let mut preview = preview(footing, wanted)?;
    if !wanted.apply || preview.drafts.is_empty() {
        judge(footing, &mut preview, task, on_engine)?;
        preview.notes.extend(renumbered(footing, &preview, task)?);
        show_values(footing, &mut preview, task)?;
        return Ok(report(&preview, wanted.apply));
    }
    preview.notes.extend(renumbered(footing, &preview, task)?);
    let (written, left) = write(footing, &mut preview, task, on_engine)?;
    Ok(ImportReport {
        written,
        left,
        ..report(&preview, true)
    })
}

fn renumbered(footing: &Footing, preview: &Preview, task: &Task) -> Result<Vec<Text>, Problem> {
    footing.ask(task.called_off(), |view| {
        Ok(renumbered::notes(view, preview)?)
    })
}

/// Has the engine judge what would be written as it does when it writes.
fn judge(
    footing: &Footing,
    preview: &mut Preview,
    task: &Task,
    on_engine: &mut dyn FnMut(Part) -> Result<(), Stopped>,
) -> Result<(), Stopped> {
    let records = preview.take_records();
    let (all, mut done) = (records.len(), 0);
    let mut refused = BTreeMap::new();
    for records in records.chunks(RECORDS_AT_ONCE) {
        if task.called_off().is_called() {
            return Err(called_off().into());
        }
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
        done += records.len();
        task.has_come(Stage::Judging, done, all);
    }
    preview.take_back(records, &refused);
    Ok(())
}

/// Shows a few values, of facets that the first role may read.
fn show_values(footing: &Footing, preview: &mut Preview, task: &Task) -> Result<(), Problem> {
    footing.ask(task.called_off(), |view| {
        let role = first_role(&view.adopted)?;
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

type Outcome = Result<u64, crdt_model::engine::WriteRefused>;

/// Writes the drafts, those of one record together. What the writing refuses is told like what the
/// preview refuses, by file, line and key. Returns how many facets were written, and how many records
/// were left because it was called off.
fn write(
    footing: &Footing,
    preview: &mut Preview,
    task: &Task,
    on_engine: &mut dyn FnMut(Part) -> Result<(), Stopped>,
) -> Result<(u64, u64), Stopped> {
    let (tell, told) = mpsc::channel();
    let records = preview.take_records();
    let (all, mut begun) = (records.len(), 0);
    for records in records.chunks(RECORDS_AT_ONCE) {
        if task.called_off().is_called() {
            break;
        }
        begun += records.len();
        on_engine(write_part(records.to_vec(), tell.clone()))?;
        task.has_come(Stage::Writing, begun, all);
    }
    // What is still waiting becomes durable, and what was written is found from now on.
    drop(tell);
    on_engine(Box::new(|keeper| {
        while keeper.make_durable()? {}
        Ok(())
    }))?;
    let (mut written, mut refused) = (0, BTreeMap::new());
    for _ in 0..begun {
        let (record, outcome) = told.recv().map_err(|_| stopping())?;
        match outcome {
            Ok(commits) => written += commits,
            Err(why) => {
                refused.insert(record, refusal_text(footing.adopted.charter(), &why));
            }
        }
    }
    preview.refuse(&refused);
    task.has_come(Stage::Following, 0, 0);
    follow(on_engine)?;
    Ok((written, (all - begun) as u64))
}

fn write_part(records: Vec<Vec<Draft>>, tell: mpsc::Sender<(RecordId, Outcome)>) -> Part {
    Box::new(move |keeper| {
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
    })
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
    node_import::preview(&import, &files)
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
        left: 0,
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

fn called_off() -> Problem {
    Problem::new(
        "called-off",
        text!(
            "已按要求停止，没有写入任何内容",
            "it was called off, and nothing was written"
        ),
        text!("需要时再次导入", "import again when it is wanted"),
    )
}
