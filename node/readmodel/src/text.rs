//! Text as the index holds it. Chinese has no blanks between words, so each character is made a word
//! of its own: what is looked for is then a phrase of characters, and words of two are found like any
//! others. Letters and digits stay together; the last word that is looked for may be a beginning.

use std::ops::Range;

/// Parts two words where a text has nothing between them. No field may have control characters, so
/// taking it out again gives the text back.
pub(super) const BREAK: char = '\u{1f}';
/// A word that ends each field, so that no phrase goes on into the next one.
const FIELD_END: char = '\u{e000}';

/// Characters before and after what was found that an excerpt shows.
const EXCERPT_CHARS: usize = 24;

/// Several fields as one text.
pub(super) fn join<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut joined = String::new();
    for text in texts {
        spread(text, &mut joined);
        joined.extend([BREAK, FIELD_END, BREAK]);
    }
    joined
}

/// What is looked for, as the index is asked: every word that blanks part must be there; `None` if
/// there is no letter, digit or character in it.
pub(super) fn phrases(wanted: &str) -> Option<String> {
    let mut phrases = Vec::new();
    for word in wanted.split(|char: char| char.is_whitespace() || char.is_control()) {
        let mut phrase = String::new();
        spread(&word.replace('"', " "), &mut phrase);
        let last = phrase.chars().rfind(|char| is_part(*char));
        if let Some(last) = last {
            let begins = if stands_alone(last) { "" } else { " *" };
            phrases.push(format!("\"{phrase}\"{begins}"));
        }
    }
    (!phrases.is_empty()).then(|| phrases.join(" AND "))
}

fn is_part(char: char) -> bool {
    char.is_alphanumeric() || stands_alone(char)
}

fn spread(text: &str, to: &mut String) {
    for char in text.chars().map(narrow) {
        match char {
            FIELD_END => to.push(' '),
            _ if stands_alone(char) => {
                if !to.ends_with(BREAK) {
                    to.push(BREAK);
                }
                to.extend([char, BREAK]);
            }
            _ => to.push(char),
        }
    }
}

/// A full-width letter or digit as the narrow one.
pub(super) fn narrow(char: char) -> char {
    match u32::from(char) {
        wide @ (0xff10..=0xff19 | 0xff21..=0xff3a | 0xff41..=0xff5a) => {
            char::from_u32(wide - 0xfee0).unwrap_or(char)
        }
        0x3000 => ' ',
        _ => char,
    }
}

/// Chinese, Japanese and Korean characters, and those of private use, by which old programs wrote
/// rare ones.
fn stands_alone(char: char) -> bool {
    matches!(u32::from(char),
        0x3005..=0x3007 | 0x3021..=0x3029 | 0x3041..=0x3096 | 0x309d..=0x309f | 0x30a1..=0x30fa
        | 0x30fc..=0x30ff | 0x3105..=0x312f | 0x31a0..=0x31bf | 0x3400..=0x4dbf | 0x4e00..=0x9fff
        | 0xac00..=0xd7a3 | 0xe000..=0xf8ff | 0xf900..=0xfaff | 0x20000..=0x3ffff)
}

/// The neighbourhood of what was found first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Excerpt {
    /// Which of the fields that were joined.
    pub(super) field: usize,
    pub(super) before: String,
    pub(super) found: String,
    pub(super) after: String,
}

/// Takes it out of a joined text: the first place of the first word that is found there. The index may
/// find what this does not, such as letters without their accents: then the beginning is shown.
pub(super) fn excerpt(joined: &str, wanted: &str) -> Excerpt {
    let words = tokens(joined);
    let wanted = wanted.split(char::is_whitespace).map(|word| {
        let mut phrase = String::new();
        spread(word, &mut phrase);
        phrase
    });
    let place = wanted.into_iter().find_map(|phrase| {
        let phrase: Vec<String> = tokens(&phrase).into_iter().map(|(_, word)| word).collect();
        let first = words.windows(phrase.len().max(1)).find(|some| {
            let words = some.iter().map(|(_, word)| word.as_str());
            !phrase.is_empty() && fits(words, &phrase)
        });
        let (begin, end) = (first?.first()?, first?.last()?);
        Some(begin.0.start..end.0.end)
    });
    let place = place.unwrap_or(0..0);
    let part = |range: Range<usize>| joined.get(range).unwrap_or_default();
    let (before, after) = (part(0..place.start), part(place.end..joined.len()));
    let field = before.matches(FIELD_END).count();
    let before = plain(before.rsplit(FIELD_END).next().unwrap_or_default());
    let after = plain(after.split(FIELD_END).next().unwrap_or_default());
    let left = before.chars().count().saturating_sub(EXCERPT_CHARS);
    let cut_left = if left > 0 { "…" } else { "" };
    let shown: String = after.chars().take(EXCERPT_CHARS).collect();
    let cut_right = if shown.len() < after.len() { "…" } else { "" };
    let kept: String = before.chars().skip(left).collect();
    Excerpt {
        field,
        before: format!("{cut_left}{kept}"),
        found: plain(part(place)),
        after: format!("{shown}{cut_right}"),
    }
}

/// Whether words are those of a phrase, of which the last may be a beginning.
fn fits<'a>(words: impl Iterator<Item = &'a str>, phrase: &[String]) -> bool {
    let last = phrase.len().saturating_sub(1);
    words
        .zip(phrase)
        .enumerate()
        .all(|(at, (word, wanted))| match at == last {
            true => word.starts_with(wanted.as_str()),
            false => word == wanted,
        })
}

/// The words of a text as the index parts them, in small letters, with where they stand.
pub(super) fn tokens(text: &str) -> Vec<(Range<usize>, String)> {
    let mut words: Vec<(Range<usize>, String)> = Vec::new();
    let mut open = false;
    for (at, char) in text.char_indices() {
        let range = at..at + char.len_utf8();
        let alone = stands_alone(char);
        match words.last_mut() {
            _ if !is_part(char) => {}
            Some((word, letters)) if open && !alone => {
                word.end = range.end;
                letters.extend(char.to_lowercase());
            }
            _ => words.push((range, char.to_lowercase().collect())),
        }
        open = is_part(char) && !alone;
    }
    words
}

/// A text without what the index added, on one line.
fn plain(text: &str) -> String {
    let kept = text
        .chars()
        .filter(|char| ![BREAK, FIELD_END].contains(char));
    kept.map(|char| if char.is_control() { ' ' } else { char })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_stand_alone_and_letters_and_digits_stay_together() {
        let words = |text: &str| {
            let joined = join([text].into_iter());
            let parts = joined.split([BREAK, ' ', FIELD_END]);
            let parts: Vec<_> = parts
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect();
            parts.join("|")
        };
        assert_eq!(words("水渠3号"), "水|渠|3|号");
        assert_eq!(words("３号渠ＡＢ"), "3|号|渠|AB");
        assert_eq!(words("LZ-2026"), "LZ-2026");
        assert_eq!(words("\u{e000}水"), "水");
        assert_eq!(words("𠮷"), "𠮷");
    }

    #[test]
    fn what_is_looked_for_cannot_be_more_than_words() {
        assert_eq!(
            phrases("水渠").as_deref(),
            Some("\"\u{1f}水\u{1f}渠\u{1f}\"")
        );
        assert_eq!(phrases("2026").as_deref(), Some("\"2026\" *"));
        assert_eq!(
            phrases("a\" OR \"b").as_deref(),
            Some("\"a \" * AND \"OR\" * AND \" b\" *")
        );
        for nothing in ["", "  ", "、。「」", "\"\"", "*", "\u{0}"] {
            assert_eq!(phrases(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn an_excerpt_is_of_the_field_in_which_something_was_found_first() {
        let joined = join(["第一", "甲乙丙水渠丁", "Pump-7 停机"].into_iter());
        let shown = |wanted: &str| {
            let Excerpt {
                field,
                before,
                found,
                after,
            } = excerpt(&joined, wanted);
            (field, format!("{before}[{found}]{after}"))
        };
        for (wanted, field, text) in [
            ("水渠", 1, "甲乙丙[水渠]丁"),
            ("没有 水渠", 1, "甲乙丙[水渠]丁"),
            ("pum", 2, "[Pump]-7 停机"),
            ("PUMP 7停", 2, "[Pump]-7 停机"),
            ("pump-7停", 2, "[Pump-7 停]机"),
            ("一甲", 0, "[]第一"),
        ] {
            assert_eq!(shown(wanted), (field, text.to_owned()), "{wanted}");
        }
        let long = join(["上".repeat(99).as_str()].into_iter());
        assert_eq!(
            excerpt(&long, "无").after.chars().count(),
            EXCERPT_CHARS + 1
        );
    }
}
