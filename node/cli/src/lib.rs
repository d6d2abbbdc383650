//! The command line of a node: `mesh-node`, one file a command.
//!
//! * `init`, `run`, `stop`, `secure`, `config`: the node itself; `introduction` shows whom `init`
//!   would trust
//! * `status`, `why`, `quarantine`, `checkpoint`: how it stands, and why; `status_text` is
//!   a status in words
//! * `inventory`: what it holds and what is decided about it, for reviewers
//! * `record_add`, `record_set`, `record_show`, `record_list`, `record_search`, `import`: its records;
//!   `record_receipts` who has one that was meant for many,
//!   `record_duplicates` which grid reports may be one;
//!   `record_file` and `field` read what is to be written, `record_found` shows what was found
//! * `due`: its time limits; `measure`: the county's figures; `report`: the review of a period;
//!   `snapshot`: its figures, once; `readmodel`: what lists and searches are made from
//! * `store`: a damaged store, looked at and made whole
//! * `offer`, `emergency`, `cut`: charters, emergencies, and lines cut for demonstrations
//! * `county`: a whole county on one machine; `no_demo`: the answer of a program that was built without it
//! * `asking`: through the control socket or, if the node does not run, by opening it
//! * `help`, `usage`, `values`: the command line in two languages
//! * `output`, `table`, `reason_words`, `exit`: what is written, and how it ends
//!
//! | exit code | meaning |
//! | --- | --- |
//! | 0 | done |
//! | 1 | the node refused it, or there is no such thing |
//! | 2 | the command line, or a file given with it, is wrong |
//! | 3 | the node's folder, settings or key cannot be used |
//! | 4 | the store cannot be used |
//! | 5 | the answer is no: not in sync, not readable; only with `--exit-code` |
//! | 6 | `county`: not everything arrived in time, or not exactly what was to |
//! | 7 | `county`: a node holds, or somebody wrote, what plain Cedar denies |
//! | 8 | `import`: rows are refused, some or all, by the preview or by the writing |
//! | 70 | an error of this program |
//!
//! A problem is its code, what happened and what to do next. With `--json` every command writes one
//! object to stdout: the reply of [`node_app::door::line`], problems among them.

mod asking;
mod checkpoint;
mod config;
#[cfg(feature = "demo")]
mod county;
mod cut;
mod due;
mod emergency;
mod exit;
mod field;
mod help;
mod import;
mod init;
mod introduction;
mod inventory;
mod measure;
mod mended;
#[cfg(any(test, not(feature = "demo")))]
#[cfg_attr(
    feature = "demo",
    expect(dead_code, reason = "only its test is of use")
)]
mod no_demo;
mod offer;
mod output;
mod proposed;
mod quarantine;
mod readmodel;
mod reason_words;
mod record;
mod record_add;
mod record_duplicates;
mod record_file;
mod record_found;
mod record_left_out;
mod record_list;
mod record_receipts;
mod record_search;
mod record_set;
mod record_show;
mod report;
mod run;
mod secure;
mod signals;
mod snapshot;
mod status;
mod status_text;
mod stop;
mod store;
mod table;
mod telling;
mod values;
mod why;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use self::asking::{Context, data_folder};
use self::exit::Exit;
use self::help::{Words, exit_codes, help_and_version, speak};
#[cfg(not(feature = "demo"))]
use self::no_demo as county;
use self::output::{Answer, Ended, Output};
use self::values::WAIT_S;
use crdt_model::text;
use crdt_model::text::{Language, Problem};
use node_machine::settings::{Environment, Flags, Origin, language_before_settings};
use policy::command_line::usage::{Unread, look_ahead, unread};

/// Where the options of all commands begin in help: after a command's own.
const GLOBAL: usize = 900;

#[derive(Parser)]
#[command(name = "mesh-node", version)]
struct Arguments {
    #[arg(long, global = true, display_order = GLOBAL + 2, value_name = "zh|en", value_parser = values::language)]
    lang: Option<Language>,
    #[arg(long, global = true, display_order = GLOBAL + 1)]
    json: bool,
    #[arg(long, global = true, display_order = GLOBAL, value_name = "DIR")]
    data: Option<PathBuf>,
    #[arg(long, global = true, display_order = GLOBAL + 3, value_name = "SECONDS", value_parser = values::wait_s)]
    wait: Option<u64>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(init::Arguments),
    Run(run::Arguments),
    Status(status::Arguments),
    Why(why::Arguments),
    Record(record::Arguments),
    Due(due::Arguments),
    Report(report::Arguments),
    Import(import::Arguments),
    Measure(measure::Arguments),
    Snapshot(snapshot::Arguments),
    Readmodel(readmodel::Arguments),
    Quarantine,
    Inventory(inventory::Arguments),
    Decisions,
    Checkpoint,
    Offer(offer::Arguments),
    Emergency(emergency::Arguments),
    Cut(cut::Arguments),
    Heal,
    Store(store::Arguments),
    Stop,
    Secure,
    Config(config::Arguments),
    #[cfg_attr(not(feature = "demo"), command(hide = true))]
    County(county::Arguments),
}

fn words() -> Words {
    Words::new(text!(
        "县域数据共享网络的一个节点。",
        "One node of a county's data-sharing mesh."
    ))
    .argument(
        "lang",
        text!(
            "语言：`zh` 或 `en`（默认依次取 `COUNTYMESH_LANG`、`node.toml`、系统语言）",
            "language: zh or en (default: COUNTYMESH_LANG, then node.toml, then the locale)"
        ),
    )
    .argument(
        "json",
        text!(
            "输出一个 JSON 对象，供程序读取",
            "print one JSON object, for programs"
        ),
    )
    .argument(
        "data",
        text!(
            "节点目录（默认取 `COUNTYMESH_DATA`，否则为 `./node-data`）",
            "the node's folder (default: COUNTYMESH_DATA, else ./node-data)"
        ),
    )
    .argument(
        "wait",
        text!(
            "数据存储被另一个程序占用时最多等待多少秒（默认 {WAIT_S}）",
            "seconds to wait at most for a store that another process has open (default {WAIT_S})"
        ),
    )
    .command("init", init::words())
    .command("run", run::words())
    .command("status", status::words())
    .command("why", why::words())
    .command("record", record::words())
    .command("due", due::words())
    .command("report", report::words())
    .command("import", import::words())
    .command("measure", measure::words())
    .command("snapshot", snapshot::words())
    .command("readmodel", readmodel::words())
    .command("quarantine", quarantine::words())
    .command("inventory", inventory::words())
    .command("decisions", inventory::decisions_words())
    .command("checkpoint", checkpoint::words())
    .command("offer", offer::words())
    .command("emergency", emergency::words())
    .command("cut", cut::words())
    .command("heal", cut::heal_words())
    .command("store", store::words())
    .command("stop", stop::words())
    .command("secure", secure::words())
    .command("config", config::words())
    .command("county", county::words())
    .after(exit_codes())
}

fn command(language: Language) -> clap::Command {
    speak(Arguments::command(), &words(), language).args(help_and_version(language))
}

/// Reads the command line, carries it out, and says how it ended.
pub fn main() -> ExitCode {
    node_machine::private::new_files_only();
    signals::file_size_limit_is_an_error();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // A panic is a bug of this program, and must never look like an answer.
    let ended = std::panic::catch_unwind(|| carry_out(&arguments));
    ended.unwrap_or_else(|_| panicked(&arguments)).into()
}

fn panicked(arguments: &[OsString]) -> Exit {
    let (flag, json) = look_ahead(arguments);
    let language = language_before_settings(flag, &Environment::of_process());
    Output { language, json }.end(Err(Problem::new(
        "internal",
        text!("程序出错", "an error of this program"),
        text!(
            "请把屏幕上的信息发给技术支持",
            "send what is on the screen to support"
        ),
    )))
}

fn carry_out(arguments: &[OsString]) -> Exit {
    let environment = Environment::of_process();
    let (flag, json) = look_ahead(arguments);
    let language = language_before_settings(flag, &environment);
    let output = Output { language, json };
    let matches = command(language).try_get_matches_from(arguments);
    let parsed = matches.and_then(|matches| Arguments::from_arg_matches(&matches));
    let parsed = match parsed.map_err(|error| unread(&error, language)) {
        Ok(parsed) => parsed,
        Err(Unread::Asked(text)) => {
            return if output.print(&text) {
                Exit::Done
            } else {
                Exit::Internal
            };
        }
        Err(Unread::Wrong(problem)) => return output.end(Err(problem)),
    };
    let data = data_folder(parsed.data, &environment);
    let mut context = Context {
        output,
        data,
        environment,
        lang: parsed.lang.or(flag),
        wait_s: parsed.wait.unwrap_or(WAIT_S),
    };
    if let Ok(settings) = context.settings(Flags::default()) {
        context.output.language = settings.lang.value;
    }
    perform(parsed.command, &context)
}

fn perform(parsed: Command, context: &Context) -> Exit {
    // Texts of records stay what they are.
    let of_records = matches!(parsed, Command::Record(_));
    let result = match parsed {
        Command::Init(arguments) => init::run(&arguments, context),
        Command::Run(arguments) => run::run(arguments, context),
        Command::Status(arguments) => status::run(&arguments, context),
        Command::Why(arguments) => why::run(&arguments, context),
        Command::Record(arguments) => record::run(arguments, context),
        Command::Due(arguments) => due::run(&arguments, context),
        Command::Report(arguments) => report::run(&arguments, context),
        Command::Import(arguments) => import::run(arguments, context),
        Command::Measure(arguments) => measure::run(arguments, context),
        Command::Snapshot(arguments) => snapshot::run(arguments, context),
        Command::Readmodel(arguments) => readmodel::run(&arguments, context),
        Command::Quarantine => quarantine::run(context),
        Command::Inventory(arguments) => inventory::run(&arguments, context),
        Command::Decisions => inventory::decisions(context),
        Command::Checkpoint => checkpoint::run(context),
        Command::Offer(arguments) => offer::run(&arguments, context),
        Command::Emergency(arguments) => emergency::run(&arguments, context),
        Command::Cut(arguments) => cut::run(arguments, context),
        Command::Heal => cut::heal(context),
        Command::Store(arguments) => store::run(&arguments, context),
        Command::Stop => stop::run(context),
        Command::Secure => secure::run(context),
        Command::Config(arguments) => config::run(arguments, context),
        Command::County(arguments) => county::run(arguments, context),
    };
    let result = match &context.data.origin {
        Origin::Flag { .. } => with_folder(result, &context.data.value, of_records),
        _ => result,
    };
    context.output.end(result)
}

/// What is told, with the folder that was named in every command that it proposes.
fn with_folder(result: Ended, folder: &Path, of_records: bool) -> Ended {
    let command = command(Language::En);
    let is_command = |words: &[&str]| {
        let mut words = words.iter();
        words
            .try_fold(&command, |command, word| command.find_subcommand(word))
            .is_some()
    };
    let told = |text: &str| proposed::with_folder(text, folder, is_command);
    match result {
        Ok(answer) if of_records => Ok(answer),
        Ok(answer) => Ok(Answer {
            text: told(&answer.text),
            ..answer
        }),
        Err(problem) => {
            let (zh, en) = (told(&problem.next.zh), told(&problem.next.en));
            Err(Problem {
                next: text!("{zh}", "{en}"),
                ..problem
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        command(Language::Zh).debug_assert();
    }

    #[test]
    fn everything_has_its_words_in_both_languages() {
        assert_eq!(
            help::wordless(&Arguments::command(), &words()),
            Vec::<String>::new()
        );
    }

    #[test]
    fn the_way_to_answer_is_known_before_the_command_line_is_understood() {
        let look =
            |line: &str| look_ahead(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(
            look("mesh-node --lang en status --nonsense"),
            (Some(Language::En), false)
        );
        assert_eq!(
            look("mesh-node status --lang=zh --json --x"),
            (Some(Language::Zh), true)
        );
        assert_eq!(look("mesh-node status -- --json --lang en"), (None, false));
        assert_eq!(look("mesh-node --lang"), (None, false));
    }
}
