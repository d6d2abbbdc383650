//! The command line of `mesh-netsim`.

mod federating;
mod output;
mod pairing;
mod picture;
#[cfg(feature = "planted-bugs")]
mod planting;
mod running;
mod soaking;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Exit code of a command line that makes no sense.
const USAGE: u8 = 64;

/// Breaks the county in virtual time, and says whether what must hold did.
///
/// Exit codes: 0 everything held, 1 safety broken, 2 liveness broken, 3 crash, 4 a fault was never
/// tried.
#[derive(Parser)]
#[command(name = "mesh-netsim", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs many seeds, each with its own faults.
    Soak(soaking::Soak),
    /// Plays one story of the county's life on the charter of Linze County, and shows how it went.
    Run(running::Run),
    /// Plays a year of a province, a federation of 86 counties, and measures its topmost nodes.
    Province(federating::Play),
    /// Lists the stories.
    Scenarios,
    /// Runs many seeds, each in two worlds that differ in what one node may not know, and compares
    /// what that node sees.
    Pairs(pairing::Pairs),
    /// Plants bugs in the engine, one at a time, and shows which checker finds each.
    #[cfg(feature = "planted-bugs")]
    Plants(planting::Plants),
    /// Runs one seed of the soak again, and shows the last that happened and what each node held.
    Replay(soaking::Replay),
}

/// The program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let shown = error.print();
            let failed = error.use_stderr() || shown.is_err();
            return ExitCode::from(if failed { USAGE } else { 0 });
        }
    };
    let code = match cli.command {
        Command::Soak(soak) => soaking::soak(&soak),
        Command::Run(run) => running::run(&run),
        Command::Province(play) => federating::province(&play),
        Command::Scenarios => running::list(),
        Command::Pairs(pairs) => pairing::pairs(&pairs),
        #[cfg(feature = "planted-bugs")]
        Command::Plants(plants) => planting::plants(&plants),
        Command::Replay(replay) => soaking::replay(&replay),
    };
    ExitCode::from(code)
}
