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
mod text;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use output::{Exit, Language, Output};

const EXIT_CODES: &str = "\
Exit codes:
   0  clean, or allowed
   1  findings, or denied
   2  something opened between two versions
   3  one of the charter's own checks does not hold
   4  a manifest or signature is missing, bad or stale
  64  wrong usage, or a file or folder that cannot be used
  70  an error of this program

A county's first version:
  mesh-policy new DIR
  mesh-policy keys NAME --out keys       (each reviewer)
  mesh-policy reviewer add DIR keys/NAME.pub ...
  mesh-policy roster set DIR CODE --key HEX --address ADDR    (each node that begins)
  mesh-policy check DIR, manifest DIR, sign DIR, verify DIR

A next version, from its folder to signatures:
  mesh-policy next OLD DIR
  mesh-policy check DIR
  mesh-policy manifest DIR --previous OLD
  mesh-policy sign DIR --key FILE        (each reviewer)
  mesh-policy verify DIR --previous OLD

A key with a passphrase, in an agent or on a security key signs with OpenSSH itself:
  ssh-keygen -Y sign -n charter@countymesh -f KEY < DIR/manifest > my.sig
  mesh-policy sign DIR --signature my.sig";

/// Checks, explains and signs the charter of a county.
#[derive(Parser)]
#[command(name = "mesh-policy", version, after_help = EXIT_CODES, max_term_width = 100)]
struct Arguments {
    /// Print one JSON object instead of text.
    #[arg(long, global = true)]
    json: bool,
    /// Language of what is printed, from the environment if not given; this help, messages of findings
    /// and what programs read (JSON keys, ids, codes) stay English.
    #[arg(long, global = true, value_enum)]
    lang: Option<Language>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Validate a charter and run its own checks.
    Check(check::Arguments),
    /// Make the folder of a new county's charter.
    New(new::Arguments),
    /// Begin the next version of a charter.
    Next(next::Arguments),
    /// Enter a node's key and addresses.
    Roster(roster::Arguments),
    /// List reviewers.
    Reviewer(reviewer::Arguments),
    /// Write a charter's text in one form.
    Fmt(fmt::Arguments),
    /// Make an OpenSSH ed25519 key pair for a reviewer.
    Keys(keys::Arguments),
    /// Write `mesh.cedarschema` as `charter.toml` and `kinds/` give it.
    Schema(schema::Arguments),
    /// Write the manifest: what reviewers sign.
    Manifest(manifest::Arguments),
    /// Sign the manifest as a reviewer.
    Sign(sign::Arguments),
    /// Declare an emergency, sign it, end it.
    Emergency(emergency::Arguments),
    /// Check manifest and signatures, as a node does.
    Verify(verify::Arguments),
    /// Verify checkpoints that `mesh-node checkpoint` printed, offline.
    Checkpoint(checkpoint::Arguments),
    /// Show what a charter says.
    Show(show::Arguments),
    /// Ask whether a node, or a person there, may, and why.
    Can(can::Arguments),
    /// Prove the charter's invariants over everything that can be asked.
    Prove(prove::Arguments),
    /// Run the charter's own cases and invariants, and show what they try.
    Test(test::Arguments),
    /// Compare two versions: what opens, what closes, by which rule.
    Diff(diff::Arguments),
    /// Explain for each facet of a record why a node may hold it, or may not.
    Explain(explain::Arguments),
    /// Ask a node's decisions again of another version.
    Replay(replay::Arguments),
    /// Write the reviewer's page.
    Report(report::Arguments),
    /// Show every decision as tables.
    Matrix(matrix::Arguments),
}

fn main() -> ExitCode {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(problem) => {
            let help = !problem.use_stderr();
            // Nowhere to say so if even this cannot be printed.
            let _ = problem.print();
            return if help { Exit::Clean } else { Exit::Usage }.into();
        }
    };
    let output = Output::new(arguments.json, arguments.lang);
    // A panic is a bug of this program, and must never look like a finding or like success.
    let ended = std::panic::catch_unwind(|| {
        let result = match &arguments.command {
            Command::Check(arguments) => check::run(arguments, &output),
            Command::New(arguments) => new::run(arguments, &output),
            Command::Next(arguments) => next::run(arguments, &output),
            Command::Roster(arguments) => roster::run(arguments, &output),
            Command::Reviewer(arguments) => reviewer::run(arguments, &output),
            Command::Fmt(arguments) => fmt::run(arguments, &output),
            Command::Keys(arguments) => keys::run(arguments, &output),
            Command::Schema(arguments) => schema::run(arguments, &output),
            Command::Manifest(arguments) => manifest::run(arguments, &output),
            Command::Sign(arguments) => sign::run(arguments, &output),
            Command::Emergency(arguments) => emergency::run(arguments, &output),
            Command::Verify(arguments) => verify::run(arguments, &output),
            Command::Checkpoint(arguments) => checkpoint::run(arguments, &output),
            Command::Show(arguments) => show::run(arguments, &output),
            Command::Can(arguments) => can::run(arguments, &output),
            Command::Prove(arguments) => prove::run(arguments, &output),
            Command::Test(arguments) => test::run(arguments, &output),
            Command::Diff(arguments) => diff::run(arguments, &output),
            Command::Explain(arguments) => explain::run(arguments, &output),
            Command::Replay(arguments) => replay::run(arguments, &output),
            Command::Report(arguments) => report::run(arguments, &output),
            Command::Matrix(arguments) => matrix::run(arguments, &output),
        };
        output.end(result)
    });
    ended.unwrap_or(Exit::Internal).into()
}
