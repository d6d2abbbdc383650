//! `mesh.cedarschema`: the types that rules are checked against. It follows from `charter.toml` and
//! `kinds/` alone; the copy in the charter folder is there to be read, and must be equal.

use std::fmt::Write as _;

use cedar_policy::Schema;
use crdt_model::ids::Name;
use crdt_model::kind::{Kinds, Word};
use crdt_model::text;

use crate::reading::files::CharterFiles;
use crate::reading::finding::Finding;
use crate::reading::head::Head;

/// The path of the file in the charter folder.
pub const FILE: &str = "mesh.cedarschema";

/// How many attributes a rule may follow in a row, as in `resource.home.tier`.
pub const DEREFERENCES_MAX: u32 = 2;

const HEADER: &str = "\
// Generated from charter.toml and kinds/ by `mesh-policy schema`; a test holds them together.
//
// The resource of every question is a label: what a facet is, whose it is, whom it is meant for and
// how it is graded. Kinds, facets, grades, tiers and roles are attributes of enumerated types, so
// that a misspelt one is an error. The tree of nodes is the only parent relation: `resource in
// principal` says that the asking node is home or above it, `principal in resource.home` that it is
// home or below it.
";

const NODES: &str = "
// A node of the roster. `township` is the township it is in or is; the county has none.
entity Node in [Node] = { tier: Tier, township?: Node };

// A label. Its parent is its home. `addressee` is home where it is meant for nobody else.
// `township` is home's.
entity Label in [Node] = {
  kind: Kind,
  facet: Facet,
  home: Node,
  addressee: Node,
  sensitivity: Sensitivity,
  level: Level,
  township?: Node,
};

// A person's role at a node. Its parent is that node.
entity Seat in [Node] = { role: Role, node: Node };

// A facet reaches a node: home itself, one above it, one below it, any other.
action flow;
action flowHome, flowUp, flowDown, flowAcross in [flow] appliesTo {
  principal: [Node],
  resource: [Label],
};

// A node writes a facet, or takes it from or to a grade.
action author, regrade appliesTo {
  principal: [Node],
  resource: [Label],
};

// A person looks at a facet, or takes it out of the mesh, at a node that may hold it.
action read, export appliesTo {
  principal: [Seat],
  resource: [Label],
};
";

/// The schema that `charter.toml` and `kinds/` give.
pub fn schema_text(head: &Head, kinds: &Kinds) -> String {
    let facets = kinds
        .iter()
        .flat_map(|kind| kind.facets.iter().map(|facet| facet.name));
    let ids = |words: &[Word]| words.iter().map(|word| word.id).collect::<Vec<_>>();
    let mut text = String::from(HEADER);
    text.push('\n');
    enumerate(&mut text, "Kind", kinds.iter().map(|kind| kind.kind));
    enumerate(&mut text, "Facet", facets);
    enumerate(&mut text, "Sensitivity", ids(&head.sensitivities));
    enumerate(&mut text, "Level", ids(&head.levels));
    enumerate(&mut text, "Role", ids(&head.roles));
    text.push_str("entity Tier enum [\"county\", \"township\", \"village\"];\n");
    text.push_str(NODES);
    text
}

fn enumerate(text: &mut String, entity: &str, names: impl IntoIterator<Item = Name>) {
    // Names hold no character that Cedar would want escaped.
    let names: Vec<String> = names
        .into_iter()
        .map(|name| format!("\"{name}\""))
        .collect();
    let one_line = format!("entity {entity} enum [{}];", names.join(", "));
    if one_line.len() <= 100 {
        text.push_str(&one_line);
        text.push('\n');
    } else {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "entity {entity} enum [\n  {}\n];",
            names.join(",\n  ")
        );
    }
}

/// Reads the schema of a charter and holds it against the one that follows from the rest.
pub(crate) fn read(
    files: &CharterFiles,
    head: &Head,
    kinds: &Kinds,
    findings: &mut Vec<Finding>,
) -> Option<Schema> {
    let text = crate::reading::document::text(files, FILE, findings)?;
    let generated = schema_text(head, kinds);
    if text != generated {
        let common = text
            .bytes()
            .zip(generated.bytes())
            .take_while(|(one, other)| one == other);
        let start = text.floor_char_boundary(common.count());
        let end = text
            .len()
            .min(text[start..].find('\n').map_or(text.len(), |at| start + at));
        findings.push(
            Finding::error(
                "schema::differs",
                FILE,
                text!(
                    "与 `charter.toml` 和 `kinds/` 给出的不一致",
                    "it is not what charter.toml and kinds/ give"
                ),
            )
            .at(Some(start..end))
            .hint(text!(
                "请用 `mesh-policy schema` 重新生成",
                "write it anew with `mesh-policy schema`"
            )),
        );
        return None;
    }
    match Schema::from_cedarschema_str(text) {
        Ok((schema, warnings)) => {
            let before = findings.len();
            findings.extend(
                warnings.map(|warning| Finding::from_diagnostic("schema::warning", FILE, &warning)),
            );
            (findings.len() == before).then_some(schema)
        }
        Err(problem) => {
            findings.push(Finding::from_diagnostic("schema::invalid", FILE, &problem));
            None
        }
    }
}
