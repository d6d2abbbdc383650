//! Characters that a reader does not see as they are. Whoever reviews a charter reads it on a
//! screen; what the screen leaves out, turns around or pushes off its edge must not be what is
//! signed (Trojan Source, CVE-2021-42574). So a charter's text has none of them, not even written as
//! an escape, and no line that runs on for ever.

use std::ops::Range;

use crate::reading::finding::Finding;
use crdt_model::text;
use crdt_model::text::Text;

/// Characters of a line.
pub(crate) const LINE_CHARACTERS_MAX: usize = 500;
/// Findings of one sort in one file; who put more there did so on purpose.
const FINDINGS_MAX: usize = 8;

/// Whether lines may end in carriage return and line feed: in a text that is about to be formatted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LineEnds {
    /// Line feeds alone.
    Strict,
    /// Either.
    Either,
}

/// Finds what a reader of this file would not see.
pub(crate) fn check(file: &str, text: &str, ends: LineEnds, findings: &mut Vec<Finding>) {
    line_ends(file, text, ends, findings);
    let windows = ends == LineEnds::Either || text.contains("\r\n");
    let hidden = text.char_indices().filter_map(|(at, character)| {
        let rest = text.get(at..).unwrap_or_default();
        let ends_line = windows && rest.starts_with("\r\n");
        let what = hidden(character).filter(|_| !ends_line)?;
        Some((at..at + character.len_utf8(), character, what))
    });
    for (span, character, what) in hidden.take(FINDINGS_MAX) {
        let hint = if character == '\u{feff}' && span.start == 0 {
            text!("请存为不带 BOM 的 UTF-8", "save it as UTF-8 without a mark")
        } else {
            text!(
                "请重新输入这一行，不要复制粘贴",
                "type the line anew; do not copy it"
            )
        };
        let code = u32::from(character);
        let message = text!(
            what;
            "此处有看不见的字符 U+{code:04X}（{what}）",
            "U+{code:04X}, {what}, which a reader does not see"
        );
        findings.push(
            Finding::error("text::hidden", file, message)
                .at(Some(span))
                .hint(hint),
        );
    }
    for span in escapes(text).take(FINDINGS_MAX) {
        let shown = text.get(span.clone()).unwrap_or_default();
        let message = text!(
            "`{shown}` 代表一个字符，可能把它隐藏起来",
            "`{shown}` stands for a character, and may hide it"
        );
        findings.push(
            Finding::error("text::escape", file, message)
                .at(Some(span))
                .hint(text!(
                    "请直接写这个字符；转义只允许 `\\\"` 和 `\\\\`",
                    "write the character itself; of escapes only `\\\"` and `\\\\` are allowed"
                )),
        );
    }
    long_lines(file, text, findings);
}

fn line_ends(file: &str, text: &str, ends: LineEnds, findings: &mut Vec<Finding>) {
    let first = text.find("\r\n").filter(|_| ends == LineEnds::Strict);
    findings.extend(first.map(|at| {
        Finding::error(
            "text::line-end",
            file,
            text!("各行以回车符结尾", "lines end in carriage returns"),
        )
        .at(Some(at..at + 1))
        .hint(text!(
            "请只用换行符保存，或执行 `mesh-policy fmt`",
            "save it with line feeds alone, or run `mesh-policy fmt`"
        ))
    }));
}

fn long_lines(file: &str, text: &str, findings: &mut Vec<Finding>) {
    let mut start = 0;
    let mut found = 0;
    for line in text.split('\n') {
        let length = line.chars().count();
        if length > LINE_CHARACTERS_MAX && found < FINDINGS_MAX {
            found += 1;
            let message = text!(
                "一行有 {length} 个字符，最多 {LINE_CHARACTERS_MAX} 个",
                "a line of {length} characters, where at most {LINE_CHARACTERS_MAX} are allowed"
            );
            findings.push(
                Finding::error("text::long-line", file, message)
                    .at(Some(start..start + line.len()))
                    .hint(text!(
                        "请分行；太靠右的内容没有人看",
                        "break it; what stands far to the right is not read"
                    )),
            );
        }
        start += line.len() + 1;
    }
}

/// Escapes for characters that could as well be written, or that nobody should write.
fn escapes(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(found) = bytes.get(at..)?.iter().position(|byte| *byte == b'\\') {
            let start = at + found;
            let escaped = bytes.get(start + 1).copied().unwrap_or(b'\n');
            at = start + 2;
            if !matches!(escaped, b'"' | b'\\') {
                let rest = text.get(start..).unwrap_or_default();
                return Some(start..start + escape_length(rest));
            }
        }
        None
    })
}

/// Bytes of the escape that a text begins with.
fn escape_length(text: &str) -> usize {
    let letters = match text.as_bytes().get(1) {
        Some(b'u') if text.get(2..3) == Some("{") => {
            return text.find('}').map_or(3, |end| (end + 1).min(12));
        }
        Some(b'u') => 6,
        Some(b'U') => 10,
        Some(b'x') => 4,
        _ => 2,
    };
    let end = text.char_indices().map(|(at, _)| at).nth(letters);
    end.unwrap_or(text.len())
}

/// Whether a text has a character that a reader does not see.
pub(crate) fn hides(text: &str) -> bool {
    text.chars().any(|character| hidden(character).is_some())
}

/// What sort of hidden character this is, if it is one.
fn hidden(character: char) -> Option<Text> {
    Some(match character {
        '\n' | '\t' => return None,
        '\u{2028}' | '\u{2029}' | '\u{85}' | '\u{b}' | '\u{c}' => text!("换行符", "a line end"),
        '\u{feff}' => text!("BOM（字节顺序标记）", "a byte order mark"),
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            text!(
                "改变文字方向的符号",
                "a mark that turns the direction of the text around"
            )
        }
        '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' => {
            text!("零宽字符", "a character without width")
        }
        '\u{206a}'..='\u{206f}' | '\u{fff0}'..='\u{fffb}' => {
            text!("排版控制字符", "a formatting character")
        }
        '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{2800}' | '\u{3164}'
        | '\u{ffa0}' => text!("空白字母", "a letter that is blank"),
        '\u{180b}'..='\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => {
            text!("字形变体符号", "a variation selector")
        }
        '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' => {
            text!("排版控制字符", "a formatting character")
        }
        '\u{e0000}'..='\u{e0fff}' => text!("标签字符", "a tag"),
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' => {
            text!("不是普通空格的空白", "a blank that is no space")
        }
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' => {
            text!("没有含义的字符", "a character without meaning")
        }
        control if control.is_control() => text!("控制字符", "a control character"),
        _ => return None,
    })
}

/// The text as it may be shown to a reader: of the same length, with what they would not see as
/// a mark that they do.
pub(crate) fn visible(text: &str) -> String {
    let mark = |character: char| match (hidden(character), character.len_utf8()) {
        (None, _) => character.to_string(),
        (Some(_), 3) => char::REPLACEMENT_CHARACTER.to_string(),
        (Some(_), length) => "?".repeat(length),
    };
    text.chars().map(mark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<&'static str> {
        let mut findings = Vec::new();
        check("rules/a.cedar", text, LineEnds::Strict, &mut findings);
        findings.iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn what_a_reader_sees_is_let_be() {
        for text in [
            "",
            "章程：a = \"é “x” —\"\n",
            "a = \"b \\\"c\\\" \\\\\"\n",
            "　全角\n",
        ] {
            assert_eq!(codes(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn what_a_reader_does_not_see_is_found_and_shown() {
        for (text, code) in [
            ("a\u{202e}b", "text::hidden"),
            ("a\u{200b}b", "text::hidden"),
            ("\u{feff}a", "text::hidden"),
            ("a\0b", "text::hidden"),
            ("a\u{1b}[2Jb", "text::hidden"),
            ("a\rb", "text::hidden"),
            ("a\u{e0041}b", "text::hidden"),
            ("a\u{a0}b", "text::hidden"),
            ("a\r\nb\r\n", "text::line-end"),
            ("\"\\u202E\"", "text::escape"),
            ("\"\\u{202e}\"", "text::escape"),
            ("\"\\n\"", "text::escape"),
        ] {
            assert_eq!(codes(text), [code], "{text:?}");
            let shown = visible(text);
            assert_eq!(shown.len(), text.len());
            assert!(code != "text::hidden" || shown != text, "{text:?}");
        }
        assert_eq!(codes(&"字".repeat(LINE_CHARACTERS_MAX)), [""; 0]);
        assert_eq!(
            codes(&"字".repeat(LINE_CHARACTERS_MAX + 1)),
            ["text::long-line"]
        );
        assert_eq!(codes(&"\u{200b}".repeat(100)).len(), FINDINGS_MAX);
    }

    #[test]
    fn an_escaped_backslash_hides_no_escape() {
        assert_eq!(codes("\"\\\\u202E\""), [""; 0]);
        assert_eq!(codes("\"\\\\\\u202E\""), ["text::escape"]);
    }
}
