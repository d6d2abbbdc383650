//! Whether a node was told what it may not hold.

use std::fmt;

use crdt_model::ids::{CommitHash, NodeId, RecordId};
use crdt_model::label::{FacetId, Grade, Label};

use super::mentions::Mention;

/// The truth about a run: what there is, and who may hold it. Whoever answers must not ask the
/// engine or the charter under test.
pub trait Permitted {
    /// Whether a node may hold a facet that has this grade. Depends on nothing of the facet but
    /// its label: it is asked with records that do not exist, too.
    fn may_hold(&self, facet: &FacetId, grade: Grade, node: NodeId) -> bool;
    /// Every grade that the facet ever had anywhere: those its commits gave, and what concurrent
    /// ones came to. None for a facet that does not exist.
    fn grades_of(&self, facet: &FacetId) -> Vec<Grade>;
    /// The facet of a commit that was ever written; `None` for a name that nobody's commit has.
    fn facet_of_commit(&self, commit: &CommitHash) -> Option<FacetId>;
}

/// Something that was mentioned to a node that may not hold it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leak {
    /// Who was told.
    pub receiver: NodeId,
    /// What was mentioned.
    pub mention: Mention,
    /// The facet it gives away; none for a label.
    pub facet: Option<FacetId>,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            receiver,
            mention,
            facet,
        } = self;
        write!(f, "{receiver} was told of ")?;
        match mention {
            Mention::Facet { facet: _, grade } => {
                write!(f, "a facet")?;
                if let Some(Grade { sensitivity, level }) = grade {
                    write!(f, " at ({sensitivity}, {level})")?;
                }
            }
            Mention::Commit {
                facet: _,
                commit,
                author,
            } => write!(f, "commit {commit} by {author}")?,
            Mention::CommitName(commit) => write!(f, "the name {commit} of a commit")?,
            Mention::Label(label) => write!(f, "the label {label}")?,
            other => write!(f, "{other:?}")?,
        }
        match facet {
            Some(facet) => {
                let FacetId {
                    record,
                    facet,
                    home,
                    addressee,
                } = facet;
                write!(f, ": {facet} of record {record} at {home}")?;
                if addressee != home {
                    write!(f, " for {addressee}")?;
                }
                write!(f, ", which it may not hold")
            }
            None => write!(f, ", with which it may hold nothing"),
        }
    }
}

/// What of these mentions the receiver must not have been told.
///
/// * A facet or commit that exists, to a node that may hold it at none of the grades it ever had;
///   or, where a grade is said, at a grade that it never had or that the node may not hold it at.
/// * A label, to a node that may hold no facet with it.
///
/// Charters and nodes are for everybody. Counts and fingerprints name nothing: two runs that are
/// compared show whether they depend on what they must not. Free text is for
/// [`super::needles::Needles`].
pub fn judge(mentions: &[Mention], receiver: NodeId, permitted: &dyn Permitted) -> Vec<Leak> {
    let judge = Judge {
        receiver,
        permitted,
    };
    mentions.iter().filter_map(|one| judge.leak(one)).collect()
}

struct Judge<'a> {
    receiver: NodeId,
    permitted: &'a dyn Permitted,
}

impl Judge<'_> {
    fn leak(&self, mention: &Mention) -> Option<Leak> {
        let facet = match mention {
            Mention::Facet { facet, grade } => Some(self.given_away(facet, *grade)?),
            Mention::Commit {
                facet,
                commit,
                author: _,
            } => Some(
                self.given_away(facet, None)
                    .or_else(|| self.named(commit))?,
            ),
            Mention::CommitName(commit) => Some(self.named(commit)?),
            Mention::Label(label) if self.may_hold_any(label) => return None,
            Mention::Label(_) => None,
            Mention::Counted { .. }
            | Mention::Fingerprint { .. }
            | Mention::Charter(_)
            | Mention::Node(_)
            | Mention::Free(_) => return None,
        };
        Some(Leak {
            receiver: self.receiver,
            mention: mention.clone(),
            facet,
        })
    }

    /// The facet, if it exists and is not for the receiver.
    fn given_away(&self, facet: &FacetId, said: Option<Grade>) -> Option<FacetId> {
        let grades = self.permitted.grades_of(facet);
        let may_hold = |grade: &Grade| self.permitted.may_hold(facet, *grade, self.receiver);
        let allowed = match said {
            _ if grades.is_empty() => true,
            Some(said) => grades.contains(&said) && may_hold(&said),
            None => grades.iter().any(may_hold),
        };
        (!allowed).then_some(*facet)
    }

    fn may_hold_any(&self, label: &Label) -> bool {
        let any = label.facet_of(RecordId([0; 16]));
        self.permitted.may_hold(&any, label.grade, self.receiver)
    }

    fn named(&self, commit: &CommitHash) -> Option<FacetId> {
        let facet = self.permitted.facet_of_commit(commit)?;
        self.given_away(&facet, None)
    }
}
