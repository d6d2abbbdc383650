//! `pairs`.

use std::thread::available_parallelism;

use clap::Args;
use crdt_model::text;
use policy::command_line::help::Words;

use super::output::{line, progress};
use super::soaking;
use crate::pairs::batch::{self, Batch, Summary};
use crate::pairs::permitted;

/// Seeds of which a batch must have tried every variation.
const SEEDS_THAT_TRY_ALL: u64 = 200;
const DIFFERENT: u8 = 1;
const NEVER_TRIED: u8 = 4;

#[derive(Args)]
pub(super) struct Pairs {
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    #[arg(long, default_value_t = 1)]
    first_seed: u64,
    #[arg(long, default_value_t = 12)]
    nodes: usize,
    #[arg(long)]
    jobs: Option<usize>,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "每个种子在两个世界中运行，两者只在一个节点不得知道的事上不同，然后比较该节点看到的内容。",
        "Runs many seeds, each in two worlds that differ in what one node may not know, and compares \
         what that node sees."
    ))
    .argument("seeds", text!("种子数", "how many seeds"))
    .argument("first_seed", soaking::first())
    .argument("nodes", soaking::nodes())
    .argument("jobs", soaking::jobs())
}

pub(super) fn pairs(args: &Pairs) -> u8 {
    let cores = available_parallelism().map_or(1, usize::from);
    let batch = Batch {
        first_seed: args.first_seed,
        seeds: args.seeds,
        nodes: args.nodes,
        jobs: args.jobs.unwrap_or(cores),
    };
    line(format!(
        "pairs: {} seeds from {}, {} nodes; list of permitted differences: version {}",
        batch.seeds,
        batch.first_seed,
        batch.nodes,
        permitted::VERSION
    ));
    let summary = batch::run(&batch, |done| progress(done, batch.seeds, "seeds"));
    show(&summary);
    if !summary.findings.is_empty() {
        return DIFFERENT;
    }
    match batch.seeds >= SEEDS_THAT_TRY_ALL && !summary.never().is_empty() {
        true => NEVER_TRIED,
        false => 0,
    }
}

fn show(summary: &Summary) {
    for (what, count) in summary.counters.iter() {
        line(format!("  {count:>12}  {what}"));
    }
    for (variation, pairs, near) in &summary.variations {
        line(format!(
            "  {pairs:>12}  {}, near the observer in {near}",
            variation.name()
        ));
    }
    for finding in summary.findings.iter() {
        line(format!("seed {}: {}", finding.seed, finding.what));
    }
    let never = summary.never();
    if !never.is_empty() {
        line(format!(
            "never tried near the observer: {}",
            never.join(", ")
        ));
    }
    for entry in &permitted::LIST {
        let used = summary.permitted.get(entry.id);
        line(format!(
            "  {used:>12}  permitted: {}: {}",
            entry.id, entry.what
        ));
    }
    line(format!(
        "{} pairs, {} things seen by observers, {} differences outside the list",
        summary.pairs,
        summary.seen,
        summary.findings.len()
    ));
}
