//! The command line of `mesh-netsim`.

mod federating;
mod output;
mod pairing;
mod picture;
#[cfg(feature = "planted-bugs")]
mod planting;
mod running;
mod soaking;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use crdt_model::text;
use crdt_model::text::{Language, Text};
use policy::command_line::help::{Words, exit_codes, help_and_version, speak};
use policy::command_line::usage::{Unread, look_ahead, unread};
use policy::command_line::values;

/// Exit code of a command line that makes no sense.
const USAGE: u8 = 64;

#[derive(Parser)]
#[command(name = "mesh-netsim", version, max_term_width = 100)]
struct Cli {
    #[arg(long, global = true, display_order = 900, value_name = "zh|en", value_parser = values::language)]
    lang: Option<Language>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Soak(soaking::Soak),
    Run(running::Run),
    Province(federating::Play),
    Scenarios,
    Pairs(pairing::Pairs),
    #[cfg(feature = "planted-bugs")]
    Plants(planting::Plants),
    Replay(soaking::Replay),
}

fn words() -> Words {
    let words = Words::new(text!(
        "在模拟时间中让全县出故障，检查应当守住的是否守住。",
        "Breaks the county in virtual time, and says whether what must hold did."
    ))
    .argument(
        "lang",
        text!("语言：`zh` 或 `en`（默认）", "language: zh or en (default)"),
    )
    .command("soak", soaking::words())
    .command("run", running::words())
    .command("province", federating::words())
    .command("scenarios", running::list_words())
    .command("pairs", pairing::words())
    .command("replay", soaking::replay_words())
    .after(codes());
    #[cfg(feature = "planted-bugs")]
    let words = words.command("plants", planting::words());
    words
}

fn codes() -> Text {
    exit_codes([
        (0, text!("全部守住", "everything held")),
        (1, text!("安全承诺未守住", "safety broken")),
        (2, text!("没有按时达到一致", "liveness broken")),
        (3, text!("程序崩溃", "crash")),
        (4, text!("有故障没有试过", "a fault was never tried")),
        (
            USAGE,
            text!(
                "命令写法有误，或文件不能用",
                "wrong usage, or a file that cannot be used"
            ),
        ),
    ])
}

fn command(language: Language) -> clap::Command {
    speak(Cli::command(), &words(), language).args(help_and_version(language))
}

/// The program.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let lang = look_ahead(&arguments).0.unwrap_or(Language::En);
    let matches = command(lang).try_get_matches_from(&arguments);
    let parsed = matches.and_then(|matches| Cli::from_arg_matches(&matches));
    ExitCode::from(match parsed.map_err(|error| unread(&error, lang)) {
        Ok(cli) => carry_out(&cli.command, lang),
        Err(Unread::Asked(text)) => {
            output::line(text.trim_end());
            0
        }
        Err(Unread::Wrong(problem)) => {
            let (what, next) = (problem.what, problem.next);
            let told = text!(what, next; "{what}；{next}", "{what}; {next}");
            output::aside(told.into_language(lang));
            USAGE
        }
    })
}

fn carry_out(command: &Command, lang: Language) -> u8 {
    match command {
        Command::Soak(soak) => soaking::soak(soak),
        Command::Run(run) => running::run(run, lang),
        Command::Province(play) => federating::province(play),
        Command::Scenarios => running::list(),
        Command::Pairs(pairs) => pairing::pairs(pairs),
        #[cfg(feature = "planted-bugs")]
        Command::Plants(plants) => planting::plants(plants),
        Command::Replay(replay) => soaking::replay(replay),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_has_its_words_in_both_languages() {
        for language in [Language::Zh, Language::En] {
            command(language).debug_assert();
        }
        let missing = policy::command_line::help::wordless(&Cli::command(), &words());
        assert_eq!(missing, Vec::<String>::new());
    }
}
