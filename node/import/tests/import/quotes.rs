//! Quotes that are not closed where they should be: the file is refused, so that no row becomes text
//! of another in silence. Cells of several lines are read.

use crdt_model::text::Problem;
use crdt_model::value::Value;

use crate::support::{Importer, VILLAGE, file, refusal, shown};

const REPORTS: &str = "事项编号,所属村代码,网格编号,事项类别,办理状态,上报时间,涉及人员,情况描述\n";
const DEVICES: &str = "设备编码,设备名称,所在村代码,设备类型,运行状态,详细地址\n";

fn report(number: usize, people: &str, text: &str) -> String {
    format!(
        "WG-Q-{number:02},{VILLAGE},{VILLAGE}001,矛盾纠纷,已上报,2026-11-02 09:00,{people},{text}\n"
    )
}

fn device(number: usize, name: &str, address: &str) -> String {
    format!("6207230200132900{number:04},{name},{VILLAGE},视频监控,在线,{address}\n")
}

fn reports(rows: usize) -> String {
    let row = |number| report(number, &format!("示例人员{number}甲"), "示例描述");
    (1..=rows).map(row).collect()
}

fn devices(rows: usize) -> String {
    (1..=rows)
        .map(|number| device(number, "示例", "示例地址"))
        .collect()
}

fn refused(mapping: &str, table: &str) -> Problem {
    let preview = Importer::new(mapping).try_preview(&[file("t.csv", table)]);
    match preview {
        Err(problem) => problem,
        Ok(preview) => panic!("{table}\n{}", shown(&preview)),
    }
}

fn swallows(mapping: &str, table: &str, line: u64, column: u64, rows: u64) {
    let problem = refused(mapping, table);
    assert_eq!(problem.code, "import-quote", "{problem}");
    let (zh, en) = (&problem.what.zh, &problem.what.en);
    assert!(
        en.contains(&format!("line {line}, column {column}")),
        "{en}"
    );
    assert!(zh.contains(&format!("第 {line} 行第 {column} 列")), "{zh}");
    assert_eq!(en.contains(&format!("{rows} more rows")), rows > 0, "{en}");
    assert_eq!(zh.contains(&format!("其后 {rows} 行")), rows > 0, "{zh}");
    assert!(
        !en.contains("示例") && !zh.contains("示例"),
        "no value is repeated"
    );
}

#[test]
fn a_quote_that_is_never_closed_refuses_the_file() {
    let open = report(0, "", "\"他说门坏了");
    swallows(
        "grid-reports",
        &[REPORTS, &open, &reports(39)].concat(),
        2,
        8,
        39,
    );
    swallows(
        "grid-reports",
        &[REPORTS, &reports(39), &open].concat(),
        41,
        8,
        0,
    );
    let open = device(0, "\"花园", "示例地址");
    swallows("devices", &[DEVICES, &open, &devices(6)].concat(), 2, 2, 6);
    // In the title, and in the header itself.
    swallows(
        "devices",
        &["\"登记表\n", DEVICES, &devices(2)].concat(),
        1,
        1,
        3,
    );
    let header = DEVICES.replace("设备名称", "\"设备名称");
    swallows("devices", &[&header, devices(2).as_str()].concat(), 1, 2, 2);
    // Whatever lines end in.
    let lines = [REPORTS, &report(0, "", "\"他说"), &reports(3)].concat();
    swallows("grid-reports", &lines.replace('\n', "\r\n"), 2, 8, 3);
    swallows("grid-reports", &lines.replace('\n', "\r"), 2, 8, 3);
}

#[test]
fn a_quote_whose_partner_stands_rows_further_down_refuses_the_file() {
    let open = report(0, "", "\"他说门坏了");
    for partner in [
        report(9, "", "\"示例\""),
        report(9, "\"示例甲、示例乙\"", "示例"),
        report(9, "", "示例\""),
        report(9, "", "5\"管道坏了"),
        report(9, "\"\"", "示例\""),
    ] {
        let table = [REPORTS, &open, &reports(4), &partner, &reports(2)].concat();
        let problem = refused("grid-reports", &table);
        assert_eq!(problem.code, "import-quote", "{partner}");
        assert!(
            problem.what.en.contains("line 2, column 8"),
            "{partner}: {problem}"
        );
    }
    // Only one row further down, in the same column, in another, and in the first.
    let same = [device(1, "\"花园", "示例"), device(2, "示例\"", "示例")].concat();
    swallows("devices", &[DEVICES, &same].concat(), 2, 2, 1);
    let last = [report(1, "", "\"示例"), report(2, "", "示例\"")].concat();
    swallows("grid-reports", &[REPORTS, &last].concat(), 2, 8, 1);
    let other = [device(1, "\"花园", "示例"), device(2, "示例", "示例\"")].concat();
    swallows("devices", &[DEVICES, &other].concat(), 2, 2, 1);
    // Every cell quoted, but for one quote.
    let quoted = |table: String| {
        let line = |line: &str| {
            let cells: Vec<String> = line.split(',').map(|cell| format!("\"{cell}\"")).collect();
            cells.join(",") + "\n"
        };
        table.lines().map(line).collect::<String>()
    };
    let table = quoted([DEVICES, &devices(5)].concat());
    let (before, after) =
        table.split_at(table.match_indices("示例地址\"").nth(1).expect("a cell").0);
    let broken = format!("{before}{}", after.replacen("示例地址\"", "示例地址", 1));
    swallows("devices", &broken, 3, 6, 1);
}

#[test]
fn cells_of_several_lines_are_read() {
    let texts = [
        "双方争执。\n已劝解, 未果。\n",
        "一\n\n二，三；四",
        "先说, 后做\n再议",
        "说\"\"不行\"\"\n就走了",
    ];
    for separator in [",", "\t", ";"] {
        let mut importer = Importer::new("grid-reports");
        let table: String = REPORTS.to_owned()
            + &texts
                .iter()
                .enumerate()
                .map(|(number, text)| report(number, "示例人员甲", &format!("\"{text}\"")))
                .collect::<String>();
        let table = table
            .replace(", ", "\u{1}")
            .replace(',', separator)
            .replace('\u{1}', ", ");
        let preview = importer.import(&[file("t.csv", table)]);
        assert_eq!(
            preview.totals.create,
            4,
            "{separator:?} {}",
            shown(&preview)
        );
        let held = importer.held.all("grid.content", "text");
        let expected = texts.map(|text| Value::Text(text.trim().replace("\"\"", "\"")));
        assert!(expected.iter().all(|text| held.contains(&text)), "{held:?}");
    }
    // In the first column of the table, where the last line has all the other cells.
    let table = "情况描述,事项编号,所属村代码,网格编号,事项类别,办理状态,上报时间\n\
                 \"第一行\n第二行\",WG-1,620723101201,620723101201001,其他,已上报,2026-11-02\n";
    let preview = Importer::new("grid-reports").preview(&[file("t.csv", table)]);
    assert_eq!(preview.totals.create, 1, "{}", shown(&preview));
}

#[test]
fn in_a_table_of_few_columns_a_line_of_text_is_no_row() {
    let mapping = r#"
title = { zh = "少列", en = "few columns" }
format = "csv"
source = "few"
kind = "case"
key = ["编号"]
[home]
fixed = "620723101201"
[[column]]
name = "编号"
to = "case.summary.code"
[[column]]
name = "经过"
to = "case.narrative.text"
"#;
    let mut importer = Importer::new("cases");
    importer.mapping = node_import::Mapping::parse("few.toml", mapping, &importer.county.kinds)
        .expect("a mapping");
    let read = |table: &str| importer.try_preview(&[file("t.csv", table)]);
    for text in [
        "编号,经过\nA-1,\"先说, 后做\n再议, 未果\n然后, 好了\"\nA-2,x\n",
        "经过,编号\n\"先说, 后做\n再议\",A-1\n",
    ] {
        let preview = read(text).unwrap_or_else(|problem| panic!("{text}{problem}"));
        // What else a dispute needs is not in the table.
        assert!(
            preview.rows.iter().all(|row| row.key.is_some()),
            "{}",
            shown(&preview)
        );
    }
    for text in [
        "编号,经过\nA-1,\"先说\nA-2,后做\nA-3,再议\"\n",
        "编号,经过\nA-1,\"先说\nA-2,再议\"\n",
        "编号,经过\n\"A-1,先说\nA-2\",再议\n",
        "经过,编号\n\"先说,A-1\n后做,A-2\n再议\",A-3\n",
    ] {
        assert_eq!(read(text).expect_err(text).code, "import-quote");
    }
}

#[test]
fn a_quote_within_a_cell_of_one_line_refuses_its_row_alone() {
    let odd = report(1, "", "\"他说\"不行\"就走了\"");
    let table = [REPORTS, &odd, &reports(2).replace("Q-01", "Q-03")].concat();
    let preview = Importer::new("grid-reports").preview(&[file("t.csv", table)]);
    assert_eq!(
        (preview.totals.create, preview.totals.refused),
        (2, 1),
        "{}",
        shown(&preview)
    );
    assert!(refusal(&preview, 2).contains("written twice"));
    // A quote that does not open a cell is a character like any other.
    let inch = [REPORTS, &report(1, "", "5\"管道坏了")].concat();
    let preview = Importer::new("grid-reports").preview(&[file("t.csv", inch)]);
    assert_eq!(preview.totals.create, 1, "{}", shown(&preview));
}

#[test]
fn a_comment_in_a_catalogue_takes_in_no_items_in_silence() {
    use crate::support::{camera, catalogue};
    let items = [
        camera(1, "<Address>东门<!-- </Address>"),
        camera(2, ""),
        camera(3, "<Address>西门 --></Address>"),
        camera(4, "<!-- 示例 -->"),
    ];
    let preview = Importer::new("gb28181").preview(&[file("c.xml", catalogue(&items.concat()))]);
    assert_eq!(
        (preview.totals.create, preview.totals.refused),
        (3, 1),
        "{}",
        shown(&preview)
    );
    let items = [
        camera(1, ""),
        format!("<!-- {}{} -->", camera(2, ""), camera(3, "")),
    ];
    let preview = Importer::new("gb28181").preview(&[file("c.xml", catalogue(&items.concat()))]);
    assert_eq!(preview.totals.create, 1);
    let noted = preview
        .notes
        .iter()
        .any(|note| note.en.contains("2 items stand within"));
    assert!(noted, "{:?}", preview.notes);
}
