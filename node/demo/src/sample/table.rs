//! Tables as Chinese spreadsheets save them: comma-separated, in GB18030, with a header.

use encoding_rs::GB18030;

/// A table that is being filled.
pub(super) struct Table {
    header: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(header: &'static [&'static str]) -> Self {
        Self {
            header,
            rows: Vec::new(),
        }
    }

    pub(super) fn push<const CELLS: usize>(&mut self, row: [String; CELLS]) {
        debug_assert_eq!(CELLS, self.header.len());
        self.rows.push(row.into());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows.len() as u64
    }

    /// The file's bytes.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut text = line(self.header.iter().copied());
        for row in &self.rows {
            text.push_str(&line(row.iter().map(String::as_str)));
        }
        gb18030(&text)
    }
}

fn line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let quoted = |cell: &str| {
        if cell.contains([',', '"', '\n']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.to_owned()
        }
    };
    let cells: Vec<String> = cells.map(quoted).collect();
    cells.join(",") + "\r\n"
}

/// Text in GB18030, which has every character.
pub(super) fn gb18030(text: &str) -> Vec<u8> {
    GB18030.encode(text).0.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_with_separators_are_quoted() {
        let mut table = Table::new(&["甲", "乙"]);
        table.push(["一,二".into(), "说“好”\"".into()]);
        let bytes = table.bytes();
        assert_eq!(
            GB18030.decode(&bytes).0,
            "甲,乙\r\n\"一,二\",\"说“好”\"\"\"\r\n"
        );
    }
}
