//! What is written: records that are met again, rules that refuse, limits that hold.

use crdt_model::ids::NodeId;
use crdt_model::text::Language;
use crdt_model::value::Value;
use node_import::{Outcome, record_id};

use crate::support::{Importer, VILLAGE, file, name, node, refusal, row, sample, shown};

const HEADER: &str = "设备编码,设备名称,所在村代码,设备类型,IP地址\n";

fn device(rest: &str) -> String {
    format!("{HEADER}62072300001320000001,{rest}\n")
}

#[test]
fn a_record_id_follows_from_kind_home_source_and_key_alone() {
    let id = |kind, home: NodeId, source, key| record_id(name(kind), home, source, key);
    let one = id("device", node(VILLAGE), "gb28181", "62072300001320000001");
    assert_eq!(
        one,
        id("device", node(VILLAGE), "gb28181", "62072300001320000001")
    );
    for other in [
        id("case", node(VILLAGE), "gb28181", "62072300001320000001"),
        id(
            "device",
            node("620723101202"),
            "gb28181",
            "62072300001320000001",
        ),
        id("device", node(VILLAGE), "gb2818", "162072300001320000001"),
        id("device", node(VILLAGE), "gb28181", "62072300001320000002"),
    ] {
        assert_ne!(one, other);
    }
    // Ids are on disk and on the wire: this one may never change.
    assert_eq!(one.to_string(), "4decce9e177ee874d784842704552720");
}

#[test]
fn an_update_writes_only_what_changed() {
    let mut importer = Importer::new("devices");
    importer.import(&[file(
        "d.csv",
        device("东门,620723101201,视频监控,192.0.2.1"),
    )]);
    let preview = importer.import(&[file(
        "d.csv",
        device("东大门,620723101201,视频监控,192.0.2.1"),
    )]);
    let Outcome::Update { fields, regraded } = &row(&preview, 2).outcome else {
        panic!("{}", shown(&preview));
    };
    assert_eq!(
        fields.get(&name("device.public")),
        Some(&vec!["name".to_owned()])
    );
    assert_eq!((fields.len(), regraded.len()), (1, 0));
    let draft = preview.drafts.first().expect("a draft");
    assert_eq!(
        (preview.drafts.len(), draft.fields.len(), draft.grade),
        (1, 1, None)
    );
}

#[test]
fn an_empty_cell_clears_nothing() {
    let mut importer = Importer::new("devices");
    importer.import(&[file(
        "d.csv",
        device("东门,620723101201,视频监控,192.0.2.1"),
    )]);
    let preview = importer.import(&[file("d.csv", device("东门,620723101201,视频监控,"))]);
    assert_eq!(preview.totals.unchanged, 1);
}

#[test]
fn a_facet_that_the_rules_refuse_is_withheld_with_the_rule() {
    let mut importer = Importer::new("devices");
    importer.county.refuse = |label| label.facet.as_str() == "device.access";
    let rows = device("东门,620723101201,视频监控,192.0.2.1");
    let preview = importer.import(&[file("d.csv", rows)]);
    assert_eq!((preview.totals.create, preview.totals.withheld), (1, 1));
    let withheld = row(&preview, 2).withheld.first().expect("a withheld facet");
    assert!(withheld.reason.en.contains("test.refuse"));
    assert!(
        importer
            .held
            .only("device.access", "network-address")
            .is_none()
    );
}

#[test]
fn a_row_of_which_the_rules_refuse_everything_is_refused() {
    let mut importer = Importer::new("devices");
    importer.county.refuse = |label| label.home != node(VILLAGE);
    let rows = device("东门,620723101202,视频监控,192.0.2.1");
    let preview = importer.import(&[file("d.csv", rows)]);
    assert!(refusal(&preview, 2).contains("test.refuse"));
    assert!(preview.drafts.is_empty());
}

#[test]
fn a_grade_that_only_home_may_set_is_not_set_by_others() {
    let mut importer = Importer::new("devices");
    importer.import(&[file(
        "d.csv",
        device("东门,620723101201,视频监控,192.0.2.1"),
    )]);
    importer.county.refuse = |label| label.grade.sensitivity.as_str() == "home-only";
    let table =
        "设备编码,设备名称,所在村代码,是否不外传\n62072300001320000001,西门,620723101201,是\n";
    let preview = importer.import(&[file("d.csv", table)]);
    assert!(
        refusal(&preview, 2).contains("test.refuse"),
        "{}",
        shown(&preview)
    );
}

#[test]
fn a_sensitivity_reaches_every_facet_of_its_record() {
    let mut importer = Importer::new("devices");
    importer.import(&[file(
        "d.csv",
        device("东门,620723101201,视频监控,192.0.2.1"),
    )]);
    // Says nothing of how the device is reached.
    let table =
        "设备编码,所在村代码,是否不外传,运行状态\n62072300001320000001,620723101201,是,在线\n";
    let preview = importer.import(&[file("d.csv", table)]);
    assert_eq!(preview.drafts.len(), 2, "{}", shown(&preview));
    let home_only = [("home-only".to_owned(), "village".to_owned())];
    assert_eq!(importer.held.grades("device.public"), home_only);
    assert_eq!(importer.held.grades("device.access"), home_only);
}

#[test]
fn a_facet_that_comes_later_is_as_sensitive_as_its_record() {
    let mut importer = Importer::new("devices");
    let table = "设备编码,设备名称,所在村代码,设备类型,是否不外传\n\
                 62072300001320000001,东门,620723101201,视频监控,是\n";
    importer.import(&[file("d.csv", table)]);
    // The file that brings the address does not know that the device is kept at home.
    importer.import(&[file(
        "d.csv",
        device("东门,620723101201,视频监控,192.0.2.1"),
    )]);
    assert_eq!(
        importer.held.grades("device.access"),
        [("home-only".to_owned(), "village".to_owned())]
    );
}

#[test]
fn a_level_rises_and_never_falls_by_an_import() {
    let mut importer = Importer::new("grid-reports");
    importer.import(&[sample("tables/grid-reports.csv")]);
    let table = |level: &str| {
        format!(
            "事项编号,所属村代码,处理层级,情况描述\n\
             WG-YANGLI-0002,620723101201,{level},（虚构）两户因水渠清淤先后争执，双方情绪平稳。\n"
        )
    };
    let raised = importer.import(&[file("g.csv", table("县级"))]);
    let Outcome::Update { regraded, .. } = &row(&raised, 2).outcome else {
        panic!("{}", shown(&raised));
    };
    assert_eq!(*regraded, [name("grid.summary"), name("grid.content")]);
    // The row says nothing of people, so they are not opened to the county.
    let county = importer
        .held
        .grades("grid.people")
        .iter()
        .filter(|(_, level)| level == "county")
        .count();
    assert_eq!(county, 0);
    let lowered = importer.preview(&[file("g.csv", table("村级"))]);
    assert_eq!(lowered.totals.unchanged, 1, "{}", shown(&lowered));
}

#[test]
fn text_beyond_its_limit_is_refused_before_it_is_written() {
    let importer = Importer::new("grid-reports");
    let table = format!(
        "事项编号,所属村代码,网格编号,事项类别,办理状态,上报时间,情况描述\n\
         WG-1,620723101201,620723101201001,其他,已上报,2026-11-05,{}\n",
        "长".repeat(3000)
    );
    let preview = importer.preview(&[file("g.csv", table)]);
    assert!(
        refusal(&preview, 2).contains("9000 bytes"),
        "{}",
        shown(&preview)
    );
}

#[test]
fn a_preview_is_readable_in_both_languages_and_by_programs() {
    let importer = Importer::new("devices");
    let preview = importer.preview(&[
        sample("tables/devices.csv"),
        file("more.csv", device("东门,620723101299,视频监控,192.0.2.1")),
    ]);
    let zh = preview.render(Language::Zh, 20);
    assert!(
        zh.contains("新增 4 条，更新 0 条，无变化 0 条，不能导入 1 条，跳过 0 条"),
        "{zh}"
    );
    assert!(zh.contains("more.csv 第 2 行"), "{zh}");
    assert!(
        zh.contains("按规定不得进入本网络，已丢弃：设备口令 1 处"),
        "{zh}"
    );
    let en = preview.render(Language::En, 0);
    assert!(
        en.contains("new 4, update 0, unchanged 0, refused 1, skipped 0"),
        "{en}"
    );
    assert!(en.contains("and 1 more rows"), "{en}");
    let json: serde_json::Value = serde_json::to_value(&preview).expect("JSON");
    let at = |pointer: &str| json.pointer(pointer).cloned().unwrap_or_default();
    assert_eq!(at("/totals/create"), 4);
    assert_eq!(at("/files/0/decoded_as"), "gb18030");
    assert_eq!(at("/rows/1/outcome"), "create");
    assert_eq!(at("/rows/0/outcome"), "refused");
    // No value of any field is shown.
    let everything = shown(&preview);
    for value in ["192.0.2.", "样例村东头路口北侧灯杆", "样例维护电话"] {
        assert!(!everything.contains(value), "{value}");
    }
}

#[test]
fn fields_are_stored_as_their_types() {
    let mut importer = Importer::new("devices");
    importer.import(&[sample("tables/devices.csv")]);
    let access = importer.held.all("device.access", "longitude-e7");
    assert!(
        access.contains(&&Value::Integer(1_001_000_001)),
        "{access:?}"
    );
    // 0 means "no position" in the checkpoint's row.
    assert_eq!(access.len(), 3);
    let installed = importer.held.all("device.public", "install-time");
    assert!(
        installed.contains(&&Value::Integer(1_714_924_800_000)),
        "{installed:?}"
    );
}
