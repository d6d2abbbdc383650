//! Tables as offices keep them: the shipped examples, real inventories, and what spreadsheets do.

use crdt_model::value::Value;
use node_import::{DecodedAs, Mapping};

use crate::support::{
    COUNTY, Importer, VILLAGE, file, read, read_text, refusal, row, sample, shown,
};

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

#[test]
fn the_shipped_tables_are_read_whole() {
    for (mapping, rows) in [
        ("devices", 4),
        ("warning-terminals", 2),
        ("grid-reports", 3),
        ("cases", 2),
    ] {
        let mut importer = Importer::new(mapping);
        let preview = importer.import(&[sample(&format!("tables/{mapping}.csv"))]);
        assert_eq!(preview.totals.create, rows, "{}", shown(&preview));
        assert_eq!(preview.totals.refused, 0);
        assert!(
            preview.unmapped.is_empty(),
            "{mapping}: {:?}",
            preview.unmapped
        );
        assert_eq!(
            preview.files.first().map(|file| file.decoded_as),
            Some(DecodedAs::Gb18030)
        );
    }
}

#[test]
fn a_register_of_devices_leaves_its_passwords_behind() {
    let mut importer = Importer::new("devices");
    let preview = importer.import(&[sample("tables/devices.csv")]);
    assert_eq!(preview.dropped.of("设备口令"), 1);
    let present = importer.held.all("device.access", "password-was-present");
    assert_eq!(present, [&Value::Boolean(true)]);
    let everything = shown(&preview) + &importer.held.text();
    assert!(!everything.contains("勿用"));
    let kinds = importer.held.all("device.public", "kind");
    assert_eq!(
        kinds
            .iter()
            .filter(|kind| ***kind == text("checkpoint"))
            .count(),
        1
    );
    let home_only = ("home-only".to_owned(), "village".to_owned());
    assert_eq!(
        importer
            .held
            .grades("device.public")
            .iter()
            .filter(|g| **g == home_only)
            .count(),
        1
    );
}

#[test]
fn one_device_by_table_and_by_catalogue_is_one_record() {
    let mut importer = Importer::new("devices");
    let table =
        "设备编码,设备名称,所在村代码,设备类型\n62072300001320000001,东门,620723101201,视频监控\n";
    importer.import(&[file("d.csv", table)]);
    importer.mapping = importer.county.mapping("gb28181");
    let item = crate::support::camera(1, "<Status>ON</Status>").replace("camera 1", "东门");
    let preview = importer.import(&[file("c.xml", crate::support::catalogue(&item))]);
    assert_eq!(
        (preview.totals.create, preview.totals.update),
        (0, 1),
        "{}",
        shown(&preview)
    );
    assert!(importer.held.only("device.public", "status").is_some());
}

#[test]
fn reports_and_disputes_are_split_by_audience_and_graded() {
    let mut importer = Importer::new("grid-reports");
    importer.import(&[sample("tables/grid-reports.csv")]);
    let mut grades = importer.held.grades("grid.content");
    grades.sort();
    let grade = |sensitivity: &str, level: &str| (sensitivity.to_owned(), level.to_owned());
    assert_eq!(
        grades,
        [
            grade("about-township", "village"),
            grade("normal", "township"),
            grade("normal", "village")
        ]
    );
    let people = importer.held.keys("grid.people");
    assert_eq!(
        people
            .iter()
            .filter(|key| key.starts_with("person/"))
            .count(),
        2,
        "{people:?}"
    );

    let mut importer = Importer::new("cases");
    importer.import(&[sample("tables/cases.csv")]);
    let parties = importer.held.keys("case.parties");
    let count = |field: &str| parties.iter().filter(|key| key.starts_with(field)).count();
    assert_eq!(
        (count("party/"), count("contact/"), count("mediator/")),
        (4, 2, 3)
    );
    assert!(
        importer
            .held
            .all("case.summary", "repeated")
            .contains(&&Value::Boolean(true))
    );
    assert!(
        importer
            .held
            .keys("case.summary")
            .iter()
            .all(|key| !key.contains("text"))
    );
}

#[test]
fn a_councils_inventory_is_read_and_its_next_versions_change_only_what_changed() {
    let mut importer = Importer::new("trafford-cctv");
    let files = [
        "camera/trafford-cctv-2023-10-27-abfe5af.csv",
        "camera/trafford-cctv-2023-10-30-5bcd5f0.csv",
        "camera/trafford-cctv-2024-02-01-76c8af1.csv",
    ];
    let [first, second, third] = files.map(sample);
    let preview = importer.import(&[first]);
    let read = preview.totals.create + preview.totals.refused + preview.totals.skipped;
    assert_eq!(read, 99, "{}", shown(&preview));
    assert!(
        preview
            .rows
            .iter()
            .all(|row| { row.home.is_none_or(|home| home.to_string() == COUNTY) })
    );
    let before = importer.held.all("device.public", "name").len();
    let preview = importer.import(&[second]);
    assert!(preview.totals.update > 90, "{}", shown(&preview));
    let preview = importer.import(&[third]);
    assert!(preview.totals.create > 0, "{}", shown(&preview));
    assert!(importer.held.all("device.public", "name").len() >= before);
}

#[test]
fn service_requests_of_a_city_are_read_without_their_pictures() {
    let mut importer = Importer::new("cases");
    let mapping = r#"
title = { zh = "波士顿 311", en = "Boston 311" }
format = "csv"
source = "boston311"
kind = "case"
key = ["case_enquiry_id"]
utc-offset-h = -5
[home]
fixed = "620723000000"
[[column]]
name = "case_enquiry_id"
to = "case.summary.code"
[[column]]
name = "open_dt"
to = "case.summary.registered-time"
[[column]]
name = "closed_dt"
to = "case.summary.closed-time"
[[column]]
name = "case_status"
to = "case.summary.step"
words = { Open = "registered", Closed = "closed" }
[[column]]
name = "closure_reason"
to = "case.narrative.text"
[[constant]]
to = "case.summary.category"
value = "other"
[[constant]]
to = "case.summary.channel"
value = "online"
[[drop]]
name = "latitude"
reason = { zh = "不需要", en = "not needed" }
"#;
    importer.mapping =
        Mapping::parse("boston.toml", mapping, &importer.county.kinds).expect("a mapping");
    let bytes = read("tests/data/import/boston311-100-with-nonascii.csv");
    let preview = importer.import(&[file("boston.csv", bytes)]);
    assert_eq!(preview.totals.create, 100, "{}", shown(&preview));
    assert!(preview.dropped.of("submittedphoto") > 10);
    assert_eq!(preview.left_behind.of("latitude"), 100);
    // Every column that the mapping does not mention is reported, with its cells.
    assert_eq!(preview.unmapped.of("case_title"), 100);
    assert_eq!(preview.unmapped.of("longitude"), 100);
    assert!(importer.held.text().contains("Dëad rat"));
    let times = importer.held.all("case.summary", "registered-time");
    assert!(
        times.contains(&&Value::Integer(1_642_790_820_000)),
        "2022-01-21 13:47 UTC-5"
    );
}

#[test]
fn ids_that_a_spreadsheet_mangled_are_refused_with_an_explanation() {
    let importer = Importer::new("devices");
    let table = "设备编码,设备名称,所在村代码,设备类型\n\
                 6.2E+19,甲,620723101201,视频监控\n\
                 62072300001320000000,乙,620723101201,视频监控\n\
                 \"=\"\"62072300001320000003\"\"\",丙,620723101201,视频监控\n\
                 62072300001320000004,丁,6.20723E+11,视频监控\n";
    let preview = importer.preview(&[file("d.csv", table)]);
    for line in [2, 3] {
        assert!(
            refusal(&preview, line).contains("spreadsheet"),
            "{}",
            shown(&preview)
        );
    }
    assert_eq!(preview.totals.create, 1);
    assert!(refusal(&preview, 5).contains("12-digit"));
}

#[test]
fn row_problems_name_line_column_and_reason_and_the_rest_goes_on() {
    let importer = Importer::new("devices");
    let table = "设备编码,设备名称,所在村代码,设备类型,安装时间,端口\n\
                 62072300001320000001,甲,620723101201,视频监控,2026年1月2日,5060\n\
                 62072300001320000002,乙,620723101201,无人机,,\n\
                 62072300001320000003,丙,620723101201,视频监控,去年春天,\n\
                 62072300001320000004,丁,620723101201,视频监控,,70000\n\
                 62072300001320000005,戊,620723101201\n\
                 62072300001320000006,己,620723101201,视频监控,,,多出一格\n\
                 ,庚,620723101201,视频监控,,\n\
                 62072300001320000008,,620723101201,视频监控,,\n\
                 62072300001320000009,壬,620723101299,视频监控,,\n\
                 ,,,,,\n\
                 62072300001320000010,癸,620723101201,camera,2026/1/2 3:04,5060.0\n";
    let preview = importer.preview(&[file("d.csv", table)]);
    assert_eq!(
        (preview.totals.create, preview.totals.refused),
        (2, 8),
        "{}",
        shown(&preview)
    );
    for (line, reason) in [
        (3, "`设备类型`: `无人机` is not known"),
        (4, "`安装时间`: not a date"),
        (5, "`端口`: outside 0 to 65535"),
        (6, "3 cells and the header 6"),
        (7, "7 cells and the header 6"),
        (8, "`设备编码` is empty"),
        (9, "needs its Name"),
        (10, "620723101299 is neither"),
    ] {
        assert!(
            refusal(&preview, line).contains(reason),
            "{line}: {}",
            refusal(&preview, line)
        );
    }
}

#[test]
fn separators_title_lines_and_line_breaks_in_cells_are_understood() {
    for separator in [",", ";", "\t"] {
        let table = [
            ["临泽县样例镇设备登记表", "", "", ""],
            ["设备编码", "设备名称", "所在村代码", "设备类型"],
            [
                "62072300001320000001",
                "\"东门\n路口\"",
                VILLAGE,
                "视频监控",
            ],
            ["62072300001320000002", "西门", VILLAGE, "视频监控"],
        ]
        .map(|row| row.join(separator))
        .join("\r\n");
        let mut importer = Importer::new("devices");
        let preview = importer.import(&[file("d.csv", table)]);
        assert_eq!(
            preview.totals.create,
            2,
            "{separator:?}: {}",
            shown(&preview)
        );
        // The second row stands two lines further down, since the first has a line break.
        assert_eq!(
            row(&preview, 5).key.as_deref(),
            Some("62072300001320000002")
        );
        assert!(preview.notes.iter().any(|note| note.en.contains("title")));
    }
}

#[test]
fn headers_that_cannot_be_used_refuse_the_file() {
    let importer = Importer::new("devices");
    for table in [
        "",
        "名称,代码\n甲,1\n",
        "设备编码,设备名称,设备名称\n1,2,3\n",
        "设备编码,,设备名称\n1,2,3\n",
    ] {
        let problem = importer
            .try_preview(&[file("d.csv", table)])
            .expect_err(table);
        assert_eq!(problem.code, "import-header", "{problem}");
    }
}

#[test]
fn columns_that_are_missing_are_named_and_their_fields_stay() {
    let mut importer = Importer::new("devices");
    importer.import(&[sample("tables/devices.csv")]);
    let before = importer.held.all("device.access", "port").len();
    let table = "设备编码,所在村代码,运行状态\n62072301001320990001,620723101201,离线\n";
    let preview = importer.import(&[file("status.csv", table)]);
    assert_eq!(preview.totals.update, 1, "{}", shown(&preview));
    assert!(
        preview
            .notes
            .iter()
            .any(|note| note.en.contains("设备名称"))
    );
    assert_eq!(importer.held.all("device.access", "port").len(), before);
}

#[test]
fn one_key_twice_is_merged_if_equal_and_refused_if_not() {
    let importer = Importer::new("devices");
    let table = "设备编码,设备名称,所在村代码,设备类型\n\
                 62072300001320000001,甲,620723101201,视频监控\n\
                 62072300001320000001,甲,620723101201,视频监控\n\
                 62072300001320000002,乙,620723101201,视频监控\n\
                 62072300001320000002,丙,620723101201,视频监控\n";
    let preview = importer.preview(&[file("d.csv", table)]);
    let totals = preview.totals;
    assert_eq!(
        (totals.create, totals.skipped, totals.refused),
        (1, 1, 2),
        "{}",
        shown(&preview)
    );
    assert!(refusal(&preview, 4).contains("lines 4, 5"));
}

#[test]
fn mappings_that_do_not_fit_the_kinds_are_refused_with_the_reason() {
    let importer = Importer::new("devices");
    let good = read_text("deploy/linze/mappings/devices.toml");
    for (from, to, reason) in [
        (
            "kind = \"device\"",
            "kind = \"citizen\"",
            "no kind `citizen`",
        ),
        (
            "device.public.name",
            "device.public.nickname",
            "no field `device.public.nickname`",
        ),
        ("format = \"csv\"", "format = \"xlsx\"", "xlsx"),
        ("key = [\"设备编码\"]", "key = []", "`key` names no column"),
        (
            "\"自建\" = \"social\"",
            "\"自建\" = \"private\"",
            "there is no such option (vocabulary `ownership`)",
        ),
        (
            "name = \"设备归属\"",
            "name = \"抓拍地址\"",
            "may not be imported",
        ),
        (
            "device.access.password-was-present",
            "device.access.contact",
            "only its presence",
        ),
        ("device.public.model", "device.public.name", "filled twice"),
        ("separator", "seperator", "seperator"),
        (
            "source = \"gb28181\"",
            "source = \"gb28181\"\nsheet = 1",
            "sheet",
        ),
    ] {
        let broken = if good.contains(from) {
            good.replacen(from, to, 1)
        } else {
            format!("{to} = \",\"\n{good}")
        };
        let problem = Mapping::parse("m.toml", &broken, &importer.county.kinds)
            .expect_err("an unusable mapping");
        assert_eq!(problem.code, "import-mapping");
        assert!(problem.what.en.contains(reason), "{reason}: {problem}");
    }
}

#[test]
fn a_register_says_how_far_devices_are_filed_with_the_police() {
    let mut importer = Importer::new("devices");
    let table = format!(
        "设备编码,设备名称,所在村代码,设备类型,备案情况,备案时间,备案事项变更时间\n\
         62072301001326000001,示例甲,{VILLAGE},视频监控,已备案,2026-01-05,\n\
         62072301001326000002,示例乙,{VILLAGE},视频监控,否,,\n\
         62072301001326000003,示例丙,{VILLAGE},视频监控,变更未备案,2026-01-05,2026-03-01\n\
         62072301012166000001,示例小区,{VILLAGE},智慧安防小区,,,\n"
    );
    let preview = importer.import(&[file("filing.csv", table)]);
    assert_eq!(preview.totals.create, 4, "{}", shown(&preview));
    let mut filing = importer.held.all("device.public", "filing");
    filing.sort_by_key(|word| format!("{word:?}"));
    assert_eq!(
        filing,
        [&text("changed"), &text("filed"), &text("not-filed")]
    );
    assert_eq!(importer.held.all("device.public", "filed-time").len(), 2);
    assert_eq!(importer.held.all("device.public", "changed-time").len(), 1);
}

#[test]
fn mappings_of_what_must_never_enter_are_refused_by_the_columns_name() {
    let importer = Importer::new("devices");
    let good = read_text("deploy/linze/mappings/devices.toml");
    let model = "name = \"型号\"";
    for (from, to, reason) in [
        (model, "name = \"号牌号码\"", "may not be imported"),
        (model, "name = \"图片链接\"", "may not be imported"),
        (model, "name = \"预览地址\"", "may not be imported"),
        (model, "name = \"PlateNo\"", "may not be imported"),
        (model, "name = \"秘钥\"", "only its presence"),
        (model, "name = \"登录密碼\"", "only its presence"),
        (model, "name = \"UserPwd\"", "only its presence"),
        ("key = [\"设备编码\"]", "key = [\"车牌号\"]", "imported"),
        ("column = \"是否不外传\"", "column = \"密钥\"", "imported"),
        (
            "\"social\"",
            "\"rtsp://192.0.2.5/1\"",
            "an address of video",
        ),
    ] {
        let broken = good.replacen(from, to, 1);
        let problem = Mapping::parse("m.toml", &broken, &importer.county.kinds);
        let problem = problem.expect_err("a mapping that may not be");
        assert!(problem.what.en.contains(reason), "{to}: {problem}");
    }
    let constant = "\n[[constant]]\nto = \"device.public.model\"\nvalue = \"甘G00000\"\n";
    let broken = good.replacen(model, "name = \"型号二\"", 1).replacen(
        "device.public.model",
        "device.public.block",
        1,
    );
    let problem = Mapping::parse("m.toml", &(broken + constant), &importer.county.kinds);
    let problem = problem.expect_err("a constant that may not be");
    assert!(problem.what.en.contains("a vehicle's plate"), "{problem}");
}

#[test]
fn columns_of_passwords_that_nobody_maps_are_counted_once() {
    let table = format!(
        "设备编码,设备名称,所在村代码,设备类型,秘钥,登录密碼,UserPwd,号牌号码\n\
         62072301001320990001,示例,{VILLAGE},视频监控,k3y-example,pass-example,pass2-example,甘G00000\n"
    );
    let mut importer = Importer::new("devices");
    let preview = importer.import(&[file("d.csv", table)]);
    let dropped: Vec<&str> = preview.dropped.iter().map(|(name, _)| name).collect();
    assert_eq!(dropped, ["UserPwd", "号牌号码", "登录密碼", "秘钥"]);
    assert!(preview.unmapped.is_empty(), "{:?}", preview.unmapped);
    let everything = shown(&preview) + &importer.held.text();
    assert!(!everything.contains("example") && !everything.contains("甘G"));
}
