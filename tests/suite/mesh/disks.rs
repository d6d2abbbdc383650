//! Disks without room. A limit on the size of the process's files stands in for a full disk: nobody
//! needs to be root for it, and the system refuses writes beyond it as a full disk does.

use std::process::Command;

use crdt_model::value::Value;
use node_app::use_cases::record_show::ShowRequest;

use super::harness::{Mesh, TOWNSHIP, VILLAGE, adding, facet, grid_report, node, text};

/// Sets how large files of a node's process may be; no number is no limit.
fn limit_files(mesh: &mut Mesh, code: &str, bytes: Option<u64>) {
    let process = mesh.process(code).id().to_string();
    let bytes = bytes.map_or("unlimited".to_owned(), |bytes| bytes.to_string());
    let set = Command::new("prlimit")
        .args(["--pid", &process, &format!("--fsize={bytes}:unlimited")])
        .status();
    assert!(set.expect("prlimit").success(), "prlimit of util-linux");
}

#[test]
fn a_full_disk_refuses_writes_by_name_and_stops_nothing_else_not_even_a_start() {
    let mut mesh = Mesh::start(&[TOWNSHIP, VILLAGE]);
    mesh.wait_for_facets(VILLAGE, "grid.summary", 0);
    mesh.cut(VILLAGE, true);
    let record = mesh.add(VILLAGE, grid_report("G-1", "written before"));
    // Its largest file has half of that; 32 MiB more would be needed to go on.
    limit_files(&mut mesh, VILLAGE, Some(16 << 20));
    let refused = || {
        let added = mesh.ask(VILLAGE, &adding(grid_report("G-2", "no room")));
        added.expect_err("no room").code
    };
    assert_eq!(refused(), "disk-full");
    let status = mesh.status(VILLAGE).expect("it runs");
    assert!(status.disk.full && status.facets > 0, "{status:?}");
    let show = ShowRequest { record };
    mesh.ask(VILLAGE, &show).expect("shown");
    // What needs no room goes on: the township gets what was written before.
    mesh.cut(VILLAGE, false);
    mesh.wait_for_facets(TOWNSHIP, "grid.summary", 1);
    // What would need some waits at its sender.
    let fields = [
        ("kind", text("warning")),
        ("title", text("invented")),
        ("text", text("invented")),
        ("issue-time", Value::Integer(1_790_000_000_000)),
    ];
    let mut warning = facet("notice.content", &fields);
    warning.addressee = Some(node(VILLAGE));
    mesh.add(TOWNSHIP, vec![warning]);
    for _ in 0..3 {
        assert_eq!(refused(), "disk-full");
    }
    limit_files(&mut mesh, VILLAGE, None);
    mesh.wait_for(VILLAGE, "room again", |status| !status.disk.full);
    mesh.add(VILLAGE, grid_report("G-3", "there is room"));
    mesh.wait_for_facets(TOWNSHIP, "grid.summary", 2);
    mesh.wait_for_facets(VILLAGE, "notice.content", 1);
    let log = mesh.log(VILLAGE);
    assert!(!log.contains("damaged"), "{log}");
    assert_eq!(log.matches("no room on the disk").count(), 1, "{log}");
    starts_and_can_be_read(&mut mesh, &show);
}

fn starts_and_can_be_read(mesh: &mut Mesh, show: &ShowRequest) {
    mesh.kill(VILLAGE);
    // 16 MiB in units of 512 bytes: less than is held back, and enough for what opening writes.
    mesh.run_limited(VILLAGE, "ulimit -S -f 32768");
    let status = mesh.status(VILLAGE).expect("it runs");
    assert!(status.disk.full, "{status:?}");
    mesh.ask(VILLAGE, show).expect("shown");
    limit_files(mesh, VILLAGE, None);
    mesh.wait_for(VILLAGE, "room again", |status| !status.disk.full);
    mesh.add(VILLAGE, grid_report("G-4", "there is room"));
}
