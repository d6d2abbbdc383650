//! What reasons mention: they are shown to people, logged and kept.

use crdt_model::charter::RuleId;
use crdt_model::commit::CommitError;
use crdt_model::encoding::DecodeError;
use crdt_model::engine::WriteRefused;
use crdt_model::history::HistoryError;
use crdt_model::ids::{Name, Seq};
use crdt_model::judge::Fault;
use crdt_model::kind::steps::StepProblem;
use crdt_model::kind::{KindError, ValueProblem};

use super::{Mention, Mentions, counted, text};

impl Mentions for Fault {
    fn list(&self, to: &mut Vec<Mention>) {
        match self {
            Self::Form(error) => error.list(to),
            Self::CharterUnknown(version) => version.list(to),
            Self::CharterTooOld {
                found,
                accept_since,
            } => {
                found.list(to);
                accept_since.list(to);
            }
            Self::AuthorUnknown(node) | Self::AuthorRevoked(node) | Self::Signature(node) => {
                node.list(to);
            }
            Self::Kind(error) => error.list(to),
            Self::MayNotAuthor {
                author,
                label,
                rules,
            }
            | Self::MayNotRegrade {
                author,
                label,
                rules,
            } => {
                author.list(to);
                label.list(to);
                list_rules(rules, to);
            }
            Self::NotForUs { label, rules } => {
                label.list(to);
                list_rules(rules, to);
            }
            Self::NotForSender { peer, label, rules } => {
                peer.list(to);
                label.list(to);
                list_rules(rules, to);
            }
            Self::History(error) => error.list(to),
        }
    }
}

fn list_rules(rules: &[RuleId], to: &mut Vec<Mention>) {
    to.extend(rules.iter().map(|rule| text(rule.as_bytes())));
}

impl Mentions for Name {
    fn list(&self, to: &mut Vec<Mention>) {
        to.push(text(self.as_str()));
    }
}

impl Mentions for CommitError {
    fn list(&self, to: &mut Vec<Mention>) {
        match self {
            Self::TooLarge(bytes) => to.push(counted("bytes of a commit", *bytes)),
            Self::Encoding(error) => error.list(to),
            Self::Order(_) | Self::Range(_) | Self::Empty => {}
        }
    }
}

impl Mentions for DecodeError {
    fn list(&self, to: &mut Vec<Mention>) {
        match self {
            Self::Truncated(_) | Self::NotCanonical(_) | Self::Unknown(_) => {}
            Self::TrailingBytes(bytes) => to.push(counted("bytes too many", *bytes)),
            Self::TooMany {
                what,
                count,
                count_max: _,
            } => to.push(counted(what, *count)),
        }
    }
}

impl Mentions for KindError {
    fn list(&self, to: &mut Vec<Mention>) {
        match self {
            Self::UnknownFacet(facet) | Self::Addressed { facet } | Self::Once { facet } => {
                facet.list(to);
            }
            Self::Sensitivity { facet, sensitivity } => {
                facet.list(to);
                sensitivity.list(to);
            }
            Self::Level { facet, level } => {
                facet.list(to);
                level.list(to);
            }
            Self::UnknownField { facet, key } => {
                facet.list(to);
                to.push(text(key));
            }
            Self::Required { facet, field } => {
                facet.list(to);
                field.list(to);
            }
            Self::Step {
                facet,
                field,
                problem,
            } => {
                facet.list(to);
                field.list(to);
                problem.list(to);
            }
            Self::Value {
                facet,
                key,
                problem,
            } => {
                facet.list(to);
                to.push(text(key));
                problem.list(to);
            }
        }
    }
}

impl Mentions for StepProblem {
    fn list(&self, to: &mut Vec<Mention>) {
        match self {
            Self::Begin(word) => word.list(to),
            Self::Order { from, to: word } | Self::Tier { from, to: word } => {
                from.list(to);
                word.list(to);
            }
            Self::Needs { to: word, field } => {
                word.list(to);
                field.list(to);
            }
            Self::Raises { to: word, level } => {
                word.list(to);
                level.list(to);
            }
            Self::Cleared => {}
        }
    }
}

impl Mentions for ValueProblem {
    fn list(&self, to: &mut Vec<Mention>) {
        match self {
            Self::Type(_) | Self::ControlCharacter | Self::WrittenOnce | Self::Personal(_) => {}
            Self::TooLong {
                bytes,
                bytes_max: _,
            } => to.push(counted("bytes of a text", *bytes)),
            Self::Range {
                value,
                at_least: _,
                at_most: _,
            } => to.push(text(value.to_string())),
            Self::Word { word, vocabulary } => {
                to.push(text(word));
                vocabulary.list(to);
            }
            // The reason is the charter's own.
            Self::Forbidden { word, reason: _ } => to.push(text(word.as_str())),
        }
    }
}

impl Mentions for HistoryError {
    fn list(&self, to: &mut Vec<Mention>) {
        match self {
            Self::MissingParent(commit) => commit.list(to),
            Self::SeqGap {
                found: Seq(found),
                expected: Seq(expected),
            } => {
                to.push(counted("commits of an author on one facet", *found));
                to.push(counted("commits of an author on one facet", *expected));
            }
            Self::StartCounter { found, expected } => {
                to.push(counted("operations on one facet", *found));
                to.push(counted("operations on one facet", *expected));
            }
            Self::Overwrites { key, counter } => {
                to.push(text(key));
                to.push(counted("operations on one facet", *counter));
            }
            Self::WrittenOnce(key) => to.push(text(key)),
            Self::Duplicate | Self::NoGrade | Self::EpochReused | Self::Full | Self::OtherFacet => {
            }
        }
    }
}

impl Mentions for WriteRefused {
    fn list(&self, to: &mut Vec<Mention>) {
        match self {
            Self::Draft {
                draft: _,
                facet,
                fault,
            } => {
                facet.list(to);
                fault.list(to);
            }
            Self::Busy | Self::Full | Self::Narrows { draft: _ } => {}
        }
    }
}
