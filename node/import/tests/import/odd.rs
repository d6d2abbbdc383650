//! What real devices and platforms have sent, one test each. Numbers are those of issues of
//! `648540858/wvp-GB28181-pro`, where operators reported them.

use crdt_model::value::Value;

use crate::support::{Importer, VILLAGE, camera, catalogue, file, refusal, row, shown};

/// Three cameras, the second of which is odd; the others must be read all the same.
fn second_is_odd(odd: &str) -> (Importer, String) {
    let items = [camera(1, ""), odd.to_owned(), camera(3, "")].join("\n");
    (Importer::new("gb28181"), catalogue(&items))
}

fn only_the_second_is_refused(odd: &str, reason: &str) {
    let (importer, text) = second_is_odd(odd);
    let preview = importer.preview(&[file("odd.xml", text)]);
    assert_eq!(
        (preview.totals.create, preview.totals.refused),
        (2, 1),
        "{}",
        shown(&preview)
    );
    let refused = refusal(&preview, 7);
    assert!(refused.contains(reason), "{refused}");
}

#[test]
fn a_bracket_or_garbage_within_an_address_costs_only_its_item() {
    // #903
    for garbage in [
        "东门<西侧",
        "a<b>c",
        "<<<",
        "</",
        "<!- x",
        "<![CDATA[ x",
        "<!-- x",
        "<?",
    ] {
        only_the_second_is_refused(&camera(2, &format!("<Address>{garbage}</Address>")), "`<`");
    }
    only_the_second_is_refused(&camera(2, "<Address>东门 & 西门</Address>"), "bare `&`");
}

#[test]
fn a_control_byte_within_an_address_costs_only_its_item() {
    // #541, #1320
    only_the_second_is_refused(&camera(2, "<Address>东门\u{1}</Address>"), "0x01");
    only_the_second_is_refused(&camera(2, "<Address>东门\u{0}</Address>"), "0x00");
    only_the_second_is_refused(&camera(2, "<Address>东门&#1;</Address>"), "character");
}

#[test]
fn zeros_between_messages_are_passed_over() {
    // #1320
    let one = catalogue(&camera(1, ""));
    let text = format!("{one}\0\0\0{}\0", one.replace("0001</Dev", "0009</Dev"));
    let preview = Importer::new("gb28181").preview(&[file("padded.xml", text)]);
    assert_eq!(preview.totals.create, 2, "{}", shown(&preview));
}

#[test]
fn a_doubled_end_tag_is_noted_and_harms_nothing() {
    // #1320
    let (importer, text) = second_is_odd(&format!("{}</Item>", camera(2, "")));
    let preview = importer.preview(&[file("doubled.xml", text)]);
    assert_eq!(preview.totals.create, 3);
    assert!(preview.notes.iter().any(|note| note.en.contains("</Item>")));
}

#[test]
fn a_missing_end_tag_costs_only_its_item() {
    let unclosed = camera(2, "").replace("</Item>", "");
    only_the_second_is_refused(&unclosed, "no end tag");
}

#[test]
fn small_letters_and_nested_fields_are_understood() {
    let mut importer = Importer::new("gb28181");
    let item = camera(1, "<Info><ptztype>3</ptztype></Info>")
        .replace("Item>", "item>")
        .replace("DeviceID>", "deviceid>");
    let preview = importer.import(&[file("small.xml", catalogue(&item))]);
    assert_eq!(preview.totals.create, 1, "{}", shown(&preview));
    let ptz = importer.held.only("device.public", "ptz-type").cloned();
    assert_eq!(ptz, Some(Value::Integer(3)));
}

#[test]
fn illegal_civil_codes_are_refused_unless_a_home_is_given() {
    for code in [
        "CivilCode",
        "null",
        "3402000000",
        "11000",
        "",
        "６２０７２３",
    ] {
        let item = camera(1, "")
            .replace(">620723<", &format!(">{code}<"))
            .replace("<GrassrootsCode>101201</GrassrootsCode>", "");
        let text = catalogue(&item);
        let refused = Importer::new("gb28181").preview(&[file("code.xml", text.clone())]);
        assert!(
            refusal(&refused, 6).contains("CivilCode"),
            "{code}: {}",
            shown(&refused)
        );
        let mut at_home = Importer::at("gb28181", VILLAGE);
        let preview = at_home.import(&[file("code.xml", text)]);
        assert_eq!(preview.totals.create, 1, "{code}");
        assert!(!row(&preview, 6).notes.is_empty());
    }
}

#[test]
fn illegal_states_become_unknown_and_say_so() {
    for (status, stored) in [
        ("ON", "on"),
        ("OFF", "off"),
        ("Online", "on"),
        ("Status1", "unknown"),
        ("1", "unknown"),
    ] {
        let mut importer = Importer::new("gb28181");
        let item = camera(1, &format!("<Status>{status}</Status>"));
        let preview = importer.import(&[file("status.xml", catalogue(&item))]);
        let held = importer.held.only("device.public", "status").cloned();
        assert_eq!(held, Some(Value::Text(stored.into())), "{status}");
        let noted = row(&preview, 6)
            .notes
            .iter()
            .any(|note| note.en.contains(status));
        assert_eq!(noted, stored == "unknown", "{status}");
    }
}

#[test]
fn directory_entries_are_skipped_with_their_reason() {
    let entries = [
        "<Item><DeviceID>620723</DeviceID><Name>临泽县</Name></Item>",
        "<Item><DeviceID>62072300</DeviceID><Name>基层</Name></Item>",
        "<Item><DeviceID>62072300002000000001</DeviceID><Name>平台</Name></Item>",
        "<Item><DeviceID>62072300002150000001</DeviceID><Name>业务分组</Name></Item>",
        "<Item><DeviceID>62072300002160000001</DeviceID><Name>虚拟组织</Name></Item>",
    ];
    let preview =
        Importer::new("gb28181").preview(&[file("tree.xml", catalogue(&entries.join("\n")))]);
    assert_eq!((preview.totals.skipped, preview.rows.len()), (5, 5));
}

#[test]
fn one_item_a_message_and_a_repeated_message_count_right() {
    // #853, #858
    let message = |serial: u32| {
        catalogue(&camera(serial, "")).replace("<SN>7</SN>", "<SN>7</SN><SumNum>3</SumNum>")
    };
    let importer = Importer::new("gb28181");
    let all: String = (1..=3).map(message).collect();
    assert!(!importer.preview(&[file("all.xml", all)]).partial);
    // The second message was lost and the first was sent again.
    let lost = [message(1), message(1), message(3)].concat();
    let preview = importer.preview(&[file("lost.xml", lost)]);
    assert!(preview.partial);
    assert_eq!(preview.totals.create, 2);
}

#[test]
fn an_address_may_hide_an_access_point_so_it_is_not_shared() {
    let mut importer = Importer::new("gb28181");
    let item = camera(1, "<Address>东门 192.0.2.7:5060</Address>");
    importer.import(&[file("address.xml", catalogue(&item))]);
    assert!(
        !importer
            .held
            .keys("device.public")
            .iter()
            .any(|key| key.contains("address"))
    );
    assert!(
        importer
            .held
            .only("device.access", "exact-address")
            .is_some()
    );
}

#[test]
fn stream_and_snapshot_addresses_are_dropped_under_any_name() {
    let mut importer = Importer::new("gb28181");
    let item = camera(
        1,
        "<StreamURL>rtsp://192.0.2.7/1</StreamURL><SnapURL>x</SnapURL><Block>rtsp://u:p@h/1</Block>\
         <Info><Password>s3cret</Password><DownloadSpeed>1/2</DownloadSpeed></Info>\
         <Vendor><Password>s3cret</Password><X>1</X></Vendor>",
    );
    let preview = importer.import(&[file("streams.xml", catalogue(&item))]);
    assert_eq!(preview.totals.create, 1, "{}", shown(&preview));
    let dropped: Vec<&str> = preview.dropped.iter().map(|(name, _)| name).collect();
    assert_eq!(
        dropped,
        [
            "Block",
            "DownloadSpeed",
            "Password",
            "SnapURL",
            "StreamURL",
            "Vendor/Password"
        ]
    );
    assert_eq!(preview.unmapped.of("Vendor/X"), 1);
    let everything = shown(&preview) + &importer.held.text();
    assert!(!everything.contains("s3cret") && !everything.contains("192.0.2.7"));
}

#[test]
fn other_commands_are_left_unread_and_said_so() {
    let text = catalogue(&camera(1, "")).replace(">Catalog<", ">RecordInfo<");
    let preview = Importer::new("gb28181").preview(&[file("other.xml", text)]);
    assert!(preview.rows.is_empty());
    assert!(
        preview
            .notes
            .iter()
            .any(|note| note.en.contains("RecordInfo"))
    );
}

#[test]
fn an_id_that_ends_in_zeros_is_good_in_a_catalogue() {
    // In a table it would be what a spreadsheet left of another.
    let preview = Importer::new("gb28181").preview(&[file("zero.xml", catalogue(&camera(0, "")))]);
    assert_eq!(preview.totals.create, 1, "{}", shown(&preview));
}

#[test]
fn what_must_never_enter_is_found_by_its_value_whatever_its_column_is_called() {
    for (value, what) in [
        ("http://192.0.2.5/img?id=3", "pictures"),
        ("http://192.0.2.5:80/PSIA/Streaming/channels/1", "pictures"),
        ("见 192.0.2.5/live/1.m3u8", "pictures"),
        ("/cgi-bin/snap.cgi", "pictures"),
        ("甘G00000", "plate"),
        ("口令：k3y-example", "a password"),
    ] {
        let mut importer = Importer::new("gb28181");
        let fields = [
            "Model",
            "Owner",
            "Block",
            "Address",
            "ContactInfo",
            "Remark",
        ];
        let more = fields
            .map(|field| format!("<{field}>{value}</{field}>"))
            .concat();
        let item = camera(1, &more.replace('&', "&amp;"));
        let preview = importer.import(&[file("c.xml", catalogue(&item))]);
        assert_eq!(preview.totals.create, 1, "{}", shown(&preview));
        let dropped: Vec<&str> = preview.dropped.iter().map(|(name, _)| name).collect();
        assert_eq!(dropped.len(), fields.len(), "{value}: {dropped:?}");
        let notes = &row(&preview, 6).notes;
        assert!(notes.iter().all(|note| note.en.contains(what)), "{notes:?}");
        let everything = shown(&preview) + &importer.held.text();
        assert!(
            !everything.contains(value.trim_start_matches("见 ")),
            "{value}"
        );
    }
}

#[test]
fn texts_of_the_same_sound_are_kept() {
    for value in [
        "https://www.tsinghua.edu.cn",
        "https://example.cn/livelihood/1",
        "新B座12345",
    ] {
        let mut importer = Importer::new("gb28181");
        let item = camera(1, &format!("<Owner>{value}</Owner>"));
        let preview = importer.import(&[file("c.xml", catalogue(&item))]);
        assert!(preview.dropped.is_empty(), "{value}");
        let held = importer.held.only("device.public", "owner").cloned();
        assert_eq!(held, Some(Value::Text(value.into())));
    }
}
