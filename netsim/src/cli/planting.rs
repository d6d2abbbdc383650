//! `plants`.

use std::collections::BTreeMap;
use std::thread::available_parallelism;
use std::time::Instant;

use clap::Args;
use crdt_model::planted::{PLANTS, Plant};
use crdt_model::text;
use policy::command_line::help::Words;
use policy::command_line::values::Said;

use super::output::{aside, line};
use super::soaking;
use crate::plants::{self, Found, Search};

const NOT_FOUND: u8 = 1;

#[derive(Args)]
pub(super) struct Plants {
    #[arg(long, default_value_t = 2_000)]
    seeds: u64,
    #[arg(long, default_value_t = 1)]
    first_seed: u64,
    #[arg(long, default_value_t = 12)]
    nodes: usize,
    #[arg(long, value_parser = known, value_delimiter = ',')]
    plant: Vec<Plant>,
    #[arg(long)]
    at_least: Option<usize>,
    #[arg(long)]
    jobs: Option<usize>,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "在引擎中逐个放入错误，显示由哪项检查发现。",
        "Plants bugs in the engine, one at a time, and shows which checker finds each."
    ))
    .argument(
        "seeds",
        text!("每个错误最多试多少个种子", "seeds for each bug, at most"),
    )
    .argument("first_seed", soaking::first())
    .argument("nodes", soaking::nodes())
    .argument(
        "plant",
        text!(
            "只放这些错误，用逗号分开",
            "only these bugs, with commas between them"
        ),
    )
    .argument(
        "at_least",
        text!(
            "至少要发现多少个；不写则须全部发现",
            "how many must be found; all of them if not given"
        ),
    )
    .argument("jobs", soaking::jobs())
}

fn known(name: &str) -> Result<Plant, Said> {
    plants::named(name).ok_or_else(|| {
        let names: Vec<_> = PLANTS.iter().map(|plant| plant.name()).collect();
        let (zh, en) = (names.join("、"), names.join(", "));
        Said(text!(
            "没有这个错误；可选：{zh}",
            "there is no such bug; these are: {en}"
        ))
    })
}

/// Prints the table of which checker found which bug.
pub(super) fn plants(args: &Plants) -> u8 {
    let cores = available_parallelism().map_or(1, usize::from);
    let search = Search {
        seeds: args.seeds,
        first_seed: args.first_seed,
        nodes: args.nodes,
    };
    let chosen = match args.plant.as_slice() {
        [] => PLANTS,
        some => some,
    };
    let began = Instant::now();
    let found = search.find_all(chosen, args.jobs.unwrap_or(cores), |plant, found| {
        let how = found.as_ref().map_or("not found", |found| &found.by);
        aside(format!(
            "{:>6} s  {}: {how}",
            began.elapsed().as_secs(),
            plant.name()
        ));
    });
    line("| bug | what goes wrong | found by | seeds | what it said |");
    line("| --- | --- | --- | --: | --- |");
    for (plant, found) in &found {
        line(row(*plant, found.as_ref(), args.seeds));
    }
    let mut by: BTreeMap<&str, usize> = BTreeMap::new();
    for found in found.iter().filter_map(|(_, found)| found.as_ref()) {
        *by.entry(&found.by).or_default() += 1;
    }
    line("");
    let missed = found.iter().filter(|(_, found)| found.is_none()).count();
    let by: Vec<_> = by
        .iter()
        .map(|(by, bugs)| format!("{bugs} by {by}"))
        .collect();
    line(format!(
        "{} of {} found: {}",
        found.len() - missed,
        found.len(),
        by.join(", ")
    ));
    let enough = args.at_least.unwrap_or(found.len());
    if found.len() - missed < enough {
        return NOT_FOUND;
    }
    0
}

fn row(plant: Plant, found: Option<&Found>, seeds: u64) -> String {
    let (name, what) = (plant.name(), plant.what());
    match found {
        Some(found) => {
            let said: String = found.what.chars().take(110).collect();
            let said = said.replace('|', "/").replace('\n', " ");
            format!(
                "| {name} | {what} | {} | {} | {said} |",
                found.by, found.seeds
            )
        }
        None => format!("| {name} | {what} | **nothing** | {seeds} | |"),
    }
}
