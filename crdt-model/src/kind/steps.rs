//! Steps: which word of a field may follow which, where, in which role, and what must be known by
//! then. A step is judged by what it overwrites, which lies in its past, so every node judges it
//! alike. Steps taken at the same time without knowing of each other are both legal and both stay,
//! until somebody settles them: with one of them, or with a step that follows on one of them. Who
//! leaves out what it has seen only makes such a conflict, which everybody sees.

use serde::{Deserialize, Serialize};

use crate::charter::Tier;
use crate::commit::Commit;
use crate::document::Document;
use crate::history::History;
use crate::ids::Name;
use crate::kind::{Facet, KindError};
use crate::value::Value;

/// The steps of a facet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// The field that says which step a record is in.
    pub field: Name,
    /// The field, of type `time`, in which a commit may say since when its step holds, where that was
    /// before it was written down here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Name>,
    /// The words that a record may begin with.
    pub begin: Vec<Name>,
    /// The steps that may be taken.
    #[serde(rename = "step")]
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The words that it may be taken from.
    pub from: Vec<Name>,
    /// The word that it leads to.
    pub to: Name,
    /// The tiers whose nodes may take it; any that may write, if not given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<Tier>,
    /// The roles whose persons may take it; any, if not given. A commit says which node wrote it,
    /// and the node answers for its persons, so only that node can look at this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Name>,
    /// The fields that must have a value by then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Name>,
    /// The handling level that the record has by then, at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raises: Option<Name>,
}

impl Steps {
    /// The words that a facet is at: more than one where several steps were taken at the same time.
    pub fn here(&self, document: &Document) -> Vec<Name> {
        let values = document.values(self.field.as_str()).iter();
        values.filter_map(|written| written.value.word()).collect()
    }

    /// The steps from a word to another.
    pub fn between(&self, from: Name, to: Name) -> impl Iterator<Item = &Step> {
        let fits = move |step: &&Step| step.to == to && step.from.contains(&from);
        self.steps.iter().filter(fits)
    }

    /// The steps that may be taken from a word at a node of this tier.
    pub fn next(&self, from: Name, tier: Tier) -> impl Iterator<Item = &Step> {
        let fits = move |step: &&Step| step.from.contains(&from) && step.at(tier);
        self.steps.iter().filter(fits)
    }
}

/// Why a step that leads from one word to another is not taken.
enum Unfit {
    Tier,
    Needs(Name),
    Raises(Name),
}

impl Step {
    fn fits(
        &self,
        tier: Tier,
        known: impl Fn(Name) -> bool,
        reaches: impl Fn(Name) -> bool,
    ) -> Result<(), Unfit> {
        if !self.at(tier) {
            return Err(Unfit::Tier);
        }
        if let Some(field) = self.needs.iter().find(|field| !known(**field)) {
            return Err(Unfit::Needs(*field));
        }
        match self.raises.filter(|level| !reaches(*level)) {
            Some(level) => Err(Unfit::Raises(level)),
            None => Ok(()),
        }
    }

    /// Whether nodes of this tier may take it.
    pub fn at(&self, tier: Tier) -> bool {
        self.tiers.is_empty() || self.tiers.contains(&tier)
    }
}

/// What is wrong with a step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepProblem {
    /// No record begins there.
    #[error("no record begins at `{0}`")]
    Begin(Name),
    /// Nothing leads there.
    #[error("it does not go from `{from}` to `{to}`")]
    Order {
        /// Where it was.
        from: Name,
        /// Where it was to go.
        to: Name,
    },
    /// It is for nodes of another tier.
    #[error("a node of this tier does not take it from `{from}` to `{to}`")]
    Tier {
        /// Where it was.
        from: Name,
        /// Where it was to go.
        to: Name,
    },
    /// Something must be known first.
    #[error("`{field}` must be given to go to `{to}`")]
    Needs {
        /// Where it was to go.
        to: Name,
        /// What must be given.
        field: Name,
    },
    /// The handling level must be raised with it.
    #[error("it goes to `{to}` at handling level `{level}` or above")]
    Raises {
        /// Where it was to go.
        to: Name,
        /// The level.
        level: Name,
    },
    /// A step is replaced by another, never by nothing.
    #[error("it cannot be cleared")]
    Cleared,
}

impl Facet {
    /// Checks the step that a commit takes, if it takes one, at an author of this tier. `reaches`
    /// tells whether the grade that the facet has by then is at a level or above it.
    pub fn check_step(
        &self,
        commit: &Commit,
        history: &History,
        tier: Tier,
        reaches: impl Fn(Name) -> bool,
    ) -> Result<(), KindError> {
        let Some(steps) = &self.steps else {
            return Ok(());
        };
        let key = steps.field.as_str();
        let mut operations = commit.body().operations.iter();
        let Some(operation) = operations.find(|operation| operation.key == key) else {
            return Ok(());
        };
        let seen = history.overwritten(commit, operation);
        let seen: Vec<Name> = seen.into_iter().filter_map(Value::word).collect();
        let judged = match operation.value.as_ref().map(Value::word) {
            None | Some(None) => Err(StepProblem::Cleared),
            Some(Some(to)) => steps.judge(&seen, to, |step| {
                let known = |field: Name| history.has_value_after(commit, field.as_str());
                step.fits(tier, known, &reaches)
            }),
        };
        judged.map_err(|problem| KindError::Step {
            facet: self.name,
            field: steps.field,
            problem: Box::new(problem),
        })
    }
}

impl Steps {
    fn judge(
        &self,
        seen: &[Name],
        to: Name,
        fits: impl Fn(&Step) -> Result<(), Unfit>,
    ) -> Result<(), StepProblem> {
        let Some(first) = seen.first() else {
            return match self.begin.contains(&to) {
                true => Ok(()),
                false => Err(StepProblem::Begin(to)),
            };
        };
        // Of several that were taken at the same time, one may be chosen.
        if seen.contains(&to) {
            return Ok(());
        }
        let mut problem = StepProblem::Order { from: *first, to };
        for from in seen {
            for step in self.between(*from, to) {
                problem = match fits(step) {
                    Ok(()) => return Ok(()),
                    Err(Unfit::Tier) => StepProblem::Tier { from: *from, to },
                    Err(Unfit::Needs(field)) => StepProblem::Needs { to, field },
                    Err(Unfit::Raises(level)) => StepProblem::Raises { to, level },
                };
            }
        }
        Err(problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().expect("a name")
    }

    fn steps() -> Steps {
        let step = |from: &str, to: &str, tiers: &[Tier], needs: &[&str]| Step {
            from: vec![name(from)],
            to: name(to),
            tiers: tiers.to_vec(),
            roles: Vec::new(),
            needs: needs.iter().map(|need| name(need)).collect(),
            raises: (to == "handed-up").then(|| name("township")),
        };
        Steps {
            field: name("step"),
            since: None,
            begin: vec![name("registered")],
            steps: vec![
                step("registered", "accepted", &[], &[]),
                step("accepted", "agreed", &[Tier::Village], &["outcome"]),
                step("accepted", "handed-up", &[Tier::Township], &[]),
            ],
        }
    }

    #[test]
    fn a_step_follows_on_what_was_seen_at_its_tier_with_what_it_needs() {
        let steps = steps();
        let judge = |seen: &[&str], to: &str, tier, known: bool| {
            let seen: Vec<_> = seen.iter().map(|word| name(word)).collect();
            let fits = |step: &Step| step.fits(tier, |_| known, |_| known);
            steps.judge(&seen, name(to), fits)
        };
        let village = Tier::Village;
        assert_eq!(judge(&[], "registered", village, true), Ok(()));
        assert_eq!(
            judge(&[], "accepted", village, true),
            Err(StepProblem::Begin(name("accepted")))
        );
        assert_eq!(judge(&["registered"], "accepted", village, true), Ok(()));
        let order = StepProblem::Order {
            from: name("registered"),
            to: name("agreed"),
        };
        assert_eq!(judge(&["registered"], "agreed", village, true), Err(order));
        assert_eq!(judge(&["accepted"], "agreed", village, true), Ok(()));
        let needs = StepProblem::Needs {
            to: name("agreed"),
            field: name("outcome"),
        };
        assert_eq!(judge(&["accepted"], "agreed", village, false), Err(needs));
        let tier = StepProblem::Tier {
            from: name("accepted"),
            to: name("handed-up"),
        };
        assert_eq!(judge(&["accepted"], "handed-up", village, true), Err(tier));
        let raises = StepProblem::Raises {
            to: name("handed-up"),
            level: name("township"),
        };
        let township = Tier::Township;
        assert_eq!(
            judge(&["accepted"], "handed-up", township, false),
            Err(raises)
        );
        assert_eq!(judge(&["accepted"], "handed-up", township, true), Ok(()));
    }

    #[test]
    fn steps_taken_at_the_same_time_are_settled_by_one_of_them_or_by_what_follows() {
        let steps = steps();
        let seen = [name("accepted"), name("handed-up")];
        let fits = |step: &Step| step.fits(Tier::Village, |_| true, |_| true);
        for to in ["accepted", "handed-up", "agreed"] {
            let judged = steps.judge(&seen, name(to), fits);
            assert_eq!(judged, Ok(()), "{to}");
        }
        let judged = steps.judge(&seen, name("registered"), fits);
        assert!(matches!(judged, Err(StepProblem::Order { .. })));
    }
}
