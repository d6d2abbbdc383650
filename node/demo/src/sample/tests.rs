//! What the sample must be: the same every time, of the county's own numbers, and readable by the
//! mappings that are shipped.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

use crdt_model::charter::Charter;
use crdt_model::ids::{Name, RecordId};
use crdt_model::label::{FacetId, Grade};
use crdt_model::value::Value;
use policy::{CedarCharter, CharterFiles};

use super::*;

mod figures;
mod lawful;

use crate::options::{SMALL_COUNTY, Scale};
use node_app::use_cases::record_add::AddRequest;
use node_app::use_cases::record_set::SetRequest;
use node_import::{CharterRules, Held, Preview};

struct HoldsNothing;

impl Held for HoldsNothing {
    fn fields(&self, _: &FacetId) -> Option<BTreeMap<String, Value>> {
        None
    }

    fn grade(&self, _: &FacetId) -> Option<Grade> {
        None
    }
}

fn files() -> CharterFiles {
    policy::making::template::linze()
}

fn members() -> Members {
    let files = files();
    let roster = std::str::from_utf8(&files.files["roster.toml"]).expect("text");
    Members::parse(Path::new("roster.toml"), roster).expect("a roster")
}

/// The sample of a whole year, which takes a while to make.
fn year() -> &'static BTreeMap<NodeId, NodeSample> {
    static YEAR: OnceLock<BTreeMap<NodeId, NodeSample>> = OnceLock::new();
    let made = || sample(&members(), &Counts::default(), &Counts::YEAR).expect("a sample");
    YEAR.get_or_init(made)
}

/// Records that are added by request, by the kind of their first facet.
fn added(all: &BTreeMap<NodeId, NodeSample>) -> BTreeMap<String, usize> {
    let mut added = BTreeMap::new();
    for course in all.values().flat_map(|node| &node.courses) {
        for request in &course.requests {
            if let Write::Add(AddRequest { facets, .. }) = request {
                *added.entry(facets[0].facet.to_string()).or_default() += 1;
            }
        }
    }
    added
}

#[test]
fn a_year_has_the_countys_own_numbers() {
    let all = year();
    let mut records: BTreeMap<&str, u64> = BTreeMap::new();
    let files = all.values().flat_map(|node| &node.files);
    for file in files.filter(|file| file.home.is_none()) {
        *records.entry(file.name.as_str()).or_default() += file.records;
    }
    let added = added(all);
    assert_eq!(records["grid-reports.csv"], 37_120);
    assert_eq!(records["cases.csv"] + added["case.summary"] as u64, 3_791);
    assert!(
        added["case.summary"] > 250,
        "some have an addressee: {added:?}"
    );
    assert_eq!(
        records["devices.csv"] + records["catalogue.xml"],
        2_236 + 60 + 233 + 77 + 107
    );
    assert_eq!(added["device.public"], 4, "warning systems");
    assert!(
        records["catalogue.xml"] > 600,
        "some villages bring catalogues: {records:?}"
    );
    assert_eq!(records["warning-terminals.csv"], 474);
    assert_eq!(added["notice.content"], 300);
    assert!(added["notice.reply"] > 300);
}

#[test]
fn a_case_has_about_ten_commits() {
    let all = year();
    let changes = |courses: &[Course]| -> u64 {
        let requests = courses.iter().flat_map(|course| &course.requests);
        requests
            .map(|request| match request {
                Write::Set(SetRequest { facets, .. }, _) => {
                    let of_cases = |facet: &str| facet.starts_with("case.");
                    let facets = facets.iter().map(|facet| facet.facet);
                    facets.filter(|facet| of_cases(facet.as_str())).count() as u64
                }
                _ => 0,
            })
            .sum()
    };
    let changes: u64 = all
        .values()
        .map(|node| changes(&node.courses) + changes(&node.above))
        .sum();
    let per_case = 3.0 + changes as f64 / 3_791.0;
    assert!((9.0..12.0).contains(&per_case), "{per_case}");
}

#[test]
fn the_sample_is_the_same_every_time_and_grows_with_its_scale() {
    let members = members();
    let counts = |factor| Counts::at(Scale::new(factor).expect("a scale"), 76);
    let (small, large) = (counts(0.01), counts(0.02));
    let none = Counts::default();
    let at_once = sample(&members, &none, &large).expect("a sample");
    assert_eq!(at_once, sample(&members, &none, &large).expect("a sample"));
    let first = sample(&members, &none, &small).expect("a sample");
    let rest = sample(&members, &small, &large).expect("a sample");
    for (node, whole) in &at_once {
        let courses = |part: &BTreeMap<NodeId, NodeSample>| {
            part.get(node)
                .map_or(Vec::new(), |part| part.courses.clone())
        };
        for course in courses(&first).iter().chain(&courses(&rest)) {
            assert!(whole.courses.contains(course));
        }
        assert_eq!(
            courses(&first).len() + courses(&rest).len(),
            whole.courses.len()
        );
    }
}

#[test]
fn added_records_have_ids_of_their_own() {
    let mut seen: BTreeSet<RecordId> = BTreeSet::new();
    for course in year().values().flat_map(|node| &node.courses) {
        for request in &course.requests {
            if let Write::Add(AddRequest { record, .. }) = request {
                assert!(seen.insert(record.expect("given")), "{record:?} twice");
            }
        }
    }
}

/// The records that files bring in, by the ids that imports give them.
fn brought_in(all: &BTreeMap<NodeId, NodeSample>) -> BTreeSet<RecordId> {
    let mut known = BTreeSet::new();
    for (node, brings) in all {
        for file in &brings.files {
            let (kind, source) = match file.name.as_str() {
                "cases.csv" => ("case", "linze-cases"),
                "devices.csv" | "catalogue.xml" => ("device", "gb28181"),
                _ => continue,
            };
            let text = encoding_rs::GB18030.decode(&file.bytes).0.into_owned();
            let first = |line: &str| match line.strip_prefix("<Item><DeviceID>") {
                Some(item) => item.split('<').next().map(str::to_owned),
                None => line.split(',').next().map(str::to_owned),
            };
            let kind = Name::new(kind).expect("a name");
            let keys = text.lines().skip(1).filter_map(first);
            known.extend(keys.map(|key| node_import::record_id(kind, *node, source, &key)));
        }
    }
    known
}

#[test]
fn every_change_is_of_a_record_that_a_table_or_a_request_brings_in() {
    let all = year();
    let mut known = brought_in(all);
    for course in all.values().flat_map(|node| &node.courses) {
        for request in &course.requests {
            match request {
                Write::Add(AddRequest { record, .. }) => known.extend(*record),
                Write::Set(SetRequest { record, .. }, _) => {
                    assert!(known.contains(record), "{request:?}")
                }
            }
        }
    }
    for course in all.values().flat_map(|node| &node.above) {
        for request in &course.requests {
            if let Write::Set(SetRequest { record, .. }, _) = request {
                assert!(known.contains(record), "{request:?}");
            }
        }
    }
}

#[test]
fn an_addressee_lies_in_another_township() {
    for (home, node) in year() {
        for request in node.courses.iter().flat_map(|course| &course.requests) {
            let Write::Add(AddRequest { facets, .. }) = request else {
                continue;
            };
            let summary = facets
                .iter()
                .find(|facet| facet.facet.as_str() == "case.summary");
            if let Some(addressee) = summary.and_then(|summary| summary.addressee) {
                assert_ne!(addressee.township(), home.township());
            }
        }
    }
}

#[test]
fn every_file_is_read_whole_by_its_mapping() {
    let small: Vec<NodeId> = SMALL_COUNTY
        .iter()
        .map(|code| code.parse().expect("a code"))
        .collect();
    let charter = CedarCharter::open(&files()).expect("the template opens");
    let counts = Counts::at(Scale::new(0.05).expect("a scale"), 76);
    let all = sample(&members(), &Counts::default(), &counts).expect("a sample");
    let mut sensitivities: BTreeSet<Name> = BTreeSet::new();
    for (node, brings) in &all {
        for file in brings.files.iter().filter(|file| file.home.is_none()) {
            let preview = preview(&charter, *node, file);
            assert_eq!(
                preview.totals.create,
                file.records,
                "{node} {}: {:#?}",
                file.name,
                {
                    let mut rows = preview.rows.clone();
                    rows.retain(|row| !matches!(row.outcome, node_import::Outcome::Create { .. }));
                    rows
                }
            );
            assert!(
                preview.unmapped.is_empty(),
                "{}: {:?}",
                file.name,
                preview.unmapped
            );
            let secrets = serde_json::to_string(&preview).expect("JSON");
            assert!(!secrets.contains(PASSWORD));
            for draft in &preview.drafts {
                sensitivities.extend(draft.grade.map(|grade| grade.sensitivity));
                assert_eq!(draft.facet.home, *node);
            }
        }
    }
    let found: Vec<&str> = sensitivities.iter().map(Name::as_str).collect();
    assert_eq!(found, ["about-township", "home-only", "normal"]);
    assert!(small.iter().all(|node| all.contains_key(node)));
}

#[test]
fn real_files_are_read_as_far_as_they_can_be() {
    let charter = CedarCharter::open(&files()).expect("the template opens");
    let county = "620723000000".parse().expect("a code");
    let created: Vec<u64> = real::files(county)
        .iter()
        .map(|file| preview(&charter, county, file).totals.create)
        .collect();
    assert_eq!(created.len(), 8);
    assert!(
        created.iter().filter(|count| **count > 0).count() >= 6,
        "{created:?}"
    );
}

fn preview(charter: &CedarCharter, author: NodeId, file: &SampleFile) -> Preview {
    let rules = CharterRules { charter, author };
    file.preview(&rules, &HoldsNothing).expect("readable")
}
