//! `fmt`: the text of a charter in one form, so that versions differ only in what they say.

use std::path::PathBuf;

use policy::CharterFiles;
use policy::making::format::formatted;
use serde_json::json;

use crate::output::{Answer, Exit, Failure, Output};
use crate::text::say;

/// Write the rules in Cedar's own form, and every file with plain line ends.
///
/// Exit code with `--check`: 0 nothing to do, 1 some files would change.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The charter's folder.
    dir: PathBuf,
    /// Change nothing, and say which files would.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let files = CharterFiles::read(&arguments.dir)?;
    let changed = formatted(&files)
        .map_err(|findings| Failure::findings(Exit::Findings, findings, &files))?;
    if !arguments.check {
        for (path, content) in &changed {
            let path = arguments.dir.join(path);
            std::fs::write(&path, content)
                .map_err(|problem| Failure::unwritable(&path, &problem))?;
        }
    }
    let does = if arguments.check {
        say!(output, "将改动", "would change")
    } else {
        say!(output, "已改动", "changed")
    };
    let mut text = String::new();
    for path in changed.keys() {
        text.push_str(&format!("{does} {path}\n"));
    }
    if changed.is_empty() {
        text.push_str(&say!(output, "无需改动\n", "nothing to do\n"));
    }
    let exit = if arguments.check && !changed.is_empty() {
        Exit::Findings
    } else {
        Exit::Clean
    };
    let paths: Vec<_> = changed.keys().collect();
    Ok(Answer::new(
        exit,
        text,
        json!({ "changed": paths, "written": !arguments.check }),
    ))
}
