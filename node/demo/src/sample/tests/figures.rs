//! A year adds up to what the county has published of its practice.

use crdt_model::charter::Tier;
use crdt_model::label::Grade;

use super::*;

/// One facet of the sample as it stands in the end.
pub(super) struct Standing {
    pub(super) node: NodeId,
    pub(super) facet: String,
    pub(super) record: RecordId,
    pub(super) fields: BTreeMap<String, Value>,
}

impl Standing {
    pub(super) fn text(&self, field: &str) -> &str {
        match self.fields.get(field) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    fn number(&self, field: &str) -> i64 {
        match self.fields.get(field) {
            Some(Value::Integer(number)) => *number,
            _ => 0,
        }
    }
}

/// All facets that requests write.
pub(super) fn standing(all: &BTreeMap<NodeId, NodeSample>) -> Vec<Standing> {
    let mut rows: BTreeMap<(RecordId, String), Standing> = BTreeMap::new();
    let mut write = |node: NodeId, record: RecordId, facet: Name, fields| {
        let key = (record, facet.to_string());
        let row = rows.entry(key).or_insert_with(|| Standing {
            node,
            facet: facet.to_string(),
            record,
            fields: BTreeMap::new(),
        });
        row.fields.extend::<Vec<(String, Value)>>(fields);
    };
    let home = all
        .iter()
        .flat_map(|(node, brings)| brings.courses.iter().map(move |course| (*node, course)));
    let above = all
        .iter()
        .flat_map(|(node, brings)| brings.above.iter().map(move |course| (*node, course)));
    for (node, request) in home
        .chain(above)
        .flat_map(|(node, course)| course.requests.iter().map(move |request| (node, request)))
    {
        match request {
            Write::Add(AddRequest { record, facets, .. }) => {
                for facet in facets {
                    let fields = facet.fields.clone().into_iter().collect();
                    write(node, record.expect("given"), facet.facet, fields);
                }
            }
            Write::Set(SetRequest { record, facets, .. }, _) => {
                for facet in facets {
                    let fields = facet.fields.clone().into_iter();
                    let fields = fields
                        .filter_map(|(key, value)| Some((key, value?)))
                        .collect();
                    write(node, *record, facet.facet, fields);
                }
            }
        }
    }
    rows.into_values().collect()
}

struct Year(Vec<Standing>);

impl Year {
    fn of(&self, facet: &str) -> impl Iterator<Item = &Standing> {
        let facet = facet.to_owned();
        self.0.iter().filter(move |row| row.facet == facet)
    }

    /// How many rows of a facet have this word in a field.
    fn count(&self, facet: &str, field: &str, word: &str) -> usize {
        self.of(facet).filter(|row| row.text(field) == word).count()
    }

    /// What a number of these rows adds up to.
    fn sum(&self, facet: &str, field: &str, word: &str, number: &str) -> i64 {
        let rows = self.of(facet).filter(|row| row.text(field) == word);
        rows.map(|row| row.number(number)).sum()
    }
}

fn whole_year() -> Year {
    Year(standing(year()))
}

#[test]
fn grids_and_posts_are_as_many_as_the_county_says() {
    let year = whole_year();
    assert_eq!(year.of("directory.grid").count(), 180);
    let posts = |kind| year.count("directory.post", "kind", kind);
    assert_eq!(posts("grid-worker"), 180);
    assert_eq!(posts("stability-worker"), 71);
    let four = ["judge", "prosecutor", "police", "lawyer"];
    assert_eq!(four.map(posts).iter().sum::<usize>(), 121);
    assert_eq!(posts("committee-police"), 37);
    // Each grid has its own 15 digits, and begins with its village's.
    let grids: BTreeSet<&str> = year
        .of("directory.grid")
        .map(|row| row.text("grid"))
        .collect();
    assert_eq!(grids.len(), 180);
    for row in year.of("directory.grid") {
        assert!(row.text("grid").starts_with(&row.node.to_string()));
        assert_eq!(row.text("grid").len(), 15);
    }
    // Each report names a grid that there is.
    for file in super::year().values().flat_map(|brings| &brings.files) {
        if file.name == "grid-reports.csv" {
            let text = encoding_rs::GB18030.decode(&file.bytes).0.into_owned();
            for line in text.lines().skip(1) {
                let grid = line.split(',').nth(3).expect("a grid");
                assert!(grids.contains(grid), "{grid}");
            }
        }
    }
}

#[test]
fn teams_and_bodies_are_as_many_as_the_county_says() {
    let year = whole_year();
    let teams = |kind| year.count("directory.team", "kind", kind);
    let members = |kind| year.sum("directory.team", "kind", kind, "members-number");
    assert_eq!(["brigade", "company", "squad"].map(teams), [10, 75, 721]);
    assert_eq!(members("response"), 100 + 7 * 50);
    assert_eq!((teams("patrol"), members("patrol")), (1, 15));
    assert_eq!(teams("combat-unit"), 5);
    assert_eq!(
        (teams("emergency-unit"), members("emergency-unit")),
        (22, 110)
    );
    assert_eq!((teams("psychology"), members("psychology")), (10, 497));
    assert_eq!(teams("four-posts"), 7);
    let bodies = |how| year.count("directory.body", "residency", how);
    assert_eq!((bodies("resident"), bodies("rotating")), (5, 14));
    let rotating = |kind| year.count("directory.body", "kind", kind);
    assert_eq!(["industry", "union", "women"].map(rotating), [12, 1, 1]);
}

#[test]
fn hand_offs_succeed_as_often_as_the_county_says() {
    let year = whole_year();
    for (channel, succeeded, accepted, rate) in [
        ("police", 490, 510, "96.1"),
        ("court", 160, 260, "61.5"),
        ("petition", 400, 430, "93.0"),
    ] {
        let rows = || {
            let rows = year.of("handoff.summary");
            rows.filter(|row| row.text("channel") == channel)
        };
        let done = rows().filter(|row| row.text("step") == "succeeded").count();
        let taken = rows().filter(|row| row.number("accepted-time") > 0).count();
        assert_eq!((done, taken), (succeeded, accepted), "{channel}");
        let percent = 100.0 * done as f64 / taken as f64;
        assert_eq!(format!("{percent:.1}"), rate);
    }
}

#[test]
fn disputes_are_resolved_as_often_as_the_county_says() {
    let year = whole_year();
    let of_cases = year.of("case.summary").count();
    assert_eq!(of_cases, 3_791, "each is taken up");
    let closed = year.count("case.summary", "step", "closed");
    assert_eq!(closed, 3_754);
    assert!(closed as f64 / 3_791.0 >= 0.99);
}

#[test]
fn reviews_inspections_and_checklists_are_as_many_as_the_county_says() {
    let year = whole_year();
    let legal = |number: &str| -> i64 {
        let rows = year.of("review.legal");
        rows.map(|row| row.number(number)).sum()
    };
    assert_eq!(
        (legal("reviewed-number"), legal("opinions-number")),
        (102, 94)
    );
    assert!(legal("accepted-number") < legal("opinions-number"));
    assert_eq!(year.count("review.summary", "cadence", "week"), 52 * 7);
    let metres = year.sum("inspection.summary", "kind", "road-barrier", "metres");
    assert_eq!(metres, 78_700);
    let members = members();
    let townships = members.of_tier(Tier::Township);
    for township in &townships {
        let own = year
            .of("checklist.statement")
            .filter(|row| row.node == *township);
        let items: BTreeSet<&str> = own.map(|row| row.text("item")).collect();
        assert_eq!(items.len(), 15, "{township}");
    }
    assert_eq!(
        year.of("checklist.view").count(),
        year.of("checklist.statement").count()
    );
}

#[test]
fn public_cameras_in_service_are_as_many_as_the_county_says() {
    let charter = CedarCharter::open(&files()).expect("the template opens");
    let all = year();
    let completed = standing(all);
    let completed: BTreeMap<RecordId, &Standing> = completed
        .iter()
        .filter(|row| row.facet == "device.public")
        .map(|row| (row.record, row))
        .collect();
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    for (node, brings) in all {
        let catalogues = ["devices.csv", "catalogue.xml"];
        for file in brings
            .files
            .iter()
            .filter(|file| catalogues.contains(&file.name.as_str()))
        {
            for draft in preview(&charter, *node, file).drafts {
                if draft.facet.facet.as_str() != "device.public" {
                    continue;
                }
                let written = |field: &str| match draft.fields.get(field) {
                    Some(Some(Value::Text(word))) => word.clone(),
                    _ => completed
                        .get(&draft.facet.record)
                        .map_or(String::new(), |row| row.text(field).to_owned()),
                };
                let home_only = |grade: Grade| grade.sensitivity.as_str() == "home-only";
                let counted = written("ownership") == "public"
                    && written("status") != "retired"
                    && !draft.grade.is_some_and(home_only);
                *found.entry(written("kind")).or_default() += u64::from(counted);
                assert!(written("kind") != "camera" || !written("filing").is_empty());
            }
        }
    }
    let found: Vec<_> = found
        .iter()
        .map(|(kind, count)| (kind.as_str(), *count))
        .collect();
    let expected = [
        ("camera", 2_236),
        ("checkpoint", 77),
        ("site", 107),
        ("traffic", 233),
    ];
    assert_eq!(found, expected);
}
