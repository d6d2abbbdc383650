//! Steps that raise the handling level: the step's own facet goes up with the step, and at home
//! everything else of the record goes along in the same write, so that a matter is never handed up
//! without what it is about.

use crate::document::Document;
use crate::draft::Draft;
use crate::ids::Name;
use crate::kind::Facet;
use crate::label::{FacetId, Grade};
use crate::replica::{self, ReplicaError};
use crate::store::Store;
use crate::time::Now;
use crate::value::Value;

use super::Engine;

impl Engine {
    /// The same drafts, and those that take along what else this node holds of its own records where
    /// a step raises their level.
    pub(super) fn with_handed_up(
        &mut self,
        drafts: &[Draft],
        now: Now,
        store: &mut dyn Store,
    ) -> Result<Vec<Draft>, ReplicaError> {
        let mut all = drafts.to_vec();
        for draft in drafts {
            if draft.facet.home != self.identity.node || self.step_of(draft).is_none() {
                continue;
            }
            let history = self.history_of(&draft.facet, now, store)?;
            let document = match history {
                Some((_, history)) => Document::build(&history)?,
                None => continue,
            };
            if let Some(level) = self.raised_to(draft, &document) {
                let held = replica::facets_of(store, draft.facet.record)?;
                // What is given a grade in the same write goes where that says.
                let said = |facet: &FacetId| {
                    let mut drafts = drafts.iter();
                    drafts.any(|one| one.facet == *facet && one.grade.is_some())
                };
                let other = held.iter();
                let other = other.filter(|(facet, _)| *facet != draft.facet && !said(facet));
                all.extend(other.filter_map(|(facet, entry)| {
                    let grade = self.raised(facet, entry.grade, level)?;
                    Some(Draft {
                        facet: *facet,
                        grade: Some(grade),
                        fields: Default::default(),
                    })
                }));
            }
        }
        Ok(all)
    }

    /// The grade that a draft's step takes its facet to, where it raises it.
    pub(super) fn raised_by_step(
        &self,
        draft: &Draft,
        before: Grade,
        document: &Document,
    ) -> Option<Grade> {
        let level = self.raised_to(draft, document)?;
        self.raised(&draft.facet, before, level)
    }

    /// The grade that a facet goes to with a level, if it can have that level and is below it.
    fn raised(&self, facet: &FacetId, before: Grade, level: Name) -> Option<Grade> {
        let (_, declared) = self.charter().kinds().facet(facet.facet)?;
        let after = self.charter().join(before, Grade { level, ..before });
        (after != before && declared.levels.contains(&after.level)).then_some(after)
    }

    /// The level that a draft's step raises its record to.
    fn raised_to(&self, draft: &Draft, document: &Document) -> Option<Name> {
        let (facet, to) = self.step_of(draft)?;
        let steps = facet.steps.as_ref()?;
        let tier = self.charter().roster().member(self.identity.node)?.tier;
        let here = steps.here(document);
        let mut ways = here.iter().flat_map(|from| steps.between(*from, to));
        ways.find(|step| step.at(tier))?.raises
    }

    fn step_of(&self, draft: &Draft) -> Option<(&Facet, Name)> {
        let (_, facet) = self.charter().kinds().facet(draft.facet.facet)?;
        let value = draft.fields.get(facet.steps.as_ref()?.field.as_str())?;
        Some((facet, value.as_ref().and_then(Value::word)?))
    }
}
