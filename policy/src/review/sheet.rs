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
    pub places: Title,
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
        rows.sort_by_key(|row| denied(&row.cells));
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
    /// In words.
    pub fn title(&self) -> Title {
        let given = |part: &Option<String>, any: &str| part.clone().unwrap_or(any.to_owned());
        Title {
            zh: format!(
                "敏感级别 {} · 办理层级 {} · 所属 {}",
                given(&self.sensitivities, "任意"),
                given(&self.levels, "任意"),
                self.places.zh
            ),
            en: format!(
                "sensitivity {} · level {} · home {}",
                given(&self.sensitivities, "any"),
                given(&self.levels, "any"),
                self.places.en
            ),
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

    /// Whether nodes that stand otherwise may do just the same, or neither may do anything. What does
    /// not occur for the one and is allowed to the other is not the same.
    fn agrees(&self, cells: &[Option<Cell>]) -> bool {
        let named = self.columns.iter().any(|column| column.node.is_some());
        let says = |cell: &Option<Cell>| cell.as_ref().map(|cell| format!("{:?}", cell.says()));
        let same = self.cells.iter().map(says).eq(cells.iter().map(says));
        !named && (same || denied(&self.cells) && denied(cells))
    }

    fn join(&mut self, column: Column, cells: Vec<Option<Cell>>) {
        self.columns.push(column);
        for (one, other) in self.cells.iter_mut().zip(cells) {
            match (one.as_mut(), other) {
                (Some(one), Some(other)) => one.join(other),
                (None, other) => *one = other,
                (Some(_), None) => {}
            }
        }
    }
}

/// Whether nothing is allowed in any of these cells.
fn denied(cells: &[Option<Cell>]) -> bool {
    let nothing = Cell::default();
    let mut occurring = cells.iter().flatten();
    occurring.all(|cell| cell.says() == nothing.says())
}

fn unless_all(names: &BTreeSet<Name>, all: &BTreeSet<Name>) -> Option<String> {
    let listed: Vec<_> = names.iter().map(|name| name.to_string()).collect();
    (names != all).then(|| listed.join(" / "))
}

fn places(line: &Line) -> Title {
    let joined = |pick: fn(Title) -> String| {
        let homes = line.homes.iter().map(|place| pick(place.title()));
        let homes = homes.collect::<Vec<_>>().join(" / ");
        if line.addressees.iter().all(Option::is_none) {
            return homes;
        }
        let addressee = |place: &Option<Place>| match place {
            Some(place) => pick(place.title()),
            None => "–".to_owned(),
        };
        let addressees: Vec<_> = line.addressees.iter().map(addressee).collect();
        format!("{homes} → {}", addressees.join(" / "))
    };
    Title {
        zh: joined(|title| title.zh),
        en: joined(|title| title.en),
    }
}
