//! Imports under the charter of Linze itself: who may bring in what.

use std::path::PathBuf;

use node_import::{CharterRules, Import, Mapping, Placement, Preview, SourceFile};
use policy::{CedarCharter, CharterFiles};

use crate::support::{
    COUNTY, Holdings, VILLAGE, camera, catalogue, file, node, read_text, refusal,
};
use crate::support::{row, sample, shown};

fn charter() -> CedarCharter {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy/linze/charter");
    let files = CharterFiles::read(&folder).expect("the charter's files");
    CedarCharter::open(&files).unwrap_or_else(|findings| panic!("{findings:?}"))
}

fn import_at(author: &str, mapping: &str, files: &[SourceFile]) -> Preview {
    let charter = charter();
    let rules = CharterRules {
        charter: &charter,
        author: node(author),
    };
    let file = format!("deploy/linze/mappings/{mapping}.toml");
    let mapping = Mapping::parse(
        &file,
        &read_text(&file),
        crdt_model::charter::Charter::kinds(&charter),
    )
    .unwrap_or_else(|problem| panic!("{problem}"));
    let placement = Placement::from_toml(&read_text("deploy/linze/mappings/placement.toml"))
        .expect("the shipped placement");
    let import = Import {
        mapping: &mapping,
        placement: &placement,
        rules: &rules,
        held: &Holdings::default(),
        fallback_home: None,
    };
    node_import::preview(&import, files).unwrap_or_else(|problem| panic!("{problem}"))
}

#[test]
fn a_village_may_write_all_of_its_own_tables() {
    for (mapping, rows) in [("devices", 4), ("grid-reports", 3), ("cases", 2)] {
        let preview = import_at(
            VILLAGE,
            mapping,
            &[sample(&format!("tables/{mapping}.csv"))],
        );
        assert_eq!(
            (preview.totals.create, preview.totals.withheld),
            (rows, 0),
            "{}",
            shown(&preview)
        );
    }
}

#[test]
fn the_county_imports_a_register_but_no_device_that_is_kept_at_home() {
    let table = "设备编码,设备名称,所在村代码,设备类型,是否不外传\n\
                 62072300001320000001,东门,620723101201,视频监控,否\n\
                 62072300001320000002,西门,620723101201,视频监控,是\n";
    let preview = import_at(COUNTY, "devices", &[file("d.csv", table)]);
    assert_eq!(
        (preview.totals.create, preview.drafts.len()),
        (1, 1),
        "{}",
        shown(&preview)
    );
    assert!(
        refusal(&preview, 3).contains("guard.home-only"),
        "{}",
        shown(&preview)
    );
}

#[test]
fn a_neighbour_imports_nothing_for_another_village() {
    let items = catalogue(&camera(1, ""));
    let preview = import_at("620723101202", "gb28181", &[file("c.xml", items)]);
    assert!(refusal(&preview, 6).contains("no rule allows it"));
}

#[test]
fn the_township_brings_ledger_rows_but_not_what_was_not_handed_up() {
    let preview = import_at("620723101000", "cases", &[sample("tables/cases.csv")]);
    // One dispute was handed up to the township: its narrative may be written there.
    let facets = |line| {
        row(&preview, line)
            .withheld
            .iter()
            .map(|w| w.facet.to_string())
            .collect()
    };
    let (kept, handed_up): (Vec<String>, Vec<String>) = (facets(2), facets(3));
    assert_eq!(
        kept,
        ["case.narrative", "case.parties"],
        "{}",
        shown(&preview)
    );
    assert_eq!(handed_up, ["case.parties"]);
}
