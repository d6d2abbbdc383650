//! Processes that end without notice.

use super::harness::{COUNTY, Mesh, TOWNSHIP, VILLAGE, dispute};

#[test]
fn no_acknowledged_record_is_lost_when_a_process_is_killed() {
    let mut mesh = Mesh::start(&[COUNTY, TOWNSHIP, VILLAGE]);
    let mut acknowledged = 0;
    for round in 0..5 {
        for number in 0..10 {
            mesh.add(
                VILLAGE,
                dispute(&format!("ROUND-{round}-{number}"), "invented"),
            );
            acknowledged += 1;
        }
        let victim = [VILLAGE, TOWNSHIP, COUNTY, VILLAGE, TOWNSHIP][round];
        mesh.kill(victim);
        mesh.run(victim);
    }
    mesh.wait_for_facets(VILLAGE, "case.summary", acknowledged);
    mesh.wait_for_facets(TOWNSHIP, "case.summary", acknowledged);
    mesh.wait_for_facets(COUNTY, "case.summary", acknowledged);
}
