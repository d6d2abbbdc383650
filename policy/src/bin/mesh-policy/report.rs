//! `report`: the reviewer's page.

use std::path::PathBuf;

use crdt_model::ids::NodeId;
use policy::CharterFiles;
use policy::reading::finding::Severity;
use policy::review::enumeration::Enumeration;
use policy::review::report::page;
use serde_json::json;

use crate::moment::Moment;
use crate::output::{Answer, Exit, Failure, Output, open};
use crate::text::say;

/// Write the reviewer's page: findings, signatures, what changed, rules in plain words, invariants,
/// every decision, roster. In Chinese and English, for the screen and for print. Exit code 3: some of
/// the charter's checks do not hold.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The charter's folder.
    dir: PathBuf,
    /// The folder of the version before, to show what changes.
    #[arg(long, value_name = "DIR")]
    previous: Option<PathBuf>,
    /// The page to write; standard output if not given.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The moment to check for; now if not given.
    #[arg(long, value_name = "TIME", default_value_t)]
    at: Moment,
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let files = CharterFiles::read(&arguments.dir)?;
    let mut charter = open(&files)?;
    let previous = match &arguments.previous {
        None => None,
        Some(dir) => {
            let mut previous = open(&CharterFiles::read(dir)?)?;
            let named: Vec<NodeId> = previous.named().chain(charter.named()).collect();
            previous.distinguish(named.iter().copied());
            charter.distinguish(named);
            Some(previous)
        }
    };
    let all = Enumeration::of(&charter)?;
    let before = previous.as_ref().map(Enumeration::of).transpose()?;
    let (html, findings) = page(&all, before.as_ref(), &files, arguments.at.wall());
    let exit = if findings.iter().any(|one| one.severity == Severity::Error) {
        Exit::CheckBroken
    } else {
        Exit::Clean
    };
    let object = json!({
        "bytes": html.len(), "out": arguments.out, "findings": findings.len(),
    });
    match &arguments.out {
        None => Ok(Answer::new(exit, html, object)),
        Some(out) => {
            std::fs::write(out, &html).map_err(|problem| Failure::unwritable(out, &problem))?;
            let shown = out.display();
            let told = say!(output, "已写入 `{shown}`\n", "written to `{shown}`\n");
            Ok(Answer::new(exit, told, object))
        }
    }
}
