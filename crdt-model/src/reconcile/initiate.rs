//! The asking side: it drives the comparison and collects what differs.

use std::collections::BTreeMap;

use super::budget::Budget;
use super::fingerprint::Fingerprint;
use super::index::Shared;
use super::message::{Item, Question, RangeContent, ReconcileFault, Request, Response};
use super::position::{Bound, Position, Span};
use super::split;
use crate::limits::{
    RECONCILE_DIFFERENCES_MAX, RECONCILE_LIST_MAX, RECONCILE_REQUEST_BYTES_MAX,
    RECONCILE_ROUNDS_MAX, RECONCILE_WORK_MAX,
};

/// What a comparison came to. Each list is in order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Differences {
    /// The peer has them, this node does not.
    pub need: Vec<Position>,
    /// This node has them, the peer does not.
    pub offer: Vec<Position>,
    /// Both have them, with other commits.
    pub differ: Vec<Position>,
    /// Everything before this bound was compared, from where the comparison began; from here on
    /// there may be more. `None` if all was compared. An honest peer always brings it further than
    /// where the comparison began, unless the comparison was broken off.
    pub resume: Option<Bound>,
}

impl Differences {
    /// Whether a limit ended the comparison before its end.
    pub fn more(&self) -> bool {
        self.resume.is_some()
    }

    /// Whether the two are equal, as far as they were compared.
    pub fn is_empty(&self) -> bool {
        self.need.is_empty() && self.offer.is_empty() && self.differ.is_empty()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Difference {
    Need,
    Offer,
    Differ,
}

/// A span that differs and is to be looked at more closely.
#[derive(Clone, Copy, Debug)]
struct Work {
    span: Span,
    /// How many items the peer says it has there, if it said.
    peer_items: Option<u64>,
}

/// One comparison with one peer.
///
/// Call [`Self::request`], send what it returns, hand the answer to [`Self::receive`], and so on
/// until `request` returns `None`; then [`Self::finish`]. What the pair shares may change between
/// two calls: what it finds is then a mixture of before and after, which the next comparison
/// settles.
///
/// Whatever the peer answers, there are at most [`RECONCILE_ROUNDS_MAX`] requests, at most
/// [`RECONCILE_DIFFERENCES_MAX`] differences and at most [`RECONCILE_WORK_MAX`] spans of work at a
/// time. When one of them is reached, the comparison gives up what lies last in the order, so that
/// what lies before is complete and the next comparison can begin where this one ended.
#[derive(Clone, Debug)]
pub struct Initiator {
    /// In order, without overlap, all before `horizon`.
    work: Vec<Work>,
    /// What the open request asks for, likewise in order; all before `work`.
    asked: Vec<Span>,
    /// From here on nothing is compared.
    horizon: Bound,
    found: BTreeMap<Position, Difference>,
    rounds: u32,
}

impl Initiator {
    /// A comparison of everything from this bound on: [`Bound::Start`], or where an earlier one
    /// ended.
    pub fn new(from: Bound) -> Self {
        Self::over(&[Span {
            lower: from,
            upper: Bound::End,
        }])
    }

    /// A comparison of everything, first cut in two before the item of this rank.
    ///
    /// Drawn at random from time to time, even between nodes that seem equal, such a cut finds the
    /// sets that the module's documentation calls contrived.
    pub fn cut_at(shared: &Shared<'_>, rank: u64) -> Self {
        let cut = shared.cut(rank);
        let below = Span {
            lower: Bound::Start,
            upper: cut,
        };
        let above = Span {
            lower: cut,
            upper: Bound::End,
        };
        Self::over(&[below, above])
    }

    fn over(spans: &[Span]) -> Self {
        let whole = spans.iter().filter(|span| span.lower < span.upper);
        Self {
            work: whole
                .map(|span| Work {
                    span: *span,
                    peer_items: None,
                })
                .collect(),
            asked: Vec::new(),
            horizon: Bound::End,
            found: BTreeMap::new(),
            rounds: 0,
        }
    }

    /// How many requests it has made.
    pub fn rounds(&self) -> u32 {
        self.rounds
    }

    /// How many spans wait to be compared more closely.
    pub fn waiting(&self) -> usize {
        self.work.len()
    }

    /// The next request; `None` when there is nothing more to ask. If the last one was not
    /// answered, what it asked is asked again.
    pub fn request(&mut self, shared: &Shared<'_>) -> Option<Request> {
        self.take_back();
        if self.work.is_empty() || self.rounds >= RECONCILE_ROUNDS_MAX {
            return None;
        }
        let mut budget = Budget::new(RECONCILE_REQUEST_BYTES_MAX);
        let mut questions = Vec::new();
        let mut rest = Vec::new();
        let mut work = std::mem::take(&mut self.work).into_iter();
        for next in work.by_ref() {
            let cut = ask(shared, &next, &mut budget, &mut questions);
            if let Some(lower) = cut {
                let span = Span {
                    lower,
                    upper: next.span.upper,
                };
                rest.push(Work {
                    span,
                    peer_items: None,
                });
                break;
            }
        }
        rest.extend(work);
        self.work = rest;
        self.asked = questions.iter().map(|question| question.span).collect();
        self.rounds += 1;
        Some(Request { questions })
    }

    /// Takes the answer to the last request. After an error the comparison is over: the peer does
    /// not keep to the protocol.
    pub fn receive(
        &mut self,
        shared: &Shared<'_>,
        response: &Response,
    ) -> Result<(), ReconcileFault> {
        response.check()?;
        if !response.labels().all(|label| shared.compares(label)) {
            return Err(ReconcileFault::Label);
        }
        if self
            .asked
            .first()
            .is_some_and(|first| response.answered <= first.lower)
        {
            return Err(ReconcileFault::NothingAnswered);
        }
        let mut ranges = response.ranges.iter().peekable();
        let mut work = Vec::new();
        for span in std::mem::take(&mut self.asked) {
            let reached = span.upper.min(response.answered);
            while let Some(range) = ranges
                .next_if(|range| range.span.lower >= span.lower && range.span.upper <= reached)
            {
                match &range.content {
                    RangeContent::Items(items) => self.compare(shared, &range.span, items),
                    RangeContent::Fingerprint(peer) => {
                        work.extend(self.descend(shared, range.span, peer));
                    }
                }
            }
            if response.answered < span.upper {
                let lower = span.lower.max(response.answered);
                let span = Span {
                    lower,
                    upper: span.upper,
                };
                work.push(Work {
                    span,
                    peer_items: None,
                });
            }
        }
        if ranges.next().is_some() {
            return Err(ReconcileFault::NotAsked);
        }
        work.append(&mut self.work);
        self.work = work;
        self.keep_to_limits();
        Ok(())
    }

    /// What was found. May be called at any time; what is then open is left to be resumed.
    pub fn finish(mut self) -> Differences {
        self.take_back();
        let open = self.work.first().map_or(Bound::End, |work| work.span.lower);
        let resume = open.min(self.horizon);
        let mut differences = Differences {
            resume: (resume < Bound::End).then_some(resume),
            ..Differences::default()
        };
        for (position, difference) in self.found {
            let list = match difference {
                Difference::Need => &mut differences.need,
                Difference::Offer => &mut differences.offer,
                Difference::Differ => &mut differences.differ,
            };
            list.push(position);
        }
        differences
    }

    /// Makes work of what was asked and not answered.
    fn take_back(&mut self) {
        if self.asked.is_empty() {
            return;
        }
        let asked = self.asked.drain(..);
        let mut work: Vec<_> = asked
            .map(|span| Work {
                span,
                peer_items: None,
            })
            .collect();
        work.append(&mut self.work);
        self.work = work;
        self.keep_to_limits();
    }

    /// A fingerprint of the peer: nothing to do, or everything here is missing there, or more work.
    fn descend(&mut self, shared: &Shared<'_>, span: Span, peer: &Fingerprint) -> Option<Work> {
        let own = shared.total_in(&span);
        if own.fingerprint() == *peer {
            return None;
        }
        if peer.count == 0 {
            self.compare(shared, &span, &[]);
            return None;
        }
        Some(Work {
            span,
            peer_items: Some(peer.count),
        })
    }

    /// All that the peer has in a span, against what this node has there.
    fn compare(&mut self, shared: &Shared<'_>, span: &Span, peer: &[Item]) {
        let mut peer = peer.iter().peekable();
        for (position, digest) in shared.items_in(span) {
            if Bound::At(position) >= self.horizon {
                return;
            }
            while let Some(item) = peer.next_if(|item| item.position < position) {
                self.note(item.position, Difference::Need);
            }
            match peer.next_if(|item| item.position == position) {
                None => self.note(position, Difference::Offer),
                Some(item) if item.digest != digest.short() => {
                    self.note(position, Difference::Differ);
                }
                Some(_) => {}
            }
        }
        peer.for_each(|item| self.note(item.position, Difference::Need));
    }

    /// Notes a difference. One too many pushes out the last and draws the horizon in to it.
    fn note(&mut self, position: Position, difference: Difference) {
        if Bound::At(position) >= self.horizon {
            return;
        }
        self.found.insert(position, difference);
        if self.found.len() > RECONCILE_DIFFERENCES_MAX
            && let Some((last, _)) = self.found.pop_last()
        {
            self.horizon = Bound::At(last);
        }
    }

    /// Gives up work at or after the horizon, and work over its limit.
    fn keep_to_limits(&mut self) {
        if let Some(over) = self.work.get(RECONCILE_WORK_MAX) {
            self.horizon = self.horizon.min(over.span.lower);
        }
        let horizon = self.horizon;
        self.work.retain_mut(|work| {
            work.span.upper = work.span.upper.min(horizon);
            work.span.lower < work.span.upper
        });
    }
}

/// Adds the questions for one span; returns where the room ended, if it did.
fn ask(
    shared: &Shared<'_>,
    work: &Work,
    budget: &mut Budget,
    questions: &mut Vec<Question>,
) -> Option<Bound> {
    let few = RECONCILE_LIST_MAX as u64;
    let own = shared.total_in(&work.span).count();
    // The peer lists a span in which one of the two has few items.
    let listed = own <= few || work.peer_items.is_some_and(|items| items <= few);
    let parts = if listed {
        1
    } else {
        split::parts_of_initiator(own)
    };
    split::split(shared, &work.span, parts).find_map(|(span, total)| {
        let question = Question {
            span,
            fingerprint: total.fingerprint(),
        };
        let fits = budget.question(&question);
        if fits {
            questions.push(question);
        }
        (!fits).then_some(span.lower)
    })
}
