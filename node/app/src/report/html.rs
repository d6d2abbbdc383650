//! A report as one page that opens from the disk and prints on A4, without anything from elsewhere.

use askama::Template;

use super::chart;
use super::laid_out::{Chart, Report, Table};
use crdt_model::text::Language;
use node_machine::time::shown;

/// What the template is filled with.
#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    zh: bool,
    language: Language,
    report: &'a Report,
}

/// The page.
pub fn page(report: &Report, language: Language) -> Result<String, askama::Error> {
    let page = Page {
        zh: language == Language::Zh,
        language,
        report,
    };
    page.render()
}

impl Page<'_> {
    fn as_of(&self) -> String {
        shown(self.report.as_of)
    }

    /// From numbers and texts that are escaped already.
    fn drawn(&self, chart: &Chart) -> String {
        chart::draw(chart, self.language)
    }

    fn is_total(&self, table: &Table, row: usize) -> bool {
        table.total && row + 1 == table.rows.len()
    }
}
