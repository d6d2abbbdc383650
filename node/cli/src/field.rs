//! Fields and labels on the command line.
//!
//! | form | meaning |
//! | --- | --- |
//! | `--field case.summary.code=2026-001` | the text `2026-001`, whatever it looks like |
//! | `--field case.summary.closed:=true` | a JSON value: `true`, `false`, a whole number, a text in quotes |
//! | `--field case.summary.closed:=null` | clears the field; with `record set` only |
//! | `--time case.summary.due-time=2026-11-03T09:30` | a time, Beijing time unless it names an offset |
//! | `--sensitivity home-only` | of all facets that are written |
//! | `--sensitivity case.parties=home-only` | of this facet |
//!
//! The facet is the first two parts of the path, `kind.facet`; the field is the rest.

use std::collections::BTreeMap;

use crdt_model::ids::Name;
use crdt_model::value::Value;

use super::values::{Said, name};
use crdt_model::text;
use crdt_model::text::{Problem, Text};
use node_machine::time;

/// One field of one facet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct FieldValue {
    /// The facet's full name.
    pub(super) facet: Name,
    /// The field's key.
    pub(super) key: String,
    /// The value; none clears the field.
    pub(super) value: Option<Value>,
}

/// A value for one facet, or for all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ForFacet<T> {
    /// The facet; all if none is named.
    pub(super) facet: Option<Name>,
    /// The value.
    pub(super) value: T,
}

/// Reads `--field`.
pub(super) fn field(text: &str) -> Result<FieldValue, Said> {
    let (path, value) = text.split_once('=').ok_or_else(|| Said(form(text)))?;
    let (path, value) = match path.strip_suffix(':') {
        Some(path) => (path, json(value)?),
        None => (path, Some(Value::Text(value.to_owned()))),
    };
    let (facet, key) = split_path(path).ok_or_else(|| Said(form(text)))?;
    Ok(FieldValue { facet, key, value })
}

/// Reads `--time`.
pub(super) fn time_field(text: &str) -> Result<FieldValue, Said> {
    let (path, value) = text.split_once('=').ok_or_else(|| Said(form(text)))?;
    let (facet, key) = split_path(path).ok_or_else(|| Said(form(text)))?;
    let value = time::read(value).map_err(Said)?;
    Ok(FieldValue {
        facet,
        key,
        value: Some(Value::Integer(value)),
    })
}

/// Reads `[FACET=]VALUE`.
pub(super) fn for_facet<T>(
    text: &str,
    parse: impl Fn(&str) -> Result<T, Said>,
) -> Result<ForFacet<T>, Said> {
    match text.split_once('=') {
        None => Ok(ForFacet {
            facet: None,
            value: parse(text)?,
        }),
        Some((facet, value)) => Ok(ForFacet {
            facet: Some(name(facet)?),
            value: parse(value)?,
        }),
    }
}

fn json(text: &str) -> Result<Option<Value>, Said> {
    match serde_json::from_str(text) {
        Ok(serde_json::Value::Null) => Ok(None),
        Ok(json) => value(&json).map(Some).map_err(Said),
        Err(_) => Err(Said(text!(
            "“{text}”不是 JSON 值；文本请用 = 而不用 :=",
            "`{text}` is not a JSON value; for text use `=` and not `:=`"
        ))),
    }
}

/// A JSON value as a field may have it.
pub(super) fn value(json: &serde_json::Value) -> Result<Value, Text> {
    let value = match json {
        serde_json::Value::Bool(value) => Some(Value::Boolean(*value)),
        serde_json::Value::Number(number) => number.as_i64().map(Value::Integer),
        serde_json::Value::String(text) => Some(Value::Text(text.clone())),
        _ => None,
    };
    value.ok_or_else(|| {
        text!(
            "`{json}` 不能作为字段值，只能是 `true`、`false`、整数或文本",
            "{json} cannot be the value of a field: only true, false, a whole number or a text"
        )
    })
}

fn split_path(path: &str) -> Option<(Name, String)> {
    let (kind, rest) = path.split_once('.')?;
    let (facet, key) = rest.split_once('.')?;
    let facet = Name::new(&format!("{kind}.{facet}")).ok()?;
    (!key.is_empty()).then(|| (facet, key.to_owned()))
}

fn form(text: &str) -> Text {
    text!(
        "“{text}”不符合写法 `类型.分项.字段=值`，例如 `case.summary.code=2026-001`",
        "`{text}` is not of the form kind.facet.field=value, such as case.summary.code=2026-001"
    )
}

/// The fields by facet; one that is given twice is refused.
pub(super) fn by_facet(
    fields: Vec<FieldValue>,
) -> Result<BTreeMap<Name, BTreeMap<String, Option<Value>>>, Problem> {
    let mut facets: BTreeMap<Name, BTreeMap<String, Option<Value>>> = BTreeMap::new();
    for FieldValue { facet, key, value } in fields {
        if facets
            .entry(facet)
            .or_default()
            .insert(key.clone(), value)
            .is_some()
        {
            return Err(Problem::new(
                "usage",
                text!(
                    "字段 {facet}.{key} 给出了两次",
                    "the field {facet}.{key} is given twice"
                ),
                text!("每个字段只给一个值", "give every field one value"),
            ));
        }
    }
    Ok(facets)
}

/// The value for a facet: the last that names it, else the last for all.
pub(super) fn of_facet<T: Copy>(values: &[ForFacet<T>], facet: Name) -> Option<T> {
    let last = |named| values.iter().rev().find(|value| value.facet == named);
    last(Some(facet))
        .or_else(|| last(None))
        .map(|value| value.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, String, Option<Value>) {
        let FieldValue { facet, key, value } = field(text).expect(text);
        (facet.to_string(), key, value)
    }

    #[test]
    fn after_an_equals_sign_everything_is_text() {
        for text in ["true", "7", "null", "", "a=b", ":=x", "中文 文本"] {
            let (facet, key, value) = read(&format!("case.summary.code={text}"));
            assert_eq!((facet.as_str(), key.as_str()), ("case.summary", "code"));
            assert_eq!(value, Some(Value::Text(text.to_owned())));
        }
    }

    #[test]
    fn after_a_colon_and_equals_sign_it_is_json() {
        let value = |text: &str| read(&format!("a.b.c:={text}")).2;
        assert_eq!(value("true"), Some(Value::Boolean(true)));
        assert_eq!(value("-7"), Some(Value::Integer(-7)));
        assert_eq!(value("\"7\""), Some(Value::Text("7".to_owned())));
        assert_eq!(value("null"), None);
        for wrong in ["1.5", "[1]", "{}", "text", "", "9223372036854775808"] {
            assert!(field(&format!("a.b.c:={wrong}")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn growing_fields_keep_their_entry() {
        assert_eq!(read("case.summary.timeline/01=到场").1, "timeline/01");
    }

    #[test]
    fn a_time_is_read_as_milliseconds() {
        let field = time_field("case.summary.due-time=1970-01-01T08:00:01").expect("a time");
        assert_eq!(field.value, Some(Value::Integer(1_000)));
        assert!(time_field("case.summary.due-time=soon").is_err());
    }

    #[test]
    fn a_path_needs_kind_facet_and_field() {
        for wrong in [
            "",
            "code=1",
            "summary.code=1",
            "case.summary.=1",
            "Case.summary.x=1",
            "a.b.c",
        ] {
            assert!(field(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_field_given_twice_is_refused() {
        let fields = ["a.b.c=1", "a.b.c=2"].map(|text| field(text).expect("a field"));
        assert!(by_facet(fields.to_vec()).is_err());
    }

    #[test]
    fn a_value_for_one_facet_goes_before_the_value_for_all() {
        let read = |text| for_facet(text, name).expect("a word");
        let values = ["home-only", "case.parties=normal"].map(read);
        let of = |facet| {
            of_facet(&values, Name::new(facet).expect("a name")).map(|word| word.to_string())
        };
        assert_eq!(of("case.parties").as_deref(), Some("normal"));
        assert_eq!(of("case.summary").as_deref(), Some("home-only"));
    }
}
