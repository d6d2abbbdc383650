//! How far the nodes were heard whose records are here.

use crdt_model::ids::Name;
use crdt_model::label::Label;
use crdt_model::time::WallTime;

use super::finding::reader;
use crate::asked::measuring::{Heard, Silent};
use node_runtime::view::{Unanswered, View};

const HOUR_MS: u64 = 3_600_000;
/// Beats that may be missing before a node counts as silent.
const MISSED_MAX: u64 = 2;

/// Of a window that ended before `now`, whoever wrote a beat after it; of one that has not, whoever
/// wrote one of the latest. `None` if the charter has no beats.
pub(super) fn heard(
    view: &View<'_>,
    role: Name,
    until: WallTime,
    now: WallTime,
) -> Result<Option<Heard>, Unanswered> {
    let charter = &view.charter;
    let mut facets = charter.kinds().iter().flat_map(|kind| &kind.facets);
    let Some((facet, hours)) = facets.find_map(|facet| Some((facet, facet.beat_hours?))) else {
        return Ok(None);
    };
    let missed_ms = u64::from(hours) * HOUR_MS * MISSED_MAX;
    let late = WallTime::from_ms(now.ms.saturating_sub(missed_ms));
    let from = if until <= now { until } else { late };
    let reads = reader(view, role);
    let (model, _) = view.read_model()?;
    let latest = model.heard(facet.name, now, &reads)?;
    let mut told = Heard {
        expected: 0,
        heard: 0,
        oldest: None,
        silent: Vec::new(),
    };
    for member in charter.roster().members() {
        let label = facet.default_grade().map(|grade| Label {
            facet: facet.name,
            home: member.node,
            addressee: member.node,
            grade,
        });
        if charter.roster().active(member.node).is_none() || !label.is_some_and(|one| reads(&one)) {
            continue;
        }
        told.expected += 1;
        match latest.get(&member.node) {
            Some(at) if *at >= from => {
                told.heard += 1;
                told.oldest = Some(told.oldest.map_or(*at, |oldest| oldest.min(*at)));
            }
            last => told.silent.push(Silent {
                node: member.node,
                name: member.name.clone(),
                last: last.copied(),
            }),
        }
    }
    Ok(Some(told))
}
