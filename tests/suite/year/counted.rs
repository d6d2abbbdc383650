//! The same figures, counted from what the sample says by a second path: no SQL, no read model, and
//! plain Cedar says which rows the county's leader counts.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::ids::NodeId;
use crdt_model::label::Label;
use policy::Question;
use policy::deciding::plain::PlainCedar;

use super::standing::{Row, Standing};
use super::{Cells, FROM_MS, Figures, UNTIL_MS, role};

/// Cells of disputes below this many are not told.
const SMALL: i64 = 3;

/// Rows by their facet.
struct Rows<'a>(BTreeMap<&'static str, Vec<&'a Row>>);

/// The facets that the measures count.
const FACETS: [&str; 14] = [
    "callout.summary",
    "case.summary",
    "device.public",
    "directory.grid",
    "directory.post",
    "directory.team",
    "grid.summary",
    "handoff.summary",
    "inspection.summary",
    "notice.content",
    "notice.reply",
    "numbers.count",
    "review.legal",
    "review.summary",
];

/// All of them.
pub(super) fn figures(cedar: &PlainCedar, county: NodeId, standing: &Standing) -> Figures {
    let rows = Rows::of(cedar, county, standing);
    let all = [
        ("reports", rows.reports()),
        ("disputes", rows.disputes()),
        ("disputes-resolved", rows.resolved()),
        ("methods", rows.methods()),
        ("handoffs", rows.handoffs()),
        ("posts", rows.kinds_of("directory.post", |_| 1)),
        ("grids", rows.grids()),
        ("teams", rows.kinds_of("directory.team", |_| 1)),
        (
            "team-members",
            rows.kinds_of("directory.team", |row| of(row, "members-number")),
        ),
        ("devices", rows.devices()),
        ("estates-covered", rows.estates()),
        ("road-protection", rows.roads()),
        ("numbers", rows.numbers()),
        ("legal-reviews", rows.legal()),
        ("reviews-held", rows.reviews()),
        ("letters-answered", rows.letters()),
        ("warnings-received", rows.warnings(confirmed)),
        ("warnings-shown", rows.warnings(shown)),
        ("callouts", rows.callouts()),
    ];
    all.map(|(id, cells)| (id.to_owned(), cells)).into()
}

/// Of the nodes that a warning reached, those where somebody confirmed it.
fn confirmed(replies: &[&Row]) -> Option<(i64, i64)> {
    let homes = |replies: &mut dyn Iterator<Item = &&Row>| {
        replies
            .map(|row| row.home)
            .collect::<BTreeSet<NodeId>>()
            .len() as i64
    };
    let mut confirmed = replies.iter().filter(|row| row.word("state") != "received");
    let reached = homes(&mut replies.iter());
    (reached > 0).then(|| (homes(&mut confirmed), reached))
}

/// Of the terminals that were to show a warning, those that did.
fn shown(replies: &[&Row]) -> Option<(i64, i64)> {
    let told: Vec<_> = replies
        .iter()
        .filter(|row| row.number("of").is_some())
        .collect();
    let sum = |field| told.iter().map(|row| of(row, field)).sum();
    (!told.is_empty()).then(|| (sum("reached"), sum("of")))
}

fn of(row: &Row, field: &str) -> i64 {
    row.number(field).unwrap_or(0)
}

/// Whether a time lies in the year.
fn in_year(row: &Row, field: &str) -> bool {
    let time = row.number(field);
    time.is_some_and(|time| (FROM_MS..UNTIL_MS).contains(&time))
}

/// Whether a row of a directory counts when the year ends.
fn counts_at_end(row: &Row) -> bool {
    let begun = row.number("valid-from").is_some_and(|from| from < UNTIL_MS);
    begun
        && row
            .number("valid-until")
            .is_none_or(|until| until >= UNTIL_MS)
}

/// Whether a period has a part in the year.
fn touches_year(row: &Row) -> bool {
    of(row, "period-from") < UNTIL_MS && of(row, "period-until") >= FROM_MS
}

/// Adds up rows by the word of a field.
fn by<'a>(
    rows: impl Iterator<Item = &'a Row>,
    field: &str,
    numerator: impl Fn(&Row) -> i64,
    denominator: Option<&dyn Fn(&Row) -> i64>,
) -> Cells {
    let mut cells = Cells::new();
    for row in rows {
        let word = match row.word(field) {
            "" => "-",
            word => word,
        };
        let cell = cells.entry(word.to_owned()).or_default();
        cell.0 = Some(cell.0.unwrap_or(0) + numerator(row));
        cell.1 = denominator.map(|of| cell.1.unwrap_or(0) + of(row));
    }
    cells
}

fn all_of(numerator: i64, denominator: Option<i64>) -> Cells {
    [("all".to_owned(), (Some(numerator), denominator))].into()
}

/// Hides what is small; where that is one cell, the next smallest too.
fn hide_small(mut cells: Cells) -> Cells {
    let told = |cells: &Cells| -> Vec<(i64, String)> {
        let cells = cells
            .iter()
            .filter_map(|(cell, (number, _))| Some(((*number)?, cell.clone())));
        let mut told: Vec<_> = cells.filter(|(number, _)| *number > 0).collect();
        told.sort();
        told
    };
    let numbers = told(&cells);
    let small = numbers.iter().filter(|(number, _)| *number < SMALL).count();
    let hide = if small == 1 { 2 } else { small };
    for (_, cell) in numbers.into_iter().take(hide) {
        cells.entry(cell).or_default().0 = None;
    }
    cells
}

impl<'a> Rows<'a> {
    fn of(cedar: &PlainCedar, county: NodeId, standing: &'a Standing) -> Self {
        let mut readable: BTreeMap<Label, bool> = BTreeMap::new();
        let mut rows: BTreeMap<&'static str, Vec<&Row>> = BTreeMap::new();
        for (label, row) in standing.rows() {
            let Some(name) = FACETS
                .into_iter()
                .find(|name| *name == label.facet.as_str())
            else {
                continue;
            };
            let may_read = readable.entry(label).or_insert_with(|| {
                let may = cedar.decide(Question::Read(role()), &label, county);
                may.expect("plain Cedar answers")
            });
            if *may_read {
                rows.entry(name).or_default().push(row);
            }
        }
        Self(rows)
    }

    fn of_facet(&self, facet: &str) -> impl Iterator<Item = &'a Row> {
        self.0.get(facet).into_iter().flatten().copied()
    }

    fn reports(&self) -> Cells {
        let rows = self.of_facet("grid.summary");
        let rows = rows.filter(|row| in_year(row, "sent-time") && row.word("state") != "merged");
        by(rows, "category", |_| 1, None)
    }

    fn registered(&self) -> impl Iterator<Item = &'a Row> {
        self.of_facet("case.summary")
            .filter(|row| in_year(row, "registered-time"))
    }

    fn disputes(&self) -> Cells {
        hide_small(by(self.registered(), "category", |_| 1, None))
    }

    fn resolved(&self) -> Cells {
        let done = ["agreed", "performing", "closed", "archived"];
        let well = ["agreed-written", "agreed-oral", "withdrawn", "answered"];
        let resolved =
            |row: &&Row| done.contains(&row.word("step")) && well.contains(&row.word("outcome"));
        let resolved = self.registered().filter(resolved).count();
        all_of(resolved as i64, Some(self.registered().count() as i64))
    }

    fn methods(&self) -> Cells {
        let closed = self
            .of_facet("case.summary")
            .filter(|row| in_year(row, "closed-time"));
        hide_small(by(closed, "method", |_| 1, None))
    }

    fn handoffs(&self) -> Cells {
        let accepted = self
            .of_facet("handoff.summary")
            .filter(|row| in_year(row, "offered-time") && row.number("accepted-time").is_some());
        let succeeded = |row: &Row| i64::from(row.word("step") == "succeeded");
        by(accepted, "channel", succeeded, Some(&|_| 1))
    }

    fn kinds_of(&self, facet: &str, number: impl Fn(&Row) -> i64) -> Cells {
        let rows = self.of_facet(facet).filter(|row| counts_at_end(row));
        by(rows, "kind", number, None)
    }

    fn grids(&self) -> Cells {
        let grids = self
            .of_facet("directory.grid")
            .filter(|row| counts_at_end(row));
        all_of(grids.count() as i64, None)
    }

    fn devices(&self) -> Cells {
        let in_service = self.of_facet("device.public").filter(|row| {
            row.word("ownership") == "public" && ["on", "off"].contains(&row.word("status"))
        });
        by(in_service, "kind", |_| 1, None)
    }

    /// The latest number that each home has reported.
    fn estates(&self) -> Cells {
        let mut latest: BTreeMap<NodeId, (i64, i64, i64)> = BTreeMap::new();
        let reported = self.of_facet("numbers.count");
        for row in
            reported.filter(|row| row.word("class") == "estates-covered" && touches_year(row))
        {
            let told = (of(row, "period-until"), of(row, "value"), of(row, "of"));
            let latest = latest.entry(row.home).or_insert(told);
            assert!(
                told.0 != latest.0 || told == *latest,
                "one number for a period"
            );
            *latest = told.max(*latest);
        }
        let sum = |of: fn(&(i64, i64, i64)) -> i64| latest.values().map(of).sum();
        all_of(sum(|one| one.1), Some(sum(|one| one.2)))
    }

    fn roads(&self) -> Cells {
        let roads = self.of_facet("inspection.summary");
        let roads = roads.filter(|row| row.word("kind") == "road-barrier");
        all_of(roads.map(|row| of(row, "metres")).sum(), None)
    }

    fn numbers(&self) -> Cells {
        let reported = self.of_facet("numbers.count");
        let reported =
            reported.filter(|row| row.word("class") != "estates-covered" && touches_year(row));
        by(reported, "class", |row| of(row, "value"), None)
    }

    fn legal(&self) -> Cells {
        let reviews = self
            .of_facet("review.legal")
            .filter(|row| touches_year(row));
        let opinions = |row: &Row| of(row, "opinions-number");
        by(
            reviews,
            "class",
            opinions,
            Some(&|row| of(row, "reviewed-number")),
        )
    }

    fn reviews(&self) -> Cells {
        let held = self
            .of_facet("review.summary")
            .filter(|row| in_year(row, "held-time"));
        by(held, "cadence", |_| 1, None)
    }

    fn letters(&self) -> Cells {
        let mut answered: BTreeMap<String, i64> = BTreeMap::new();
        for reply in self.of_facet("notice.reply") {
            let time = of(reply, "time");
            let first = answered
                .entry(reply.word("notice").to_owned())
                .or_insert(time);
            *first = time.min(*first);
        }
        let due = self.of_facet("notice.content");
        let due = due.filter(|row| !row.word("letter").is_empty() && in_year(row, "due-time"));
        let in_time = |row: &Row| {
            let first = answered.get(&row.record.to_string());
            i64::from(first.is_some_and(|first| *first <= of(row, "due-time")))
        };
        by(due, "letter", in_time, Some(&|_| 1))
    }

    /// What replies to the year's warnings come to, by severity.
    fn warnings(&self, come_to: impl Fn(&[&Row]) -> Option<(i64, i64)>) -> Cells {
        let contents = self.of_facet("notice.content");
        let warnings =
            contents.filter(|row| row.word("kind") == "warning" && in_year(row, "issue-time"));
        let warnings: BTreeMap<String, &str> = warnings
            .map(|row| (row.record.to_string(), row.word("severity")))
            .collect();
        let mut cells = Cells::new();
        for (record, severity) in warnings {
            let replies = self.of_facet("notice.reply");
            let replies: Vec<&Row> = replies.filter(|row| row.word("notice") == record).collect();
            if let Some((numerator, denominator)) = come_to(&replies) {
                let word = if severity.is_empty() { "-" } else { severity };
                let cell = cells.entry(word.to_owned()).or_default();
                cell.0 = Some(cell.0.unwrap_or(0) + numerator);
                cell.1 = Some(cell.1.unwrap_or(0) + denominator);
            }
        }
        cells
    }

    fn callouts(&self) -> Cells {
        let called: Vec<&Row> = self
            .of_facet("callout.summary")
            .filter(|row| in_year(row, "called-time") && row.word("step") != "withdrawn")
            .collect();
        let in_time = called.iter().filter(|row| {
            let reported = row.number("reported-time");
            reported.is_some_and(|reported| reported <= of(row, "due-time"))
        });
        all_of(in_time.count() as i64, Some(called.len() as i64))
    }
}
