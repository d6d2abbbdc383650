//! A report as a workbook: a sheet about it, then one a section, with the tables of the page. Codes
//! are texts, so that no program takes them for numbers.

use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

use super::laid_out::{Cell, Report, Section, Table};
use crdt_model::text;
use crdt_model::text::{Language, Text};
use node_machine::time::shown;

/// Width of a column, in characters.
const WIDTH: f64 = 20.0;
/// Characters that a sheet's name may have.
const NAME_CHARS_MAX: usize = 31;

/// The workbook, as the bytes of a file.
pub fn workbook(report: &Report, language: Language) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let look = Look {
        bold: Format::new().set_bold(),
        head: Format::new()
            .set_bold()
            .set_border_bottom(rust_xlsxwriter::FormatBorder::Thin),
        text: Format::new().set_num_format("@"),
        number: Format::new().set_num_format("0"),
        language,
    };
    look.about(report, book.add_worksheet())?;
    for section in &report.sections {
        let number = book.worksheets().len();
        look.section(section, number, book.add_worksheet())?;
    }
    book.save_to_buffer()
}

/// How it is written.
struct Look {
    bold: Format,
    head: Format,
    text: Format,
    number: Format,
    language: Language,
}

impl Look {
    fn about(&self, report: &Report, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        sheet.set_name(self.name(0, &text!("说明", "about")))?;
        sheet.set_column_range_width(0, 1, WIDTH * 1.5)?;
        let node = format!("{} {}", report.node, report.name);
        let period = report.period.title();
        let lines = [
            (text!("节点", "node"), node),
            (
                text!("周期", "period"),
                period.in_language(self.language).to_owned(),
            ),
            (text!("起", "from"), report.period.first.to_string()),
            (text!("止", "to"), report.period.last.to_string()),
            (
                text!("截至（北京时间）", "as of (Beijing time)"),
                shown(report.as_of),
            ),
            (text!("章程版本", "charter"), report.charter.to_string()),
            (
                text!("查看岗位", "role"),
                report.role_title.in_language(self.language).to_owned(),
            ),
        ];
        let mut row = 0;
        for (head, value) in lines {
            sheet.write_with_format(row, 0, head.in_language(self.language), &self.bold)?;
            self.text(sheet, row, 1, &value)?;
            row += 1;
        }
        row += 1;
        for note in report.unknown() {
            self.text(sheet, row, 0, note.in_language(self.language))?;
            row += 1;
        }
        Ok(())
    }

    fn section(
        &self,
        section: &Section,
        number: usize,
        sheet: &mut Worksheet,
    ) -> Result<(), XlsxError> {
        sheet.set_name(self.name(number, &section.title))?;
        sheet.set_paper_size(9);
        let widest = section
            .tables
            .iter()
            .map(|table| table.columns.len())
            .max()
            .unwrap_or(1);
        let last = u16::try_from(widest.saturating_sub(1)).unwrap_or(0);
        sheet.set_column_range_width(0, last, WIDTH)?;
        let mut row = 0;
        let withheld = section.withheld.then(|| {
            text!(
                "部分记录不在本岗位查看范围内",
                "some records may not be read in this role"
            )
        });
        for note in section.notes.iter().chain(withheld.as_ref()) {
            self.text(sheet, row, 0, note.in_language(self.language))?;
            row += 1;
        }
        for chart in &section.charts {
            let bars = chart
                .bars
                .iter()
                .map(|(day, count)| vec![Cell::Code(day.clone()), Cell::Number(*count)]);
            let table = Table {
                title: chart.title.clone(),
                columns: vec![text!("自", "from"), text!("数量", "number")],
                rows: bars.collect(),
                total: false,
            };
            self.table(&table, sheet, &mut row)?;
        }
        for table in &section.tables {
            self.table(table, sheet, &mut row)?;
        }
        Ok(())
    }

    fn table(&self, table: &Table, sheet: &mut Worksheet, row: &mut u32) -> Result<(), XlsxError> {
        *row += 1;
        let title = self.harmless(table.title.in_language(self.language));
        sheet.write_string_with_format(*row, 0, title, &self.bold)?;
        *row += 1;
        for (at, head) in (0..).zip(&table.columns) {
            let head = self.harmless(head.in_language(self.language));
            sheet.write_string_with_format(*row, at, head, &self.head)?;
        }
        *row += 1;
        for cells in &table.rows {
            for (at, cell) in (0..).zip(cells) {
                match cell {
                    Cell::Number(number) => {
                        sheet.write_number_with_format(*row, at, *number as f64, &self.number)?;
                    }
                    _ => self.text(sheet, *row, at, &cell.shown(self.language))?,
                }
            }
            *row += 1;
        }
        Ok(())
    }

    fn text(&self, sheet: &mut Worksheet, row: u32, at: u16, text: &str) -> Result<(), XlsxError> {
        sheet.write_string_with_format(row, at, self.harmless(text), &self.text)?;
        Ok(())
    }

    /// A text that no program takes for a formula, not even when it goes on as CSV.
    fn harmless(&self, text: &str) -> String {
        match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
            true => format!("'{text}"),
            false => text.to_owned(),
        }
    }

    /// A name as sheets may have it, which no other sheet has.
    fn name(&self, number: usize, title: &Text) -> String {
        let forbidden = ['[', ']', ':', '*', '?', '/', '\\', '\''];
        let title = title.in_language(self.language);
        let title = title.chars().filter(|char| !forbidden.contains(char));
        format!(
            "{number} {}",
            title.take(NAME_CHARS_MAX - 4).collect::<String>()
        )
    }
}
