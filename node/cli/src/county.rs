//! `county`: a whole county on one machine, every node a process of its own.

use std::path::PathBuf;

use crdt_model::ids::NodeId;

use super::asking::Context;
use super::exit::Exit;
use super::help::Words;
use super::output::Answer;
use super::output::Ended;
use super::values::{self, Said};
use crdt_model::text;
use crdt_model::text::Problem;
use node_demo::folder::unusable;
use node_demo::options::{CountyOptions, DEFAULT_SCALE, DEFAULT_TIMEOUT_S, Scale, Verify};
use node_demo::report::Report;
use node_demo::show::{Shown, Wanted, show};
use node_machine::settings::Origin;

/// The county's folder where none is named.
const DEFAULT_FOLDER: &str = "county-data";

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[arg(long, value_name = "FACTOR", value_parser = scale)]
    scale: Option<Scale>,
    #[arg(long)]
    exit_when_synced: bool,
    #[arg(long, value_name = "CODE", value_parser = values::node, value_delimiter = ',')]
    cut: Vec<NodeId>,
    #[arg(long, value_name = "SECONDS", requires = "cut")]
    cut_for: Option<u64>,
    #[arg(long)]
    heal: bool,
    #[arg(long)]
    fresh: bool,
    #[arg(long, value_name = "PORT")]
    base_port: Option<u16>,
    #[arg(long, value_name = "CODE", value_parser = values::node, value_delimiter = ',')]
    only: Vec<NodeId>,
    #[arg(long, value_name = "off|sample|all", value_parser = verify)]
    verify: Option<Verify>,
    #[arg(long, value_name = "SECONDS")]
    timeout_s: Option<u64>,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "在本机演示整个县：县、镇、村（社区）84 个节点各为一个进程，载入虚构数据，实时显示；输入 c、h、k、q \
         并回车可切断线路、恢复、断电、退出。",
        "Show a whole county on this machine: 84 nodes, each a process, with invented records, live; type \
         c, h, k or q and press Enter to cut lines, heal them, kill a node, quit."
    ))
    .argument(
        "scale",
        text!(
            "数据规模：1 为全年（3.7 万条网格事项等），默认 {DEFAULT_SCALE}",
            "how many records: 1 is a whole year (37,000 grid reports and so on); default {DEFAULT_SCALE}"
        ),
    )
    .argument(
        "exit_when_synced",
        text!("全部同步并核对后退出（--json 时总是如此）", "exit once everything is in sync and verified (always with --json)"),
    )
    .argument(
        "cut",
        text!(
            "切断这些节点的全部线路；若该目录的演示县已在运行，则对其执行",
            "cut all lines of these nodes; of the county that runs in the folder, if one does"
        ),
    )
    .argument("cut_for", text!("多少秒后恢复线路", "restore the lines after so many seconds"))
    .argument(
        "heal",
        text!("恢复正在运行的演示县的全部线路", "restore all lines of the county that runs in the folder"),
    )
    .argument(
        "fresh",
        text!("重建演示县；目录必须是演示县的目录", "delete and rebuild the county; the folder must hold a demonstration county"),
    )
    .argument(
        "base_port",
        text!("县、镇节点监听的起始端口（默认自动选择）", "the first port to listen on (default: free ones)"),
    )
    .argument(
        "only",
        text!("只建这些村（及其上级）", "only these villages, with those above them"),
    )
    .argument(
        "verify",
        text!(
            "用 Cedar 独立核对：`off` 不核对，`sample` 抽取十六分之一，`all` 全部（默认）",
            "check against plain Cedar, independently: off, sample (one facet in sixteen) or all \
             (default)"
        ),
    )
    .argument(
        "timeout_s",
        text!(
            "载入后多少秒内须全部同步（默认 {DEFAULT_TIMEOUT_S}）",
            "seconds after loading in which all must have arrived (default {DEFAULT_TIMEOUT_S})"
        ),
    )
}

fn scale(text: &str) -> Result<Scale, Said> {
    let factor = text.parse().unwrap_or(f64::NAN);
    Scale::new(factor).map_err(|Problem { what, .. }| Said(what))
}

fn verify(text: &str) -> Result<Verify, Said> {
    match text {
        "off" => Ok(Verify::Off),
        "sample" => Ok(Verify::Sample),
        "all" => Ok(Verify::All),
        _ => Err(Said(text!(
            "“{text}”不能用；可选：`off`、`sample`、`all`",
            "`{text}` is none of off, sample, all"
        ))),
    }
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Ended {
    let program = std::env::current_exe();
    let program = program.map_err(|problem| unusable(&PathBuf::from("mesh-node"), &problem))?;
    let data = match context.data.origin {
        Origin::Default => PathBuf::from(DEFAULT_FOLDER),
        _ => context.data.value.clone(),
    };
    let defaults = CountyOptions::new(data, program);
    let options = CountyOptions {
        scale: arguments.scale.unwrap_or(defaults.scale),
        only: arguments.only,
        base_port: arguments.base_port,
        fresh: arguments.fresh,
        language: context.output.language,
        verify: arguments.verify.unwrap_or(defaults.verify),
        ..defaults
    };
    let shown = show(Wanted {
        options,
        exit_when_synced: arguments.exit_when_synced,
        json: context.output.json,
        cut: arguments.cut,
        cut_for_s: arguments.cut_for,
        heal: arguments.heal,
        timeout_s: arguments.timeout_s.unwrap_or(DEFAULT_TIMEOUT_S),
        language: context.output.language,
    })?;
    Ok(match shown {
        Shown::Report(report) => Answer {
            exit: exit(&report),
            text: String::new(),
            json: serde_json::to_value(&*report).unwrap_or_default(),
        },
        Shown::Ended => Answer::done(String::new(), serde_json::Value::Null),
        Shown::Lines => {
            let text = context
                .output
                .say(&text!("线路已设置\n", "the lines are set\n"));
            Answer::done(text, serde_json::json!({ "answer": "done" }))
        }
    })
}

/// Violations weigh more than what has not arrived.
fn exit(report: &Report) -> Exit {
    match report.violations {
        Some(violations) if violations > 0 => Exit::Violations,
        _ if !report.equal => Exit::NotConverged,
        _ => Exit::Done,
    }
}
