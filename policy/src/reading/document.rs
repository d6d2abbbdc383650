//! One TOML file of a charter, with the byte range of everything in it. Tables of an array are read
//! one by one, so that each bad one gives its own finding.

use std::ops::Range;

use crdt_model::text;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::reading::characters::{self, LineEnds};
use crate::reading::files::CharterFiles;
use crate::reading::finding::Finding;
use crate::reading::nesting::{self, Syntax};
use crate::reading::rules;
use crate::reading::schema;
use crate::reading::translation::of_toml;

/// Bytes of one file that people write; the manifest and signatures have limits of their own.
const FILE_BYTES_MAX: usize = 1024 * 1024;
/// Tables of one array, which is more than any list of a charter has.
const TABLES_MAX: usize = 1024;

/// One step from a value to a part of it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<'a> {
    /// The value under this key.
    Key(&'a str),
    /// The value at this place of an array.
    Index(usize),
}

/// A parsed TOML file.
pub(crate) struct Document<'i> {
    file: &'i str,
    table: DeTable<'i>,
}

impl<'i> Document<'i> {
    /// Parses a file of the charter; what is wrong with it becomes findings.
    pub(crate) fn parse(
        files: &'i CharterFiles,
        file: &'i str,
        findings: &mut Vec<Finding>,
    ) -> Option<Self> {
        let text = text(files, file, findings)?;
        match DeTable::parse_recoverable(text) {
            (table, errors) if errors.is_empty() => Some(Self {
                file,
                table: table.into_inner(),
            }),
            (_, errors) => {
                findings.extend(errors.iter().map(|error| {
                    let finding = Finding::error("toml::syntax", file, of_toml(error.message()))
                        .at(error.span());
                    if error.message() == "duplicate key" {
                        finding.hint(text!(
                            "每个键只写一次；列表的各项写作 `[[…]]`",
                            "a key stands once; a list of tables is written `[[…]]`"
                        ))
                    } else {
                        finding
                    }
                }));
                None
            }
        }
    }

    /// The file's path.
    pub(crate) fn file(&self) -> &'i str {
        self.file
    }

    /// Reads everything but these arrays of tables.
    pub(crate) fn read_without<T: DeserializeOwned>(
        &self,
        arrays: &[&str],
        findings: &mut Vec<Finding>,
    ) -> Option<T> {
        let mut table = self.table.clone();
        for array in arrays {
            table.remove(*array);
        }
        self.deserialize(Spanned::new(0..0, DeValue::Table(table)), findings)
    }

    /// Reads the tables of one array one by one, each with its place in the array.
    pub(crate) fn read_array<T: DeserializeOwned>(
        &self,
        array: &str,
        findings: &mut Vec<Finding>,
    ) -> Vec<(usize, T)> {
        let Some(value) = self.table.get(array) else {
            return Vec::new();
        };
        let DeValue::Array(entries) = value.get_ref() else {
            findings.push(self.shape(value.span(), array));
            return Vec::new();
        };
        if entries.len() > TABLES_MAX {
            let message = text!(
                "`{array}` 有 {} 项，最多 {TABLES_MAX} 项",
                "{} tables `{array}`, where at most {TABLES_MAX} are allowed",
                entries.len()
            );
            findings.push(
                Finding::error("toml::too-many", self.file, message)
                    .at(entries.get(TABLES_MAX).map(Spanned::span)),
            );
            return Vec::new();
        }
        let mut read = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            if let Some(entry) = self.deserialize(entry.clone(), findings) {
                read.push((index, entry));
            }
        }
        read
    }

    /// The bytes of a part, or of the closest thing around it that has a place.
    pub(crate) fn span(&self, path: &[Step<'_>]) -> Option<Range<usize>> {
        let mut found = None;
        let mut at: Option<&DeValue<'i>> = None;
        for step in path {
            let next = match (step, at) {
                (Step::Key(key), None) => self.table.get(*key),
                (Step::Key(key), Some(DeValue::Table(table))) => table.get(*key),
                (Step::Index(index), Some(DeValue::Array(array))) => array.get(*index),
                _ => None,
            };
            let Some(next) = next else { break };
            found = Some(next.span());
            at = Some(next.get_ref());
        }
        found
    }

    fn shape(&self, span: Range<usize>, array: &str) -> Finding {
        Finding::error(
            "toml::shape",
            self.file,
            text!(
                "`{array}` 不是由各项组成的列表",
                "`{array}` is not an array of tables"
            ),
        )
        .at(Some(span))
        .hint(text!(
            "请把每一项写在 `[[{array}]]` 下",
            "write each entry as a table under `[[{array}]]`"
        ))
    }

    fn deserialize<T: DeserializeOwned>(
        &self,
        value: Spanned<DeValue<'i>>,
        findings: &mut Vec<Finding>,
    ) -> Option<T> {
        let around = value.span();
        match T::deserialize(ValueDeserializer::from(value)) {
            Ok(read) => Some(read),
            Err(error) => {
                let span = error.span().filter(|span| !span.is_empty());
                let span = span.or((!around.is_empty()).then_some(around));
                let message = of_toml(error.message());
                findings.push(Finding::error("toml::content", self.file, message).at(span));
                None
            }
        }
    }
}

/// The text of a file, if it is there, a reader sees all of it, and no parser is overrun by it.
/// Every parser gets its text from here.
pub(crate) fn text<'i>(
    files: &'i CharterFiles,
    file: &str,
    findings: &mut Vec<Finding>,
) -> Option<&'i str> {
    text_with(files, file, LineEnds::Strict, findings)
}

/// As [`text`], where lines may end as they do on some machines.
pub(crate) fn text_with<'i>(
    files: &'i CharterFiles,
    file: &str,
    ends: LineEnds,
    findings: &mut Vec<Finding>,
) -> Option<&'i str> {
    let text = utf8(files, file, findings)?;
    let before = findings.len();
    characters::check(file, text, ends, findings);
    let syntax = if rules::is_rules(file) || file == schema::FILE {
        Syntax::Cedar
    } else {
        Syntax::Toml
    };
    nesting::check(file, text, syntax, findings);
    (findings.len() == before).then_some(text)
}

/// The text of a file, if it is there and is UTF-8 of a size that people write.
fn utf8<'i>(files: &'i CharterFiles, file: &str, findings: &mut Vec<Finding>) -> Option<&'i str> {
    let Some(content) = files.files.get(file) else {
        let finding = Finding::error(
            "charter::missing-file",
            file,
            text!("缺少这个文件", "the file is missing"),
        );
        findings.push(finding.hint(text!("每份章程都有这个文件", "every charter has this file")));
        return None;
    };
    if content.len() > FILE_BYTES_MAX {
        let message = text!(
            "文件有 {} 字节，最多 {FILE_BYTES_MAX} 字节",
            "a file of {} bytes, where at most {FILE_BYTES_MAX} are allowed",
            content.len()
        );
        findings.push(Finding::error("charter::too-large", file, message));
        return None;
    }
    match std::str::from_utf8(content) {
        Ok(text) => Some(text),
        Err(error) => {
            let at = error.valid_up_to();
            let finding = Finding::error(
                "charter::encoding",
                file,
                text!("文件不是 UTF-8 文本", "the file is not UTF-8"),
            );
            findings.push(finding.at(Some(at..at + 1)).hint(text!(
                "请存为不带 BOM 的 UTF-8",
                "save it as UTF-8 without a mark"
            )));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Entry {
        #[allow(dead_code)]
        code: String,
    }

    fn files(text: &str) -> CharterFiles {
        let mut files = CharterFiles::default();
        files.files.insert("a.toml".into(), text.into());
        files
    }

    #[test]
    fn every_bad_table_of_an_array_gives_its_own_finding_with_its_place() {
        let files = files("[[node]]\ncode = 1\n[[node]]\ncode = 'x'\n[[node]]\nkode = 'y'\n");
        let mut findings = Vec::new();
        let document = Document::parse(&files, "a.toml", &mut findings).expect("syntax is good");
        let read = document.read_array::<Entry>("node", &mut findings);
        assert_eq!(read.len(), 1);
        let lines: Vec<_> = findings
            .iter()
            .map(|f| f.position(&files).map(|at| at.0))
            .collect();
        assert_eq!(lines, [Some(2), Some(6)], "{findings:#?}");
        assert!(
            findings[1].message.en.starts_with("unknown key `kode`"),
            "{findings:#?}"
        );
    }

    #[test]
    fn parts_are_found_by_their_path() {
        let files = files("[[node]]\ncode = 'x'\n");
        let document = Document::parse(&files, "a.toml", &mut Vec::new()).expect("syntax is good");
        let path = [Step::Key("node"), Step::Index(0), Step::Key("code")];
        assert_eq!(document.span(&path), Some(16..19));
    }

    #[test]
    fn a_file_that_is_not_toml_gives_a_finding_and_no_document() {
        let files = files("a = \nb = = 2\n");
        let mut findings = Vec::new();
        assert!(Document::parse(&files, "a.toml", &mut findings).is_none());
        assert!(!findings.is_empty());
    }
}
