//! Record kinds as a charter declares them: facets, fields, vocabularies, steps. The core has no kind
//! of its own; what a facet may hold is content that reviewers sign.

pub mod clocks;
mod error;
pub mod letters;
pub mod personal;
pub mod receipts;
pub mod steps;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::ids::{Name, NodeId, RecordId};
use crate::label::{FacetId, Grade, Label};
use crate::limits::{FIELD_KEY_BYTES_MAX, VALUE_TEXT_BYTES_MAX};
use crate::value::{Operation, Value};

use clocks::Clock;
pub use error::{KindError, ValueProblem};
use letters::{Answered, Form};
use personal::Detector;
use receipts::Receipts;
use steps::Steps;

/// What a charter calls something, in both languages of the county.
pub use crate::text::Text as Title;

/// One record kind: `kinds/<kind>.toml`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Its name, such as `case`.
    pub kind: Name,
    /// What people call it.
    pub title: Title,
    /// Days a record is kept after its last commit.
    pub retention_days: u32,
    /// Its facets, in the order people read them.
    #[serde(rename = "facet")]
    pub facets: Vec<Facet>,
    /// Closed lists that its fields draw on.
    #[serde(default)]
    pub vocabularies: BTreeMap<Name, Vec<Word>>,
}

/// One word of a vocabulary.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Word {
    /// What is stored.
    pub id: Name,
    /// Simplified Chinese.
    pub zh: String,
    /// English.
    pub en: String,
    /// Why nothing may be recorded under it, where nothing may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forbidden: Option<Title>,
}

impl Word {
    /// What people call it.
    pub fn title(&self) -> Title {
        Title {
            zh: self.zh.clone(),
            en: self.en.clone(),
        }
    }
}

/// One facet: a group of fields with one audience.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facet {
    /// Its full name, `kind.facet`.
    pub name: Name,
    /// What people call it.
    pub title: Title,
    /// Whether it can be meant for a node other than home.
    #[serde(default)]
    pub addressed: bool,
    /// Which of the charter's sensitivities it can have; the first is the default.
    pub sensitivities: Vec<Name>,
    /// Which of the charter's levels it can have; the first is the default.
    pub levels: Vec<Name>,
    /// Its fields, in the order people read them.
    #[serde(rename = "field")]
    pub fields: Vec<Field>,
    /// What no text in it may hold, for it is not meant for that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refuses: Vec<Detector>,
    /// The steps that it goes through, if it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<Steps>,
    /// The time limits of its steps.
    #[serde(rename = "clock", default, skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<Clock>,
    /// Whether what begins it is all that it ever says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub once: bool,
    /// Whether it goes first where there is much to send.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub urgent: bool,
    /// Every so many hours each node writes one of its own by itself: how far it was heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beat_hours: Option<u32>,
    /// What it writes down of letters that clocks send, if that is what it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter: Option<Form>,
    /// What answers it, if anything does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Answered>,
    /// What a node writes down when one that is meant for it has arrived, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipts: Option<Receipts>,
}

/// One field of a facet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name, which is its key in the document.
    pub name: Name,
    /// What people call it.
    pub title: Title,
    /// What it holds.
    #[serde(rename = "type")]
    pub holds: FieldType,
    /// Whether a new facet must have it.
    #[serde(default)]
    pub required: bool,
    /// Whether it grows: keys `name/<id>`, each written once.
    #[serde(default)]
    pub grows: bool,
    /// The vocabulary, for fields of type `vocabulary`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vocabulary: Option<Name>,
    /// Bytes of a text, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_max: Option<usize>,
    /// The smallest whole number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<i64>,
    /// The largest whole number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<i64>,
}

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldType {
    /// UTF-8 text.
    Text,
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
    /// Wall time, milliseconds since 1970-01-01T00:00:00Z.
    Time,
    /// A word of the field's vocabulary.
    Vocabulary,
    /// A 12-digit division code. It need not be a node's: records may lie outside the mesh.
    Area,
    /// A record's id.
    Record,
}

/// The vocabulary whose words are the letters that clocks propose.
pub const LETTERS: &str = "letter";

/// All kinds of one charter, found by name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Kinds {
    kinds: BTreeMap<Name, Kind>,
    facets: BTreeMap<Name, (Name, usize)>,
    calendar: Calendar,
}

impl Kinds {
    /// Files these kinds. Names are taken as they are; `policy` refuses a charter whose kinds
    /// repeat a name.
    pub fn new(kinds: impl IntoIterator<Item = Kind>) -> Self {
        let mut all = Self::default();
        for kind in kinds {
            for (index, facet) in kind.facets.iter().enumerate() {
                all.facets.insert(facet.name, (kind.kind, index));
            }
            all.kinds.insert(kind.kind, kind);
        }
        all
    }

    /// The same kinds, with their time limits counted by this calendar.
    #[must_use]
    pub fn with_calendar(mut self, calendar: Calendar) -> Self {
        self.calendar = calendar;
        self
    }

    /// What people call a letter that a clock proposes: a word of a vocabulary of this name.
    pub fn letter(&self, id: Name) -> Option<Title> {
        let vocabularies = self.iter().flat_map(|kind| &kind.vocabularies);
        let mut letters = vocabularies
            .filter(|(name, _)| name.as_str() == LETTERS)
            .flat_map(|(_, words)| words);
        letters.find(|word| word.id == id).map(Word::title)
    }

    /// The calendar that time limits are counted by.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// All kinds, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Kind> {
        self.kinds.values()
    }

    /// The kind of this name.
    pub fn kind(&self, kind: Name) -> Option<&Kind> {
        self.kinds.get(&kind)
    }

    /// The facet of this full name, with its kind.
    pub fn facet(&self, facet: Name) -> Option<(&Kind, &Facet)> {
        let (kind, index) = self.facets.get(&facet)?;
        let kind = self.kinds.get(kind)?;
        Some((kind, kind.facets.get(*index)?))
    }

    /// Whether facets of this name go first where there is much to send.
    pub fn is_urgent(&self, facet: Name) -> bool {
        self.facet(facet)
            .is_some_and(|(_, declared)| declared.urgent)
    }

    /// Checks that a facet exists and can have this grade and addressee.
    pub fn check_label(&self, label: &Label) -> Result<(), KindError> {
        let (_, facet) = self
            .facet(label.facet)
            .ok_or(KindError::UnknownFacet(label.facet))?;
        let Grade { sensitivity, level } = label.grade;
        if !facet.sensitivities.contains(&sensitivity) {
            return Err(KindError::Sensitivity {
                facet: label.facet,
                sensitivity,
            });
        }
        if !facet.levels.contains(&level) {
            return Err(KindError::Level {
                facet: label.facet,
                level,
            });
        }
        if !facet.addressed && label.addressee != label.home {
            return Err(KindError::Addressed { facet: label.facet });
        }
        Ok(())
    }

    /// Checks operations against the facet's fields.
    pub fn check_operations(
        &self,
        id: &FacetId,
        operations: &[Operation],
    ) -> Result<(), KindError> {
        let (kind, facet) = self
            .facet(id.facet)
            .ok_or(KindError::UnknownFacet(id.facet))?;
        operations
            .iter()
            .try_for_each(|operation| facet.check_operation(kind, id.home, operation))
    }

    /// Checks that a facet which has commits may get another.
    pub fn check_goes_on(&self, id: &FacetId) -> Result<(), KindError> {
        match self.facet(id.facet) {
            Some((_, facet)) if facet.once => Err(KindError::Once { facet: id.facet }),
            _ => Ok(()),
        }
    }

    /// Checks that the first commit of a facet has every required field.
    pub fn check_required(&self, id: &FacetId, operations: &[Operation]) -> Result<(), KindError> {
        let (_, facet) = self
            .facet(id.facet)
            .ok_or(KindError::UnknownFacet(id.facet))?;
        let written = |field: &Field| {
            operations
                .iter()
                .any(|op| op.value.is_some() && field.has_key(&op.key))
        };
        match facet
            .fields
            .iter()
            .find(|field| field.required && !written(field))
        {
            Some(field) => Err(KindError::Required {
                facet: id.facet,
                field: field.name,
            }),
            None => Ok(()),
        }
    }
}

impl Facet {
    /// The grade a new facet has when nothing else is said.
    pub fn default_grade(&self) -> Option<Grade> {
        Some(Grade {
            sensitivity: *self.sensitivities.first()?,
            level: *self.levels.first()?,
        })
    }

    /// Every grade that it can have.
    pub fn grades(&self) -> impl Iterator<Item = Grade> + '_ {
        self.sensitivities.iter().flat_map(|sensitivity| {
            self.levels.iter().map(|level| Grade {
                sensitivity: *sensitivity,
                level: *level,
            })
        })
    }

    /// Checks one value of a field: what a facet of this home refuses, then the field's type and limits.
    pub fn check_value(
        &self,
        kind: &Kind,
        home: Option<NodeId>,
        field: &Field,
        value: &Value,
    ) -> Result<(), ValueProblem> {
        if let Value::Text(text) = value
            && let Some(found) = Detector::first_in(&self.refuses, home, text)
        {
            return Err(ValueProblem::Personal(found));
        }
        field.check(kind, value)
    }

    /// The field that a key belongs to.
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.has_key(key))
    }

    fn check_operation(
        &self,
        kind: &Kind,
        home: NodeId,
        operation: &Operation,
    ) -> Result<(), KindError> {
        let key: String = operation.key.chars().take(FIELD_KEY_BYTES_MAX).collect();
        let field = self
            .field(&operation.key)
            .ok_or_else(|| KindError::UnknownField {
                facet: self.name,
                key: key.clone(),
            })?;
        let fault = |problem| KindError::Value {
            facet: self.name,
            key,
            problem,
        };
        if field.grows && (operation.value.is_none() || !operation.overwrites.is_empty()) {
            return Err(fault(ValueProblem::WrittenOnce));
        }
        match &operation.value {
            Some(value) => self
                .check_value(kind, Some(home), field, value)
                .map_err(fault),
            None => Ok(()),
        }
    }
}

impl Field {
    /// Whether a document's key belongs to this field.
    pub fn has_key(&self, key: &str) -> bool {
        if key.len() > FIELD_KEY_BYTES_MAX {
            return false;
        }
        match key.split_once('/') {
            None => !self.grows && key == self.name.as_str(),
            Some((name, id)) => {
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
                self.grows && name == self.name.as_str() && !id.is_empty() && id.bytes().all(plain)
            }
        }
    }

    /// Checks one value against the field's type and limits.
    pub fn check(&self, kind: &Kind, value: &Value) -> Result<(), ValueProblem> {
        match (self.holds, value) {
            (FieldType::Text, Value::Text(text)) => self.check_text(text),
            (FieldType::Integer, Value::Integer(number)) => self.check_range(*number),
            (FieldType::Time, Value::Integer(number)) if *number >= 0 => Ok(()),
            (FieldType::Boolean, Value::Boolean(_)) => Ok(()),
            (FieldType::Vocabulary, Value::Text(word)) => self.check_word(kind, word),
            (FieldType::Area, Value::Text(text)) if text.parse::<NodeId>().is_ok() => Ok(()),
            (FieldType::Record, Value::Text(text)) if text.parse::<RecordId>().is_ok() => Ok(()),
            _ => Err(ValueProblem::Type(self.holds.needs())),
        }
    }

    fn check_text(&self, text: &str) -> Result<(), ValueProblem> {
        let bytes_max = self.bytes_max.unwrap_or(VALUE_TEXT_BYTES_MAX);
        if text.len() > bytes_max {
            return Err(ValueProblem::TooLong {
                bytes: text.len(),
                bytes_max,
            });
        }
        if text
            .chars()
            .any(|c| c.is_control() && c != '\n' && c != '\t')
        {
            return Err(ValueProblem::ControlCharacter);
        }
        Ok(())
    }

    fn check_range(&self, value: i64) -> Result<(), ValueProblem> {
        let (at_least, at_most) = (
            self.at_least.unwrap_or(i64::MIN),
            self.at_most.unwrap_or(i64::MAX),
        );
        if (at_least..=at_most).contains(&value) {
            Ok(())
        } else {
            Err(ValueProblem::Range {
                value,
                at_least,
                at_most,
            })
        }
    }

    /// The words that it can hold; none if it has no vocabulary.
    pub fn words<'a>(&self, kind: &'a Kind) -> &'a [Word] {
        let vocabulary = self.vocabulary.unwrap_or(self.name);
        match (self.holds, kind.vocabularies.get(&vocabulary)) {
            (FieldType::Vocabulary, Some(words)) => words,
            _ => &[],
        }
    }

    /// What people call a word that it can hold.
    pub fn word(&self, kind: &Kind, id: Name) -> Option<Title> {
        let mut words = self.words(kind).iter();
        words.find(|word| word.id == id).map(Word::title)
    }

    fn check_word(&self, kind: &Kind, word: &str) -> Result<(), ValueProblem> {
        let vocabulary = self.vocabulary.unwrap_or(self.name);
        let mut words = kind.vocabularies.get(&vocabulary).into_iter().flatten();
        match words.find(|known| known.id.as_str() == word) {
            Some(Word {
                id,
                forbidden: Some(reason),
                ..
            }) => Err(ValueProblem::Forbidden {
                word: *id,
                reason: Box::new(reason.clone()),
            }),
            Some(_) => Ok(()),
            None => {
                let word = word.chars().take(40).collect();
                Err(ValueProblem::Word { word, vocabulary })
            }
        }
    }
}

impl FieldType {
    /// What a value must be, in words.
    pub fn needs(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "a whole number",
            Self::Boolean => "yes or no",
            Self::Time => "a time, as milliseconds since 1970 that are not negative",
            Self::Vocabulary => "a word of its vocabulary",
            Self::Area => "a 12-digit division code",
            Self::Record => "a record's id",
        }
    }
}
