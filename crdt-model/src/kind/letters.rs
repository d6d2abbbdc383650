//! Letters that clocks send when their time is up: who writes to whom, and what a facet writes down of
//! one. What a letter says is the charter's; the core only fills in which one it is, what it is about
//! and until when there is time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::charter::{Roster, Tier};
use crate::draft::Fields;
use crate::ids::{Name, NodeId, RecordId};
use crate::kind::clocks::{Clock, Condition};
use crate::kind::{Facet, Kinds, Title};
use crate::label::FacetId;
use crate::time::WallTime;
use crate::value::Value;

/// Who writes a clock's letter, and to whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sends {
    /// Whose letter it is.
    pub from: Party,
    /// Whose time is up.
    pub to: Party,
}

/// A node, as a facet's place in the county names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Party {
    /// The record's home.
    Home,
    /// The node that the facet is meant for, where that is one other than home.
    Addressee,
    /// Home, or the node above it, if it is the county.
    County,
    /// Home, or the node above it, if it is a township.
    Township,
    /// Home, if it is a village.
    Village,
}

impl Party {
    /// The node, if there is one.
    pub fn node(self, roster: &Roster, facet: &FacetId) -> Option<NodeId> {
        let tier = match self {
            Self::Home => return Some(facet.home),
            Self::Addressee => return Some(facet.addressee).filter(|one| *one != facet.home),
            Self::County => Tier::County,
            Self::Township => Tier::Township,
            Self::Village => Tier::Village,
        };
        roster.on_the_way_up(facet.home, tier)
    }
}

/// What a facet writes down of a letter that a clock sends.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// The field, of type `vocabulary`, that says which letter it is.
    pub slot: Name,
    /// The field, of type `record`, that says what it is about.
    pub about: Name,
    /// The field, of type `time`, that says when it was issued.
    pub issued: Name,
    /// The field, of type `time`, that says until when there is time, as the letter's own clock has it.
    pub due: Name,
    /// What else it says; `{letter}` and `{clock}` stand for what people call these.
    pub says: BTreeMap<Name, String>,
}

/// What a form is filled in with.
pub struct Occasion<'a> {
    /// The clock whose time is up.
    pub clock: &'a Clock,
    /// Which letter follows.
    pub slot: Name,
    /// What people call that.
    pub title: &'a Title,
    /// The record that it is about.
    pub about: RecordId,
    /// The moment it is issued.
    pub now: WallTime,
}

impl Form {
    /// The fields of a letter. Texts are Chinese, as the county writes its letters.
    pub fn filled(&self, facet: &Facet, calendar: &Calendar, on: &Occasion<'_>) -> Fields {
        let key = |field: Name| field.as_str().to_owned();
        let time = |at: WallTime| Value::Integer(i64::try_from(at.ms).unwrap_or(i64::MAX));
        let said = self.says.iter().map(|(field, text)| {
            let text = text.replace("{letter}", &on.title.zh);
            (
                key(*field),
                Value::Text(text.replace("{clock}", &on.clock.title.zh)),
            )
        });
        let own = facet.clocks.iter().find(|clock| self.is_of(clock, on.slot));
        let due = own.map(|own| time(calendar.end_of(on.now, own.days, own.count)));
        let filled = [
            (key(self.slot), Value::Text(on.slot.as_str().to_owned())),
            (key(self.about), Value::Text(on.about.to_string())),
            (key(self.issued), time(on.now)),
        ];
        let all = said
            .chain(filled)
            .chain(due.map(|due| (key(self.due), due)));
        all.map(|(key, value)| (key, Some(value))).collect()
    }

    /// Whether a clock is that of a letter in this slot.
    fn is_of(&self, clock: &Clock, slot: Name) -> bool {
        let only = clock.only.as_ref();
        only.is_some_and(|only| only.field == self.slot && only.is.contains(&slot))
    }
}

/// What answers a record: while there is an answer of the node that a letter would go to, none goes by
/// itself, for somebody has to say first whether the answer will do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    /// The facet that an answer is.
    pub by: Name,
    /// Its field, of type `record`, that says what it answers.
    pub refers: Name,
    /// What it must say to count.
    pub only: Condition,
}

impl Kinds {
    /// The facet that letters of clocks are written in.
    pub fn letter_form(&self) -> Option<(&Facet, &Form)> {
        let mut facets = self.iter().flat_map(|kind| &kind.facets);
        facets.find_map(|facet| Some((facet, facet.letter.as_ref()?)))
    }

    /// How a facet answers others, if it can.
    pub fn answers_with(&self, facet: Name) -> Option<&Answered> {
        let facets = self.iter().flat_map(|kind| &kind.facets);
        let mut answered = facets.filter_map(|one| one.answered.as_ref());
        answered.find(|answered| answered.by == facet)
    }
}
