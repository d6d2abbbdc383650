//! Steps: what may follow on what, where, in which role, and what must be known by then.

use std::collections::BTreeMap;

use crdt_model::ids::RecordId;
use crdt_model::text::Problem;
use node_app::drafts::ChangedFacet;
use node_app::use_cases::record_set::SetRequest;
use node_app::use_cases::record_show::ShowRequest;

use super::harness::{COUNTY, Mesh, TOWNSHIP, VILLAGE, dispute, name, text};

/// Tries to change the ledger row of a dispute in a role.
fn attempt(
    mesh: &Mesh,
    code: &str,
    record: RecordId,
    role: Option<&str>,
    fields: &[(&str, &str)],
) -> Result<usize, Problem> {
    let fields = fields
        .iter()
        .map(|(field, value)| ((*field).to_owned(), Some(text(value))));
    let change = ChangedFacet {
        facet: name("case.summary"),
        sensitivity: None,
        level: None,
        fields: fields.collect::<BTreeMap<_, _>>(),
        seen: None,
    };
    let request = SetRequest {
        record,
        facets: vec![change],
    };
    let written = match role {
        Some(role) => mesh.ask_as(code, role, &request),
        None => mesh.ask(code, &request),
    };
    written.map(|written| written.commits.len())
}

#[test]
fn a_dispute_goes_only_where_its_steps_lead_and_the_reason_is_told() {
    let mesh = Mesh::start(&[COUNTY, TOWNSHIP, VILLAGE]);
    let record = mesh.add(VILLAGE, dispute("EXAMPLE-1", "invented"));
    let village = |role, fields: &[_]| attempt(&mesh, VILLAGE, record, role, fields);
    let refused = |result: Result<usize, Problem>, code: &str, zh: &str| {
        let problem = result.expect_err("refused");
        assert_eq!(problem.code, code, "{problem}");
        assert!(problem.what.zh.contains(zh), "{problem}");
    };
    // Nobody closes what was never handled.
    let closed = village(None, &[("step", "closed"), ("outcome", "agreed-oral")]);
    refused(closed, "refused", "现在是“已登记”，不能直接转到“已办结”");
    // Only a leader turns somebody away, and only with a reason.
    let away = [("step", "refused"), ("outcome", "answered")];
    refused(village(None, &away), "not-for-role", "leader");
    let unsaid = village(Some("leader"), &away[..1]);
    refused(unsaid, "refused", "请先填写“办理结果”");
    assert_eq!(village(None, &[("step", "accepted")]), Ok(1));
    // The township's level is not the village's.
    refused(
        village(None, &[("step", "level-3")]),
        "refused",
        "不由本级办理",
    );
    assert_eq!(village(None, &[("step", "level-1")]), Ok(1));
    // The ledger row, and what it is about: that goes up with it.
    mesh.wait_for_facets(TOWNSHIP, "case.summary", 1);
    mesh.wait_for_facets(TOWNSHIP, "case.narrative", 0);
    assert_eq!(village(None, &[("step", "escalated")]), Ok(2));
    mesh.wait_for_facets(TOWNSHIP, "case.narrative", 1);
    let shown = |code: &str| {
        let Ok(view) = mesh.ask(code, &ShowRequest { record }) else {
            return Vec::new();
        };
        let next = view.facets.iter().flat_map(|facet| facet.next.clone());
        next.map(|next| next.to.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(shown(VILLAGE), [""; 0], "the township holds the next level");
    mesh.wait_for(TOWNSHIP, "the escalation", |_| {
        shown(TOWNSHIP) == ["level-3", "level-4"]
    });
    let township = attempt(&mesh, TOWNSHIP, record, None, &[("step", "level-3")]);
    assert_eq!(township, Ok(1));
}

#[test]
fn a_number_of_a_person_is_refused_where_none_is_meant_to_be_and_only_counted() {
    let mesh = Mesh::start(&[COUNTY, TOWNSHIP, VILLAGE]);
    let record = mesh.add(VILLAGE, dispute("EXAMPLE-1", "invented"));
    // The example of GB 11643, and a number that nobody has.
    for (lead, zh) in [
        ("身份证11010519491231002X", "身份证号"),
        ("电话13900000000", "手机号"),
    ] {
        let problem = attempt(&mesh, VILLAGE, record, None, &[("lead", lead)]);
        let problem = problem.expect_err("refused");
        assert!(problem.what.zh.contains(zh), "{problem}");
        assert!(!problem.to_string().contains("0000"), "{problem}");
        assert!(!problem.to_string().contains("1949"), "{problem}");
    }
    let status = mesh.status(VILLAGE).expect("a status");
    assert_eq!(status.refused.get("personal-data"), Some(&2));
}
