//! Chinese as it comes, in every encoding, and never as `?`.

use crdt_model::value::Value;
use encoding_rs::GB18030;
use node_import::DecodedAs;

use crate::support::{Importer, VILLAGE, file, read_text, shown};

const HEADER: &str = "设备编码,设备名称,所在村代码,设备类型\r\n";

fn device(name: &str) -> String {
    format!("{HEADER}62072300001320000001,{name},{VILLAGE},视频监控\r\n")
}

fn stored_name(bytes: Vec<u8>) -> (Value, DecodedAs) {
    let mut importer = Importer::new("devices");
    let preview = importer.import(&[file("devices.csv", bytes)]);
    let stored = importer.held.only("device.public", "name").cloned();
    let decoded_as = preview.files.first().expect("a file").decoded_as;
    (
        stored.unwrap_or_else(|| panic!("{}", shown(&preview))),
        decoded_as,
    )
}

#[test]
fn names_survive_in_every_encoding() {
    // Within GB2312; within GBK; only in GB18030; beyond the basic plane; private use.
    for name in ["沙河镇", "漷县村", "㙟村", "𠮷林", "村\u{E000}", "镕门"] {
        let text = device(name);
        let (gb, _, lost) = GB18030.encode(&text);
        assert!(!lost, "{name}");
        let marked = [b"\xEF\xBB\xBF", text.as_bytes()].concat();
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, expected) in [
            (gb.into_owned(), DecodedAs::Gb18030),
            (text.clone().into_bytes(), DecodedAs::Utf8),
            (marked, DecodedAs::Utf8Bom),
            ([b"\xFF\xFE".to_vec(), wide].concat(), DecodedAs::Utf16Le),
        ] {
            assert_eq!(
                stored_name(bytes),
                (Value::Text(name.into()), expected),
                "{name}"
            );
        }
    }
}

#[test]
fn real_village_names_that_gb2312_lacks_survive_gbk() {
    let names = read_text("tests/data/import/village-names-not-gb2312.csv");
    let names: Vec<&str> = names
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').nth(1))
        .collect();
    assert_eq!(names.len(), 19);
    for name in names {
        let text = device(name);
        let (gbk, _, lost) = encoding_rs::GBK.encode(&text);
        assert!(!lost, "{name}");
        assert_eq!(stored_name(gbk.into_owned()).0, Value::Text(name.into()));
    }
}

#[test]
fn undecodable_files_are_refused_whole_with_the_offset() {
    let importer = Importer::new("devices");
    let text = device("沙河镇");
    let (gb, ..) = GB18030.encode(&text);
    let broken = [gb.as_ref(), b"\xFF"].concat();
    let offset = broken.len() - 1;
    let problem = importer
        .try_preview(&[file("d.csv", broken)])
        .expect_err("undecodable");
    assert_eq!(problem.code, "import-undecodable");
    assert!(
        problem.what.en.contains(&format!("offset {offset} ")),
        "{problem}"
    );
    assert!(problem.what.en.starts_with("d.csv"));
}

#[test]
fn text_that_was_destroyed_before_is_refused() {
    for name in ["沙\u{FFFD}镇", "锟斤拷镇"] {
        let preview = Importer::new("devices").preview(&[file("d.csv", device(name))]);
        assert_eq!(
            (preview.totals.refused, preview.drafts.len()),
            (1, 0),
            "{}",
            shown(&preview)
        );
    }
}

/// Names that are good UTF-8 as they stand in GBK.
const BOTH: [&str; 3] = ["医院", "小学1", "学校2"];

#[test]
fn a_header_that_says_gbk_is_believed_where_the_bytes_allow_both() {
    for (name, encoding) in BOTH.into_iter().zip(["GB2312", "gbk", "GB18030"]) {
        let item = crate::support::camera(1, "").replace("camera 1", name);
        let header = format!("version=\"1.0\" encoding=\"{encoding}\"");
        let text = crate::support::catalogue(&item).replace("version=\"1.0\"", &header);
        let (gb, ..) = GB18030.encode(&text);
        assert!(std::str::from_utf8(&gb).is_ok(), "{name}");
        let mut importer = Importer::new("gb28181");
        let preview = importer.import(&[file("c.xml", gb.into_owned())]);
        let held = importer.held.only("device.public", "name").cloned();
        assert_eq!(held, Some(Value::Text(name.into())), "{}", shown(&preview));
        assert!(preview.notes.is_empty(), "{:?}", preview.notes);
    }
}

#[test]
fn without_a_header_the_doubt_is_told_and_the_mapping_or_the_person_decides() {
    let table =
        |name: &str| format!("camera_id,location,area_name,lon,lat\nc1,{name},x,-2.1,53.4\n");
    let gb = GB18030.encode(&table("医院")).0.into_owned();
    let mut importer = Importer::new("trafford-cctv");
    let preview = importer.preview(&[file("t.csv", gb.clone())]);
    let told = preview
        .notes
        .iter()
        .any(|note| note.en.contains("--encoding gb18030"));
    assert!(told, "{:?}", preview.notes);
    importer.mapping.encoding = node_import::decode::Named::of("GBK");
    let preview = importer.import(&[file("t.csv", gb)]);
    assert!(
        preview
            .notes
            .iter()
            .all(|note| !note.en.contains("--encoding"))
    );
    let held = importer.held.only("device.public", "name").cloned();
    assert_eq!(held, Some(Value::Text("医院".into())));
    // Who names another than the bytes have is refused.
    let utf8 = table("花园村委会东侧路口").into_bytes();
    importer.mapping.encoding = node_import::decode::Named::of("utf-16le");
    assert!(importer.try_preview(&[file("t.csv", utf8)]).is_err());
}

#[test]
fn a_mapping_may_name_the_encoding() {
    let importer = Importer::new("devices");
    let good = read_text("deploy/linze/mappings/devices.toml");
    let named = |name: &str| {
        let text = format!("encoding = \"{name}\"\n{good}");
        node_import::Mapping::parse("m.toml", &text, &importer.county.kinds)
    };
    assert_eq!(
        named("GB2312").expect("a mapping").encoding,
        node_import::decode::Named::of("gb18030")
    );
    let problem = named("latin-1").expect_err("no such encoding");
    assert!(problem.what.en.contains("utf-8, gb18030"), "{problem}");
}
