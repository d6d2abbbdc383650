//! What a new version changes in effect: which questions are answered otherwise, in which class of
//! labels and nodes, by which rule. What opens comes first.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::charter::{Charter, RuleId, Standing};
use crdt_model::ids::{Name, NodeId};
use crdt_model::label::Grade;

use crate::deciding::charter::CedarCharter;
use crate::deciding::question::{Question, State};
use crate::review::enumeration::{Enumeration, Row};
use crate::review::matrix::{Column, Place, column, place};
use crate::review::powers::{PowerChange, powers};
use crate::review::practice::{self, PracticeChange};

/// Everything that is decided otherwise.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Difference {
    /// What is allowed now and was not, the narrowest facets first.
    pub opened: Vec<Change>,
    /// What was allowed and is no more.
    pub closed: Vec<Change>,
    /// Who joined, left, was revoked or has another key.
    pub roster: Vec<RosterChange>,
    /// What changes in who decides.
    pub powers: Vec<PowerChange>,
    /// What changes in how the county works, where no rule says it.
    pub practice: Vec<PracticeChange>,
}

impl Difference {
    /// Whether somebody may do more than before.
    pub fn widens(&self) -> bool {
        !self.opened.is_empty()
            || self.roster.iter().any(|one| one.widens())
            || self.powers.iter().any(|one| one.widens)
    }
}

/// A class of questions with another answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// What is asked.
    pub question: Question,
    /// In which roles, where persons ask.
    pub roles: BTreeSet<Name>,
    /// In which state of the county.
    pub state: State,
    /// About which facet.
    pub facet: Name,
    /// At which grades.
    pub grades: BTreeSet<Grade>,
    /// Whose records.
    pub homes: BTreeSet<Place>,
    /// Meant for whom; none for home alone.
    pub addressees: BTreeSet<Option<Place>>,
    /// How the node stands to the record.
    pub column: Column,
    /// What decides now.
    pub rules: BTreeSet<RuleId>,
    /// What decided it before: the permits of what is closed, the guards of what is opened.
    pub before: BTreeSet<RuleId>,
    /// Questions, of a label and a node, that it is about.
    pub questions: u64,
}

/// A change of the roster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RosterChange {
    /// It was not there, or had no key.
    Joins(NodeId),
    /// It is no longer there, or has no key any more.
    Leaves(NodeId),
    /// It was not there, or was revoked, and is to get a key.
    Expected(NodeId),
    /// It was trusted.
    Revoked(NodeId),
    /// It was revoked.
    Restored(NodeId),
    /// It has another key.
    Rekeyed(NodeId),
}

impl RosterChange {
    /// Whether more is trusted than before.
    pub fn widens(self) -> bool {
        matches!(self, Self::Joins(_) | Self::Restored(_) | Self::Rekeyed(_))
    }
}

/// Compares two versions. Each must distinguish the nodes that rules of either name: see
/// [`CedarCharter::distinguish`].
pub fn difference(old: &Enumeration<'_>, new: &Enumeration<'_>) -> Difference {
    let before = answers(old);
    let after = answers(new);
    let (mut opened, mut closed) = (BTreeMap::new(), BTreeMap::new());
    for (key, row) in &after {
        let allowed_before = before
            .get(key)
            .is_some_and(|row| old.allowed(row, key.state));
        if new.allowed(row, key.state) && !allowed_before {
            let deciding = new.decision(row, key.state).rules;
            let guards = before
                .get(key)
                .map(|row| old.decision(row, key.state).rules);
            let guards = guards.unwrap_or_default();
            enter(&mut opened, new, row, key.state, deciding, guards);
        }
    }
    for (key, row) in &before {
        let now = after.get(key);
        let allowed_now = now.is_some_and(|row| new.allowed(row, key.state));
        if old.allowed(row, key.state) && !allowed_now {
            let deciding = now.map(|row| new.decision(row, key.state).rules);
            let permitted = old.decision(row, key.state).rules;
            enter(
                &mut closed,
                old,
                row,
                key.state,
                deciding.unwrap_or_default(),
                permitted,
            );
        }
    }
    let width = widths(old);
    let mut opened = fold(opened);
    opened.sort_by_key(|change| {
        let person = change.question.role().is_some();
        (person, width.get(&change.facet).copied(), change.facet)
    });
    Difference {
        opened,
        closed: fold(closed),
        roster: roster_changes(old.charter(), new.charter()),
        powers: powers(old.charter().head(), new.charter().head()),
        practice: practice::changes(old.charter(), new.charter()),
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    question: Question,
    state: State,
    facet: Name,
    grade: Grade,
    arrangement: crate::deciding::class::Arrangement,
}

/// Every class in every state that either charter may have.
fn answers<'a>(all: &'a Enumeration<'_>) -> BTreeMap<Key, &'a Row> {
    let states = [State::Normal, State::Emergency];
    let keys = |row: &'a Row| {
        states.into_iter().map(move |state| {
            let key = Key {
                question: row.question,
                state,
                facet: row.example.label.facet,
                grade: row.example.label.grade,
                arrangement: row.arrangement,
            };
            (key, row)
        })
    };
    all.rows().iter().flat_map(keys).collect()
}

type Group = (
    Question,
    State,
    Name,
    Column,
    Place,
    Option<Place>,
    Vec<RuleId>,
);

fn enter(
    changes: &mut BTreeMap<Group, Change>,
    all: &Enumeration<'_>,
    row: &Row,
    state: State,
    rules: Vec<RuleId>,
    before: Vec<RuleId>,
) {
    let label = row.example.label;
    let column = column(all, row);
    let home = place(all, label.home);
    let addressee = (label.addressee != label.home).then(|| place(all, label.addressee));
    let by: Vec<RuleId> = rules.iter().chain(&before).cloned().collect();
    let group = (
        row.question,
        state,
        label.facet,
        column,
        home,
        addressee,
        by,
    );
    // What is so on every day need not be said of emergencies too.
    let everyday = (
        row.question,
        State::Normal,
        label.facet,
        column,
        home,
        addressee,
        group.6.clone(),
    );
    if state == State::Emergency
        && changes
            .get(&everyday)
            .is_some_and(|change| change.grades.contains(&label.grade))
    {
        return;
    }
    let change = changes.entry(group).or_insert_with(|| Change {
        question: row.question,
        roles: row.question.role().into_iter().collect(),
        state,
        facet: label.facet,
        grades: BTreeSet::new(),
        homes: [home].into(),
        addressees: [addressee].into(),
        column,
        rules: BTreeSet::new(),
        before: BTreeSet::new(),
        questions: 0,
    });
    change.grades.insert(label.grade);
    change.rules.extend(rules);
    change.before.extend(before);
    change.questions += row.questions;
}

/// Puts together what persons in several roles may do alike, and what is so for several homes or
/// addressees.
fn fold(changes: BTreeMap<Group, Change>) -> Vec<Change> {
    let of_role = |one: &Change| {
        let places = (one.homes.clone(), one.addressees.clone());
        (
            one.key(),
            one.roles.is_empty().then_some(one.question),
            places,
        )
    };
    let of_place = |one: &Change| (one.key(), one.roles.clone(), ());
    let folded = join(changes.into_values(), of_role);
    join(folded, of_place)
}

fn join<K: PartialEq>(
    changes: impl IntoIterator<Item = Change>,
    key: impl Fn(&Change) -> K,
) -> Vec<Change> {
    let mut joined: Vec<Change> = Vec::new();
    for change in changes {
        match joined.iter_mut().find(|other| key(other) == key(&change)) {
            Some(other) => {
                other.roles.extend(change.roles);
                other.homes.extend(change.homes);
                other.addressees.extend(change.addressees);
                other.questions += change.questions;
            }
            None => joined.push(change),
        }
    }
    joined
}

impl Change {
    /// What changes that can be told together have in common.
    fn key(&self) -> impl PartialEq + use<> {
        (
            (self.question.name(), self.state, self.facet, self.column),
            (self.grades.clone(), self.rules.clone(), self.before.clone()),
        )
    }
}

/// How many questions whether a node may hold it are allowed, by facet: few are narrow.
fn widths(all: &Enumeration<'_>) -> BTreeMap<Name, u64> {
    let mut widths: BTreeMap<Name, u64> = BTreeMap::new();
    for row in all
        .rows()
        .iter()
        .filter(|row| row.question == Question::Flow)
    {
        if all.allowed(row, State::Normal) && row.example.node != row.example.label.home {
            *widths.entry(row.example.label.facet).or_default() += row.questions;
        }
    }
    widths
}

fn roster_changes(old: &CedarCharter, new: &CedarCharter) -> Vec<RosterChange> {
    let codes = |charter: &CedarCharter| -> BTreeSet<NodeId> {
        let members = charter.roster().members().iter();
        members.map(|member| member.node).collect()
    };
    let mut changes = Vec::new();
    for node in codes(old).union(&codes(new)) {
        let (before, after) = (old.roster().member(*node), new.roster().member(*node));
        match (before, after) {
            (None, Some(after)) if after.standing == Standing::Expected => {
                changes.push(RosterChange::Expected(*node));
            }
            (None, Some(_)) => changes.push(RosterChange::Joins(*node)),
            (Some(_), None) => changes.push(RosterChange::Leaves(*node)),
            (Some(before), Some(after)) => {
                use Standing::{Active, Expected, Revoked};
                let change = match (before.standing, after.standing) {
                    (Active | Expected, Revoked) => Some(RosterChange::Revoked(*node)),
                    (Revoked, Active) => Some(RosterChange::Restored(*node)),
                    (Expected, Active) => Some(RosterChange::Joins(*node)),
                    (Active, Expected) => Some(RosterChange::Leaves(*node)),
                    (Revoked, Expected) => Some(RosterChange::Expected(*node)),
                    (Active, Active) | (Expected, Expected) | (Revoked, Revoked) => None,
                };
                changes.extend(change);
                let keys = before.standing != Expected && after.standing != Expected;
                if keys && before.key != after.key {
                    changes.push(RosterChange::Rekeyed(*node));
                }
            }
            (None, None) => {}
        }
    }
    changes
}
