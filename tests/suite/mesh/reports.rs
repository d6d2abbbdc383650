//! The review of a period at real nodes, as a person draws it up.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use super::harness::{COUNTY, Mesh, TOWNSHIP, VILLAGE, device, dispute, grid_report, program};

/// What the invented records say of when they were sent and registered.
const DAY: &str = "2026-09-21";

fn report(mesh: &Mesh, code: &str, out: &Path, more: &[&str]) -> Output {
    let (data, out) = (
        mesh.node_folder(code).path().display().to_string(),
        out.display().to_string(),
    );
    let mut command = Command::new(program());
    command.args([
        "--data", &data, "report", "--period", "month", "--out", &out,
    ]);
    command.args(more).env_remove("COUNTYMESH_LANG");
    command.output().expect("it runs")
}

fn object(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

fn files(output: &Output) -> Vec<PathBuf> {
    let object = object(output);
    let files = object["files"]
        .as_array()
        .unwrap_or_else(|| panic!("{object}"));
    files
        .iter()
        .filter_map(Value::as_str)
        .map(PathBuf::from)
        .collect()
}

fn code(output: &Output) -> (Option<i32>, String) {
    (
        output.status.code(),
        object(output)["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    )
}

#[test]
fn a_running_node_and_one_that_does_not_run_report_the_same() {
    let mut mesh = Mesh::start(&[COUNTY, TOWNSHIP, VILLAGE]);
    mesh.add(VILLAGE, dispute("例-1", "虚构：上游放水"));
    mesh.add(VILLAGE, grid_report("例-2", "虚构：路灯不亮"));
    mesh.add(VILLAGE, device("虚构摄像机"));
    mesh.wait_for_facets(COUNTY, "case.summary", 1);
    mesh.wait_for_facets(COUNTY, "grid.summary", 1);
    mesh.wait_for_facets(COUNTY, "device.public", 1);
    let out = mesh.place("reports/2026");
    let asked = [
        "--ending", DAY, "--json", "--role", "leader", "--lang", "zh",
    ];
    let running = report(&mesh, COUNTY, &out, &asked);
    let named = ["html", "xlsx"]
        .map(|ending| out.join(format!("report-2026-09-month-{COUNTY}-leader.{ending}")));
    assert_eq!(files(&running), named, "{running:?}");
    let page = std::fs::read_to_string(&named[0]).expect("a page");
    for part in [
        "2026年9月",
        "矛盾纠纷",
        "网格事项",
        TOWNSHIP,
        "id=\"devices\"",
        "统计指标",
        "个节点",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("虚构"), "nothing that anybody wrote: {page}");
    mesh.kill(COUNTY);
    let stopped = report(&mesh, COUNTY, &out, &asked);
    let sections = |output: &Output| {
        object(output)["sections"]
            .as_array()
            .cloned()
            .expect("sections")
    };
    let tables = |output: &Output, id: &str| {
        let found = sections(output)
            .into_iter()
            .find(|section| section["id"] == id);
        found.map(|section| section["tables"].clone())
    };
    for id in ["came-in", "disputes", "devices", "measures"] {
        assert_eq!(tables(&running, id), tables(&stopped, id), "{id}");
    }
}

#[test]
fn what_cannot_be_reported_is_refused_with_the_reason() {
    let mesh = Mesh::start(&[VILLAGE]);
    let out = mesh.place("reports");
    let refused = |more: &[&str]| code(&report(&mesh, VILLAGE, &out, more));
    assert_eq!(
        refused(&["--json", "--ending", "2999-01-01"]),
        (Some(2), "input-in-future".to_owned())
    );
    assert_eq!(
        refused(&["--json", "--role", "nobody"]),
        (Some(1), "no-such-role".to_owned())
    );
    assert_eq!(
        refused(&["--json", "--ending", "yesterday"]),
        (Some(2), "usage".to_owned())
    );
    std::fs::write(mesh.place("file"), "").expect("a file");
    let in_the_way = report(&mesh, VILLAGE, &mesh.place("file"), &["--json"]);
    assert_eq!(code(&in_the_way), (Some(2), "input-unwritable".to_owned()));
    let nothing = report(&mesh, VILLAGE, &out, &["--json"]);
    assert_eq!(
        object(&nothing)["sections"],
        Value::Array(Vec::new()),
        "{nothing:?}"
    );
}
