//! Pages for reviewers, in both languages side by side: they open from disk and need nothing from
//! the network.

use std::collections::BTreeSet;

use askama::Template;
use crdt_model::charter::{Charter, RuleId};
use crdt_model::ids::Name;
use crdt_model::kind::Title;

use crate::deciding::charter::CedarCharter;
use crate::deciding::question::State;
use crate::review::matrix::{Cell, Table};
use crate::review::sheet::{Head, Sheet, SheetRow};

#[derive(Template)]
#[template(path = "matrix.html")]
struct Matrix {
    title: Title,
    county: String,
    version: String,
    emergency: bool,
    tables: Vec<TableView>,
}

/// A facet's table, as text.
pub(crate) struct TableView {
    pub(crate) facet: String,
    pub(crate) title: Title,
    pub(crate) heads: Vec<Head>,
    pub(crate) rows: Vec<RowView>,
}

pub(crate) struct RowView {
    pub(crate) titles: Vec<Title>,
    pub(crate) cells: Vec<CellView>,
}

pub(crate) struct CellView {
    pub(crate) class: &'static str,
    pub(crate) text: String,
    pub(crate) tooltip: String,
}

/// The heat map of all decisions, as one page.
pub fn matrix(charter: &CedarCharter, tables: &[Table], state: State) -> String {
    let page = Matrix {
        title: charter.head().title.clone(),
        county: charter.county().to_string(),
        version: charter.version().to_string(),
        emergency: state == State::Emergency,
        tables: tables.iter().map(table_view).collect(),
    };
    rendered(&page)
}

/// A template that is filled in from memory cannot fail.
pub(crate) fn rendered(page: &impl Template) -> String {
    page.render().unwrap_or_default()
}

pub(crate) fn table_view(table: &Table) -> TableView {
    let sheet = Sheet::of(table);
    let row = |row: &SheetRow| RowView {
        titles: row.titles(&table.columns),
        cells: row
            .cells
            .iter()
            .map(|cell| cell_view(cell.as_ref()))
            .collect(),
    };
    TableView {
        facet: table.facet.to_string(),
        title: table.title.clone(),
        rows: sheet.rows.iter().map(row).collect(),
        heads: sheet.heads,
    }
}

fn joined(names: &BTreeSet<Name>) -> String {
    let names: Vec<_> = names.iter().map(|name| name.to_string()).collect();
    names.join(" · ")
}

fn cell_view(cell: Option<&Cell>) -> CellView {
    let Some(cell) = cell else {
        return CellView {
            class: "absent",
            text: String::new(),
            tooltip: String::new(),
        };
    };
    let letters = [(cell.holds, 'H'), (cell.writes, 'W'), (cell.regrades, 'G')];
    let text: String = letters
        .into_iter()
        .filter_map(|(may, letter)| may.then_some(letter))
        .collect();
    let class = match (cell.mixed, cell.regrades, cell.writes, cell.holds) {
        (true, ..) => "mixed",
        (_, true, ..) => "grade",
        (_, _, true, _) => "write",
        (_, _, _, true) => "hold",
        _ => "none",
    };
    CellView {
        class,
        text: if text.is_empty() {
            "·".to_owned()
        } else {
            text
        },
        tooltip: tooltip(cell),
    }
}

fn tooltip(cell: &Cell) -> String {
    let rules = |rules: &BTreeSet<RuleId>| {
        let rules: Vec<_> = rules.iter().map(|rule| rule.to_string()).collect();
        rules.join(", ")
    };
    let mut parts = vec![if cell.rules.is_empty() {
        "章程未允许 / no rule allows it".to_owned()
    } else {
        rules(&cell.rules)
    }];
    for (names, by, what) in [
        (&cell.readers, &cell.reading, "查看 / read"),
        (&cell.exporters, &cell.exporting, "导出 / export"),
    ] {
        if !names.is_empty() {
            parts.push(format!("{what}: {} ({})", joined(names), rules(by)));
        }
    }
    parts.join("\n")
}
