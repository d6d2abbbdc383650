//! Concurrent edits.

use node_app::asked::protocol::{Reply, Request};

use super::harness::{COUNTY, Mesh, TOWNSHIP, VILLAGE, dispute, node, setting, text};

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
        let show = Request::Show {
            record,
            role: None,
            reason: None,
        };
        match mesh.ask(VILLAGE, &show) {
            Reply::Record(view) => view
                .facets
                .into_iter()
                .find_map(|facet| (facet.facet.as_str() == "case.summary").then_some(facet.heads)),
            _ => None,
        }
    };
    let write = |method: &str, seen: Option<String>| {
        let mut request = setting(record, "case.summary.method", method);
        if let Request::Set { facets, .. } = &mut request {
            facets.iter_mut().for_each(|one| one.seen.clone_from(&seen));
        }
        mesh.ask(VILLAGE, &request)
    };
    let looked = heads();
    assert!(matches!(
        write("talk", looked.clone()),
        Reply::Written { .. }
    ));
    match write("mediation", looked) {
        Reply::Problem(problem) => assert_eq!(problem.code, "changed-meanwhile"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(write("mediation", heads()), Reply::Written { .. }));
}

fn steps(
    mesh: &Mesh,
    code: &str,
    record: crdt_model::ids::RecordId,
) -> Vec<(crdt_model::ids::NodeId, crdt_model::value::Value)> {
    let Reply::Record(view) = mesh.ask(
        code,
        &Request::Show {
            record,
            role: None,
            reason: None,
        },
    ) else {
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
