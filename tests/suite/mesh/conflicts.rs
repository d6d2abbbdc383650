//! Concurrent edits.

use crdt_model::ids::{NodeId, RecordId};
use crdt_model::value::Value;
use node_app::use_cases::record_show::ShowRequest;

use super::harness::{COUNTY, Mesh, TOWNSHIP, VILLAGE, dispute, name, node, setting, text};

#[test]
fn a_case_settled_and_handed_up_at_once_shows_both_everywhere() {
    let mesh = Mesh::start(&[COUNTY, TOWNSHIP, VILLAGE]);
    let record = mesh.add(VILLAGE, dispute("EXAMPLE-1", "invented"));
    mesh.wait_for_facets(TOWNSHIP, "case.summary", 1);
    mesh.wait_for_facets(COUNTY, "case.summary", 1);
    for (field, value) in [
        ("step", "accepted"),
        ("step", "level-2"),
        ("outcome", "agreed-oral"),
        ("method", "talk"),
    ] {
        mesh.set(VILLAGE, record, &format!("case.summary.{field}"), value);
    }
    mesh.wait_for(TOWNSHIP, "the village's work", |_| {
        steps(&mesh, TOWNSHIP, record) == [(node(VILLAGE), text("level-2"))]
    });
    mesh.cut(TOWNSHIP, true);
    mesh.set(VILLAGE, record, "case.summary.step", "agreed");
    mesh.set(TOWNSHIP, record, "case.summary.step", "escalated");
    mesh.cut(TOWNSHIP, false);
    for code in [VILLAGE, TOWNSHIP, COUNTY] {
        mesh.wait_for(code, "both steps", |_| {
            steps(&mesh, code, record).len() == 2
        });
        let expected = [
            (node(TOWNSHIP), text("escalated")),
            (node(VILLAGE), text("agreed")),
        ];
        assert_eq!(steps(&mesh, code, record), expected, "at {code}");
    }
}

#[test]
fn what_came_in_after_somebody_looked_is_not_overwritten_unseen() {
    let mesh = Mesh::start(&[VILLAGE]);
    let record = mesh.add(VILLAGE, dispute("EXAMPLE-1", "invented"));
    let heads = || {
        let view = mesh.ask(VILLAGE, &ShowRequest { record }).expect("shown");
        let mut facets = view.facets.into_iter();
        let facet = facets.find(|facet| facet.facet == name("case.summary"));
        facet.expect("it is there").heads
    };
    let write = |method: &str, seen: &str| {
        let mut request = setting(record, "case.summary.method", method);
        for facet in &mut request.facets {
            facet.seen = Some(seen.to_owned());
        }
        mesh.ask(VILLAGE, &request)
    };
    let looked = heads();
    write("talk", &looked).expect("written");
    let refused = write("mediation", &looked).expect_err("it is another now");
    assert_eq!(refused.code, "changed-meanwhile");
    write("mediation", &heads()).expect("written");
}

fn steps(mesh: &Mesh, code: &str, record: RecordId) -> Vec<(NodeId, Value)> {
    let Ok(view) = mesh.ask(code, &ShowRequest { record }) else {
        return Vec::new();
    };
    let facets = view
        .facets
        .iter()
        .filter(|facet| facet.facet.as_str() == "case.summary");
    let fields = facets
        .flat_map(|facet| &facet.fields)
        .filter(|field| field.key == "step");
    let values = fields.flat_map(|field| &field.values);
    let mut steps: Vec<_> = values
        .map(|value| (value.author, value.value.clone()))
        .collect();
    steps.sort();
    steps
}
