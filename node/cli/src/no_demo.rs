//! `county` in a program that was built without the demonstration.

use std::ffi::OsString;

use super::asking::Context;
use super::help::Words;
use super::output::Ended;
use crdt_model::text;
use crdt_model::text::Problem;

/// Whatever the demonstration would be told, with `--json` and `--lang` where they come after it: those
/// are looked for before the command line is read.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[arg(value_name = "ANY", allow_hyphen_values = true, hide = true)]
    any: Vec<OsString>,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "在本机演示整个县（本程序不含演示）",
        "Show a whole county on this machine (not in this program)"
    ))
    .argument("any", text!("不使用", "not used"))
}

pub(super) fn run(Arguments { any: _ }: Arguments, _: &Context) -> Ended {
    Err(problem())
}

fn problem() -> Problem {
    Problem::new(
        "no-demo",
        text!(
            "本程序构建时未包含演示",
            "this program was built without the demonstration"
        ),
        text!(
            "在源代码目录中运行 `cargo run --release --bin mesh-node -- county`",
            "run `cargo run --release --bin mesh-node -- county` in the source folder"
        ),
    )
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command};

    use super::super::exit::Exit;
    use super::*;

    #[test]
    fn whatever_is_asked_of_the_demonstration_is_answered_by_where_to_get_it() {
        let command = Arguments::augment_args(Command::new("county"));
        for line in [
            "county",
            "county --exit-when-synced --scale 1 --json --lang en",
            "county --cut 620723101000,620723102000 --cut-for 3 --verify=all",
        ] {
            let read = command.clone().try_get_matches_from(line.split(' '));
            assert!(read.is_ok(), "{line}");
        }
        assert_eq!(Exit::of(&problem()), Exit::Refused);
    }
}
