//! A facet's table laid out for reading: a column for each folded line of labels, a row for each way
//! in which a node can stand to the record, rows that say the same put together.

use std::collections::BTreeSet;

use crdt_model::ids::Name;
use crdt_model::kind::Title;

use crate::review::matrix::{Cell, Column, Line, Place, Table};

/// A table as it is drawn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sheet {
    /// What each column is about.
    pub heads: Vec<Head>,
    /// Its rows.
    pub rows: Vec<SheetRow>,
}

/// Which labels a column is about. `None` where it is any that the facet can have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// Sensitivities.
    pub sensitivities: Option<String>,
    /// Levels.
    pub levels: Option<String>,
    /// Homes, and addressees where it is addressed.
    pub places: String,
}

/// One row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SheetRow {
    /// How nodes stand to the record.
    pub columns: Vec<Column>,
    /// What they may, for each column; none where that does not occur.
    pub cells: Vec<Option<Cell>>,
}

impl Sheet {
    /// Lays a table out.
    pub fn of(table: &Table) -> Self {
        let all = |pick: fn(&Line) -> &BTreeSet<Name>| -> BTreeSet<Name> {
            table
                .lines
                .iter()
                .flat_map(|line| pick(line).iter().copied())
                .collect()
        };
        let (sensitivities, levels) = (all(|line| &line.sensitivities), all(|line| &line.levels));
        let mut rows: Vec<SheetRow> = Vec::new();
        for column in &table.columns {
            let cells: Vec<_> = table
                .lines
                .iter()
                .map(|line| line.cells.get(column).cloned())
                .collect();
            match rows.iter_mut().find(|row| row.agrees(&cells)) {
                Some(row) => row.join(*column, cells),
                None => rows.push(SheetRow {
                    columns: vec![*column],
                    cells,
                }),
            }
        }
        let head = |line: &Line| Head {
            sensitivities: unless_all(&line.sensitivities, &sensitivities),
            levels: unless_all(&line.levels, &levels),
            places: places(line),
        };
        Self {
            heads: table.lines.iter().map(head).collect(),
            rows,
        }
    }
}

impl Head {
    /// In words, shortened where it is about everything.
    pub fn title(&self) -> Title {
        let given = [&self.sensitivities, &self.levels].into_iter().flatten();
        let given: Vec<_> = given.map(String::as_str).collect();
        let (zh, en) = if given.is_empty() {
            ("任意级别".to_owned(), "any grade".to_owned())
        } else {
            (given.join("; "), given.join("; "))
        };
        Title {
            zh: format!("{zh}；{}", self.places),
            en: format!("{en}; {}", self.places),
        }
    }
}

impl SheetRow {
    /// How nodes stand to the record, in words, one for each relation to home. What they are to the
    /// addressee is left out where it makes no difference; `all` are the columns of the table. Those
    /// who may do nothing at all are not listed one by one.
    pub fn titles(&self, all: &BTreeSet<Column>) -> Vec<Title> {
        let nothing = Cell::default();
        let denied = self
            .cells
            .iter()
            .flatten()
            .all(|cell| cell.says() == nothing.says());
        if denied && self.columns.len() > 1 {
            return vec![Title {
                zh: "其余节点".to_owned(),
                en: "all others".to_owned(),
            }];
        }
        let of = |columns: &mut dyn Iterator<Item = &Column>, one: &Column| {
            columns
                .filter(|other| other.to_home == one.to_home && other.node == one.node)
                .count()
        };
        let mut titles: Vec<Title> = Vec::new();
        for column in &self.columns {
            let whole = of(&mut self.columns.iter(), column) == of(&mut all.iter(), column);
            let shown = Column {
                to_addressee: column.to_addressee.filter(|_| !whole),
                ..*column
            };
            let title = shown.title();
            if !titles.contains(&title) {
                titles.push(title);
            }
        }
        titles
    }

    /// Whether nodes that stand otherwise may do the same: wherever both occur, and they do somewhere.
    fn agrees(&self, cells: &[Option<Cell>]) -> bool {
        let mut shared = self
            .cells
            .iter()
            .zip(cells)
            .filter_map(|(one, other)| one.as_ref().zip(other.as_ref()))
            .peekable();
        let named = self.columns.iter().any(|column| column.node.is_some());
        shared.peek().is_some() && !named && shared.all(|(one, other)| one.says() == other.says())
    }

    fn join(&mut self, column: Column, cells: Vec<Option<Cell>>) {
        self.columns.push(column);
        for (one, other) in self.cells.iter_mut().zip(cells) {
            match (one.as_mut(), other) {
                (Some(one), Some(other)) => one.rules.extend(other.rules),
                (None, other) => *one = other,
                (Some(_), None) => {}
            }
        }
    }
}

fn unless_all(names: &BTreeSet<Name>, all: &BTreeSet<Name>) -> Option<String> {
    let listed: Vec<_> = names.iter().map(|name| name.to_string()).collect();
    (names != all).then(|| listed.join(" / "))
}

fn places(line: &Line) -> String {
    let joined = |places: Vec<String>| places.join(" / ");
    let homes = joined(line.homes.iter().map(Place::to_string).collect());
    if line.addressees.iter().all(Option::is_none) {
        return homes;
    }
    let addressee =
        |place: &Option<Place>| place.map_or("–".to_owned(), |place| place.to_string());
    format!(
        "{homes} → {}",
        joined(line.addressees.iter().map(addressee).collect())
    )
}
