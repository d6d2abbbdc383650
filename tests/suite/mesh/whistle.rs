//! A complaint about the township's own office.

use super::harness::{COUNTY, Mesh, NEIGHBOUR, TOWNSHIP, VILLAGE, dispute, name};

#[test]
fn a_complaint_about_the_township_reaches_the_county_and_never_the_township() {
    let mesh = Mesh::start(&[COUNTY, TOWNSHIP, VILLAGE, NEIGHBOUR]);
    let mut complaint = dispute("CANARYCODE", "CANARYTEXT");
    for facet in &mut complaint {
        facet.sensitivity = Some(name("about-township"));
    }
    mesh.add(VILLAGE, complaint);
    mesh.add(VILLAGE, dispute("ORDINARY", "ordinary"));
    mesh.wait_for_facets(COUNTY, "case.narrative", 1);
    mesh.wait_for_facets(COUNTY, "case.summary", 2);
    mesh.wait_for_facets(TOWNSHIP, "case.summary", 1);
    for canary in [b"CANARYCODE", b"CANARYTEXT"] {
        assert!(mesh.store_contains(VILLAGE, canary));
        assert!(mesh.store_contains(COUNTY, canary));
        assert!(!mesh.store_contains(TOWNSHIP, canary));
        assert!(!mesh.store_contains(NEIGHBOUR, canary));
    }
}
