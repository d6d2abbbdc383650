//! `run` and `scenarios`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::output::line;
use super::picture;
use crate::charters::Shelf;
use crate::report;
use crate::scenarios::{self, Account, NODES, Options};

const CRASHED: u8 = 3;
/// Exit code of a page that could not be written, as of a command line that makes no sense.
const USAGE: u8 = 64;

#[derive(Args)]
pub(super) struct Run {
    /// Which story; `scenarios` lists them.
    #[arg(long)]
    scenario: String,
    /// The seed of everything.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Nodes of the county.
    #[arg(long, default_value_t = NODES, value_parser = at_least_twelve)]
    nodes: usize,
    /// How much work there is; 1 for a whole county's.
    #[arg(long, default_value_t = 1.0, value_parser = more_than_nothing)]
    scale: f64,
    /// Writes a page about it to this file.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
}

fn at_least_twelve(text: &str) -> Result<usize, String> {
    let nodes = text.parse().map_err(|_| "not a number".to_owned())?;
    match nodes {
        12..=120 => Ok(nodes),
        _ => Err("a county has 12 to 120 nodes".to_owned()),
    }
}

fn more_than_nothing(text: &str) -> Result<f64, String> {
    let scale: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    match scale > 0.0 && scale <= 100.0 {
        true => Ok(scale),
        false => Err("more than 0 and at most 100".to_owned()),
    }
}

/// Lists the stories.
pub(super) fn list() -> u8 {
    for scenario in scenarios::ALL {
        let [zh, en] = scenario.title;
        line(format!("{:<16} {zh} / {en}", scenario.name));
    }
    0
}

/// Plays one.
pub(super) fn run(args: &Run) -> u8 {
    let Some(scenario) = scenarios::find(&args.scenario) else {
        line(format!("no scenario `{}`; there are:", args.scenario));
        list();
        return USAGE;
    };
    let options = Options {
        seed: args.seed,
        nodes: args.nodes,
        scale: args.scale,
    };
    let head = format!(
        "scenario {} seed {} nodes {} scale {}",
        scenario.name, options.seed, options.nodes, options.scale
    );
    line(head);
    let (played, real) = timed(|| {
        catch_unwind(AssertUnwindSafe(|| {
            scenarios::play(scenario, options, &Shelf::default())
        }))
    });
    let Ok(account) = played else {
        line("outcome: crashed; the panic is above");
        return CRASHED;
    };
    line(format!("hash {:016x}", account.hash));
    for drawn in picture::draw(&account.chronicle) {
        line(drawn);
    }
    tell(&account, real);
    match args.report.as_ref().map(|path| write_page(path, &account)) {
        Some(Err(why)) => {
            line(why);
            USAGE
        }
        _ => account.verdict.exit_code(),
    }
}

/// How long something really took. What it comes to never depends on it.
#[allow(
    clippy::disallowed_methods,
    reason = "only to show how fast the simulator is"
)]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = std::time::Instant::now();
    let done = work();
    (done, start.elapsed())
}

fn write_page(path: &PathBuf, account: &Account) -> Result<(), String> {
    let page = report::page(account).map_err(|why| why.to_string())?;
    std::fs::write(path, page).map_err(|why| format!("{}: {why}", path.display()))
}

fn tell(account: &Account, real: Duration) {
    for broken in account.broken.iter().take(20) {
        line(broken.to_string());
    }
    let effects = account
        .counters
        .iter()
        .filter(|(what, count)| *what != "healing ms" && *count > 0);
    let effects: Vec<_> = effects
        .map(|(what, count)| format!("{count} {what}"))
        .collect();
    line(format!("effects: {}", effects.join(", ")));
    let chronicle = &account.chronicle;
    let worst = chronicle.worst_healing().map_or_else(
        || "nobody was away".to_owned(),
        |worst| {
            let (seconds, at) = (worst.took_ms as f64 / 1000.0, chronicle.clock(worst.at_ms));
            format!("worst healing {seconds:.0} s ({} back at {at})", worst.node)
        },
    );
    let virtual_s = account.took_ms as f64 / 1000.0;
    let real_s = real.as_secs_f64();
    line(format!(
        "outcome: {:?}; {:.1} virtual h in {real_s:.1} s, {:.0} to 1; {} events; {} facets; \
         {} in {} frames; {worst}; settled in {:.1} s",
        account.verdict,
        virtual_s / 3600.0,
        virtual_s / real_s.max(0.001),
        account.events,
        account.facets,
        picture::bytes(chronicle.traffic.bytes()),
        chronicle.traffic.frames(),
        chronicle.settled_in_ms as f64 / 1000.0,
    ));
}
