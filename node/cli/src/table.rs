//! Tables of text, aligned by the width that characters have on a screen.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

/// Characters of a value that a line shows.
const LINE_VALUE_CHARS_MAX: usize = 24;

/// Rows in aligned columns, each line indented by two spaces. The columns in `numbers` are aligned
/// to the right.
pub(super) fn table(header: &[&str], rows: &[Vec<String>], numbers: &[usize]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    if !header.is_empty() {
        table.set_header(header.iter().copied());
    }
    for row in rows {
        table.add_row(row.iter().map(String::as_str));
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if numbers.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str("  ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The beginning of a value, on one line.
pub(super) fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut short: String = line.chars().take(LINE_VALUE_CHARS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_takes_two_places_and_columns_still_stand_in_line() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let text = table(
            &["名称", "count"],
            &[row(["沙河镇", "1"]), row(["ab", "23"])],
            &[1],
        );
        assert_eq!(text, "  名称    count\n  沙河镇      1\n  ab         23\n");
    }
}
