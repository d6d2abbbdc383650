//! Every request is one that its node may make: known facets and fields, values that they take, steps
//! that follow, links that lead somewhere.

use crdt_model::kind::FieldType;
use crdt_model::label::Label;

use super::figures::{Standing, standing};
use super::*;

/// What is wrong with one write; nothing, if nothing is.
fn wrong(
    charter: &CedarCharter,
    fields: &BTreeMap<String, Value>,
    facet: Name,
    new: bool,
) -> Option<String> {
    let Some((kind, declared)) = charter.kinds().facet(facet) else {
        return Some(format!("no facet {facet}"));
    };
    for (key, value) in fields {
        let Some(field) = declared.field(key) else {
            return Some(format!("no field {key}"));
        };
        if let Err(problem) = declared.check_value(kind, None, field, value) {
            return Some(format!("{key}: {problem}"));
        }
    }
    let missing = declared
        .fields
        .iter()
        .find(|field| new && field.required && !fields.contains_key(field.name.as_str()));
    missing.map(|field| format!("without {}", field.name))
}

#[test]
fn every_record_that_is_made_is_one_that_its_node_may_make() {
    let charter = CedarCharter::open(&files()).expect("the template opens");
    for (&node, brings) in year() {
        for request in brings.courses.iter().flat_map(|course| &course.requests) {
            let Write::Add(AddRequest { facets, .. }) = request else {
                continue;
            };
            for facet in facets {
                assert_eq!(
                    wrong(&charter, &facet.fields, facet.facet, true),
                    None,
                    "{request:?}"
                );
                let (_, declared) = charter.kinds().facet(facet.facet).expect("known");
                let grade = declared.default_grade().expect("it has one");
                let label = Label {
                    facet: facet.facet,
                    home: node,
                    addressee: facet.addressee.unwrap_or(node),
                    grade: Grade {
                        sensitivity: facet.sensitivity.unwrap_or(grade.sensitivity),
                        level: facet.level.unwrap_or(grade.level),
                    },
                };
                charter.kinds().check_label(&label).expect("a label");
                assert!(charter.author(&label, node).allowed, "{label} at {node}");
            }
        }
    }
}

#[test]
fn every_change_is_one_that_its_facet_takes_and_every_step_follows() {
    let charter = CedarCharter::open(&files()).expect("the template opens");
    let mut at: BTreeMap<(RecordId, Name), Name> = BTreeMap::new();
    for (&node, brings) in year() {
        let tier = charter.roster().member(node).expect("a member").tier;
        for request in brings.courses.iter().flat_map(|course| &course.requests) {
            let mut by = Name::new("clerk").expect("the first role");
            let (record, written): (_, Vec<(Name, BTreeMap<String, Value>)>) = match request {
                Write::Add(AddRequest { record, facets, .. }) => {
                    let facets = facets.iter();
                    let facets = facets.map(|facet| (facet.facet, facet.fields.clone()));
                    (record.expect("given"), facets.collect())
                }
                Write::Set(SetRequest { record, facets }, role) => {
                    by = role.unwrap_or(by);
                    let facets = facets.iter().map(|facet| {
                        let fields = facet.fields.clone().into_iter();
                        let fields = fields.filter_map(|(key, value)| Some((key, value?)));
                        (facet.facet, fields.collect())
                    });
                    (*record, facets.collect())
                }
            };
            for (facet, fields) in written {
                assert_eq!(wrong(&charter, &fields, facet, false), None, "{request:?}");
                let (_, declared) = charter.kinds().facet(facet).expect("known");
                // Disputes come from tables, so their first step is not seen here.
                let Some(steps) = declared
                    .steps
                    .as_ref()
                    .filter(|_| facet.as_str() != "case.summary")
                else {
                    continue;
                };
                let Some(to) = fields.get(steps.field.as_str()).and_then(Value::word) else {
                    continue;
                };
                match at.insert((record, facet), to) {
                    None => assert!(steps.begin.contains(&to), "{request:?}"),
                    Some(from) => {
                        let mut ways = steps.between(from, to).filter(|step| step.at(tier));
                        let step = ways.next().unwrap_or_else(|| panic!("{from} to {to}"));
                        let roles = &step.roles;
                        assert!(roles.is_empty() || roles.contains(&by), "{to} by {by}");
                        for need in &step.needs {
                            assert!(fields.contains_key(need.as_str()), "{to} needs {need}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn links_lead_to_records_at_every_scale() {
    let charter = CedarCharter::open(&files()).expect("the template opens");
    for (factor, villages) in [
        (0.01, 76),
        (0.03, 76),
        (0.2, 76),
        (1.0, 76),
        (0.1, 4),
        (1.0, 4),
    ] {
        let mut members = members();
        if villages == 4 {
            let text = small_roster();
            members = Members::parse(Path::new("roster.toml"), &text).expect("a roster");
        }
        let counts = Counts::at(Scale::new(factor).expect("a scale"), villages);
        let all = sample(&members, &Counts::default(), &counts).expect("a sample");
        let rows = standing(&all);
        let mut known = brought_in(&all);
        known.extend(rows.iter().map(|row| row.record));
        let mut dangling = Vec::new();
        for row in &rows {
            dangling.extend(
                links(&charter, row)
                    .filter(|link| !known.contains(link))
                    .map(|_| &row.facet),
            );
        }
        assert!(dangling.is_empty(), "{factor} of {villages}: {dangling:?}");
    }
}

#[test]
fn a_complaint_about_a_township_is_named_in_no_row_that_the_township_holds() {
    let (members, names) = (members(), Names::new().expect("names"));
    let villages = Villages::new(&members).expect("a county");
    let complaints: BTreeSet<String> = (0..Counts::YEAR.cases)
        .map(|number| Case::new(&villages, &names, villages.village(number), number))
        .filter(|case| case.complaint)
        .map(|case| case.record.to_string())
        .collect();
    let mut named = 0;
    for brings in year().values() {
        for request in brings.courses.iter().flat_map(|course| &course.requests) {
            let names_one = |fields: Vec<&Value>| {
                let text = |value: &Value| match value {
                    Value::Text(text) => complaints.contains(text),
                    _ => false,
                };
                fields.into_iter().any(text)
            };
            match request {
                Write::Add(AddRequest { facets, .. }) => {
                    for facet in facets {
                        let marked = facet.sensitivity == Some(names.about_township);
                        let one = names_one(facet.fields.values().collect());
                        assert!(marked || !one, "{request:?}");
                        named += u64::from(one);
                    }
                }
                Write::Set(SetRequest { facets, .. }, _) => {
                    let fields = facets
                        .iter()
                        .flat_map(|facet| facet.fields.values().flatten());
                    assert!(!names_one(fields.collect()), "{request:?}");
                }
            }
        }
    }
    assert!(named > 0, "some calls are about complaints");
}

/// The records that a facet names.
fn links(charter: &CedarCharter, row: &Standing) -> impl Iterator<Item = RecordId> {
    let facet = Name::new(&row.facet).expect("a name");
    let (_, declared) = charter.kinds().facet(facet).expect("known");
    let held = |key: &String| {
        let field = declared.field(key);
        field.is_some_and(|field| field.holds == FieldType::Record)
    };
    row.fields
        .keys()
        .filter(move |key| held(key))
        .map(|key| row.text(key).parse().expect("a record id"))
}

/// The small county's part of the roster.
fn small_roster() -> String {
    let files = files();
    let text = std::str::from_utf8(&files.files["roster.toml"]).expect("text");
    let blocks = text.split("\n\n");
    let kept = blocks.filter(|block| {
        SMALL_COUNTY
            .iter()
            .any(|code| block.contains(&format!("code = \"{code}\"")))
    });
    kept.collect::<Vec<_>>().join("\n\n")
}
