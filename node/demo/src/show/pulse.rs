//! A grid report now and then, so that a county that is looked at lives; and what plain Cedar says
//! of it, so that what is expected keeps up.

use std::collections::BTreeMap;

use crdt_model::charter::Tier;
use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::label::{FacetId, Grade};
use crdt_model::value::Value;
use policy::Question;
use policy::deciding::plain::PlainCedar;

use crate::asking::of_node;
use crate::convergence::plain_cedar;
use crate::expected::no_answer;
use crate::members::tier_name;
use crate::report::ByTier;
use crate::running::County;
use crdt_model::text::Problem;
use node_app::drafts::NewFacet;
use node_app::use_cases::record_add::AddRequest;
use node_machine::entropy::random_bytes;

/// Writes reports.
pub(super) struct Pulse<'a> {
    county: &'a County,
    cedar: PlainCedar,
    villages: Vec<NodeId>,
}

impl<'a> Pulse<'a> {
    pub(super) fn new(county: &'a County) -> Result<Self, Problem> {
        let villages = county.members().of_tier(Tier::Village);
        Ok(Self {
            county,
            cedar: plain_cedar(county)?,
            villages,
        })
    }

    /// Writes one report at a random village, and adds to what is expected of each tier.
    pub(super) fn beat(&self, expected: &mut ByTier<u64>) -> Result<(), Problem> {
        let Some(village) = any_of(&self.villages)? else {
            return Ok(());
        };
        let wall_ms = i64::try_from(self.county.clock().now().wall.ms).unwrap_or(i64::MAX);
        let facets = vec![
            NewFacet {
                facet: name("grid.summary")?,
                addressee: None,
                sensitivity: None,
                level: None,
                fields: BTreeMap::from([
                    ("category".to_owned(), Value::Text("other".to_owned())),
                    ("grid".to_owned(), Value::Text(format!("{village}001"))),
                    ("state".to_owned(), Value::Text("reported".to_owned())),
                    ("sent-time".to_owned(), Value::Integer(wall_ms)),
                ]),
            },
            NewFacet {
                facet: name("grid.content")?,
                addressee: None,
                sensitivity: None,
                level: None,
                fields: BTreeMap::from([(
                    "text".to_owned(),
                    Value::Text("（虚构）演示期间的示例巡查记录。".to_owned()),
                )]),
            },
        ];
        let names: Vec<Name> = facets.iter().map(|facet| facet.facet).collect();
        let request = AddRequest {
            record: None,
            home: None,
            facets,
        };
        let record = match self.county.ask(village, &request)? {
            Ok(written) => written.record,
            // A node that has no room at this moment writes none.
            Err(problem) if problem.code == "busy" => return Ok(()),
            Err(problem) => return Err(of_node(village, problem)),
        };
        names
            .into_iter()
            .try_for_each(|facet| self.expect(record, facet, village, expected))
    }

    fn expect(
        &self,
        record: RecordId,
        facet: Name,
        home: NodeId,
        expected: &mut ByTier<u64>,
    ) -> Result<(), Problem> {
        let grade = Grade {
            sensitivity: name("normal")?,
            level: name("village")?,
        };
        let label = FacetId {
            record,
            facet,
            home,
            addressee: home,
        }
        .label(grade);
        let placed = self
            .cedar
            .facet(&label)
            .map_err(|problem| no_answer(&problem))?;
        for member in self.county.members().iter() {
            let held = placed.allowed(Question::Flow, member.node);
            if held.map_err(|problem| no_answer(&problem))? {
                *expected.entry(tier_name(member.tier)).or_default() += 1;
            }
        }
        Ok(())
    }
}

/// One of these, at random.
pub(super) fn any_of(nodes: &[NodeId]) -> Result<Option<NodeId>, Problem> {
    let place = u64::from_le_bytes(random_bytes()?) % (nodes.len() as u64).max(1);
    Ok(usize::try_from(place)
        .ok()
        .and_then(|place| nodes.get(place))
        .copied())
}

fn name(text: &str) -> Result<Name, Problem> {
    crate::sample::name(text)
}
