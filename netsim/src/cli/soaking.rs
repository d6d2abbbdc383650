//! `soak` and `replay`.

use std::thread::available_parallelism;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use crdt_model::engine::Rung;
use crdt_model::replica;
use crdt_model::store::Store;
use crdt_model::text;
use crdt_model::text::Text;
use crdt_model::time::WallTime;
use policy::command_line::help::Words;

use super::output::{line, progress};
use crate::charters::Shelf;
use crate::run::{Options, Outcome, Run};
use crate::soak::{self, Batch, Summary, seeds};
use crate::world::World;
use crate::world::node::Node;

/// Seeds of which a batch must have tried every fault.
const SEEDS_THAT_TRY_ALL: usize = 150;
const FAULT_NEVER_TRIED: u8 = 4;

#[derive(Args)]
pub(super) struct Soak {
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    #[arg(long, default_value_t = 1, conflicts_with_all = ["derived_from", "fresh"])]
    first_seed: u64,
    #[arg(long, value_name = "TEXT", conflicts_with = "fresh")]
    derived_from: Option<String>,
    #[arg(long)]
    fresh: bool,
    #[arg(long)]
    kept: bool,
    #[arg(long, default_value_t = 12)]
    nodes: usize,
    #[arg(long, default_value_t = 10)]
    twice_every: usize,
    #[arg(long)]
    jobs: Option<usize>,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "运行许多种子，每个种子有自己的故障。",
        "Runs many seeds, each with its own faults."
    ))
    .argument(
        "seeds",
        text!("种子数，不含保留的种子", "how many seeds, beside kept ones"),
    )
    .argument("first_seed", first())
    .argument(
        "derived_from",
        text!(
            "由一段文字（如某次改动的摘要）得出第一个种子：文字相同，种子相同",
            "take the first of them from a text, such as a commit's hash: the same text, the same seeds"
        ),
    )
    .argument(
        "fresh",
        text!("由时间得出第一个种子", "take the first of them from the clock"),
    )
    .argument(
        "kept",
        text!(
            "也运行保留的种子；这时若有故障没有任何种子试过，即为失败",
            "try the kept seeds too; then a fault that none of all these seeds tried fails the batch"
        ),
    )
    .argument("nodes", nodes())
    .argument(
        "twice_every",
        text!(
            "每隔这么多个种子，有一个运行两次并比较；0 为不比较",
            "run every n-th seed twice and compare; 0 for none"
        ),
    )
    .argument("jobs", jobs())
}

/// What the commands that run many seeds say of them.
pub(super) fn first() -> Text {
    text!("第一个种子", "the first seed")
}

pub(super) fn nodes() -> Text {
    text!("每个县的节点数", "nodes of each county")
}

pub(super) fn jobs() -> Text {
    text!(
        "线程数；不写则与处理器数相同",
        "threads; as many as there are cores if not given"
    )
}

pub(super) fn soak(args: &Soak) -> u8 {
    let cores = available_parallelism().map_or(1, usize::from);
    let first = first_seed(args);
    let batch = Batch {
        seeds: seeds::of_batch(args.nodes, args.kept, first, args.seeds),
        nodes: args.nodes,
        twice_every: args.twice_every,
        jobs: args.jobs.unwrap_or(cores),
    };
    let (all, twice) = (batch.seeds.len(), batch.twice_every);
    let (count, nodes) = (args.seeds, batch.nodes);
    let kept = match args.kept {
        true => seeds::kept_of(nodes).count(),
        false => 0,
    };
    line(format!(
        "soak: {kept} kept seeds and {count} from {first}, {nodes} nodes, every {twice}th seed twice"
    ));
    let summary = soak::run(&batch, |done| progress(done, all as u64, "seeds"));
    show(&summary);
    let worst = summary.failures.iter().map(|failure| failure.code);
    match worst.max_by_key(|code| (*code == 1, *code)) {
        Some(code) => code,
        None if args.kept && all >= SEEDS_THAT_TRY_ALL && !summary.never().is_empty() => {
            FAULT_NEVER_TRIED
        }
        None => 0,
    }
}

fn first_seed(args: &Soak) -> u64 {
    match &args.derived_from {
        Some(text) => seeds::first_derived_from(text),
        None if args.fresh => first_by_clock(),
        None => args.first_seed,
    }
}

/// A first seed that nobody has tried: the milliseconds of the clock.
#[expect(
    clippy::disallowed_methods,
    reason = "which seeds are tried is asked by a person; what they do is not up to the clock"
)]
fn first_by_clock() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let ms = since.map_or(0, |since| since.as_millis());
    u64::try_from(ms).unwrap_or(0) % seeds::FIRST_SEED_MAX
}

fn show(summary: &Summary) {
    for (what, count) in summary.counters.iter() {
        line(format!("  {count:>12}  {what}"));
    }
    for failure in summary.failures.iter().take(20) {
        line(format!(
            "seed {}: {} (exit {})",
            failure.seed, failure.what, failure.code
        ));
    }
    for (kind, seeds, first) in soak::kinds_of(&summary.failures) {
        line(format!("{seeds} seeds, first {first}: {kind}"));
    }
    let never = summary.never();
    if !never.is_empty() {
        line(format!("never tried: {}", never.join(", ")));
    }
    let (slowest, seed) = summary.slowest_healing;
    line(format!(
        "{} seeds, {} failures, {} twice with the same hash; {} facets, {} events, {} virtual s; \
         slowest healing {:.1} s (seed {seed}); hash {:016x}",
        summary.seeds,
        summary.failures.len(),
        summary.same_twice,
        summary.facets,
        summary.events,
        summary.virtual_ms / 1000,
        slowest as f64 / 1000.0,
        summary.hash,
    ));
}

#[derive(Args)]
pub(super) struct Replay {
    #[arg(long)]
    seed: u64,
    #[arg(long, default_value_t = 12)]
    nodes: usize,
    #[arg(long, default_value_t = 60)]
    last: usize,
    #[arg(long, value_name = "ID")]
    record: Option<String>,
}

pub(super) fn replay_words() -> Words {
    Words::new(text!(
        "再次运行 `soak` 的一个种子，显示最后发生的事和各节点留存的内容。",
        "Runs one seed of the soak again, and shows the last that happened and what each node held."
    ))
    .argument("seed", text!("种子", "the seed"))
    .argument("nodes", nodes())
    .argument(
        "last",
        text!("显示最后多少件事", "how many of the last events are shown"),
    )
    .argument(
        "record",
        text!(
            "显示内部编码以此开头的记录在各节点的改动",
            "show every node's commits of the records whose id begins so"
        ),
    )
}

pub(super) fn replay(args: &Replay) -> u8 {
    let options = Options::soak(args.seed, args.nodes);
    line(format!("{options:?}"));
    let (outcome, run) = Run::new(options, &Shelf::default()).whole();
    let log = run.world.log();
    let skipped = log.last().count().saturating_sub(args.last);
    for entry in log.last().skip(skipped) {
        line(entry.to_string());
    }
    for (node, state) in run.world.nodes() {
        let version = state.engine.charter().version();
        let mut held = Vec::new();
        let listed = replica::for_each_facet(&state.store, |facet, entry| {
            held.push(format!(
                "{}:{}x{}",
                facet.record, facet.facet, entry.commits
            ));
        });
        if let Err(why) = listed {
            held.push(why.to_string());
        }
        line(format!(
            "{node} version {version}, {} facets: {}",
            held.len(),
            held.join(" ")
        ));
        if state.engine.rung() != Rung::Fresh {
            line(format!("    {}", rung_of(&run.world, state)));
        }
        for peer in state.engine.peers() {
            line(format!(
                "    {} {:?} {:?}",
                peer.node, peer.link, peer.refused
            ));
        }
        if let Some(begins) = &args.record {
            show_commits(&state.store, begins);
        }
    }
    for (node, off) in run.world.off() {
        line(format!("{node} is off: {}", off.why));
    }
    tell(&outcome);
    outcome.verdict.exit_code()
}

/// How far a node has come down the ladder, by which signatures.
fn rung_of(world: &World, state: &Node) -> String {
    let wall = state.wall(world);
    let confirmed = state.engine.floored(WallTime::from_ms(0));
    let hours = |ms: u64| wall.ms.saturating_sub(ms) / 3_600_000;
    let signed = state.engine.cosignatures().map(|one| {
        let age = hours(one.time().ms);
        format!("{} version {} {age} h ago", one.cosigner, one.size)
    });
    format!(
        "{:?}, confirmed {} h ago; signed by {}",
        state.engine.rung(),
        hours(confirmed.ms),
        signed.collect::<Vec<_>>().join(", ")
    )
}

/// What a node holds of the records whose id begins so, commit by commit.
fn show_commits(store: &dyn Store, begins: &str) {
    let mut facets = Vec::new();
    let listed = replica::for_each_facet(store, |facet, _| facets.push(facet));
    if let Err(why) = listed {
        line(format!("    {why}"));
    }
    facets.retain(|facet| facet.record.to_string().starts_with(begins));
    for facet in facets {
        match replica::history(store, &facet) {
            Ok(history) => {
                for (commit, _) in history.commits() {
                    let body = commit.body();
                    let parents: Vec<_> = body.parents.iter().map(ToString::to_string).collect();
                    line(format!(
                        "    {}:{} {} by {} epoch {} number {} grade {:?} after {}",
                        facet.record,
                        facet.facet,
                        commit.hash(),
                        body.author,
                        body.epoch,
                        body.seq,
                        body.grade,
                        parents.join(" ")
                    ));
                }
            }
            Err(why) => line(format!("    {}:{} {why}", facet.record, facet.facet)),
        }
    }
}

fn tell(outcome: &Outcome) {
    for broken in outcome.broken.iter().take(20) {
        line(broken.to_string());
    }
    line(format!(
        "seed {} hash {:016x}: {:?} after {} virtual ms, {} events",
        outcome.options.seed, outcome.hash, outcome.verdict, outcome.ends_ms, outcome.events
    ));
}
