//! How long plain Cedar would take for what an enumeration answers, measured on some of it.

use std::time::Duration;

use crdt_model::charter::Charter;
use crdt_model::ids::NodeId;
use crdt_model::label::Label;
use serde_json::{Value, json};

use crate::deciding::class::labels_over;
use crate::deciding::plain::{PlainCedar, PlainError};
use crate::deciding::question::Question;
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
    /// Asks plain Cedar about so many questions, evenly spread over all labels and nodes.
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
        let cedar = PlainCedar::open(files)?;
        let began = clock.elapsed();
        let mut pace = Self {
            asked: 0,
            different: 0,
            taken: Duration::ZERO,
        };
        for (label, nodes) in &asked {
            let facet = cedar.facet(label)?;
            for node in nodes {
                for question in NODE_QUESTIONS {
                    pace.asked += 1;
                    let plain = facet.allowed(question, *node)?;
                    let ours = all.may(question, label, *node, Default::default());
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

const NODE_QUESTIONS: [Question; 3] = [Question::Flow, Question::Author, Question::Regrade];

/// Labels at an even stride, each with all nodes.
fn spread(all: &Enumeration<'_>, questions: usize) -> Vec<(Label, Vec<NodeId>)> {
    let charter = all.charter();
    let nodes: Vec<NodeId> = charter
        .roster()
        .members()
        .iter()
        .map(|member| member.node)
        .collect();
    let facets = || charter.kinds().iter().flat_map(|kind| &kind.facets);
    let labels = || facets().flat_map(|facet| labels_over(facet, &nodes));
    let wanted = (questions / NODE_QUESTIONS.len() / nodes.len().max(1)).max(1);
    let stride = (labels().count() / wanted).max(1);
    labels()
        .step_by(stride)
        .map(|label| (label, nodes.clone()))
        .collect()
}
