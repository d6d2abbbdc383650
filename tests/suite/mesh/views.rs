//! One case, side by side: what the village, the township and the county show of it to each role, at
//! each stage of its life, is what plain Cedar says, field by field, no more and no less.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crdt_model::engine::LinkState;
use crdt_model::ids::{Name, RecordId};
use crdt_model::label::{Grade, Label};
use crdt_model::value::Value;
use node_app::drafts::{ChangedFacet, NewFacet};
use node_app::use_cases::record_set::SetRequest;
use node_app::use_cases::record_show::{RecordView, ShowRequest};
use node_app::use_cases::status::PeerLine;
use policy::deciding::plain::PlainCedar;
use policy::{CharterFiles, Question};

use super::harness::{COUNTY, Mesh, TOWNSHIP, VILLAGE, comes, device, dispute, name, node, text};

const NODES: [&str; 3] = [VILLAGE, TOWNSHIP, COUNTY];
const ROLES: [&str; 4] = ["clerk", "mediator", "technician", "leader"];

/// What somebody sees of a record: its facets with their fields, or that they are there and not
/// shown; empty if the record is not there.
type Seen = BTreeMap<Name, Option<BTreeMap<String, Value>>>;
/// What all see of it, by role and node.
type Sights = BTreeMap<(&'static str, &'static str), Seen>;

/// What has been written of a record, by facet.
struct Written {
    record: RecordId,
    facets: BTreeMap<Name, (Grade, BTreeMap<String, Value>)>,
}

impl Written {
    /// A record that the village makes.
    fn new(mesh: &Mesh, facets: Vec<NewFacet>) -> Self {
        let grade = |facet: &NewFacet| Grade {
            sensitivity: facet.sensitivity.unwrap_or(name("normal")),
            level: name("village"),
        };
        let written = facets
            .iter()
            .map(|facet| (facet.facet, (grade(facet), facet.fields.clone())));
        Self {
            facets: written.collect(),
            record: mesh.add(VILLAGE, facets),
        }
    }

    /// A node changes fields of a facet, as a leader; all facets named go to this level with it.
    fn change(
        &mut self,
        mesh: &Mesh,
        code: &str,
        (facet, fields): (&str, &[(&str, Value)]),
        hands_up: Option<(&str, &[&str])>,
    ) {
        let change = |facet: &str, fields: &[(&str, Value)]| ChangedFacet {
            facet: name(facet),
            sensitivity: None,
            level: hands_up.map(|(level, _)| name(level)),
            fields: fields
                .iter()
                .map(|(key, value)| ((*key).to_owned(), Some(value.clone())))
                .collect(),
            seen: None,
        };
        let mut facets = vec![change(facet, fields)];
        let others = hands_up.map_or(&[][..], |(_, others)| others);
        facets.extend(others.iter().map(|other| change(other, &[])));
        for change in &facets {
            let (grade, written) = self.facets.get_mut(&change.facet).expect("it is there");
            grade.level = change.level.unwrap_or(grade.level);
            let values = change.fields.clone().into_iter();
            written.extend(values.filter_map(|(key, value)| Some((key, value?))));
        }
        let record = self.record;
        let written = mesh.ask_as(code, "leader", &SetRequest { record, facets });
        written.expect("written");
    }

    /// A step of a dispute.
    fn step(&mut self, mesh: &Mesh, code: &str, fields: &[(&str, &str)]) {
        let fields: Vec<_> = fields
            .iter()
            .map(|(key, word)| (*key, text(word)))
            .collect();
        self.change(mesh, code, ("case.summary", &fields), None);
    }

    /// What plain Cedar lets each role see at each node.
    fn expected(&self, cedar: &PlainCedar) -> Sights {
        let mut sights = Sights::new();
        for (role, code) in everybody() {
            let mut seen = Seen::new();
            for (facet, (grade, fields)) in &self.facets {
                let label = Label {
                    facet: *facet,
                    home: node(VILLAGE),
                    addressee: node(VILLAGE),
                    grade: *grade,
                };
                let may = |question| {
                    cedar
                        .decide(question, &label, node(code))
                        .expect("an answer")
                };
                if may(Question::Flow) {
                    let shown = may(Question::Read(name(role))).then(|| fields.clone());
                    seen.insert(*facet, shown);
                }
            }
            sights.insert((role, code), seen);
        }
        sights
    }

    /// What the nodes show.
    fn shown(&self, mesh: &Mesh) -> Sights {
        let show = |(role, code)| {
            let record = self.record;
            let seen = match mesh.ask_as(code, role, &ShowRequest { record }) {
                Ok(view) => seen_in(view),
                Err(problem) => {
                    assert_eq!(problem.code, "no-such-record", "{problem:?}");
                    Seen::new()
                }
            };
            ((role, code), seen)
        };
        everybody().map(show).collect()
    }
}

fn everybody() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROLES
        .into_iter()
        .flat_map(|role| NODES.map(|code| (role, code)))
}

fn seen_in(view: RecordView) -> Seen {
    let facets = view.facets.into_iter().map(|facet| {
        let fields = facet.fields.into_iter().map(|field| {
            let [only] = &field.values[..] else {
                panic!("{} has several values", field.key);
            };
            (field.key, only.value.clone())
        });
        let fields: BTreeMap<_, _> = fields.collect();
        assert!(facet.readable || fields.is_empty(), "{}", facet.facet);
        (facet.facet, facet.readable.then_some(fields))
    });
    facets.collect()
}

/// Waits until the nodes show what plain Cedar says, and holds it against that once more when all of
/// them are done with each other.
fn compare(mesh: &Mesh, cedar: &PlainCedar, stage: &str, written: &Written) {
    let expected = written.expected(cedar);
    let settled = |code: &str| {
        mesh.wait_for(code, "its peers up to date", |status| {
            let mut peers = status.peers.iter();
            let ours = |peer: &PeerLine| NODES.iter().any(|code| peer.status.node == node(code));
            peers.all(|peer| !ours(peer) || peer.status.link == LinkState::InSync)
        });
    };
    // Whether it has come is judged below, with a table.
    comes(|| written.shown(mesh) == expected);
    NODES.into_iter().for_each(settled);
    let shown = written.shown(mesh);
    let table = side_by_side(&shown, &expected);
    println!("{stage}\n{table}");
    assert_eq!(shown, expected, "{stage}\n{table}");
}

/// A line for each field, a column for each node, a part for each role; what differs from plain Cedar
/// is followed by what that says.
fn side_by_side(shown: &Sights, expected: &Sights) -> String {
    let mut lines = BTreeSet::new();
    for seen in shown.values().chain(expected.values()) {
        for (facet, fields) in seen {
            lines.insert((*facet, String::new()));
            let keys = fields.iter().flat_map(BTreeMap::keys);
            lines.extend(keys.map(|key| (*facet, key.clone())));
        }
    }
    let mut table = String::new();
    for role in ROLES {
        let _ = writeln!(
            table,
            "{role:<36}{:<28}{:<28}{:<28}",
            "village", "township", "county"
        );
        for (facet, key) in &lines {
            let _ = write!(table, "  {:<34}", format!("{facet} {key}"));
            for code in NODES {
                let cell = |of: &Sights| cell(of.get(&(role, code)), *facet, key);
                let (is, should) = (cell(shown), cell(expected));
                let differs = (is != should).then(|| format!(" != {should}"));
                let _ = write!(
                    table,
                    "{:<28}",
                    format!("{is}{}", differs.unwrap_or_default())
                );
            }
            table.push('\n');
        }
    }
    table
}

/// One cell: what is shown of a field; for a facet itself, whether it is there.
fn cell(seen: Option<&Seen>, facet: Name, key: &str) -> String {
    let none = "-".to_owned();
    match seen.and_then(|seen| seen.get(&facet)) {
        None => none,
        Some(None) if key.is_empty() => "held, not shown".to_owned(),
        Some(Some(_)) if key.is_empty() => "shown".to_owned(),
        Some(None) => none,
        Some(Some(fields)) => match fields.get(key) {
            Some(Value::Text(text)) => text.clone(),
            Some(value) => format!("{value:?}"),
            None => none,
        },
    }
}

/// A dispute with its parties.
fn case(code: &str) -> Vec<NewFacet> {
    let mut facets = dispute(code, "虚构：两户对轮灌次序有争执。");
    let parties = [("party/1", "虚构甲"), ("mediator/1", "虚构调解员")];
    let fields = parties.map(|(key, value)| (key.to_owned(), text(value)));
    facets.push(NewFacet {
        facet: name("case.parties"),
        addressee: None,
        sensitivity: None,
        level: None,
        fields: fields.into(),
    });
    facets
}

fn marked(mut facets: Vec<NewFacet>, sensitivity: &str) -> Vec<NewFacet> {
    for facet in &mut facets {
        facet.sensitivity = Some(name(sensitivity));
    }
    facets
}

#[test]
fn village_township_and_county_show_of_one_case_exactly_what_each_may_see() {
    let mesh = Mesh::start(&[COUNTY, TOWNSHIP, VILLAGE]);
    let files = CharterFiles::read(&mesh.charter()).expect("a charter");
    let cedar = PlainCedar::open(&files).expect("plain Cedar");
    let compare = |stage: &str, written: &Written| compare(&mesh, &cedar, stage, written);

    let mut one = Written::new(&mesh, case("EXAMPLE-1"));
    compare("registered", &one);
    one.step(&mesh, VILLAGE, &[("step", "accepted")]);
    compare("accepted in the village", &one);
    let parts = ["case.narrative", "case.parties"];
    let up = [("step", text("escalated"))];
    one.change(
        &mesh,
        VILLAGE,
        ("case.summary", &up),
        Some(("township", &parts)),
    );
    compare("handed up to the township", &one);
    one.step(&mesh, TOWNSHIP, &[("step", "level-3")]);
    let note = [("note/t-1", text("虚构：已约双方到综治中心。"))];
    one.change(&mesh, TOWNSHIP, ("case.narrative", &note), None);
    compare("taken up in the township", &one);
    let row = [("step", text("level-4"))];
    let content = ["case.narrative"];
    one.change(
        &mesh,
        TOWNSHIP,
        ("case.summary", &row),
        Some(("county", &content)),
    );
    compare("handed on to the county, without who is named", &one);
    one.change(&mesh, VILLAGE, ("case.parties", &[]), Some(("county", &[])));
    compare("who is named handed on by home", &one);
    let agreed = [
        ("step", "agreed"),
        ("outcome", "agreed-oral"),
        ("method", "talk"),
    ];
    one.step(&mesh, COUNTY, &agreed);
    compare("agreed at the county", &one);

    let mut complaint = Written::new(&mesh, marked(case("EXAMPLE-2"), "about-township"));
    complaint.step(&mesh, VILLAGE, &[("step", "accepted")]);
    compare("about the township's own office", &complaint);
    complaint.step(&mesh, COUNTY, &[("step", "level-4")]);
    compare(
        "about the township's own office, taken up by the county",
        &complaint,
    );

    let kept = Written::new(&mesh, marked(device("虚构摄像机"), "home-only"));
    compare("kept at home", &kept);
    compare("the first case, once more", &one);
}
