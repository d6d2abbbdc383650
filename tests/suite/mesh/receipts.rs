//! Who has a warning, as a person asks for it.

use std::collections::BTreeMap;

use crdt_model::ids::RecordId;
use crdt_model::value::Value;
use node_app::drafts::ChangedFacet;
use node_app::use_cases::record_list::ListRequest;
use node_app::use_cases::record_receipts::{Has, ReceiptLine, Receipts, ReceiptsRequest};
use node_app::use_cases::record_set::SetRequest;

use super::harness::{COUNTY, Mesh, TOWNSHIP, VILLAGE, facet, name, node, text};

fn receipts(mesh: &Mesh, code: &str, record: RecordId) -> Receipts {
    let receipts = mesh.ask(code, &ReceiptsRequest { record });
    receipts.expect("receipts")
}

fn of(receipts: &Receipts, code: &str) -> ReceiptLine {
    let mut lines = receipts.nodes.iter();
    lines
        .find(|line| line.node == node(code))
        .expect("a line")
        .clone()
}

#[test]
fn a_warning_is_acknowledged_and_the_terminals_that_showed_it_are_counted() {
    let mesh = Mesh::start(&[COUNTY, TOWNSHIP, VILLAGE]);
    let fields = [
        ("kind", text("warning")),
        ("title", text("invented")),
        ("text", text("invented")),
        ("issue-time", Value::Integer(1_790_000_000_000)),
    ];
    let mut warning = facet("notice.content", &fields);
    warning.addressee = Some(node(TOWNSHIP));
    let record = mesh.add(COUNTY, vec![warning]);
    mesh.wait_for_facets(COUNTY, "notice.reply", 2);
    let all = receipts(&mesh, COUNTY, record);
    // The township and everybody below it, whether they run or not; nobody else.
    assert!(all.nodes.len() > 2, "{all:?}");
    assert!(
        all.nodes
            .iter()
            .all(|line| line.node.township() == Some(node(TOWNSHIP)))
    );
    let count = |has| all.nodes.iter().filter(|line| line.has == has).count();
    assert_eq!((count(Has::Received), count(Has::Confirmed)), (2, 0));
    // The village confirms its own receipt, with its terminals.
    let notices = ListRequest {
        kind: Some(name("notice")),
        after: None,
        limit: 10,
    };
    let listed = mesh.ask(VILLAGE, &notices).expect("a list").records;
    let own = listed.iter().find(|one| one.record != record);
    let own = own.expect("a receipt");
    let change = ChangedFacet {
        facet: name("notice.reply"),
        sensitivity: None,
        level: None,
        fields: BTreeMap::from([
            ("state".to_owned(), Some(text("read"))),
            ("reached".to_owned(), Some(Value::Integer(5))),
            ("of".to_owned(), Some(Value::Integer(6))),
        ]),
        seen: None,
    };
    let set = SetRequest {
        record: own.record,
        facets: vec![change],
    };
    mesh.ask(VILLAGE, &set).expect("written");
    mesh.wait_for(COUNTY, "what the village confirms", |_| {
        of(&receipts(&mesh, COUNTY, record), VILLAGE).has == Has::Confirmed
    });
    let all = receipts(&mesh, COUNTY, record);
    assert_eq!(of(&all, VILLAGE).shown, Some((5, 6)));
    assert_eq!(of(&all, TOWNSHIP).has, Has::Received);
    // The village is told of itself alone, and nobody of a record that is none.
    let at_village = receipts(&mesh, VILLAGE, record);
    assert_eq!(at_village.nodes.len(), 1);
    let none = ReceiptsRequest {
        record: RecordId([7; 16]),
    };
    mesh.ask(COUNTY, &none).expect_err("no such record");
}
