//! `replay`: a node's decisions, asked again of another version.

use std::path::PathBuf;

use policy::review::replay::{Changed, Logged, Replayed, replay};
use policy::{CedarCharter, CharterFiles};

use crate::input::{LIST_BYTES_MAX, read_text};
use crate::output::{Answer, Exit, Failure, Language, Output, open};
use crate::text::{self, say};

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

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let files = CharterFiles::read(&arguments.dir)?;
    let charter = open(&files)?;
    let log = read_text(&arguments.log, LIST_BYTES_MAX)?;
    let replayed = replay(&charter, &log).map_err(|problem| {
        let path = arguments.log.display();
        Failure::usage(say!(output, "`{path}`：{problem}", "`{path}`: {problem}"))
    })?;
    let exit = if replayed.opened.is_empty() {
        Exit::Clean
    } else {
        Exit::Wider
    };
    let object = serde_json::to_value(&replayed)
        .map_err(|problem| Failure::new(Exit::Internal, "json", problem))?;
    Ok(Answer::new(exit, text(&replayed, &charter, output), object))
}

fn text(replayed: &Replayed, charter: &CedarCharter, output: &Output) -> String {
    let Replayed {
        decisions,
        opened,
        closed,
        unknown,
    } = replayed;
    let mut text = say!(
        output,
        "{decisions} 项判定：{} 项将放开，{} 项将收紧，{unknown} 项涉及本章程没有的内容\n",
        "{decisions} decisions: {} would open, {} would close, {unknown} are about what this \
         charter does not have\n",
        opened.len(),
        closed.len()
    );
    for (sign, changes) in [('+', opened), ('-', closed)] {
        let line = |changed| line(sign, changed, charter, output);
        text.extend(changes.iter().map(line));
    }
    text
}

fn line(sign: char, changed: &Changed, charter: &CedarCharter, output: &Output) -> String {
    let Logged {
        ask,
        role,
        node,
        label,
        facets,
        version,
        rules,
        ..
    } = &changed.logged;
    let language = output.language();
    let question = ask.question(*role);
    let asked = question.map_or_else(
        || ask.name().to_owned(),
        |question| text::question(question, language),
    );
    // The library has said it in English.
    let now = match (language, question) {
        (Language::Zh, Some(question)) => {
            text::decision(&charter.decide(question, label, *node), language)
        }
        _ => changed.now.clone(),
    };
    let label = text::label(label, language);
    let rules = match rules.as_slice() {
        [] => say!(output, "无规则许可", "no rule"),
        rules => rules.join(&say!(output, "、", ", ")),
    };
    say!(
        output,
        "  {sign} {node} {asked} {label}，{facets} 个分面：{now}（第 {version} 版：{rules}）\n",
        "  {sign} {asked} of {label} at {node}, {facets} facets: {now} (version {version}: {rules})\n"
    )
}
