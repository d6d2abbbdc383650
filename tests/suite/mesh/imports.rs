//! Files brought in at a running node: what its preview says is what the writing does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use node_app::use_cases::record_find::FindRequest;
use serde_json::Value as Json;

use super::harness::*;

/// A file as the project ships it.
fn shipped(path: &str) -> PathBuf {
    let linze = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/linze");
    linze.join(path)
}

/// What `mesh-node import` answers, and how it ends.
fn import(mesh: &Mesh, file: &Path, mapping: &str, flag: &str) -> (Json, Option<i32>) {
    let folder = mesh.node_folder(VILLAGE);
    let ended = Command::new(program())
        .arg("--data")
        .arg(folder.path())
        .args(["--json", "import", flag, "--mapping"])
        .arg(shipped(&format!("mappings/{mapping}.toml")))
        .arg(file)
        .output()
        .expect("the program");
    let answer = serde_json::from_slice(&ended.stdout);
    let answer = answer.unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    (answer, ended.status.code())
}

fn at<'a>(answer: &'a Json, path: &str) -> &'a Json {
    let found = answer.pointer(path);
    found.unwrap_or_else(|| panic!("{path} in {answer}"))
}

/// Previews and writes, and holds the one against the other.
fn both(mesh: &Mesh, file: &Path, mapping: &str) -> (Json, Option<i32>) {
    let (previewed, preview_code) = import(mesh, file, mapping, "--preview");
    let (written, code) = import(mesh, file, mapping, "--yes");
    for path in ["/preview/totals", "/preview/rows", "/refused"] {
        assert_eq!(at(&previewed, path), at(&written, path));
    }
    assert_eq!(preview_code, code);
    assert_eq!(at(&previewed, "/applied"), false);
    assert_eq!(at(&written, "/applied"), true);
    (written, code)
}

#[test]
fn the_shipped_ledger_is_written_as_its_preview_says() {
    let mesh = Mesh::start(&[VILLAGE]);
    let (ledger, code) = both(&mesh, &shipped("sample/tables/cases.csv"), "cases");
    assert_eq!(code, Some(8));
    assert_eq!(at(&ledger, "/refused"), "wholly");
    assert_eq!(at(&ledger, "/written"), 0);
    for (row, key, line) in [(0, "JF-YANGLI-0001", 2), (1, "JF-YANGLI-0002", 3)] {
        let row = at(&ledger, &format!("/preview/rows/{row}"));
        assert_eq!(at(row, "/file"), "cases.csv");
        assert_eq!(
            (at(row, "/key"), at(row, "/line")),
            (&key.into(), &line.into())
        );
        let reason = at(row, "/reason/zh").as_str().expect("a reason");
        assert!(reason.contains("新记录不能从"), "{reason}");
    }
    let (reports, code) = both(
        &mesh,
        &shipped("sample/tables/grid-reports.csv"),
        "grid-reports",
    );
    assert_eq!(code, Some(0), "{reports}");
    assert_eq!(at(&reports, "/refused"), "none");
    assert_eq!(at(&reports, "/preview/totals/create"), 3);
    let ledger = "案件编号,所属村代码,纠纷类别,来源渠道,当前环节,登记时间,纠纷经过\n\
                  JF-1,620723101201,邻里纠纷,网格上报,已登记,2026-11-02 09:00,示例\n\
                  JF-2,620723101201,邻里纠纷,网格上报,已受理,2026-11-02 09:00,示例\n";
    let path = mesh.place("ledger.csv");
    std::fs::write(&path, ledger).expect("a table");
    let (ledger, code) = both(&mesh, &path, "cases");
    assert_eq!(code, Some(8));
    assert_eq!(at(&ledger, "/refused"), "partly");
    assert_eq!(at(&ledger, "/written"), 2);
}

/// Rows of a register of devices, invented.
const MANY_ROWS: usize = 1_000;

#[test]
fn a_node_answers_while_it_imports_and_finds_all_of_it_afterwards() {
    let mesh = Mesh::start(&[VILLAGE]);
    let file = mesh.place("devices.csv");
    let head = "设备编码,设备名称,所在村代码,设备类型,建设归属,运行状态,状态时间,详细地址";
    let rows = (1..=MANY_ROWS).map(|number| {
        format!(
            "62072300001320{number:06},示例{number}号点位,{VILLAGE},视频监控,公共建设,在线,2026-11-02 08:30,示例地址第{number}号"
        )
    });
    let lines: Vec<String> = std::iter::once(head.to_owned()).chain(rows).collect();
    std::fs::write(&file, lines.join("\n")).expect("a file");
    let (in_between, written) = std::thread::scope(|scope| {
        let importing = scope.spawn(|| import(&mesh, &file, "devices", "--yes"));
        let mut in_between = BTreeSet::new();
        while !importing.is_finished() {
            let status = mesh.status(VILLAGE).expect("an answer");
            let devices = status.facets_by_name.get(&name("device.public"));
            in_between.extend(devices.copied().filter(|count| *count < MANY_ROWS as u64));
        }
        (in_between, importing.join().expect("an import").0)
    });
    assert_eq!(at(&written, "/refused"), "none", "{written}");
    assert!(!in_between.is_empty(), "it answers when a part is written");
    let find = FindRequest {
        of: Some(name("device.public")),
        limit: 1,
        ..FindRequest::default()
    };
    let found = mesh.ask(VILLAGE, &find).expect("rows");
    assert_eq!(found.total, MANY_ROWS as u64);
    assert_eq!(found.catching_up, None);
}
