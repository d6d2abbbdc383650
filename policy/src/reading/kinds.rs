//! `kinds/*.toml`: what the records of a county hold, checked against the words of `charter.toml`
//! and against what no charter may allow.

mod beats;
mod clocks;
mod letters;
mod receipts;
mod steps;

use std::collections::BTreeSet;

use crdt_model::ids::Name;
use crdt_model::kind::{Facet, Field, FieldType, Kind, Kinds, Word};
use crdt_model::limits::{COMMIT_OPERATIONS_MAX, VALUE_TEXT_BYTES_MAX};
use crdt_model::text;
use crdt_model::text::Text;

use crate::reading::calendar;
use crate::reading::document::{Document, Step};
use crate::reading::files::CharterFiles;
use crate::reading::finding::Finding;
use crate::reading::forbidden::why_forbidden;
use crate::reading::head::{Head, check_title, rank};
use crate::reading::layout::files_in;

/// The folder of the files in the charter folder.
pub const FOLDER: &str = "kinds/";

/// The longest that a record may be kept, in days: a hundred years.
const RETENTION_DAYS_MAX: u32 = 36_525;

/// Reads and checks every file under `kinds/`.
pub(crate) fn read(
    files: &CharterFiles,
    head: Option<&Head>,
    findings: &mut Vec<Finding>,
) -> Option<Kinds> {
    let before = findings.len();
    let mut kinds = Vec::new();
    for file in files_in(files, FOLDER) {
        let Some(document) = Document::parse(files, file, findings) else {
            continue;
        };
        let Some(kind) = document.read_without::<Kind>(&[], findings) else {
            continue;
        };
        Check {
            document: &document,
            head,
            findings,
        }
        .kind(&kind);
        kinds.push(kind);
    }
    if kinds.is_empty() && findings.len() == before {
        let finding = Finding::error(
            "kinds::none",
            FOLDER,
            text!("没有定义任何记录类型", "no record kind is declared"),
        );
        findings.push(finding.hint(text!(
            "请添加文件，如 `kinds/case.toml`",
            "add a file such as `kinds/case.toml`"
        )));
    }
    let facets: usize = kinds.iter().map(|kind| kind.facets.len()).sum();
    if facets > FACETS_MAX {
        let message = text!(
            "分项有 {facets} 个，最多 {FACETS_MAX} 个",
            "{facets} facets, where at most {FACETS_MAX} are allowed"
        );
        findings.push(
            Finding::error("kinds::too-many", FOLDER, message).hint(text!(
                "每个分项都要单独核对；可留存范围相同的字段请放在一起",
                "each is a case of its own in every proof; put fields of one audience together"
            )),
        );
    }
    let calendar = calendar::read(files, findings);
    clocks::check_all(&kinds, calendar.is_some(), findings);
    let calendar = calendar.unwrap_or_default();
    if findings.len() > before {
        return None;
    }
    let kinds = Kinds::new(kinds).with_calendar(calendar);
    letters::check_all(&kinds, findings);
    (findings.len() == before).then_some(kinds)
}

/// Facets of all kinds together.
const FACETS_MAX: usize = 64;

struct Check<'a, 'i> {
    document: &'a Document<'i>,
    head: Option<&'a Head>,
    findings: &'a mut Vec<Finding>,
}

impl Check<'_, '_> {
    fn refuse(&mut self, code: &'static str, path: &[Step<'_>], message: Text, hint: Text) {
        let finding = Finding::error(code, self.document.file(), message);
        let finding = finding.at(self.document.span(path));
        self.findings.push(if hint == Text::default() {
            finding
        } else {
            finding.hint(hint)
        });
    }

    fn kind(&mut self, kind: &Kind) {
        let file_name = self.document.file().strip_prefix(FOLDER);
        if file_name != Some(format!("{}.toml", kind.kind).as_str()) {
            let message = text!(
                "`{}` 定义在 `{}` 中",
                "`{}` is declared in `{}`",
                kind.kind,
                self.document.file()
            );
            self.refuse(
                "kinds::file-name",
                &[Step::Key("kind")],
                message,
                text!("文件名须与记录类型相同", "name the file after its kind"),
            );
        }
        check_title(
            self.document,
            &kind.title,
            &[Step::Key("title")],
            self.findings,
        );
        if kind.retention_days == 0 || kind.retention_days > RETENTION_DAYS_MAX {
            let message = text!(
                "保存期限 {} 天不在 1 至 {RETENTION_DAYS_MAX} 之间",
                "{} days is not 1 to {RETENTION_DAYS_MAX}",
                kind.retention_days
            );
            self.refuse(
                "kinds::retention",
                &[Step::Key("retention_days")],
                message,
                Text::default(),
            );
        }
        if kind.facets.is_empty() {
            let message = text!("`{}` 没有分项", "`{}` has no facet", kind.kind);
            self.refuse(
                "kinds::empty",
                &[Step::Key("kind")],
                message,
                Text::default(),
            );
        }
        let mut seen = BTreeSet::new();
        for (index, facet) in kind.facets.iter().enumerate() {
            let path = [Step::Key("facet"), Step::Index(index)];
            if !seen.insert(facet.name) {
                let message = text!(
                    "分项 `{}` 重复定义",
                    "facet `{}` is declared twice",
                    facet.name
                );
                self.refuse(
                    "kinds::twice",
                    &[path[0], path[1], Step::Key("name")],
                    message,
                    Text::default(),
                );
            }
            self.facet(kind, facet, path);
        }
        self.vocabularies(kind);
    }

    fn vocabularies(&mut self, kind: &Kind) {
        for (vocabulary, words) in &kind.vocabularies {
            let path = [Step::Key("vocabularies"), Step::Key(vocabulary.as_str())];
            let fields = kind.facets.iter().flat_map(|facet| &facet.fields);
            let mut drawn = fields.filter(|field| field.holds == FieldType::Vocabulary);
            if words.is_empty()
                || !drawn.any(|field| field.vocabulary.unwrap_or(field.name) == *vocabulary)
            {
                let message = text!(
                    "词表 `{vocabulary}` 为空，或没有字段使用",
                    "vocabulary `{vocabulary}` is empty or no field draws on it"
                );
                self.refuse(
                    "kinds::unused-vocabulary",
                    &path,
                    message,
                    text!(
                        "请让一个 `vocabulary` 类型的字段使用它，或删去",
                        "let a field of type `vocabulary` draw on it, or leave it out"
                    ),
                );
            }
            let mut seen = BTreeSet::new();
            for (index, word) in words.iter().enumerate() {
                if !seen.insert(word.id) {
                    let path = [path[0], path[1], Step::Index(index), Step::Key("id")];
                    let message = text!(
                        "选项 `{}` 在词表 `{vocabulary}` 中重复",
                        "`{}` is in vocabulary `{vocabulary}` twice",
                        word.id
                    );
                    self.refuse("kinds::twice", &path, message, Text::default());
                }
                let title = word.title();
                if let Some(why) = why_forbidden(word.id.as_str(), &title, false) {
                    let path = [path[0], path[1], Step::Index(index), Step::Key("id")];
                    let message = text!(why; "不得设选项 `{}`：{why}", "a word `{}` may not exist: {why}", word.id);
                    self.refuse(
                        "kinds::forbidden",
                        &path,
                        message,
                        text!("请删去", "leave it out"),
                    );
                }
                if let Some(reason) = &word.forbidden {
                    let path = [path[0], path[1], Step::Index(index), Step::Key("forbidden")];
                    check_title(self.document, reason, &path, self.findings);
                }
                if word.zh.trim().is_empty() || word.en.trim().is_empty() {
                    let path = [path[0], path[1], Step::Index(index)];
                    let message = text!(
                        "选项 `{}` 须有 `zh` 和 `en`",
                        "word `{}` needs `zh` and `en`",
                        word.id
                    );
                    self.refuse("charter::title", &path, message, Text::default());
                }
            }
        }
    }

    fn facet(&mut self, kind: &Kind, facet: &Facet, path: [Step<'_>; 2]) {
        let at = |key| [path[0], path[1], Step::Key(key)];
        let stem = facet.name.as_str().strip_prefix(kind.kind.as_str());
        let rest = stem.and_then(|stem| stem.strip_prefix('.'));
        if rest.is_none_or(|rest| rest.is_empty() || rest.contains('.')) {
            let message = text!(
                "分项 `{}` 的名称应为 `{}.…`",
                "facet `{}` is not named `{}.…`",
                facet.name,
                kind.kind
            );
            self.refuse(
                "kinds::facet-name",
                &at("name"),
                message,
                text!("如 `case.summary`", "as in `case.summary`"),
            );
        }
        check_title(self.document, &facet.title, &at("title"), self.findings);
        let head = self.head;
        self.declared(
            "sensitivities",
            &facet.sensitivities,
            head.map(|head| &head.sensitivities),
            path,
        );
        self.declared("levels", &facet.levels, head.map(|head| &head.levels), path);
        if facet.fields.is_empty() || facet.fields.len() > COMMIT_OPERATIONS_MAX {
            let message = text!(
                "`{}` 有 {} 个字段，须为 1 至 {COMMIT_OPERATIONS_MAX} 个",
                "`{}` has {} fields, not 1 to {COMMIT_OPERATIONS_MAX}",
                facet.name,
                facet.fields.len()
            );
            self.refuse("kinds::empty", &at("name"), message, Text::default());
        }
        let mut seen = BTreeSet::new();
        for (index, field) in facet.fields.iter().enumerate() {
            let path = [path[0], path[1], Step::Key("field"), Step::Index(index)];
            if !seen.insert(field.name) {
                let message = text!(
                    "字段 `{}` 重复定义",
                    "field `{}` is declared twice",
                    field.name
                );
                self.refuse("kinds::twice", &path, message, Text::default());
            }
            self.field(kind, field, path);
        }
        self.steps(kind, facet, [path[0], path[1]]);
        self.clocks(kind, facet, [path[0], path[1]]);
        self.beats(facet, [path[0], path[1]]);
    }

    fn declared(
        &mut self,
        list: &str,
        used: &[Name],
        words: Option<&Vec<Word>>,
        path: [Step<'_>; 2],
    ) {
        let mut seen = BTreeSet::new();
        for (index, name) in used.iter().enumerate() {
            let path = [path[0], path[1], Step::Key(list), Step::Index(index)];
            if words.is_some_and(|words| rank(words, *name).is_none()) {
                let message = text!(
                    "`{name}` 不在 `charter.toml` 的 `{list}` 中",
                    "`{name}` is not among the `{list}` of `charter.toml`"
                );
                self.refuse(
                    "kinds::undeclared",
                    &path,
                    message,
                    text!("请先在那里定义", "declare it there first"),
                );
            }
            if !seen.insert(*name) {
                let message = text!(
                    "`{name}` 在 `{list}` 中重复",
                    "`{name}` stands twice in `{list}`"
                );
                self.refuse("kinds::twice", &path, message, Text::default());
            }
        }
        if used.is_empty() {
            let message = text!("`{list}` 为空", "`{list}` is empty");
            self.refuse(
                "kinds::empty",
                &[path[0], path[1], Step::Key(list)],
                message,
                text!("第一个是默认值", "the first is the default"),
            );
        }
    }

    fn field(&mut self, kind: &Kind, field: &Field, path: [Step<'_>; 4]) {
        let at = |key| [path[0], path[1], path[2], path[3], Step::Key(key)];
        check_title(self.document, &field.title, &at("title"), self.findings);
        let mere_fact = field.holds == FieldType::Boolean;
        if let Some(why) = why_forbidden(field.name.as_str(), &field.title, mere_fact) {
            let message = text!(why; "不得设字段 `{}`：{why}", "a field `{}` may not exist: {why}", field.name);
            self.refuse(
                "kinds::forbidden",
                &at("name"),
                message,
                text!(
                    "请删去；导入时会自动丢弃并计数",
                    "leave it out, and let the import drop and count it"
                ),
            );
        }
        self.vocabulary_of(kind, field, path);
        self.bounds_of(field, path);
    }

    fn vocabulary_of(&mut self, kind: &Kind, field: &Field, path: [Step<'_>; 4]) {
        let at = [path[0], path[1], path[2], path[3], Step::Key("vocabulary")];
        let vocabulary = field.vocabulary.unwrap_or(field.name);
        let draws = field.holds == FieldType::Vocabulary;
        if draws && !kind.vocabularies.contains_key(&vocabulary) {
            let message = text!(
                "`{}` 没有词表 `{vocabulary}`",
                "`{}` has no vocabulary `{vocabulary}`",
                kind.kind
            );
            let hint = text!(
                "请在 `[[vocabularies.{vocabulary}]]` 下定义选项",
                "declare its words under `[[vocabularies.{vocabulary}]]`"
            );
            self.refuse("kinds::unknown-vocabulary", &at, message, hint);
        }
        if !draws && field.vocabulary.is_some() {
            let message = text!(
                "`{}` 指定了词表，类型却不是 `vocabulary`",
                "`{}` names a vocabulary but is not of type `vocabulary`",
                field.name
            );
            self.refuse("kinds::bounds", &at, message, Text::default());
        }
    }

    fn bounds_of(&mut self, field: &Field, path: [Step<'_>; 4]) {
        let at = |key| [path[0], path[1], path[2], path[3], Step::Key(key)];
        match field.bytes_max {
            Some(_) if field.holds != FieldType::Text => {
                let message = text!(
                    "`{}` 有 `bytes_max`，类型却不是 `text`",
                    "`{}` has `bytes_max` but is not of type `text`",
                    field.name
                );
                self.refuse("kinds::bounds", &at("bytes_max"), message, Text::default());
            }
            Some(bytes) if bytes == 0 || bytes > VALUE_TEXT_BYTES_MAX => {
                let message = text!(
                    "`{}` 的 `bytes_max` 须在 1 至 {VALUE_TEXT_BYTES_MAX} 之间",
                    "`bytes_max` of `{}` is not 1 to {VALUE_TEXT_BYTES_MAX}",
                    field.name
                );
                self.refuse("kinds::bounds", &at("bytes_max"), message, Text::default());
            }
            _ => {}
        }
        let bounded = field.at_least.is_some() || field.at_most.is_some();
        if bounded && field.holds != FieldType::Integer {
            let message = text!(
                "`{}` 有上下限，类型却不是 `integer`",
                "`{}` has bounds but is not of type `integer`",
                field.name
            );
            self.refuse("kinds::bounds", &at("at_least"), message, Text::default());
        }
        if field.at_least.unwrap_or(i64::MIN) > field.at_most.unwrap_or(i64::MAX) {
            let message = text!(
                "`{}` 的上限小于下限",
                "nothing is between the bounds of `{}`",
                field.name
            );
            self.refuse("kinds::bounds", &at("at_most"), message, Text::default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
kind = "case"
title = { zh = "纠纷", en = "Dispute" }
retention_days = 1825
[[facet]]
name = "case.summary"
title = { zh = "台账", en = "Ledger row" }
sensitivities = ["normal"]
levels = ["village"]
[[facet.field]]
name = "step"
title = { zh = "环节", en = "Step" }
type = "vocabulary"
required = true
[[facet.field]]
name = "code"
title = { zh = "编号", en = "Code" }
type = "text"
bytes_max = 40
[[facet.field]]
name = "people"
title = { zh = "人数", en = "Number of people" }
type = "integer"
at_least = 0
at_most = 10000
[facet.steps]
field = "step"
begin = ["open"]
step = [{ from = ["open"], to = "closed", tiers = ["village"], roles = ["clerk"], needs = ["people"] }]
[[vocabularies.step]]
id = "open"
zh = "登记"
en = "open"
[[vocabularies.step]]
id = "closed"
zh = "办结"
en = "closed"
"#;

    const STEPS: &str = r#"field = "step"
begin = ["open"]
step = [{ from = ["open"], to = "closed", tiers = ["village"], roles = ["clerk"], needs = ["people"] }]
"#;

    fn word(id: &str) -> Word {
        Word {
            id: id.parse().expect("a name"),
            zh: "字".into(),
            en: "word".into(),
            forbidden: None,
        }
    }

    fn codes(text: &str) -> Vec<&'static str> {
        let mut files = CharterFiles::default();
        files.files.insert("kinds/case.toml".into(), text.into());
        let head = Head {
            county: "620723000000".parse().expect("a code"),
            title: Default::default(),
            version: crdt_model::ids::CharterVersion(1),
            accept_since: crdt_model::ids::CharterVersion(1),
            validity: crdt_model::charter::Validity {
                from: crdt_model::time::WallTime::from_ms(0),
                until: crdt_model::time::WallTime::from_ms(1),
            },
            threshold: 1,
            freshness: None,
            sensitivities: vec![word("normal")],
            levels: vec![word("village")],
            roles: vec![word("clerk")],
            reviewers: Vec::new(),
            recovery: None,
            emergency: None,
        };
        let mut findings = Vec::new();
        let kinds = read(&files, Some(&head), &mut findings);
        assert_eq!(kinds.is_some(), findings.is_empty());
        findings.iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn a_sound_kind_is_read() {
        assert_eq!(codes(GOOD), [""; 0]);
    }

    #[test]
    fn each_mistake_is_found() {
        for (from, to, code) in [
            ("kind = \"case\"", "kind = \"grid\"", "kinds::file-name"),
            ("case.summary", "summary", "kinds::facet-name"),
            ("[\"normal\"]", "[\"hidden\"]", "kinds::undeclared"),
            ("[\"village\"]", "[\"town\"]", "kinds::undeclared"),
            ("[\"village\"]", "[]", "kinds::empty"),
            (
                "type = \"vocabulary\"",
                "type = \"vocabulary\"\nvocabulary = \"steps\"",
                "kinds::unknown-vocabulary",
            ),
            ("bytes_max = 40", "bytes_max = 400000", "kinds::bounds"),
            ("at_most = 10000", "at_most = -1", "kinds::bounds"),
            ("type = \"integer\"", "type = \"text\"", "kinds::bounds"),
            ("name = \"code\"", "name = \"step\"", "kinds::twice"),
            (
                "name = \"code\"",
                "name = \"stream-url\"",
                "kinds::forbidden",
            ),
            (
                "retention_days = 1825",
                "retention_days = 0",
                "kinds::retention",
            ),
            ("required = true", "needed = true", "toml::content"),
            (
                "retention_days = 1825",
                "retention_days = 1825\nsteps = []",
                "toml::content",
            ),
        ] {
            let found = codes(&GOOD.replacen(from, to, 1));
            assert!(found.contains(&code), "{to}: {found:?}");
        }
    }

    #[test]
    fn beats_say_when_and_nothing_else() {
        let beats = |hours: u32, more: &str| {
            let head = "name = \"case.summary\"\n";
            let text = GOOD.replacen(head, &format!("{head}beat_hours = {hours}\n"), 1);
            let begin = text.find("[[facet.field]]").expect("a field");
            let field = "[[facet.field]]\nname = \"beat\"\n\
                         title = { zh = \"时间\", en = \"time\" }\ntype = \"time\"\ngrows = true\n";
            codes(&format!("{}{field}{more}", &text[..begin]))
        };
        assert_eq!(beats(24, ""), [""; 0]);
        assert_eq!(beats(0, ""), ["kinds::beats"]);
        assert_eq!(beats(721, ""), ["kinds::beats"]);
        let second = "[[facet.field]]\nname = \"note\"\ntitle = { zh = \"说明\", en = \"note\" }\n\
                      type = \"text\"\n";
        assert_eq!(beats(24, second), ["kinds::beats"]);
        assert!(
            codes(&GOOD.replacen(
                "name = \"case.summary\"\n",
                "name = \"case.summary\"\nbeat_hours = 24\n",
                1
            ))
            .contains(&"kinds::beats")
        );
    }

    #[test]
    fn each_mistake_in_steps_is_found() {
        for (from, to, code) in [
            ("\"step\"", "\"code\"", "kinds::steps"),
            ("[\"open\"]", "[\"shut\"]", "kinds::steps"),
            ("to = \"closed\"", "to = \"open\"", "kinds::steps"),
            ("from = [\"open\"]", "from = []", "kinds::steps"),
            ("\"clerk\"", "\"mayor\"", "kinds::steps"),
            ("\"people\"", "\"step\"", "kinds::steps"),
            ("\"village\"", "\"hamlet\"", "toml::content"),
        ] {
            let found = codes(&GOOD.replacen(STEPS, &STEPS.replacen(from, to, 1), 1));
            assert!(found.contains(&code), "{to}: {found:?}");
        }
    }
}
