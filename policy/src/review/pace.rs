//! How long plain Cedar would take for what an enumeration answers, measured on some of it.

use std::time::Duration;

use crdt_model::charter::Charter;
use crdt_model::ids::NodeId;
use crdt_model::label::Label;
use serde_json::{Value, json};

use crate::deciding::class::labels_over;
use crate::deciding::plain::{PlainCedar, PlainError};
use crate::reading::files::CharterFiles;
use crate::review::enumeration::Enumeration;

/// Time since some moment.
pub trait Clock {
    /// How much has passed.
    fn elapsed(&self) -> Duration;
}

/// What plain Cedar took.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pace {
    /// Questions that it was asked.
    pub asked: u64,
    /// Answers that differ from the enumeration's.
    pub different: u64,
    /// How long it took, with its entities made once for each label.
    pub taken: Duration,
}

impl Pace {
    /// Asks plain Cedar about so many decisions, in every state: each of some labels, evenly spread
    /// over all, with every node, action and role.
    ///
    /// # Errors
    /// Plain Cedar gives no answer.
    pub fn measure(
        all: &Enumeration<'_>,
        files: &CharterFiles,
        questions: usize,
        clock: &dyn Clock,
    ) -> Result<Self, PlainError> {
        let asked = spread(all, questions);
        let cedars = all.states().iter().map(|state| {
            let cedar = PlainCedar::open_in(files, *state)?;
            Ok((*state, cedar))
        });
        let cedars = cedars.collect::<Result<Vec<_>, PlainError>>()?;
        let began = clock.elapsed();
        let mut pace = Self {
            asked: 0,
            different: 0,
            taken: Duration::ZERO,
        };
        let questions = all.charter().questions();
        for (label, (state, cedar)) in asked
            .iter()
            .flat_map(|label| cedars.iter().map(move |one| (label, one)))
        {
            let facet = cedar.facet(label)?;
            for member in all.charter().roster().members() {
                for question in &questions {
                    pace.asked += 1;
                    let plain = facet.allowed(*question, member.node)?;
                    let ours = all.may(*question, label, member.node, *state);
                    pace.different += u64::from(plain != ours);
                }
            }
        }
        pace.taken = clock.elapsed().saturating_sub(began);
        Ok(pace)
    }

    /// How often plain Cedar's time for this many decisions is that of the enumeration.
    pub fn ratio(&self, decisions: u64, enumeration: Duration) -> f64 {
        self.extrapolated_s(decisions) / enumeration.as_secs_f64().max(1e-9)
    }

    /// Seconds that plain Cedar would take for this many decisions.
    pub fn extrapolated_s(&self, decisions: u64) -> f64 {
        self.taken.as_secs_f64() / self.asked.max(1) as f64 * decisions as f64
    }

    /// The comparison for programs.
    pub fn object(&self, decisions: u64, enumeration: Duration) -> Value {
        json!({
            "asked": self.asked, "different": self.different,
            "seconds": self.taken.as_secs_f64(),
            "seconds_extrapolated": self.extrapolated_s(decisions),
            "ratio": self.ratio(decisions, enumeration),
        })
    }
}

/// Labels at an even stride, as many as give so many decisions.
fn spread(all: &Enumeration<'_>, decisions: usize) -> Vec<Label> {
    let charter = all.charter();
    let members = charter.roster().members().iter();
    let nodes: Vec<NodeId> = members.map(|member| member.node).collect();
    let facets = || charter.kinds().iter().flat_map(|kind| &kind.facets);
    let labels = || facets().flat_map(|facet| labels_over(facet, &nodes));
    let of_label = charter.questions().len() * nodes.len() * all.states().len();
    let wanted = decisions.div_ceil(of_label.max(1)).max(1);
    let stride = (labels().count() / wanted).max(1);
    labels().step_by(stride).collect()
}
