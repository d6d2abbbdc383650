//! `mesh-policy`: the tool of those who write, review and sign a county's charter. It reads a
//! charter folder, shows exactly where it is wrong, answers who may see what and why, and makes and
//! checks signatures. It asks nobody on the network and keeps no state of its own.
//!
//! Exit codes: 0 clean or allowed; 1 findings or denied; 2 something opened between two versions; 3
//! one of the charter's own checks does not hold; 4 a manifest or signature is missing, bad or stale;
//! 64 wrong usage, or a file or folder that cannot be used; 70 an error of this program.

mod can;
mod check;
mod checkpoint;
mod diff;
mod emergency;
mod explain;
mod fmt;
mod input;
mod keys;
mod manifest;
mod matrix;
mod moment;
mod new;
mod next;
mod output;
mod pace;
mod prove;
mod replay;
mod report;
mod reviewer;
mod roster;
mod schema;
mod show;
mod sign;
mod stopwatch;
mod test;
mod verify;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use crdt_model::text;
use crdt_model::text::{Language, Text};
use output::{Exit, Failure, Output};
use policy::command_line::help::{Words, exit_codes, help_and_version, speak};
use policy::command_line::usage::{Unread, look_ahead, unread};
use policy::command_line::values;

/// Where the options of all commands begin in help: after a command's own.
const GLOBAL: usize = 900;

#[derive(Parser)]
#[command(name = "mesh-policy", version, max_term_width = 100)]
struct Arguments {
    #[arg(long, global = true, display_order = GLOBAL)]
    json: bool,
    #[arg(long, global = true, display_order = GLOBAL + 1, value_name = "zh|en", value_parser = values::language)]
    lang: Option<Language>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Check(check::Arguments),
    New(new::Arguments),
    Next(next::Arguments),
    Roster(roster::Arguments),
    Reviewer(reviewer::Arguments),
    Fmt(fmt::Arguments),
    Keys(keys::Arguments),
    Schema(schema::Arguments),
    Manifest(manifest::Arguments),
    Sign(sign::Arguments),
    Emergency(emergency::Arguments),
    Verify(verify::Arguments),
    Checkpoint(checkpoint::Arguments),
    Show(show::Arguments),
    Can(can::Arguments),
    Prove(prove::Arguments),
    Test(test::Arguments),
    Diff(diff::Arguments),
    Explain(explain::Arguments),
    Replay(replay::Arguments),
    Report(report::Arguments),
    Matrix(matrix::Arguments),
}

fn words() -> Words {
    Words::new(text!(
        "检查、解释和签署一个县的章程",
        "Checks, explains and signs the charter of a county"
    ))
    .argument(
        "json",
        text!(
            "输出一个 JSON 对象，供程序读取",
            "print one JSON object, for programs"
        ),
    )
    .argument(
        "lang",
        text!(
            "语言：`zh` 或 `en`（默认按系统语言）；JSON 的键、代号和代码不变",
            "language: zh or en (default: the locale); JSON keys, ids and codes stay the same"
        ),
    )
    .command("check", check::words())
    .command("new", new::words())
    .command("next", next::words())
    .command("roster", roster::words())
    .command("reviewer", reviewer::words())
    .command("fmt", fmt::words())
    .command("keys", keys::words())
    .command("schema", schema::words())
    .command("manifest", manifest::words())
    .command("sign", sign::words())
    .command("emergency", emergency::words())
    .command("verify", verify::words())
    .command("checkpoint", checkpoint::words())
    .command("show", show::words())
    .command("can", can::words())
    .command("prove", prove::words())
    .command("test", test::words())
    .command("diff", diff::words())
    .command("explain", explain::words())
    .command("replay", replay::words())
    .command("report", report::words())
    .command("matrix", matrix::words())
    .after(after())
}

/// What stands at the end of the program's help.
fn after() -> Text {
    let codes = exit_codes(Exit::all().map(|(exit, meaning)| (exit as u8, meaning)));
    text!(
        codes;
        "{codes}\n\n\
         一个县的第 1 版章程：\n  \
         mesh-policy new <目录>\n  \
         mesh-policy keys <姓名> --out keys       （每名审核人）\n  \
         mesh-policy reviewer add <目录> keys/<姓名>.pub …\n  \
         mesh-policy roster set <目录> <节点代码> --key <公钥> --address <地址>    （每个先上的节点）\n  \
         mesh-policy check <目录>\n  \
         mesh-policy manifest <目录>\n  \
         mesh-policy sign <目录> --key <文件>\n  \
         mesh-policy verify <目录>\n\n\
         从上一版到新版签署完毕：\n  \
         mesh-policy next <原目录> <目录>\n  \
         mesh-policy check <目录>\n  \
         mesh-policy manifest <目录> --previous <原目录>\n  \
         mesh-policy sign <目录> --key <文件>        （每名审核人）\n  \
         mesh-policy verify <目录> --previous <原目录>\n\n\
         有口令、由密钥代理保管或在安全密钥上的密钥，用 OpenSSH 签名：\n  \
         ssh-keygen -Y sign -n charter@countymesh -f <密钥> < <目录>/manifest > my.sig\n  \
         mesh-policy sign <目录> --signature my.sig",
        "{codes}\n\n\
         A county's first version:\n  \
         mesh-policy new DIR\n  \
         mesh-policy keys NAME --out keys       (each reviewer)\n  \
         mesh-policy reviewer add DIR keys/NAME.pub ...\n  \
         mesh-policy roster set DIR CODE --key HEX --address ADDR    (each node that begins)\n  \
         mesh-policy check DIR, manifest DIR, sign DIR, verify DIR\n\n\
         A next version, from its folder to signatures:\n  \
         mesh-policy next OLD DIR\n  \
         mesh-policy check DIR\n  \
         mesh-policy manifest DIR --previous OLD\n  \
         mesh-policy sign DIR --key FILE        (each reviewer)\n  \
         mesh-policy verify DIR --previous OLD\n\n\
         A key with a passphrase, in a key agent or on a security key signs with OpenSSH itself:\n  \
         ssh-keygen -Y sign -n charter@countymesh -f KEY < DIR/manifest > my.sig\n  \
         mesh-policy sign DIR --signature my.sig"
    )
}

fn command(language: Language) -> clap::Command {
    speak(Arguments::command(), &words(), language).args(help_and_version(language))
}

fn main() -> ExitCode {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // A panic is a bug of this program, and must never look like a finding or like success.
    let ended = std::panic::catch_unwind(|| carry_out(&arguments));
    ended.unwrap_or(Exit::Internal).into()
}

fn carry_out(arguments: &[OsString]) -> Exit {
    let (language, json) = look_ahead(arguments);
    let output = Output::new(json, language);
    let matches = command(output.language()).try_get_matches_from(arguments);
    let parsed = matches.and_then(|matches| Arguments::from_arg_matches(&matches));
    match parsed.map_err(|error| unread(&error, output.language())) {
        Ok(parsed) => output.end(perform(&parsed.command, &output)),
        Err(Unread::Asked(text)) => output.print(&text),
        Err(Unread::Wrong(problem)) => {
            let (what, next) = (problem.what, problem.next);
            let message = text!(what, next; "{what}；{next}", "{what}; {next}");
            output.end(Err(Failure::usage(message)))
        }
    }
}

fn perform(command: &Command, output: &Output) -> Result<output::Answer, Failure> {
    match command {
        Command::Check(arguments) => check::run(arguments, output),
        Command::New(arguments) => new::run(arguments, output),
        Command::Next(arguments) => next::run(arguments, output),
        Command::Roster(arguments) => roster::run(arguments, output),
        Command::Reviewer(arguments) => reviewer::run(arguments, output),
        Command::Fmt(arguments) => fmt::run(arguments, output),
        Command::Keys(arguments) => keys::run(arguments, output),
        Command::Schema(arguments) => schema::run(arguments, output),
        Command::Manifest(arguments) => manifest::run(arguments, output),
        Command::Sign(arguments) => sign::run(arguments, output),
        Command::Emergency(arguments) => emergency::run(arguments, output),
        Command::Verify(arguments) => verify::run(arguments, output),
        Command::Checkpoint(arguments) => checkpoint::run(arguments, output),
        Command::Show(arguments) => show::run(arguments, output),
        Command::Can(arguments) => can::run(arguments, output),
        Command::Prove(arguments) => prove::run(arguments, output),
        Command::Test(arguments) => test::run(arguments, output),
        Command::Diff(arguments) => diff::run(arguments, output),
        Command::Explain(arguments) => explain::run(arguments, output),
        Command::Replay(arguments) => replay::run(arguments, output),
        Command::Report(arguments) => report::run(arguments, output),
        Command::Matrix(arguments) => matrix::run(arguments, output),
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
        assert_eq!(
            policy::command_line::help::wordless(&Arguments::command(), &words()),
            Vec::<String>::new()
        );
    }
}
