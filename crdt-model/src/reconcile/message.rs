//! What the two sides say, as plain data, and the checks that each makes of the other.

use super::fingerprint::{Fingerprint, ShortDigest};
use super::position::{Bound, Position, Span};
use crate::label::Label;
use crate::limits::{RECONCILE_ITEMS_MAX, RECONCILE_RANGES_MAX};

/// One span, with the fingerprint of what the asking side has in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// Where.
    pub span: Span,
    /// What the asking side has there.
    pub fingerprint: Fingerprint,
}

/// Spans to compare, in order and without overlap.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// What is asked.
    pub questions: Vec<Question>,
}

/// One facet in a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Item {
    /// Its place.
    pub position: Position,
    /// Which commits the answering side has of it.
    pub digest: ShortDigest,
}

/// What the answering side has in a span that differs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RangeContent {
    /// Too much to list: its fingerprint.
    Fingerprint(Fingerprint),
    /// All of it, in order.
    Items(Vec<Item>),
}

/// One span of an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Range {
    /// Where: within the span of one question.
    pub span: Span,
    /// What the answering side has there.
    pub content: RangeContent,
}

/// The answer to a [`Request`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Response {
    /// Everything asked before this bound is answered: what no range covers is equal on both sides.
    /// What lies from here on did not fit, and is to be asked again.
    pub answered: Bound,
    /// Where the two differ, in order and without overlap.
    pub ranges: Vec<Range>,
}

/// What the other side did wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReconcileFault {
    /// More ranges or items than a message may have.
    #[error("{what}: {count}, where at most {count_max} are allowed")]
    TooMany {
        /// What was counted.
        what: &'static str,
        /// As given.
        count: usize,
        /// As allowed.
        count_max: usize,
    },
    /// Spans that are empty, out of order or overlap.
    #[error("the spans are empty, out of order or overlap")]
    Spans,
    /// A list that is out of order or leaves its span.
    #[error("a list is out of order or leaves its span")]
    Items,
    /// A label that the two nodes do not compare.
    #[error("a list has a label that the two nodes do not compare")]
    Label,
    /// An answer to something that was not asked.
    #[error("the answer has a span that was not asked for")]
    NotAsked,
    /// An answer that answers nothing.
    #[error("the answer does not reach the first question")]
    NothingAnswered,
}

impl Request {
    /// Checks what can be wrong with a request. A bound may name any label: it is a place between
    /// items and says nothing about what stands there.
    pub(crate) fn check(&self) -> Result<(), ReconcileFault> {
        check_count("questions", self.questions.len(), RECONCILE_RANGES_MAX)?;
        check_spans(self.questions.iter().map(|question| &question.span))
    }
}

impl Response {
    /// The labels of the facets it lists, each run of one once. Whoever may not compare one of
    /// them with the other side should refuse the response.
    pub fn labels(&self) -> impl Iterator<Item = &Label> {
        let lists = self.ranges.iter().filter_map(|range| match &range.content {
            RangeContent::Items(items) => Some(items),
            RangeContent::Fingerprint(_) => None,
        });
        lists
            .flat_map(|items| {
                items.chunk_by(|one, other| one.position.label == other.position.label)
            })
            .filter_map(|run| run.first())
            .map(|item| &item.position.label)
    }

    /// Checks what can be wrong with a response on its own.
    pub(crate) fn check(&self) -> Result<(), ReconcileFault> {
        check_count("ranges", self.ranges.len(), RECONCILE_RANGES_MAX)?;
        check_spans(self.ranges.iter().map(|range| &range.span))?;
        let lists = || {
            self.ranges.iter().filter_map(|range| match &range.content {
                RangeContent::Items(items) => Some((range.span, items)),
                RangeContent::Fingerprint(_) => None,
            })
        };
        let items = lists().map(|(_, items)| items.len()).sum();
        check_count("items", items, RECONCILE_ITEMS_MAX)?;
        let good = lists().all(|(span, items)| {
            items.is_sorted_by(|one, other| one.position < other.position)
                && items.iter().all(|item| span.contains(&item.position))
        });
        if good {
            Ok(())
        } else {
            Err(ReconcileFault::Items)
        }
    }
}

fn check_count(what: &'static str, count: usize, count_max: usize) -> Result<(), ReconcileFault> {
    if count > count_max {
        return Err(ReconcileFault::TooMany {
            what,
            count,
            count_max,
        });
    }
    Ok(())
}

fn check_spans<'a>(spans: impl Iterator<Item = &'a Span>) -> Result<(), ReconcileFault> {
    let mut reached = Bound::Start;
    for span in spans {
        if span.lower < reached || span.upper <= span.lower {
            return Err(ReconcileFault::Spans);
        }
        reached = span.upper;
    }
    Ok(())
}
