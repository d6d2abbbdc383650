//! Bytes that nobody meant well: no panic, no endless work, no leak.

use std::fmt::Write;

use proptest::prelude::*;

use crate::support::{Importer, VILLAGE, camera, catalogue, file, sample, shown};

/// The password in the sample catalogue, and in the sample table.
const SECRETS: [&str; 2] = ["Password1", "勿用"];

/// Whether a preview, its drafts or its problem shows a secret.
fn leaks(importer: &Importer, name: &str, bytes: &[u8]) -> Option<String> {
    let everything = match importer.try_preview(&[file(name, bytes)]) {
        Ok(preview) => format!("{}{:?}", shown(&preview), preview.drafts),
        Err(problem) => problem.to_string(),
    };
    SECRETS
        .iter()
        .any(|secret| everything.contains(secret))
        .then_some(everything)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        for mapping in ["gb28181", "devices"] {
            let importer = Importer::at(mapping, VILLAGE);
            let _ = importer.try_preview(&[file("random", bytes.clone())]);
        }
    }

    #[test]
    fn random_markup_never_panics(parts in proptest::collection::vec(
        prop::sample::select(vec![
            "<Item>", "</Item>", "<Response>", "</Response>", "<DeviceID>", "</DeviceID>",
            "62072300001320000001", "<CmdType>Catalog</CmdType>", "<!--", "-->", "<![CDATA[", "]]>",
            "<?xml", "?>", "<Info>", "</Info>", "&", "&#x41;", "&lt;", "<", ">", "/", "\0", "\n",
            "<Name>", "</Name>", "临泽", "<Item/>", "<DeviceList Num=\"", "<SumNum>", "<SN>1</SN>",
        ]),
        0..60,
    )) {
        let importer = Importer::at("gb28181", VILLAGE);
        let _ = importer.try_preview(&[file("markup", parts.concat())]);
    }

    /// Bytes changed, lost, or put in: whatever is still read, the password is not.
    #[test]
    fn mutated_files_never_panic_and_never_leak_a_password(
        mutations in proptest::collection::vec((any::<usize>(), 0..4_u8, any::<u8>(), 0..40_usize), 1..6)
    ) {
        for (mapping, path) in [
            ("gb28181", "gb28181/lunasaw-client-catalog.xml"),
            ("gb28181", "gb28181/uvp-sim-catalog-response-V2022.xml"),
            ("devices", "tables/devices.csv"),
            ("trafford-cctv", "camera/trafford-cctv-2024-02-01-76c8af1.csv"),
        ] {
            let importer = Importer::at(mapping, VILLAGE);
            let mut bytes = sample(path).bytes;
            for (at, how, byte, length) in &mutations {
                let at = at % (bytes.len() + 1);
                let end = (at + length).min(bytes.len());
                match how {
                    0 if at < bytes.len() => bytes[at] = *byte,
                    1 => drop(bytes.drain(at..end)),
                    2 => bytes.insert(at, *byte),
                    _ => bytes.truncate(bytes.len().saturating_sub(*length)),
                }
            }
            if let Some(everything) = leaks(&importer, path, &bytes) {
                prop_assert!(false, "{}\n{everything}", String::from_utf8_lossy(&bytes));
            }
        }
    }
}

#[test]
fn a_file_cut_off_anywhere_never_panics_and_never_leaks() {
    let importer = Importer::at("gb28181", VILLAGE);
    let bytes = sample("gb28181/lunasaw-client-catalog.xml").bytes;
    for end in 0..bytes.len() {
        let everything = leaks(&importer, "cut.xml", bytes.get(..end).expect("a prefix"));
        assert_eq!(everything, None, "cut at {end}");
    }
}

#[test]
fn document_types_and_entities_refuse_the_file() {
    let importer = Importer::new("gb28181");
    let bomb = "<!DOCTYPE r [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]>";
    let inside = catalogue(&camera(1, bomb));
    for text in [
        format!("{bomb}{}", catalogue("")),
        inside,
        catalogue("<!ENTITY x 'y'>"),
    ] {
        let problem = importer
            .try_preview(&[file("bomb.xml", text)])
            .expect_err("a bomb");
        assert_eq!(problem.code, "import-xml-declaration");
    }
    let unknown = importer.preview(&[file("e.xml", catalogue(&camera(1, "<Block>&b;</Block>")))]);
    assert_eq!(unknown.totals.refused, 1);
}

#[test]
fn depth_length_and_number_of_elements_are_bounded() {
    let importer = Importer::new("gb28181");
    let deep = format!("{}{}", "<a>".repeat(50), "</a>".repeat(50));
    let wide: String = (0..300).fold(String::new(), |mut text, n| {
        let _ = write!(text, "<E{n}>1</E{n}>");
        text
    });
    let long = format!("<Block>{}</Block>", "长".repeat(30_000));
    for more in [deep, wide, long] {
        let items = [camera(1, &more), camera(2, "")].concat();
        let preview = importer.preview(&[file("bounds.xml", catalogue(&items))]);
        assert_eq!(
            (preview.totals.refused, preview.totals.create),
            (1, 1),
            "{}",
            shown(&preview)
        );
    }
}

#[test]
fn openings_that_never_close_take_linear_time() {
    let importer = Importer::new("gb28181");
    for part in ["<Item><!--", "<Item>", "<", "<![CDATA[", "</Item>", "<a "] {
        let text = catalogue(&part.repeat(100_000));
        let _ = importer.try_preview(&[file("openings.xml", text)]);
    }
}

#[test]
fn too_many_columns_refuse_the_file() {
    let header: Vec<String> = (0..300).map(|n| format!("c{n}")).collect();
    let table = format!("设备编码,{}\n", header.join(","));
    let problem = Importer::new("devices").try_preview(&[file("wide.csv", table)]);
    assert_eq!(problem.expect_err("too wide").code, "import-header");
}

#[test]
fn a_catalogue_is_not_a_table_and_a_table_is_not_a_catalogue() {
    let catalogue = sample("gb28181/uvp-2016-single.xml");
    let problem = Importer::new("devices")
        .try_preview(&[catalogue])
        .expect_err("not a table");
    assert_eq!(problem.code, "import-header");
    let table = sample("tables/devices.csv");
    let problem = Importer::new("gb28181")
        .try_preview(&[table])
        .expect_err("not a catalogue");
    assert_eq!(problem.code, "import-not-a-catalogue");
}
