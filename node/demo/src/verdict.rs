//! Holds what the nodes hold against what they are to hold.

use std::collections::BTreeMap;

use crdt_model::ids::NodeId;
use crdt_model::label::FacetId;
use policy::Question;
use policy::deciding::plain::PlainCedar;
use serde::Serialize;

use super::expected::{Asked, Expected, no_answer, unlawful_authors};
use crdt_model::text::Problem;
use node_app::use_cases::inventory::HeldFacet;

/// Differences that are named one by one, at most.
const EXAMPLES_MAX: usize = 10;

/// What the comparison came to.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Verdict {
    /// Facets that homes reported and that were asked about.
    pub facets: u64,
    /// Questions that plain Cedar was asked.
    pub decisions: u64,
    /// Facets that a node is to hold, by node.
    pub expected: BTreeMap<NodeId, u64>,
    /// Facets that a node holds, by node.
    pub held: BTreeMap<NodeId, u64>,
    /// Facets that a node is to hold and does not.
    pub missing: u64,
    /// Facets that a node holds with other commits, authors or grade than home.
    pub stale: u64,
    /// Facets that a node holds, may hold, and whose home does not have them.
    pub orphans: u64,
    /// Facets that a node holds and plain Cedar denies, and authors whom it denies what they wrote.
    pub violations: u64,
    /// Some of the differences in words, for whoever looks for the cause.
    pub examples: Vec<String>,
}

impl Verdict {
    /// Whether every node holds exactly what it is to hold.
    pub fn equal(&self) -> bool {
        self.missing == 0 && self.stale == 0 && self.orphans == 0 && self.violations == 0
    }

    fn example(&mut self, what: &str, node: NodeId, facet: &FacetId) {
        if self.examples.len() < EXAMPLES_MAX {
            let FacetId {
                record,
                facet,
                home,
                ..
            } = facet;
            self.examples.push(format!(
                "{what} at {node}: {facet} of {record}, home {home}"
            ));
        }
    }
}

/// Compares all nodes' inventories with what is expected of them.
pub(super) fn compare(
    cedar: &PlainCedar,
    expected: &[Expected],
    inventories: &BTreeMap<NodeId, Vec<HeldFacet>>,
    asked: &Asked,
) -> Result<Verdict, Problem> {
    let mut verdict = Verdict {
        facets: expected.len() as u64,
        ..Verdict::default()
    };
    let mut by_node: BTreeMap<NodeId, BTreeMap<FacetId, &HeldFacet>> = BTreeMap::new();
    for one in expected {
        verdict.violations += one.unlawful_authors;
        if one.unlawful_authors > 0 {
            verdict.example("unlawful author", one.facet.facet.home, &one.facet.facet);
        }
        for holder in &one.holders {
            by_node
                .entry(*holder)
                .or_default()
                .insert(one.facet.facet, &one.facet);
        }
    }
    for (node, held) in inventories {
        let mut due = by_node.remove(node).unwrap_or_default();
        verdict.expected.insert(*node, due.len() as u64);
        verdict.held.insert(*node, held.len() as u64);
        for facet in held {
            match due.remove(&facet.facet) {
                Some(home) if home == facet => continue,
                Some(_) => {
                    verdict.stale += 1;
                    verdict.example("stale", *node, &facet.facet);
                }
                None => not_expected(cedar, *node, facet, asked, &mut verdict)?,
            }
            let unlawful = unlawful_authors(cedar, facet, asked);
            verdict.violations += unlawful.map_err(|problem| no_answer(&problem))?;
        }
        verdict.missing += due.len() as u64;
        for facet in due.keys() {
            verdict.example("missing", *node, facet);
        }
    }
    verdict.decisions = asked.decisions.load(std::sync::atomic::Ordering::Relaxed);
    Ok(verdict)
}

/// A facet that home does not have, or that this node is not to hold.
fn not_expected(
    cedar: &PlainCedar,
    node: NodeId,
    facet: &HeldFacet,
    asked: &Asked,
    verdict: &mut Verdict,
) -> Result<(), Problem> {
    let label = facet.facet.label(facet.grade);
    let allowed = cedar.decide(Question::Flow, &label, node);
    asked
        .decisions
        .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    if allowed.map_err(|problem| no_answer(&problem))? {
        verdict.orphans += 1;
        verdict.example("not at home, or regraded there", node, &facet.facet);
    } else {
        verdict.violations += 1;
        verdict.example("violation", node, &facet.facet);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crdt_model::ids::{Name, RecordId};
    use crdt_model::label::Grade;

    use super::*;
    use crate::expected::expect;
    use crate::lines::tests::node;
    use crate::options::SMALL_COUNTY;
    use crate::progress::Silent;

    const COUNTY: &str = SMALL_COUNTY[0];
    const TOWN: &str = SMALL_COUNTY[1];
    const HOME: &str = SMALL_COUNTY[2];

    fn cedar() -> PlainCedar {
        PlainCedar::open(&policy::making::template::linze()).expect("opens")
    }

    fn name(text: &str) -> Name {
        Name::new(text).expect("a name")
    }

    fn facet(record: u8, facet: &str, sensitivity: &str, authors: &[&str]) -> HeldFacet {
        let grade = Grade {
            sensitivity: name(sensitivity),
            level: name("village"),
        };
        HeldFacet {
            facet: FacetId {
                record: RecordId([record; 16]),
                facet: name(facet),
                home: node(HOME),
                addressee: node(HOME),
            },
            grade,
            commits: 1,
            authors: authors.iter().map(|author| (node(author), grade)).collect(),
        }
    }

    /// Asks about what home reports, and compares with what the nodes hold.
    fn judge(reported: Vec<HeldFacet>, held: &[(&str, Vec<HeldFacet>)]) -> Verdict {
        let (cedar, asked) = (cedar(), Asked::default());
        let nodes: Vec<NodeId> = SMALL_COUNTY.iter().map(|code| node(code)).collect();
        let expected = expect(&cedar, &nodes, reported, &asked, &Silent).expect("answers");
        let mut inventories: BTreeMap<NodeId, Vec<HeldFacet>> =
            nodes.iter().map(|node| (*node, Vec::new())).collect();
        inventories.extend(held.iter().map(|(code, held)| (node(code), held.clone())));
        compare(&cedar, &expected, &inventories, &asked).expect("answers")
    }

    #[test]
    fn a_summary_goes_up_and_a_narrative_stays() {
        let summary = facet(1, "case.summary", "normal", &[HOME]);
        let narrative = facet(1, "case.narrative", "normal", &[HOME]);
        let verdict = judge(
            vec![summary.clone(), narrative.clone()],
            &[
                (HOME, vec![summary.clone(), narrative]),
                (TOWN, vec![summary.clone()]),
                (COUNTY, vec![summary]),
            ],
        );
        assert!(verdict.equal(), "{verdict:#?}");
        assert_eq!(verdict.decisions, 2 * 7 + 2);
        assert_eq!(verdict.expected[&node(COUNTY)], 1);
    }

    #[test]
    fn a_complaint_in_the_township_is_a_violation() {
        let complaint = facet(2, "case.summary", "about-township", &[HOME]);
        let verdict = judge(
            vec![complaint.clone()],
            &[
                (HOME, vec![complaint.clone()]),
                (TOWN, vec![complaint.clone()]),
                (COUNTY, vec![complaint]),
            ],
        );
        assert_eq!(
            (verdict.violations, verdict.missing),
            (1, 0),
            "{verdict:#?}"
        );
    }

    #[test]
    fn what_is_missing_stale_or_without_a_home_is_told_apart() {
        let summary = facet(3, "case.summary", "normal", &[HOME]);
        let stranger = facet(4, "case.summary", "normal", &[HOME]);
        let newer = HeldFacet {
            commits: 2,
            ..summary.clone()
        };
        let verdict = judge(
            vec![newer.clone()],
            &[
                (HOME, vec![newer]),
                (TOWN, vec![summary]),
                (COUNTY, vec![stranger]),
            ],
        );
        let counts = (
            verdict.missing,
            verdict.stale,
            verdict.orphans,
            verdict.violations,
        );
        assert_eq!(counts, (1, 1, 1, 0), "{verdict:#?}");
        assert!(!verdict.equal());
    }

    #[test]
    fn an_author_whom_cedar_denies_is_a_violation() {
        let stranger = SMALL_COUNTY[3];
        let written = facet(5, "case.narrative", "normal", &[HOME, stranger]);
        let verdict = judge(vec![written.clone()], &[(HOME, vec![written])]);
        assert_eq!(verdict.violations, 1, "{verdict:#?}");
    }
}
