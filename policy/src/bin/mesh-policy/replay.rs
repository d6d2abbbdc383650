//! `replay`: a node's decisions, asked again of another version.

use std::path::PathBuf;

use policy::CharterFiles;
use policy::review::replay::{Changed, Replayed, replay};

use crate::output::{Answer, Exit, Failure, Output, open};

/// Ask a node's decisions again of this charter, and list what would be decided otherwise.
///
/// Exit code 0: nothing opened. 2: something that was denied would be allowed.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The charter's folder.
    dir: PathBuf,
    /// The decisions, as `mesh-node decisions` writes them.
    #[arg(long, value_name = "FILE")]
    log: PathBuf,
}

pub(crate) fn run(arguments: &Arguments, _: &Output) -> Result<Answer, Failure> {
    let files = CharterFiles::read(&arguments.dir)?;
    let charter = open(&files)?;
    let fault =
        |problem: String| Failure::usage(format!("`{}`: {problem}", arguments.log.display()));
    let log =
        std::fs::read_to_string(&arguments.log).map_err(|problem| fault(problem.to_string()))?;
    let replayed = replay(&charter, &log).map_err(|problem| fault(problem.to_string()))?;
    let exit = if replayed.opened.is_empty() {
        Exit::Clean
    } else {
        Exit::Wider
    };
    let object = serde_json::to_value(&replayed)
        .map_err(|problem| Failure::new(Exit::Internal, "json", problem))?;
    Ok(Answer::new(exit, text(&replayed), object))
}

fn text(replayed: &Replayed) -> String {
    let Replayed {
        decisions,
        opened,
        closed,
        unknown,
    } = replayed;
    let mut text = format!(
        "{decisions} decisions: {} would open, {} would close, {unknown} are about what this \
         charter does not have\n",
        opened.len(),
        closed.len()
    );
    for (sign, changes) in [('+', opened), ('-', closed)] {
        text.extend(changes.iter().map(|changed| line(sign, changed)));
    }
    text
}

fn line(sign: char, changed: &Changed) -> String {
    let logged = &changed.logged;
    let role = logged
        .role
        .map_or(String::new(), |role| format!(" as {role}"));
    format!(
        "  {sign} {}{role} of {} at {}, {} facets: {} (version {}: {})\n",
        logged.ask.name(),
        logged.label,
        logged.node,
        logged.facets,
        changed.now,
        logged.version,
        if logged.rules.is_empty() {
            "no rule".to_owned()
        } else {
            logged.rules.join(", ")
        },
    )
}
