//! `snapshot`: the figures of a period, taken once and never changed.

use crdt_model::ids::{Name, NodeId};
use crdt_model::kind::Title;
use jiff::civil::Date;

use super::asking::Context;
use super::help::{Shared, Words};
use super::output::Answer;
use super::output::Ended;
use super::table::table;
use super::values;
use crdt_model::text;
use crdt_model::text::{Language, Text};
use node_app::report::period::Cadence;
use node_app::snapshot::Listed;
use node_app::snapshot::held::Shown;
use node_app::use_cases::snapshot_show::ShowSnapshotRequest;
use node_app::use_cases::snapshot_take::TakeSnapshotRequest;
use node_machine::time::shown;
use node_readmodel::measure::Cell;

/// Codes of one list that are shown.
const CODES_SHOWN: usize = 20;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    Take(TakeArguments),
    Show(ShowArguments),
}

#[derive(clap::Args)]
struct TakeArguments {
    #[arg(long, value_name = "day|week|month|quarter", value_parser = values::cadence)]
    period: Cadence,
    #[arg(long, value_name = "DATE", value_parser = values::day)]
    ending: Option<Date>,
    #[arg(long, value_name = "ROLE", value_parser = values::name)]
    role: Option<Name>,
}

#[derive(clap::Args)]
struct ShowArguments {
    #[command(flatten)]
    of: TakeArguments,
    #[arg(long, value_name = "NODE", value_parser = values::node)]
    node: Option<NodeId>,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "周期定稿数据：一个周期的各项指标，由负责人定稿一次并由节点签名，之后不再更改；迟到的数据\
         列入下一次。",
        "Settled figures: a period's measures, taken once by the leader, signed and never \
         changed; what comes late is listed in the next."
    ))
    .command(
        "take",
        of_period(Words::new(text!(
            "为已结束的周期定稿，并列出以前各周期迟到的数据和改正。",
            "Settle the figures of a period that is over, with what came in late for earlier ones."
        ))),
    )
    .command(
        "show",
        of_period(Words::new(text!(
            "查看已定稿的数据。",
            "Show settled figures."
        )))
        .argument(
            "node",
            text!(
                "取数的节点（默认本节点）",
                "the node that took it (default: this one)"
            ),
        ),
    )
}

fn of_period(words: Words) -> Words {
    words
        .period()
        .argument(
            "ending",
            text!(
                "周期内的任一天，北京时间（默认最近一个已结束的周期）",
                "a day in the period, Beijing time (default: of the latest that is over)"
            ),
        )
        .role()
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Ended {
    let text = |shown: &Shown| snapshot_text(shown, context.output.language);
    match arguments.action {
        Action::Take(of) => {
            context.output.progress(&text!("正在统计……", "counting …"));
            let request = TakeSnapshotRequest {
                period: of.period,
                ending: of.ending,
                node: None,
            };
            let shown = context.ask_as(of.role, None, request)?;
            Ok(Answer::of::<TakeSnapshotRequest>(text(&shown), &shown))
        }
        Action::Show(ShowArguments { of, node }) => {
            let request = ShowSnapshotRequest {
                period: of.period,
                ending: of.ending,
                node,
            };
            let shown = context.ask_as(of.role, None, request)?;
            Ok(Answer::of::<ShowSnapshotRequest>(text(&shown), &shown))
        }
    }
}

fn snapshot_text(of: &Shown, language: Language) -> String {
    let snapshot = &of.snapshot;
    let say = |text: Text| text.in_language(language).to_owned();
    let (node, role, taken) = (snapshot.node, snapshot.role, shown(snapshot.taken));
    let Text { zh, en } = snapshot.period.title();
    let (charter, heard, all) = (snapshot.charter, snapshot.heard, snapshot.expected);
    let mut text = say(text!(
        "{node} {zh}定稿数据（岗位 `{role}`，{taken} 取数，章程第 {charter} 版，应汇集 {all} 个节点，已汇集 {heard} 个）\n",
        "settled figures of {en}, {node}, role {role}, taken {taken}, charter version {charter}, \
         {heard} of {all} nodes heard\n"
    ));
    let figures = snapshot.figures.iter().flat_map(|taken| {
        let cells = taken.cells.iter();
        cells.map(|cell| row_of(of, taken.measure, cell, language).to_vec())
    });
    text.push_str(&table(&[], &figures.collect::<Vec<_>>(), &[2]));
    if !snapshot.corrected.is_empty() {
        text.push_str(&say(text!(
            "对以前各周期的改正：\n",
            "corrections to earlier periods:\n"
        )));
        let rows = snapshot.corrected.iter().map(|one| {
            let mut row = vec![one.first.to_string()];
            row.extend(row_of(of, one.measure, &one.cell, language));
            row
        });
        text.push_str(&table(&[], &rows.collect::<Vec<_>>(), &[3]));
    }
    let lists = [
        (
            &snapshot.late,
            text!("迟到的记录：\n", "records that came in late:\n"),
        ),
        (
            &snapshot.gone,
            text!("改正后不再计入的记录：\n", "no longer counted:\n"),
        ),
    ];
    for (lists, head) in lists.into_iter().filter(|(lists, _)| !lists.is_empty()) {
        text.push_str(&say(head));
        let rows: Vec<Vec<String>> = lists
            .iter()
            .flat_map(|list| rows_of(of, list, language))
            .collect();
        text.push_str(&table(&[], &rows, &[]));
    }
    text
}

fn said(title: &Title, language: Language) -> String {
    Text::from(title).in_language(language).to_owned()
}

fn measure_of(of: &Shown, measure: Name, language: Language) -> String {
    let named = of.measures.get(&measure);
    named.map_or_else(|| measure.to_string(), |named| said(&named.title, language))
}

/// Measure, cell and number.
fn row_of(of: &Shown, measure: Name, cell: &Cell, language: Language) -> [String; 3] {
    let title = of
        .measures
        .get(&measure)
        .and_then(|named| named.cells.get(&cell.cell));
    let name = title.map_or_else(|| cell.cell.clone(), |title| said(title, language));
    let number = cell
        .numerator
        .map_or_else(|| "—".to_owned(), |one| one.to_string());
    let number = match cell.denominator {
        Some(of) => format!("{number} / {of}"),
        None => number,
    };
    [measure_of(of, measure, language), name, number]
}

fn rows_of(of: &Shown, list: &Listed, language: Language) -> Vec<Vec<String>> {
    let measure = measure_of(of, list.measure, language);
    let row = |code: &String| vec![list.first.to_string(), measure.clone(), code.clone()];
    let mut rows: Vec<Vec<String>> = list.codes.iter().take(CODES_SHOWN).map(row).collect();
    let more = list.codes.len().saturating_sub(CODES_SHOWN);
    if more > 0 {
        let more = text!("另有 {more} 条", "and {more} more");
        rows.push(row(&more.in_language(language).to_owned()));
    }
    rows
}
