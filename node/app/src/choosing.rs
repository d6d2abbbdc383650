//! From the names and words that people write to fields and values of the charter in force. What is
//! not one of those goes no further.

use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::kind::{Facet, Field, FieldType, Kind, Kinds};
use crdt_model::value::Value;

use crdt_model::text;
use crdt_model::text::{Problem, Text};
use node_machine::time;
use node_readmodel::find::{Comparison, Condition, Find, Key};
use serde::{Deserialize, Serialize};

/// Characters of what somebody wrote that are repeated to them.
const REPEATED_CHARS_MAX: usize = 40;
/// Conditions of one question.
const CONDITIONS_MAX: usize = 32;

/// What must hold of a field.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The field, by its name or by what people call it; or `record`, `home`, `addressee`,
    /// `sensitivity`, `level`, `begun`, `changed`, `conflicts`, `left-out`.
    pub field: String,
    /// How it is compared.
    pub is: Comparison,
    /// With what, as JSON or as people write it; `null` stands for no value.
    pub value: Option<Value>,
}

/// By what rows are sorted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SortBy {
    /// As in [`Wanted::field`].
    pub field: String,
    /// Whether the greatest, or latest, comes first.
    #[serde(default)]
    pub descending: bool,
}

/// The facet that is meant.
#[derive(Clone, Copy)]
pub(crate) struct Chosen<'a> {
    pub(crate) kind: &'a Kind,
    pub(crate) facet: &'a Facet,
}

/// The facets that a kind's or a facet's name stands for; all, if none is given.
pub(crate) fn facets(kinds: &Kinds, of: Option<Name>) -> Result<Vec<Chosen<'_>>, Problem> {
    let all = kinds
        .iter()
        .flat_map(|kind| kind.facets.iter().map(move |facet| Chosen { kind, facet }));
    let meant = |one: &Chosen<'_>| of.is_none_or(|of| of == one.kind.kind || of == one.facet.name);
    let meant: Vec<_> = all.filter(meant).collect();
    match of {
        Some(of) if meant.is_empty() => Err(no_such_kind(kinds, of)),
        _ => Ok(meant),
    }
}

/// What is asked of the read model, and of which facet.
pub(crate) fn choose<'a>(
    kinds: &'a Kinds,
    of: Option<Name>,
    conditions: &[Wanted],
    sort: Option<&SortBy>,
) -> Result<(Chosen<'a>, Find), Problem> {
    if conditions.len() > CONDITIONS_MAX {
        return Err(too_many());
    }
    let named = conditions.iter().map(|one| one.field.as_str());
    let named: Vec<&str> = named
        .chain(sort.iter().map(|sort| sort.field.as_str()))
        .collect();
    let chosen = facet(kinds, of, &named)?;
    let conditions = conditions.iter().map(|wanted| condition(chosen, wanted));
    let sort = match sort {
        Some(sort) => {
            let key = key(chosen.facet, &sort.field).ok_or_else(|| no_such_field(&sort.field))?;
            Some((key, sort.descending))
        }
        None => None,
    };
    let find = Find {
        facet: chosen.facet.name,
        conditions: conditions.collect::<Result<_, _>>()?,
        sort,
        offset: 0,
        limit: 0,
    };
    Ok((chosen, find))
}

/// The facet that has everything that is named.
fn facet<'a>(kinds: &'a Kinds, of: Option<Name>, named: &[&str]) -> Result<Chosen<'a>, Problem> {
    let meant = facets(kinds, of)?;
    let lacks = |one: &Chosen<'_>| named.iter().find(|name| key(one.facet, name).is_none());
    let mut fitting = meant.iter().filter(|one| lacks(one).is_none());
    let Some(first) = fitting.next() else {
        // The one that no facet has, if there is one.
        let nowhere = named
            .iter()
            .find(|name| meant.iter().all(|one| key(one.facet, name).is_none()));
        return Err(match (nowhere, named.first()) {
            (Some(name), _) => no_such_field(name),
            (None, Some(_)) => in_no_single_facet(named),
            (None, None) => name_a_kind(kinds),
        });
    };
    match fitting.find(|one| one.kind.kind != first.kind.kind) {
        Some(_) if named.iter().all(|name| of_all(name).is_some()) => Err(name_a_kind(kinds)),
        Some(other) => Err(ambiguous(first.facet.name, other.facet.name)),
        None => Ok(*first),
    }
}

fn of_all(name: &str) -> Option<Key> {
    let mut all = Key::OF_ALL.iter();
    Some(all.find(|(known, _)| *known == name)?.1)
}

/// What a name stands for in a facet: a field by its name, with its path or without, or by what
/// people call it; or what every facet has. A field that grows has no column.
fn key(facet: &Facet, name: &str) -> Option<Key> {
    let path = name
        .strip_prefix(facet.name.as_str())
        .and_then(|rest| rest.strip_prefix('.'));
    let name = path.unwrap_or(name);
    let by_name = |field: &&Field| field.name.as_str() == name;
    let by_title = |field: &&Field| field.title.zh == name || field.title.en == name;
    let plain = || facet.fields.iter().filter(|field| !field.grows);
    let found = plain().find(by_name);
    let found = found.map(|field| Key::Field(field.name));
    let all = || of_all(name).filter(|_| path.is_none());
    let titled = || Some(Key::Field(plain().find(by_title)?.name));
    found.or_else(all).or_else(titled)
}

fn condition(chosen: Chosen<'_>, wanted: &Wanted) -> Result<Condition, Problem> {
    let key = key(chosen.facet, &wanted.field).ok_or_else(|| no_such_field(&wanted.field))?;
    let ordered = !matches!(wanted.is, Comparison::Equal | Comparison::NotEqual);
    let value = match &wanted.value {
        None if ordered => return Err(cannot_compare(&wanted.field)),
        None => None,
        Some(value) => {
            let holds = holds(chosen, key);
            if ordered && !matches!(holds, FieldType::Integer | FieldType::Time) {
                return Err(cannot_compare(&wanted.field));
            }
            let read = match key {
                Key::Field(name) => {
                    let field = chosen.facet.fields.iter().find(|one| one.name == name);
                    field.and_then(|field| field_value(chosen.kind, field, value))
                }
                Key::Sensitivity | Key::Level => value.word().map(|word| text(word.as_str())),
                _ => plain_value(holds, value),
            };
            Some(read.ok_or_else(|| not_a_value(chosen, key, &wanted.field, value))?)
        }
    };
    let is = wanted.is;
    Ok(Condition { key, is, value })
}

fn holds(chosen: Chosen<'_>, key: Key) -> FieldType {
    match key {
        Key::Field(name) => {
            let mut fields = chosen.facet.fields.iter();
            let field = fields.find(|one| one.name == name);
            field.map_or(FieldType::Text, |field| field.holds)
        }
        Key::Record => FieldType::Record,
        Key::Home | Key::Addressee => FieldType::Area,
        Key::Sensitivity | Key::Level => FieldType::Text,
        Key::Begun | Key::Changed => FieldType::Time,
        Key::Conflicts | Key::LeftOut => FieldType::Integer,
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn field_value(kind: &Kind, field: &Field, value: &Value) -> Option<Value> {
    let (FieldType::Vocabulary, Value::Text(written)) = (field.holds, value) else {
        return plain_value(field.holds, value);
    };
    let words = || field.words(kind).iter();
    let by_id = words().find(|word| word.id.as_str() == written);
    let word = by_id.or_else(|| words().find(|word| word.zh == *written || word.en == *written));
    Some(text(word?.id.as_str()))
}

/// A value as JSON or as people write it.
fn plain_value(holds: FieldType, value: &Value) -> Option<Value> {
    match (holds, value) {
        (FieldType::Text, Value::Text(_))
        | (FieldType::Integer | FieldType::Time, Value::Integer(_))
        | (FieldType::Boolean, Value::Boolean(_)) => Some(value.clone()),
        (FieldType::Integer, Value::Text(text)) => text.parse().ok().map(Value::Integer),
        (FieldType::Time, Value::Text(text)) => time::read(text).ok().map(Value::Integer),
        (FieldType::Boolean, Value::Text(text)) => match text.as_str() {
            "true" | "yes" | "是" | "1" => Some(Value::Boolean(true)),
            "false" | "no" | "否" | "0" => Some(Value::Boolean(false)),
            _ => None,
        },
        (FieldType::Area, Value::Text(code)) => {
            let code: NodeId = code.parse().ok()?;
            Some(text(&code.to_string()))
        }
        (FieldType::Record, Value::Text(id)) => {
            let id: RecordId = id.parse().ok()?;
            Some(text(&id.to_string()))
        }
        _ => None,
    }
}

/// The beginning of what somebody wrote, on one line.
fn repeated(written: &str) -> String {
    let shown = written.chars().take(REPEATED_CHARS_MAX);
    shown
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect()
}

fn kind_names(kinds: &Kinds) -> Text {
    let names = |title: fn(&Kind) -> &String| {
        let names = kinds
            .iter()
            .map(|kind| format!("{} ({})", kind.kind, title(kind)));
        names.collect::<Vec<_>>()
    };
    Text {
        zh: names(|kind| &kind.title.zh).join("、"),
        en: names(|kind| &kind.title.en).join(", "),
    }
}

fn no_such_kind(kinds: &Kinds, of: Name) -> Problem {
    let Text { zh, en } = kind_names(kinds);
    Problem::new(
        "no-such-kind",
        text!(
            "章程没有类型或分项 {of}",
            "the charter has no kind or facet `{of}`"
        ),
        text!("可用类型：{zh}", "the kinds are: {en}"),
    )
}

fn name_a_kind(kinds: &Kinds) -> Problem {
    let Text { zh, en } = kind_names(kinds);
    Problem::new(
        "kind-needed",
        text!(
            "请先说明查哪一类记录（如：矛盾纠纷）",
            "say first which kind of record"
        ),
        text!(
            "用 --kind 指定类型或分项，可用类型：{zh}",
            "name a kind or facet with --kind; the kinds are: {en}"
        ),
    )
}

fn ambiguous(one: Name, other: Name) -> Problem {
    Problem::new(
        "kind-needed",
        text!(
            "{one} 和 {other} 都有这些字段",
            "{one} and {other} both have these fields"
        ),
        text!(
            "用 --kind 指定类型或分项",
            "name a kind or facet with --kind"
        ),
    )
}

fn no_such_field(name: &str) -> Problem {
    let name = repeated(name);
    Problem::new(
        "no-such-field",
        text!(
            "没有可用来筛选或排序的字段“{name}”",
            "there is no field `{name}` to filter or sort by"
        ),
        text!(
            "字段见 mesh-policy show；逐条累加的字段（如办理经过）请用 mesh-node record search 查找",
            "mesh-policy show lists the fields; those that grow are found with mesh-node record search"
        ),
    )
}

fn in_no_single_facet(named: &[&str]) -> Problem {
    let named: Vec<_> = named.iter().map(|name| repeated(name)).collect();
    let (zh, en) = (named.join("、"), named.join(", "));
    Problem::new(
        "no-such-field",
        text!(
            "没有哪个分项同时有这些字段：{zh}",
            "no facet has all of these fields: {en}"
        ),
        text!(
            "一次只能按同一分项的字段筛选和排序",
            "filter and sort by fields of one facet at a time"
        ),
    )
}

fn cannot_compare(name: &str) -> Problem {
    let name = repeated(name);
    Problem::new(
        "not-ordered",
        text!(
            "“{name}”只能用 = 或 != 比较",
            "`{name}` can only be compared with = and !="
        ),
        text!(
            "大小和先后只用于整数和时间字段，且须给出值",
            "less and greater are for whole numbers and times, with a value"
        ),
    )
}

fn not_a_value(chosen: Chosen<'_>, key: Key, name: &str, value: &Value) -> Problem {
    let name = repeated(name);
    let value = match value {
        Value::Text(text) => repeated(text),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(value) => value.to_string(),
    };
    let fields = chosen.facet.fields.iter();
    let field = fields
        .filter(|field| key == Key::Field(field.name))
        .find(|field| field.holds == FieldType::Vocabulary);
    let words = field.map_or(&[][..], |field| field.words(chosen.kind));
    let listed = |title: fn(&crdt_model::kind::Word) -> &String| {
        let words = words.iter();
        let words = words.map(|word| format!("{} ({})", word.id, title(word)));
        words.collect::<Vec<_>>()
    };
    let (zh, en) = (
        listed(|word| &word.zh).join("、"),
        listed(|word| &word.en).join(", "),
    );
    let next = match holds(chosen, key) {
        FieldType::Vocabulary => text!("可用的词：{zh}", "the words are: {en}"),
        FieldType::Time => text!(
            "时间写作 2026-11-03 或 2026-11-03T09:30（北京时间）",
            "write a time as 2026-11-03 or 2026-11-03T09:30 (Beijing time)"
        ),
        FieldType::Boolean => text!("填“是”或“否”", "write yes or no"),
        FieldType::Area => text!("写 12 位区划代码", "write a 12-digit division code"),
        FieldType::Record => text!(
            "写 32 位十六进制记录编号",
            "write a record's id, 32 hexadecimal digits"
        ),
        FieldType::Integer => text!("写一个整数", "write a whole number"),
        FieldType::Text => text!("写一段文本", "write a text"),
    };
    Problem::new(
        "not-a-value",
        text!(
            "“{value}”不能是“{name}”的值",
            "`{value}` cannot be a value of `{name}`"
        ),
        next,
    )
}

fn too_many() -> Problem {
    Problem::new(
        "too-many-conditions",
        text!(
            "条件超过 {CONDITIONS_MAX} 个",
            "there are more than {CONDITIONS_MAX} conditions"
        ),
        text!("减少条件", "give fewer conditions"),
    )
}
