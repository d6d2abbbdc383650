//! Catalogues as platforms send them, from the real samples and the standard's own cases.

use crdt_model::value::Value;
use node_import::{DecodedAs, Mapping};

use crate::support::{County, Importer, VILLAGE, camera, catalogue, file};
use crate::support::{read_text, refusal, row, sample, shown};

fn text(value: &str) -> Option<Value> {
    Some(Value::Text(value.to_owned()))
}

#[test]
fn a_2016_item_is_split_into_what_is_shared_and_how_it_is_reached() {
    let mut importer = Importer::at("gb28181", VILLAGE);
    let preview = importer.import(&[sample("gb28181/lunasaw-client-catalog.xml")]);
    // The sample calls its camera by the id of a network video recorder: type 118.
    assert_eq!(preview.totals.create, 1, "{}", shown(&preview));
    assert!(!preview.partial);
    let held = &importer.held;
    let public = |field| held.only("device.public", field).cloned();
    let access = |field| held.only("device.access", field).cloned();
    assert_eq!(public("name"), text("Camera"));
    assert_eq!(public("kind"), text("other"));
    assert_eq!(public("status"), text("unknown"));
    assert_eq!(public("civil-code"), None);
    assert_eq!(public("place"), text(VILLAGE));
    assert_eq!(public("parental"), Some(Value::Boolean(false)));
    assert_eq!(public("ptz-type"), Some(Value::Integer(1)));
    assert_eq!(access("network-address"), text("172.19.128.50"));
    assert_eq!(access("port"), Some(Value::Integer(5060)));
    assert_eq!(access("longitude-e7"), Some(Value::Integer(1_214_726_440)));
    assert_eq!(access("exact-address"), text("上海市五角场合生汇"));
    assert_eq!(access("certificate-number"), text("CertNum1"));
    assert_eq!(
        access("certificate-end-time"),
        Some(Value::Integer(1_289_475_977_000))
    );
    assert_eq!(access("password-was-present"), Some(Value::Boolean(true)));
    assert_eq!(preview.dropped.of("Password"), 1);
    assert!(!shown(&preview).contains("Password1"));
    assert!(!held.text().contains("Password1"));
}

#[test]
fn a_2022_answer_yields_its_camera_and_skips_its_platform() {
    let mut importer = Importer::at("gb28181", VILLAGE);
    let preview = importer.import(&[sample("gb28181/uvp-sim-catalog-response-V2022.xml")]);
    assert_eq!(
        (preview.totals.create, preview.totals.skipped),
        (1, 1),
        "{}",
        shown(&preview)
    );
    assert_eq!(preview.dropped.of("StreamNumberList"), 1);
    assert!(preview.unmapped.is_empty(), "{:?}", preview.unmapped);
    let public = |field| importer.held.only("device.public", field).cloned();
    assert_eq!(public("name"), text("前置摄像头"));
    assert_eq!(public("kind"), text("camera"));
    // Nested in `Info`.
    assert_eq!(public("resolution"), text("1280*720"));
    assert_eq!(public("room-type"), Some(Value::Integer(1)));
}

#[test]
fn messages_of_one_sn_are_one_answer_and_half_of_it_is_partial() {
    let mut importer = Importer::at("gb28181", VILLAGE);
    let (one, two) = (
        sample("gb28181/uvp-2016-multi-1.xml"),
        sample("gb28181/uvp-2016-multi-2-duplicate-sn.xml"),
    );
    let half = importer.preview(std::slice::from_ref(&one));
    assert!(half.partial);
    let partial = half.partial_answers.first().expect("a partial answer");
    assert_eq!(
        (partial.announced, partial.received, partial.sn.as_str()),
        (2, 1, "101")
    );
    // Items without a name cannot become new records, and say so.
    assert!(
        refusal(&half, 7).contains("needs its Name"),
        "{}",
        shown(&half)
    );
    let whole = importer.import(&[one.clone(), two.clone()]);
    assert!(!whole.partial);
    assert_eq!(whole.totals.refused, 2);
    // The same two messages in one file.
    let joined = [one.bytes, two.bytes].concat();
    assert!(!importer.preview(&[file("joined.xml", joined)]).partial);
}

#[test]
fn an_empty_list_and_a_single_item_are_good_answers() {
    let mut importer = Importer::at("gb28181", VILLAGE);
    let empty = importer.import(&[sample("gb28181/uvp-2016-empty.xml")]);
    assert!(empty.rows.is_empty() && !empty.partial && empty.changes_nothing());
    let single = importer.import(&[sample("gb28181/uvp-2016-single.xml")]);
    assert_eq!(single.totals.create, 1);
    // A missing parent is the platform that answered (H.2.1).
    let parent = importer.held.only("device.public", "parent-id").cloned();
    assert_eq!(parent, text("34020000002000000001"));
}

#[test]
fn a_partial_catalogue_never_deletes() {
    let mut importer = Importer::new("gb28181");
    let items: Vec<String> = (1..=100)
        .map(|serial| camera(serial, "<Status>ON</Status>"))
        .collect();
    importer.import(&[file("all.xml", catalogue(&items.concat()))]);
    assert_eq!(importer.held.all("device.public", "status").len(), 100);
    // Unsolicited, with one item and SumNum 1: the message that wiped a hundred channels elsewhere.
    let one = catalogue(&camera(1, "<Status>OFF</Status>"))
        .replace("<SN>7</SN>", "<SN>8</SN><SumNum>1</SumNum>");
    let preview = importer.import(&[file("one.xml", one)]);
    assert_eq!(preview.totals.update, 1);
    assert_eq!(preview.drafts.len(), 1);
    assert_eq!(importer.held.all("device.public", "status").len(), 100);
}

#[test]
fn one_camera_by_two_paths_is_united() {
    let mut importer = Importer::new("gb28181");
    let items = camera(
        1,
        "<ParentID>62072300002160000001</ParentID><Status>OFF</Status>",
    ) + &camera(
        1,
        "<ParentID>62072300002150000001</ParentID><Status>ON</Status>",
    );
    let preview = importer.import(&[file("paths.xml", catalogue(&items))]);
    assert_eq!(preview.totals.create, 1, "{}", shown(&preview));
    let public = |field| importer.held.only("device.public", field).cloned();
    assert_eq!(
        public("parent-id"),
        text("62072300002150000001/62072300002160000001")
    );
    assert_eq!(public("status"), text("on"));
}

#[test]
fn one_id_with_two_names_is_refused_as_two_cameras() {
    let importer = Importer::new("gb28181");
    let items = camera(1, "")
        + "\n"
        + &camera(1, "").replace("camera 1", "another")
        + "\n"
        + &camera(2, "");
    let preview = importer.preview(&[file("conflict.xml", catalogue(&items))]);
    assert_eq!((preview.totals.refused, preview.totals.create), (2, 1));
    assert!(
        refusal(&preview, 6).contains("different Name"),
        "{}",
        shown(&preview)
    );
    assert!(refusal(&preview, 7).contains("different Name"));
}

#[test]
fn notifications_change_what_they_name_and_delete_nothing() {
    let mut importer = Importer::new("gb28181");
    importer.import(&[file(
        "all.xml",
        catalogue(&camera(1, "<Status>ON</Status>")),
    )]);
    let notify = |event: &str| {
        catalogue(&format!(
            "<Item><DeviceID>62072300001320000001</DeviceID><Event>{event}</Event></Item>"
        ))
        .replace("Response>", "Notify>")
    };
    // News name neither place nor name: the record that is held says both.
    let preview = importer.import(&[file("off.xml", notify("OFF"))]);
    assert_eq!(preview.totals.update, 1, "{}", shown(&preview));
    assert_eq!(
        importer.held.only("device.public", "status").cloned(),
        text("off")
    );
    assert_eq!(
        importer.held.only("device.public", "name").cloned(),
        text("camera 1")
    );
    importer.import(&[file("vlost.xml", notify("VLOST"))]);
    assert_eq!(
        importer.held.only("device.public", "status").cloned(),
        text("fault")
    );
    let deleted = importer.import(&[file("del.xml", notify("DEL"))]);
    assert_eq!(deleted.totals.skipped, 1);
}

#[test]
fn a_device_that_its_catalogue_marks_as_secret_is_refused_until_a_person_has_decided() {
    let mut importer = Importer::new("gb28181");
    importer.import(&[file("two.xml", catalogue(&camera(2, "")))]);
    for (number, mark) in [(1, "1"), (2, "1"), (3, "2")] {
        let items = camera(
            number,
            &format!("<Secrecy>{mark}</Secrecy><Port>5060</Port>"),
        );
        let preview = importer.import(&[file("c.xml", catalogue(&items))]);
        let reason = refusal(&preview, 6);
        assert!(
            reason.contains("Secrecy") && reason.contains("[[ask]]"),
            "{reason}"
        );
        assert!(preview.drafts.is_empty());
    }
    let ordinary = [("normal".to_owned(), "village".to_owned())];
    assert_eq!(importer.held.grades("device.public"), ordinary);
}

#[test]
fn a_device_is_kept_at_home_in_every_facet_once_the_mapping_says_so() {
    let mut importer = Importer::new("gb28181");
    importer.mapping = decided(&importer.county);
    let marked = camera(1, "<Secrecy>1</Secrecy><Port>5060</Port>");
    importer.import(&[file("marked.xml", catalogue(&marked))]);
    for facet in ["device.public", "device.access"] {
        assert_eq!(
            importer.held.grades(facet),
            [("home-only".into(), "village".into())],
            "{facet}"
        );
    }
    // Later files cannot make it ordinary again.
    let preview = importer.import(&[file(
        "open.xml",
        catalogue(&marked.replace(">1</Sec", ">0</Sec")),
    )]);
    assert_eq!(preview.totals.unchanged, 1, "{}", shown(&preview));
    // What was ordinary is kept at home from now on.
    importer.import(&[file("two.xml", catalogue(&camera(2, "")))]);
    let preview = importer.import(&[file(
        "two.xml",
        catalogue(&camera(2, "<Secrecy>1</Secrecy>")),
    )]);
    assert_eq!(preview.totals.update, 1);
    // A grade that is not understood is not guessed.
    let odd = catalogue(&camera(3, "<Secrecy>2</Secrecy>"));
    assert!(refusal(&importer.preview(&[file("odd.xml", odd)]), 6).contains("Secrecy"));
}

/// The mapping of catalogues after a person has verified what is marked.
fn decided(county: &County) -> Mapping {
    let file = "deploy/linze/mappings/gb28181.toml";
    let shipped = read_text(file);
    let (before, ask) = shipped.split_once("\n[[ask]]\n").expect("it asks");
    let (_, after) = ask.split_once("\n[[column]]\n").expect("columns");
    let text = format!("{before}\n[[column]]\n{after}");
    Mapping::parse(file, &text, &county.kinds).expect("a mapping")
}

#[test]
fn devices_are_placed_by_their_codes_and_by_the_placement_table() {
    let mut importer = Importer::new("gb28181");
    let at = |serial, code| camera(serial, "").replace("101201", code);
    let items = [
        at(1, "101201"),
        at(2, "500000"),
        at(3, "000000"),
        at(4, "101999"),
    ]
    .join("\n");
    let preview = importer.import(&[file("places.xml", catalogue(&items))]);
    let home = |line| row(&preview, line).home.map(|home| home.to_string());
    assert_eq!(home(6).as_deref(), Some(VILLAGE));
    // A state farm is an area without a node: the county is responsible for it.
    assert_eq!(home(7).as_deref(), Some("620723000000"));
    assert_eq!(home(8).as_deref(), Some("620723000000"));
    assert!(refusal(&preview, 9).contains("620723101999"));
    let places = importer.held.all("device.public", "place");
    assert!(
        places.contains(&&Value::Text("620723500000".into())),
        "{places:?}"
    );
}

#[test]
fn a_header_that_lies_about_its_encoding_is_not_believed() {
    let importer = Importer::new("gb28181");
    let lying = |encoding: &str| {
        catalogue(&camera(1, "").replace("camera 1", "沙河镇西街路口")).replace(
            "version=\"1.0\"",
            &format!("version=\"1.0\" encoding=\"{encoding}\""),
        )
    };
    let utf8 = importer.preview(&[file("a.xml", lying("GB2312"))]);
    let text = lying("UTF-8");
    let (bytes, ..) = encoding_rs::GB18030.encode(&text);
    let gb = importer.preview(&[file("b.xml", bytes)]);
    for (preview, decoded_as) in [(&utf8, DecodedAs::Utf8), (&gb, DecodedAs::Gb18030)] {
        assert_eq!(
            preview.files.first().map(|file| file.decoded_as),
            Some(decoded_as)
        );
        assert_eq!(preview.notes.len(), 1, "{:?}", preview.notes);
        assert_eq!(preview.totals.create, 1);
    }
    assert_eq!(utf8.drafts, gb.drafts);
}
