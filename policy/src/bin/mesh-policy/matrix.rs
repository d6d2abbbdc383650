//! `matrix`: every decision, as tables.

use std::path::PathBuf;
use std::time::Duration;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use crdt_model::ids::Name;
use crdt_model::text;
use policy::CharterFiles;
use policy::command_line::help::Words;
use policy::command_line::values;
use policy::deciding::question::State;
use policy::review::enumeration::{Enumeration, Row};
use policy::review::matrix::{Cell, Column, Line, Place, tables};
use policy::review::pace::{Clock, Pace};
use policy::review::sheet::Sheet;
use serde_json::{Value, json};

use crate::output::{Answer, Exit, Failure, Output, open};
use crate::pace;
use crate::stopwatch::Stopwatch;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    dir: PathBuf,
    #[arg(long, value_enum, default_value = "nodes")]
    ask: Ask,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    #[arg(long, value_parser = values::name)]
    facet: Option<Name>,
    #[arg(long)]
    emergency: bool,
    #[arg(long, value_name = "N", value_parser = values::number::<usize>)]
    compare: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Ask {
    Nodes,
    Read,
    Export,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Csv,
    Html,
}

pub(crate) fn words() -> Words {
    Words::new(text!("以表格列出全部判定", "Show every decision as tables"))
        .argument("dir", text!("章程目录", "the charter's folder"))
        .argument(
            "ask",
            text!(
                "格中写什么：`nodes` 节点可做的事，`read` 谁可查看，`export` 谁可导出",
                "what the cells say: what nodes may, who may read, who may export"
            ),
        )
        .argument(
            "format",
            text!(
                "格式：`text` 表格，`csv` 每类一行，`html` 网页",
                "tables for people, csv with one line for each class, or a html page"
            ),
        )
        .argument("facet", text!("只列这个分项", "only this facet"))
        .argument(
            "emergency",
            text!(
                "按应急共享期间列出",
                "as it is while an emergency is declared"
            ),
        )
        .argument(
            "compare",
            text!(
                "另用原生 Cedar 均匀抽问这么多项，并推算全部需要多久",
                "ask plain Cedar this many of the questions too, evenly spread, and say how long \
             all of them would take"
            ),
        )
        .after(text!(
            "列出每个节点可以留存、填写、调整级别的内容，以及谁可以在那里查看。逐一核对全部标签和节\
         点；内容相同的行合并，规则点名的节点不合并。",
            "What each node may hold, write and regrade, and who may read it there. All labels and \
         all nodes are gone through. Lines that say the same are folded; a node that a rule \
         names is never folded into others."
        ))
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let files = CharterFiles::read(&arguments.dir)?;
    let watch = Stopwatch::start();
    let charter = open(&files)?;
    let all = Enumeration::of(&charter)?;
    let state = state(arguments, &all)?;
    let mut tables = tables(&all, state);
    let taken = watch.elapsed();
    if let Some(facet) = arguments.facet {
        tables.retain(|table| table.facet == facet);
        if tables.is_empty() {
            return Err(Failure::usage(text!(
                "章程没有分项 `{facet}`",
                "no kind declares a facet `{facet}`"
            )));
        }
    }
    let compared = arguments
        .compare
        .map(|questions| Pace::measure(&all, &files, questions, &watch))
        .transpose()
        .map_err(|problem| Failure::internal("plain-cedar", &problem))?;
    let text = match arguments.format {
        Format::Csv => csv(&all, state, arguments.facet),
        Format::Html => policy::review::page::matrix(&charter, &tables, state),
        Format::Text => {
            let ending = ending(&all, taken, compared.as_ref(), output);
            text(&tables, state, arguments.ask, output) + &ending
        }
    };
    let object = json!({
        "classes": all.rows().len(),
        "decisions": all.questions(),
        "seconds": taken.as_secs_f64(),
        "plain": compared.as_ref().map(|pace| pace.object(all.questions(), taken)),
        "tables": tables.iter().map(table_object).collect::<Vec<_>>(),
    });
    Ok(Answer::new(Exit::Clean, text, object))
}

fn state(arguments: &Arguments, all: &Enumeration<'_>) -> Result<State, Failure> {
    match (arguments.emergency, all.states().len()) {
        (false, _) => Ok(State::Normal),
        (true, 1) => Err(Failure::usage(text!(
            "本章程没有应急共享规则",
            "this charter has no rules for emergencies"
        ))),
        (true, _) => Ok(State::Emergency),
    }
}

fn text(
    tables: &[policy::review::matrix::Table],
    state: State,
    ask: Ask,
    output: &Output,
) -> String {
    let mut text = String::new();
    if state == State::Emergency {
        text.push_str(&output.say(text!(
            "应急共享期间\n\n",
            "while an emergency is declared\n\n"
        )));
    }
    for table in tables {
        let title = output.title(&table.title);
        text.push_str(&format!("{}  {title}\n", table.facet));
        text.push_str(&drawn(table, ask, output));
    }
    text + &legend(ask, output)
}

fn ending(
    all: &Enumeration<'_>,
    taken: Duration,
    compared: Option<&Pace>,
    output: &Output,
) -> String {
    let mut text = output.say(text!(
        "{} 项判定，归为 {} 类，用时 {:.2} 秒\n",
        "{} decisions, by {} classes, in {:.2} s\n",
        all.questions(),
        all.rows().len(),
        taken.as_secs_f64()
    ));
    if let Some(compared) = compared {
        text.push_str(&output.say(pace::text(compared, all.questions(), taken)));
    }
    text
}

fn drawn(table: &policy::review::matrix::Table, ask: Ask, output: &Output) -> String {
    let sheet = Sheet::of(table);
    let mut text = String::new();
    for (number, head) in sheet.heads.iter().enumerate() {
        let title = head.title();
        text.push_str(&format!("  ({}) {}\n", number + 1, output.title(&title)));
    }
    let mut drawn = Table::new();
    drawn.load_style(NOTHING);
    let numbers = (1..=sheet.heads.len()).map(|number| format!("({number})"));
    drawn.set_header(std::iter::once(String::new()).chain(numbers));
    for row in &sheet.rows {
        let titles = row.titles(&table.columns);
        let titles: Vec<_> = titles.iter().map(|title| output.title(title)).collect();
        let cells = row.cells.iter();
        let cells = cells.map(|cell| cell.as_ref().map_or(String::new(), |cell| told(cell, ask)));
        let named = std::iter::once(titles.join(",\n"));
        drawn.add_row(named.chain(cells));
    }
    let lines: Vec<_> = drawn
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect();
    format!("{text}{}\n", lines.concat())
}

fn told(cell: &Cell, ask: Ask) -> String {
    let names = |names: &std::collections::BTreeSet<Name>| {
        let names: Vec<_> = names.iter().map(|name| name.to_string()).collect();
        names.join(" ")
    };
    let text = match ask {
        Ask::Nodes => [(cell.holds, 'H'), (cell.writes, 'W'), (cell.regrades, 'G')]
            .into_iter()
            .filter_map(|(may, letter)| may.then_some(letter))
            .collect(),
        Ask::Read => names(&cell.readers),
        Ask::Export => names(&cell.exporters),
    };
    match (cell.mixed, text.is_empty()) {
        (true, _) => "?".to_owned(),
        (false, true) => "·".to_owned(),
        (false, false) => text,
    }
}

fn legend(ask: Ask, output: &Output) -> String {
    match ask {
        Ask::Nodes => output.say(text!("H 可留存  W 可填写  G 可调整级别  · 不允许  空白 无此情形  A → B：A 所属，送 B（–：不送他方）\n",
            "H may hold  W may write  G may change the grade  · denied  blank: does not occur  A → B: \
             home A, meant for B (–: for nobody else)\n")),
        Ask::Read | Ask::Export => output.say(text!("· 不允许\n", "· denied\n")),
    }
}

/// One line a class, unfolded.
fn csv(all: &Enumeration<'_>, state: State, facet: Option<Name>) -> String {
    let mut text = String::from(
        "facet,sensitivity,level,home,addressee,node,relation,question,role,allowed,rules,decisions\n",
    );
    let line = |row: &Row| {
        let (label, node) = (row.example.label, row.example.node);
        let column = policy::review::matrix::column(all, row);
        let decision = all.decision(row, state);
        let role = row
            .question
            .role()
            .map_or(String::new(), |role| role.to_string());
        format!(
            "{},{},{},{},{},{node},\"{}\",{},{role},{},{},{}\n",
            label.facet,
            label.grade.sensitivity,
            label.grade.level,
            label.home,
            label.addressee,
            column.title().en,
            row.question.name(),
            u8::from(all.allowed(row, state)),
            decision.rules.join(" "),
            row.questions,
        )
    };
    let wanted = |row: &&Row| facet.is_none_or(|facet| row.example.label.facet == facet);
    text.extend(all.rows().iter().filter(wanted).map(line));
    text
}

fn table_object(table: &policy::review::matrix::Table) -> Value {
    let cell = |(column, cell): (&Column, &Cell)| {
        json!({
            "relation": column.title().en, "hold": cell.holds, "write": cell.writes,
            "regrade": cell.regrades, "read": cell.readers, "export": cell.exporters,
            "rules": cell.rules,
        })
    };
    let line = |line: &Line| {
        json!({
            "sensitivities": line.sensitivities, "levels": line.levels,
            "homes": line.homes.iter().map(Place::to_string).collect::<Vec<_>>(),
            "addressees": line.addressees.iter().flatten().map(Place::to_string).collect::<Vec<_>>(),
            "decisions": line.questions,
            "cells": line.cells.iter().map(cell).collect::<Vec<_>>(),
        })
    };
    json!({
        "facet": table.facet,
        "lines": table.lines.iter().map(line).collect::<Vec<_>>(),
    })
}
