//! `run` and `scenarios`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use crdt_model::text;
use crdt_model::text::{Language, Text};
use policy::command_line::help::Words;
use policy::command_line::values::Said;

use super::output::line;
use super::picture;
use crate::charters::Shelf;
use crate::report;
use crate::scenarios::chronicle::Chronicle;
use crate::scenarios::{self, Account, NODES, Options};

const CRASHED: u8 = 3;
/// Exit code of a page that could not be written, as of a command line that makes no sense.
const USAGE: u8 = 64;

#[derive(Args)]
pub(super) struct Run {
    #[arg(long)]
    scenario: String,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[arg(long, default_value_t = NODES, value_parser = at_least_twelve)]
    nodes: usize,
    #[arg(long, default_value_t = 1.0, value_parser = more_than_nothing)]
    scale: f64,
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "在临泽县的章程上演示一个故事，并显示经过。",
        "Plays one story of the county's life on the charter of Linze County, and shows how it went."
    ))
    .argument(
        "scenario",
        text!(
            "哪个故事；用 `mesh-netsim scenarios` 列出",
            "which story; `mesh-netsim scenarios` lists them"
        ),
    )
    .argument("seed", seed())
    .argument(
        "nodes",
        text!(
            "临泽县中参加的节点数",
            "nodes of Linze County that take part"
        ),
    )
    .argument(
        "scale",
        text!(
            "工作量；1 为全县的工作量",
            "how much work there is; 1 for a whole county's"
        ),
    )
    .argument("report", text!("把网页写到这个文件", "write a page about it to this file"))
}

pub(super) fn seed() -> Text {
    text!("一切由此产生的种子", "the seed of everything")
}

pub(super) fn list_words() -> Words {
    Words::new(text!("列出各个故事。", "Lists the stories."))
}

fn at_least_twelve(text: &str) -> Result<usize, Said> {
    let nodes = text
        .parse()
        .ok()
        .filter(|nodes| (12..=NODES).contains(nodes));
    nodes.ok_or_else(|| {
        Said(text!(
            "应为 12 至 {NODES} 的整数",
            "12 to {NODES} nodes of Linze County"
        ))
    })
}

pub(super) fn more_than_nothing(text: &str) -> Result<f64, Said> {
    let scale = text
        .parse()
        .ok()
        .filter(|scale| *scale > 0.0 && *scale <= 100.0);
    scale.ok_or_else(|| {
        Said(text!(
            "应为大于 0、不超过 100 的数",
            "a number more than 0 and at most 100"
        ))
    })
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
pub(super) fn run(args: &Run, lang: Language) -> u8 {
    let Some(scenario) = scenarios::find(&args.scenario) else {
        let name = &args.scenario;
        let none = text!("没有故事“{name}”；有：", "no scenario `{name}`; there are:");
        line(none.into_language(lang));
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
        let crashed = text!(
            "结果：程序崩溃，原因见上",
            "outcome: crashed; the panic is above"
        );
        line(crashed.into_language(lang));
        return CRASHED;
    };
    line(format!("hash {:016x}", account.hash));
    for drawn in picture::draw(&account.chronicle, lang) {
        line(drawn);
    }
    tell(&account, real, lang);
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

pub(super) fn write_page(path: &PathBuf, account: &Account) -> Result<(), String> {
    let page = report::page(account).map_err(|why| why.to_string())?;
    std::fs::write(path, page).map_err(|why| format!("{}: {why}", path.display()))
}

fn tell(account: &Account, real: Duration, lang: Language) {
    for broken in account.broken.iter().take(20) {
        line(broken.to_string());
    }
    let effects = account.counters.iter();
    let effects = effects.filter(|(what, count)| *what != "healing ms" && *count > 0);
    let effects: Vec<_> = effects
        .map(|(what, count)| match lang {
            Language::Zh => format!("{count} {}", report::fault(what)),
            Language::En => format!("{count} {what}"),
        })
        .collect();
    let title = text!("故障：", "effects: ").into_language(lang);
    line(format!("{title}{}", effects.join(", ")));
    line(fullest(account, lang));
    let chronicle = &account.chronicle;
    let (virtual_h, real_s) = (account.took_ms as f64 / 3.6e6, real.as_secs_f64());
    let ratio = virtual_h * 3600.0 / real_s.max(0.001);
    let (events, facets) = (account.events, account.facets);
    let (frames, sent) = (
        chronicle.traffic.frames(),
        picture::bytes(chronicle.traffic.bytes()),
    );
    let settled_s = chronicle.settled_in_ms as f64 / 1000.0;
    let worst = worst(chronicle);
    let verdict = report::verdict(account.verdict);
    let outcome = text!(
        verdict, worst;
        "结果：{verdict}；模拟 {virtual_h:.1} 小时，实际 {real_s:.1} 秒，{ratio:.0} 比 1；\
         事件 {events}；分项 {facets}；{frames} 帧共 {sent}；{worst}；最后达到一致用时 {settled_s:.1} 秒",
        "outcome: {verdict}; {virtual_h:.1} virtual h in {real_s:.1} s, {ratio:.0} to 1; \
         {events} events; {facets} facets; {sent} in {frames} frames; {worst}; settled at last \
         in {settled_s:.1} s"
    );
    line(outcome.into_language(lang));
}

/// What the fullest node of each tier holds at the end.
fn fullest(account: &Account, lang: Language) -> String {
    let held = account.holdings.iter().map(|holding| {
        let name = account.chronicle.name(holding.node);
        let (disk, memory) = (
            picture::bytes(holding.disk_bytes),
            picture::bytes(holding.memory_bytes as u64),
        );
        let facets = holding.facets();
        let told = text!(
            "{name}{facets} 个分项，磁盘 {disk}，内存 {memory}",
            "{name} {facets} facets, {disk} on disk, {memory} in memory"
        );
        told.into_language(lang)
    });
    let title = text!("各级数据最多的节点：", "fullest of each tier: ");
    let between = text!("；", "; ");
    let held: Vec<_> = held.collect();
    let held = held.join(between.in_language(lang));
    format!("{}{held}", title.in_language(lang))
}

/// How the node fared that took longest to catch up.
fn worst(chronicle: &Chronicle) -> Text {
    let Some(worst) = chronicle.worst_healing() else {
        return text!("没有节点离线", "nobody was away");
    };
    let (seconds, at) = (worst.took_ms as f64 / 1000.0, chronicle.clock(worst.at_ms));
    let (node, at) = (chronicle.name(worst.node), at.trim());
    text!(
        "恢复同步最慢 {seconds:.0} 秒（{node}，{at} 恢复）",
        "worst healing {seconds:.0} s ({node} back at {at})"
    )
}
