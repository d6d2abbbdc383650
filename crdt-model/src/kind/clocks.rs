//! Time limits of steps. A clock runs while a record is at certain words, from the moment it came
//! there. When that was, and when the time is up, follows from the commits alone, so every node that
//! holds the facet says the same, whatever it was cut off from; only what the time is now differs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::calendar::{Calendar, Count};
use crate::charter::Tier;
use crate::commit::Commit;
use crate::document::{Document, Written};
use crate::history::History;
use crate::ids::{Name, NodeId};
use crate::kind::letters::Sends;
use crate::kind::steps::Steps;
use crate::kind::{Facet, Title};
use crate::limits::WALL_EARLIEST;
use crate::time::WallTime;
use crate::value::{Operation, Value};

const HOUR_MS: u64 = 3_600_000;

/// One time limit.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Its name.
    pub name: Name,
    /// What people call it.
    pub title: Title,
    /// It runs while the record is at one of these words.
    pub runs: Vec<Name>,
    /// Only for records that say this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Condition>,
    /// How many days there are.
    pub days: u16,
    /// How they are counted.
    pub count: Count,
    /// The field, of type `time`, that says until when instead, if the record has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Name>,
    /// What makes it longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended: Option<Extension>,
    /// Hours before the end from which on it is about to be due.
    pub warn_hours: u16,
    /// What the node takes by itself that holds the matter when the time is up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<Then>,
    /// The letter that follows when the time is up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter: Option<Name>,
    /// Who sends it by itself; if nobody does, it is proposed, for a person to send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sends: Option<Sends>,
}

/// What a record must say.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The field, of type `vocabulary`.
    pub field: Name,
    /// The words.
    pub is: Vec<Name>,
}

impl Condition {
    /// Whether a document says so.
    pub fn holds(&self, document: &Document) -> bool {
        let value = document.settled(self.field.as_str());
        let word = value.and_then(Value::word);
        word.is_some_and(|word| self.is.contains(&word))
    }
}

/// What makes a time limit longer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// The field, of type `boolean`, that says so.
    pub field: Name,
    /// By how many days.
    pub days: u16,
}

/// The step that follows by itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Then {
    /// Where it leads.
    pub step: Name,
    /// The tier whose node takes it: the record's home, or the node above home at that tier.
    pub tier: Tier,
}

/// Whose clock a time limit began by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// That of the node that took the step.
    Step,
    /// None: the step says since when it holds.
    Told,
    /// That of the node that took the step before: the step's own shows an earlier time, so one of the
    /// two is wrong, and the later one leaves nobody short of time.
    StepBefore,
    /// None: neither had been set.
    Unknown,
}

/// A clock that runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Running<'a> {
    /// Which.
    pub clock: &'a Clock,
    /// Where the record is.
    pub word: Name,
    /// Who took it there.
    pub author: NodeId,
    /// When that was written down, by that node's clock.
    pub entered: WallTime,
    /// Since when it runs, and until when; `None` where no clock that it began by had been set.
    pub span: Option<Span>,
    /// Whose clock that is.
    pub basis: Basis,
    /// Whether the calendar knows the holidays up to the end.
    pub calendar_known: bool,
}

/// From when until when a clock runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Span {
    /// When it began.
    pub since: WallTime,
    /// The first moment after it.
    pub due: WallTime,
}

/// How a clock stands at a moment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Its time is up.
    Overdue,
    /// Its time is nearly up.
    Soon,
    /// It began by a clock that shows a later time than this node's, or by none: somebody has to look.
    WrongClock,
    /// There is time left.
    Running,
}

impl Clock {
    /// How it stands at this moment.
    pub fn standing(&self, span: Option<Span>, now: WallTime) -> Standing {
        let warn_ms = u64::from(self.warn_hours) * HOUR_MS;
        match span {
            None => Standing::WrongClock,
            Some(span) if span.since.ms > now.ms.saturating_add(CLOCKS_APART_MS) => {
                Standing::WrongClock
            }
            Some(span) if span.due <= now => Standing::Overdue,
            Some(span) if span.due.ms.saturating_sub(warn_ms) <= now.ms => Standing::Soon,
            Some(_) => Standing::Running,
        }
    }
}

/// How far two machines' clocks may be apart without anybody being told.
const CLOCKS_APART_MS: u64 = HOUR_MS;

impl Facet {
    /// The clocks that run on a facet. Where it is at several words at once, as long as nobody has
    /// settled that, the clocks of all of them run.
    pub fn running<'a>(
        &'a self,
        history: &History,
        document: &Document,
        calendar: &Calendar,
    ) -> Vec<Running<'a>> {
        let Some(steps) = &self.steps else {
            return Vec::new();
        };
        let mut running = Vec::new();
        for written in document.values(steps.field.as_str()) {
            let word = written.value.word();
            let fits = |clock: &&Clock| {
                word.is_some_and(|word| clock.runs.contains(&word)) && clock.applies(document)
            };
            for clock in self.clocks.iter().filter(fits) {
                running.extend(clock.run(steps, written, history, document, calendar));
            }
        }
        running
    }
}

impl Clock {
    fn applies(&self, document: &Document) -> bool {
        self.only.as_ref().is_none_or(|only| only.holds(document))
    }

    fn days_in(&self, document: &Document) -> u16 {
        let extension = self.extended.as_ref().filter(|extension| {
            document.settled(extension.field.as_str()) == Some(&Value::Boolean(true))
        });
        let more = extension.map_or(0, |extension| extension.days);
        self.days.saturating_add(more)
    }

    fn run(
        &self,
        steps: &Steps,
        written: &Written,
        history: &History,
        document: &Document,
        calendar: &Calendar,
    ) -> Option<Running<'_>> {
        let made = history.made(&written.operation)?;
        let (commit, operation) = self.entered(made, history);
        let (since, basis) = began(steps, commit, operation, history);
        let span = since.map(|since| Span {
            since,
            due: self
                .told_until(document)
                .unwrap_or_else(|| calendar.end_of(since, self.days_in(document), self.count)),
        });
        Some(Running {
            clock: self,
            word: written.value.word()?,
            author: commit.body().author,
            entered: commit.body().wall,
            span,
            basis,
            calendar_known: span.is_none_or(|span| calendar.knows(span.due)),
        })
    }

    fn told_until(&self, document: &Document) -> Option<WallTime> {
        match document.settled(self.until?.as_str())? {
            Value::Integer(ms) => Some(WallTime::from_ms(u64::try_from(*ms).ok()?)),
            _ => None,
        }
    }

    /// The step by which the record came to where this clock runs: the earliest of an unbroken line of
    /// steps between words where it does.
    fn entered<'h>(&self, made: Made<'h>, history: &'h History) -> Made<'h> {
        let runs = |one: &Made<'_>| {
            let word = one.1.value.as_ref().and_then(Value::word);
            word.is_some_and(|word| self.runs.contains(&word))
        };
        let (mut reached, mut line) = (made, vec![made]);
        let mut seen = BTreeSet::new();
        while let Some(made) = line.pop() {
            if made.0.body().start < reached.0.body().start {
                reached = made;
            }
            let earlier = before(made.1, history).filter(runs);
            line.extend(earlier.filter(|(commit, _)| seen.insert(commit.hash())));
        }
        reached
    }
}

/// Since when a step holds, and whose clock says so.
fn began(
    steps: &Steps,
    commit: &Commit,
    operation: &Operation,
    history: &History,
) -> (Option<WallTime>, Basis) {
    if let Some(told) = steps.told(commit) {
        return (Some(told), Basis::Told);
    }
    let shown = |commit: &Commit| Some(commit.body().wall).filter(|at| *at >= WALL_EARLIEST);
    let before = before(operation, history).filter_map(|(commit, _)| shown(commit));
    let (own, before) = (shown(commit), before.max());
    match own.max(before) {
        None => (None, Basis::Unknown),
        since if own >= before => (since, Basis::Step),
        since => (since, Basis::StepBefore),
    }
}

impl Steps {
    /// Since when the step that a commit takes holds, as the commit says itself: never later than its
    /// own time.
    fn told(&self, commit: &Commit) -> Option<WallTime> {
        let key = self.since?;
        let mut operations = commit.body().operations.iter();
        let operation = operations.find(|operation| operation.key == key.as_str())?;
        let Some(Value::Integer(ms)) = operation.value else {
            return None;
        };
        let told = WallTime::from_ms(u64::try_from(ms).ok()?);
        (told <= commit.body().wall).then_some(told)
    }
}

/// A commit with the operation in it that wrote a step.
type Made<'h> = (&'h Commit, &'h Operation);

fn before<'h>(
    operation: &'h Operation,
    history: &'h History,
) -> impl Iterator<Item = Made<'h>> + 'h {
    let overwrites = operation.overwrites.iter();
    overwrites.filter_map(|id| history.made(id))
}
