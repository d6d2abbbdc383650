//! A few values as they will be stored, field by field, so that whoever imports sees a wrong encoding
//! or a column that was read as another.

use std::collections::BTreeMap;

use crdt_model::draft::Draft;
use crdt_model::ids::Name;
use crdt_model::kind::{Field, FieldType, Kind, Title};
use crdt_model::time::WallTime;
use crdt_model::value::Value;
use serde::Serialize;

use crate::limits::{SAMPLE_CHARS_MAX, SAMPLES_MAX};
use crdt_model::text;
use crdt_model::text::Text;
use node_machine::time;

/// The first values that one file brings for one field.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Sample {
    /// The file's name.
    pub file: String,
    /// The facet.
    pub facet: Name,
    /// The field.
    pub field: Name,
    /// What people call the field.
    pub title: Title,
    /// Different values, as they will be stored, in the order of the rows; none where the person who
    /// asks may not read the facet.
    pub values: Vec<Value>,
    /// The same as people read them.
    #[serde(skip)]
    pub shown: Vec<Text>,
}

/// Collects values of the drafts that files bring.
#[derive(Default)]
pub(super) struct Samples<'a> {
    order: BTreeMap<(&'a str, Name, Name), usize>,
    found: Vec<Sample>,
}

impl<'a> Samples<'a> {
    /// Takes what is new in a draft of a row of a file.
    pub(super) fn add(&mut self, file: &'a str, kind: &Kind, draft: &Draft, readable: bool) {
        let facet = kind.facets.iter().find(|one| one.name == draft.facet.facet);
        let Some(facet) = facet else {
            return;
        };
        for field in &facet.fields {
            let values = draft.fields.iter().filter(|(key, _)| field.has_key(key));
            for value in values.filter_map(|(_, value)| value.as_ref()) {
                let sample = self.of(file, facet.name, field);
                let room = sample.values.len() < SAMPLES_MAX;
                if readable && room && !sample.values.contains(value) {
                    sample.values.push(value.clone());
                    sample.shown.push(shown(kind, field, value));
                }
            }
        }
    }

    fn of(&mut self, file: &'a str, facet: Name, field: &Field) -> &mut Sample {
        let next = self.found.len();
        let at = *self.order.entry((file, facet, field.name)).or_insert(next);
        if at == next {
            self.found.push(Sample {
                file: file.to_owned(),
                facet,
                field: field.name,
                title: field.title.clone(),
                values: Vec::new(),
                shown: Vec::new(),
            });
        }
        // It was found, or has just been pushed.
        #[expect(
            clippy::indexing_slicing,
            reason = "every place in `order` is one of `found`"
        )]
        &mut self.found[at]
    }

    pub(super) fn finish(self) -> Vec<Sample> {
        self.found
    }
}

fn shown(kind: &Kind, field: &Field, value: &Value) -> Text {
    match (field.holds, value) {
        (FieldType::Time, Value::Integer(ms)) => {
            let time = time::shown(WallTime::from_ms(u64::try_from(*ms).unwrap_or(0)));
            text!("{time}", "{time}")
        }
        (FieldType::Vocabulary, Value::Text(word)) => {
            let title = value.word().and_then(|word| field.word(kind, word));
            title.map_or_else(|| text!("{word}", "{word}"), |title| Text::from(&title))
        }
        (_, Value::Boolean(true)) => text!("是", "yes"),
        (_, Value::Boolean(false)) => text!("否", "no"),
        (_, Value::Integer(number)) => text!("{number}", "{number}"),
        (_, Value::Text(value)) => {
            let on_a_line = |c: char| if c.is_control() { '·' } else { c };
            let mut line: String = value
                .chars()
                .take(SAMPLE_CHARS_MAX)
                .map(on_a_line)
                .collect();
            if value.chars().count() > SAMPLE_CHARS_MAX {
                line.push('…');
            }
            text!("{line}", "{line}")
        }
    }
}
