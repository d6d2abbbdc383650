//! Why a facet, grade, operation or value is not what the kinds allow.

use super::Title;
use super::personal::Detector;
use super::steps::StepProblem;
use crate::ids::Name;

/// Why a facet, grade or operation is not what the kinds allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KindError {
    /// No kind declares this facet.
    #[error("no kind declares a facet `{0}`")]
    UnknownFacet(Name),
    /// The facet does not take this sensitivity.
    #[error("`{facet}` cannot have sensitivity `{sensitivity}`")]
    Sensitivity {
        /// The facet.
        facet: Name,
        /// What was given.
        sensitivity: Name,
    },
    /// The facet does not take this level.
    #[error("`{facet}` cannot have handling level `{level}`")]
    Level {
        /// The facet.
        facet: Name,
        /// What was given.
        level: Name,
    },
    /// The facet is not meant for anybody but home.
    #[error("`{facet}` cannot have an addressee")]
    Addressed {
        /// The facet.
        facet: Name,
    },
    /// The facet has no such field.
    #[error("`{facet}` has no field `{key}`")]
    UnknownField {
        /// The facet.
        facet: Name,
        /// The key as given, cut to the longest a key may be.
        key: String,
    },
    /// A required field is missing from a new facet.
    #[error("`{facet}` needs its field `{field}`")]
    Required {
        /// The facet.
        facet: Name,
        /// The field that is missing.
        field: Name,
    },
    /// What the facet says is never added to.
    #[error("`{facet}` is written once, and nothing follows on it")]
    Once {
        /// The facet.
        facet: Name,
    },
    /// The record is not taken this step.
    #[error("`{field}` of `{facet}`: {problem}")]
    Step {
        /// The facet.
        facet: Name,
        /// The field that says the step.
        field: Name,
        /// What is wrong.
        problem: Box<StepProblem>,
    },
    /// The value is not of the field's type or is outside its limits.
    #[error("field `{key}` of `{facet}`: {problem}")]
    Value {
        /// The facet.
        facet: Name,
        /// The key.
        key: String,
        /// What is wrong.
        problem: ValueProblem,
    },
}

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueProblem {
    /// Another type is needed.
    #[error("holds {0}")]
    Type(&'static str),
    /// The text is too long.
    #[error("{bytes} bytes of text, where at most {bytes_max} are allowed")]
    TooLong {
        /// As given.
        bytes: usize,
        /// As allowed.
        bytes_max: usize,
    },
    /// The number is too small or too large.
    #[error("{value} is outside {at_least} to {at_most}")]
    Range {
        /// As given.
        value: i64,
        /// The smallest allowed.
        at_least: i64,
        /// The largest allowed.
        at_most: i64,
    },
    /// Not a word of the vocabulary.
    #[error("`{word}` is not in vocabulary `{vocabulary}`")]
    Word {
        /// As given.
        word: String,
        /// Where it should be.
        vocabulary: Name,
    },
    /// Nothing may be recorded under this word.
    #[error("`{word}` may not be recorded: {}", reason.en)]
    Forbidden {
        /// The word.
        word: Name,
        /// The charter's reason.
        reason: Box<Title>,
    },
    /// Control characters have no place in a text.
    #[error("contains a control character")]
    ControlCharacter,
    /// A number that belongs to a person, where none is meant to be. It is not repeated.
    #[error("holds what looks like a {}, which does not belong here", .0.name())]
    Personal(Detector),
    /// A key that is written once was written again.
    #[error("was already written, and is written once")]
    WrittenOnce,
}
