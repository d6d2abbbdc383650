//! The answering side. It keeps nothing between two requests.

use super::budget::Budget;
use super::index::Shared;
use super::message::{Item, Question, Range, RangeContent, ReconcileFault, Request, Response};
use super::position::{Bound, Span};
use super::split;
use crate::limits::{RECONCILE_LIST_MAX, RECONCILE_RESPONSE_BYTES_MAX};

/// Answers a request from what the pair shares. The answer is a function of the request and of
/// the facets in `shared`, and of nothing else.
pub fn respond(shared: &Shared<'_>, request: &Request) -> Result<Response, ReconcileFault> {
    request.check()?;
    let mut answer = Answer {
        shared,
        budget: Budget::new(RECONCILE_RESPONSE_BYTES_MAX),
        ranges: Vec::new(),
    };
    let stopped = request
        .questions
        .iter()
        .find_map(|question| answer.question(question));
    Ok(Response {
        answered: stopped.unwrap_or(Bound::End),
        ranges: answer.ranges,
    })
}

/// An answer that is being put together.
struct Answer<'a> {
    shared: &'a Shared<'a>,
    budget: Budget,
    ranges: Vec<Range>,
}

impl Answer<'_> {
    /// Answers one question; returns the bound where the room ended, if it did.
    fn question(&mut self, question: &Question) -> Option<Bound> {
        let own = self.shared.total_in(&question.span);
        if own.fingerprint() == question.fingerprint {
            return None;
        }
        // Listing all of it is right if it is short, and also if the other side has so little that
        // it lacks nearly all of it.
        if own.count().min(question.fingerprint.count) <= RECONCILE_LIST_MAX as u64 {
            return self.list(&question.span);
        }
        let parts = split::parts_of_responder(own.count());
        split::split(self.shared, &question.span, parts).find_map(|(span, total)| {
            let content = RangeContent::Fingerprint(total.fingerprint());
            let fits = self.push(Range { span, content });
            (!fits).then_some(span.lower)
        })
    }

    fn list(&mut self, span: &Span) -> Option<Bound> {
        let items = self.shared.items_in(span).map(|(position, digest)| Item {
            position,
            digest: digest.short(),
        });
        let (items, cut) = self.budget.list(items);
        if items.is_empty() && cut.is_some() {
            return Some(span.lower);
        }
        let span = Span {
            lower: span.lower,
            upper: cut.unwrap_or(span.upper),
        };
        let fits = self.push(Range {
            span,
            content: RangeContent::Items(items),
        });
        if fits { cut } else { Some(span.lower) }
    }

    fn push(&mut self, range: Range) -> bool {
        let fits = self.budget.range(&range);
        if fits {
            self.ranges.push(range);
        }
        fits
    }
}
