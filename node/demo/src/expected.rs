//! Who is to hold what, by a second and independent path: plain Cedar, asked for each facet that a
//! home reports and each node, one by one. No audience, no cache, no word of the engine.

use std::sync::atomic::{AtomicU64, Ordering};

use crdt_model::ids::NodeId;
use policy::Question;
use policy::deciding::plain::{PlainCedar, PlainError};

use super::crew;
use super::progress::Progress;
use crdt_model::text;
use crdt_model::text::Problem;
use node_app::use_cases::inventory::HeldFacet;

/// Facets that a thread takes at a time.
const BATCH_FACETS: usize = 64;

/// One facet as its home reports it, with what plain Cedar says of it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Expected {
    /// The facet.
    pub(super) facet: HeldFacet,
    /// The nodes that are to hold it.
    pub(super) holders: Vec<NodeId>,
    /// Those who wrote commits and might not.
    pub(super) unlawful_authors: u64,
}

/// What was asked, for the report.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Questions put to plain Cedar.
    pub(super) decisions: AtomicU64,
}

/// Asks about every facet and every node.
pub(super) fn expect(
    cedar: &PlainCedar,
    nodes: &[NodeId],
    reported: Vec<HeldFacet>,
    asked: &Asked,
    progress: &dyn Progress,
) -> Result<Vec<Expected>, Problem> {
    let (of, done) = (reported.len() as u64, AtomicU64::new(0));
    let mut batches: Vec<Vec<HeldFacet>> = Vec::new();
    let mut reported = reported.into_iter().peekable();
    while reported.peek().is_some() {
        batches.push(reported.by_ref().take(BATCH_FACETS).collect());
    }
    let expected = crew::map(batches, crew::processors(), |batch| {
        let taken = batch.len() as u64;
        let expected: Result<Vec<Expected>, PlainError> = batch
            .into_iter()
            .map(|facet| expect_one(cedar, nodes, facet, asked))
            .collect();
        progress.at(done.fetch_add(taken, Ordering::Relaxed) + taken, of);
        expected.map_err(|problem| no_answer(&problem))
    })?;
    Ok(expected.into_iter().flatten().collect())
}

fn expect_one(
    cedar: &PlainCedar,
    nodes: &[NodeId],
    facet: HeldFacet,
    asked: &Asked,
) -> Result<Expected, PlainError> {
    let placed = cedar.facet(&facet.facet.label(facet.grade))?;
    let mut holders = Vec::new();
    for node in nodes {
        if placed.allowed(Question::Flow, *node)? {
            holders.push(*node);
        }
    }
    asked
        .decisions
        .fetch_add(nodes.len() as u64, Ordering::Relaxed);
    let unlawful_authors = unlawful_authors(cedar, &facet, asked)?;
    Ok(Expected {
        facet,
        holders,
        unlawful_authors,
    })
}

/// How many authors of a facet wrote at a grade at which plain Cedar denies them that.
pub(super) fn unlawful_authors(
    cedar: &PlainCedar,
    held: &HeldFacet,
    asked: &Asked,
) -> Result<u64, PlainError> {
    let mut unlawful = 0;
    for (author, grade) in &held.authors {
        let allowed = cedar.decide(Question::Author, &held.facet.label(*grade), *author)?;
        unlawful += u64::from(!allowed);
    }
    asked
        .decisions
        .fetch_add(held.authors.len() as u64, Ordering::Relaxed);
    Ok(unlawful)
}

pub(super) fn no_answer(problem: &PlainError) -> Problem {
    Problem::new(
        "county-plain-cedar",
        text!(
            "Cedar 没有给出答案（`{problem}`）",
            "plain Cedar has no answer: {problem}"
        ),
        text!(
            "用 mesh-policy check 检查章程",
            "check the charter with mesh-policy check"
        ),
    )
}
