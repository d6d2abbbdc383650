//! A node's rules and holdings, as tests need them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crdt_model::draft::Draft;
use crdt_model::ids::{Name, NodeId};
use crdt_model::kind::Kinds;
use crdt_model::label::{FacetId, Grade, Label};
use crdt_model::text;
use crdt_model::text::{Language, Problem, Text};
use crdt_model::value::Value;
use node_import::SourceFile;
use node_import::{Held, Import, Mapping, Outcome, Placement, Preview, RowOutcome, Rules};

pub(crate) const VILLAGE: &str = "620723101201";
pub(crate) const COUNTY: &str = "620723000000";

pub(crate) fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

pub(crate) fn node(code: &str) -> NodeId {
    code.parse().expect("a node code")
}

fn workspace(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

pub(crate) fn read(path: &str) -> Vec<u8> {
    let path = workspace(path);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn read_text(path: &str) -> String {
    String::from_utf8(read(path)).expect("UTF-8")
}

pub(crate) fn sample(path: &str) -> SourceFile {
    SourceFile {
        name: path.to_owned(),
        bytes: read(&format!("deploy/linze/sample/{path}")),
    }
}

pub(crate) fn file(name: &str, bytes: impl Into<Vec<u8>>) -> SourceFile {
    SourceFile {
        name: name.to_owned(),
        bytes: bytes.into(),
    }
}

pub(crate) fn kinds() -> Kinds {
    let kinds = ["grid", "case", "device", "notice"].map(|kind| {
        let text = read_text(&format!("deploy/linze/charter/kinds/{kind}.toml"));
        toml::from_str(&text).unwrap_or_else(|error| panic!("{kind}: {error}"))
    });
    Kinds::new(kinds)
}

/// A county in which every refusal is written down by the test.
pub(crate) struct County {
    pub(crate) kinds: Kinds,
    pub(crate) refuse: fn(&Label) -> bool,
}

impl County {
    pub(crate) fn new() -> Self {
        Self {
            kinds: kinds(),
            refuse: |_| false,
        }
    }

    pub(crate) fn mapping(&self, name: &str) -> Mapping {
        let file = format!("deploy/linze/mappings/{name}.toml");
        Mapping::parse(&file, &read_text(&file), &self.kinds)
            .unwrap_or_else(|problem| panic!("{problem}"))
    }

    fn rank(word: Name) -> usize {
        [
            "normal",
            "about-township",
            "home-only",
            "village",
            "township",
            "county",
        ]
        .iter()
        .position(|known| *known == word.as_str())
        .expect("a word of the charter")
    }
}

impl Rules for County {
    fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    fn nodes(&self) -> Vec<NodeId> {
        [COUNTY, "620723101000", VILLAGE, "620723101202"]
            .map(node)
            .to_vec()
    }

    fn is_node(&self, code: NodeId) -> bool {
        self.nodes().contains(&code)
    }

    fn join(&self, one: Grade, other: Grade) -> Grade {
        let later = |one, other| {
            if Self::rank(one) >= Self::rank(other) {
                one
            } else {
                other
            }
        };
        Grade {
            sensitivity: later(one.sensitivity, other.sensitivity),
            level: later(one.level, other.level),
        }
    }

    fn may_author(&self, label: &Label) -> Result<(), Text> {
        if (self.refuse)(label) {
            return Err(text!(
                "规则 test.refuse 不允许",
                "rule test.refuse does not allow it"
            ));
        }
        Ok(())
    }

    fn may_regrade(&self, label: &Label) -> Result<(), Text> {
        self.may_author(label)
    }
}

/// What a node holds, written by applying drafts.
#[derive(Default)]
pub(crate) struct Holdings {
    facets: BTreeMap<FacetId, (Grade, BTreeMap<String, Value>)>,
}

impl Holdings {
    pub(crate) fn apply(&mut self, kinds: &Kinds, drafts: &[Draft]) {
        for draft in drafts {
            let (_, facet) = kinds.facet(draft.facet.facet).expect("a facet");
            let default = facet.default_grade().expect("a grade");
            let held = self
                .facets
                .entry(draft.facet)
                .or_insert((default, BTreeMap::new()));
            if let Some(grade) = draft.grade {
                kinds
                    .check_label(&draft.facet.label(grade))
                    .expect("a label of the kinds");
                held.0 = grade;
            }
            for (key, value) in &draft.fields {
                let value = value.clone().expect("imports clear nothing");
                assert!(
                    !key.contains('/') || !held.1.contains_key(key),
                    "written once: {key}"
                );
                held.1.insert(key.clone(), value);
            }
        }
    }

    /// The only record's field.
    pub(crate) fn only(&self, facet: &str, field: &str) -> Option<&Value> {
        let mut found = self.facets.iter().filter(|(id, _)| id.facet == name(facet));
        let (_, (_, fields)) = found.next()?;
        assert!(found.next().is_none(), "more than one {facet}");
        fields.get(field)
    }

    /// All values of a field.
    pub(crate) fn all(&self, facet: &str, field: &str) -> Vec<&Value> {
        let of_facet = self.facets.iter().filter(|(id, _)| id.facet == name(facet));
        of_facet
            .filter_map(|(_, (_, fields))| fields.get(field))
            .collect()
    }

    /// All keys of a facet.
    pub(crate) fn keys(&self, facet: &str) -> Vec<String> {
        let of_facet = self.facets.iter().filter(|(id, _)| id.facet == name(facet));
        of_facet
            .flat_map(|(_, (_, fields))| fields.keys().cloned())
            .collect()
    }

    pub(crate) fn grades(&self, facet: &str) -> Vec<(String, String)> {
        let of_facet = self.facets.iter().filter(|(id, _)| id.facet == name(facet));
        of_facet
            .map(|(_, (grade, _))| (grade.sensitivity.to_string(), grade.level.to_string()))
            .collect()
    }

    /// Everything that was written, as text.
    pub(crate) fn text(&self) -> String {
        format!("{:?}", self.facets)
    }
}

impl Held for Holdings {
    fn fields(&self, facet: &FacetId) -> Option<BTreeMap<String, Value>> {
        self.facets.get(facet).map(|(_, fields)| fields.clone())
    }

    fn grade(&self, facet: &FacetId) -> Option<Grade> {
        self.facets.get(facet).map(|(grade, _)| *grade)
    }
}

/// One node that imports.
pub(crate) struct Importer {
    pub(crate) county: County,
    pub(crate) placement: Placement,
    pub(crate) held: Holdings,
    pub(crate) mapping: Mapping,
    pub(crate) home: Option<NodeId>,
}

impl Importer {
    pub(crate) fn new(mapping: &str) -> Self {
        let county = County::new();
        let placement = Placement::from_toml(&read_text("deploy/linze/mappings/placement.toml"))
            .expect("the shipped placement");
        let mapping = county.mapping(mapping);
        Self {
            county,
            placement,
            held: Holdings::default(),
            mapping,
            home: None,
        }
    }

    pub(crate) fn at(mapping: &str, home: &str) -> Self {
        Self {
            home: Some(node(home)),
            ..Self::new(mapping)
        }
    }

    pub(crate) fn try_preview(&self, files: &[SourceFile]) -> Result<Preview, Problem> {
        let import = Import {
            mapping: &self.mapping,
            placement: &self.placement,
            rules: &self.county,
            held: &self.held,
            fallback_home: self.home,
        };
        node_import::preview(&import, files)
    }

    pub(crate) fn preview(&self, files: &[SourceFile]) -> Preview {
        self.try_preview(files)
            .unwrap_or_else(|problem| panic!("{problem}"))
    }

    /// Previews, writes, and checks that doing it again would write nothing.
    pub(crate) fn import(&mut self, files: &[SourceFile]) -> Preview {
        let preview = self.preview(files);
        self.held.apply(&self.county.kinds, &preview.drafts);
        let again = self.preview(files);
        assert!(again.changes_nothing(), "{}", shown(&again));
        assert_eq!((again.totals.create, again.totals.update), (0, 0));
        preview
    }
}

/// A preview as text, in both languages, with its JSON: everything that anybody is shown.
pub(crate) fn shown(preview: &Preview) -> String {
    let json = serde_json::to_string(preview).expect("JSON");
    let zh = preview.render(Language::Zh, 1000);
    let en = preview.render(Language::En, 1000);
    format!("{zh}\n{en}\n{json}")
}

/// Why the row on this line was refused.
pub(crate) fn refusal(preview: &Preview, line: u64) -> String {
    match &row(preview, line).outcome {
        Outcome::Refused { reason } => reason.en.clone(),
        other => panic!("line {line} is {other:?}"),
    }
}

pub(crate) fn row(preview: &Preview, line: u64) -> &RowOutcome {
    preview
        .rows
        .iter()
        .find(|row| row.line == line)
        .unwrap_or_else(|| panic!("no row on line {line}: {}", shown(preview)))
}

/// A catalogue with these items in one answer.
pub(crate) fn catalogue(items: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<Response>\n<CmdType>Catalog</CmdType><SN>7</SN>\n\
         <DeviceID>62072300002000000001</DeviceID>\n<DeviceList>\n{items}\n</DeviceList>\n\
         </Response>\n"
    )
}

/// An item of a camera in the village, with more fields.
pub(crate) fn camera(serial: u32, more: &str) -> String {
    format!(
        "<Item><DeviceID>620723000013200{serial:05}</DeviceID><Name>camera {serial}</Name>\
         <CivilCode>620723</CivilCode><GrassrootsCode>101201</GrassrootsCode>{more}</Item>"
    )
}
