//! The tokens of a Rust file: words and signs, and the texts that stand in it. Comments, characters
//! and lifetimes are left out.

/// One token, with the place where it begins, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) at: usize,
    pub(super) text: &'a str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    /// A word or a sign.
    Code,
    /// `"…"` or `r"…"`.
    Literal,
    LeftOut,
}

impl<'a> Token<'a> {
    /// The word or the sign, if it is one.
    pub(super) fn code(&self) -> Option<&'a str> {
        (self.kind == Kind::Code).then_some(self.text)
    }

    /// What the literal says, if it is one.
    pub(super) fn said(&self) -> Option<String> {
        (self.kind == Kind::Literal).then(|| said(self.text))
    }
}

/// Words, signs and texts.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let is_word = |char: char| char == '_' || char.is_alphanumeric();
        let pairs = ["::", "->", "=>", ".."];
        let (kind, length) = if let Some(found) = apart(rest) {
            found
        } else if is_word(first) {
            let end = rest.find(|char| !is_word(char));
            (Kind::Code, end.unwrap_or(rest.len()))
        } else if pairs.iter().any(|two| rest.starts_with(two)) {
            (Kind::Code, 2)
        } else {
            (Kind::Code, first.len_utf8())
        };
        let text = &rest[..length];
        if kind != Kind::LeftOut {
            tokens.push(Token { at, text, kind });
        }
        at += length;
    }
    tokens
}

/// The tokens without what stands under `#[cfg(test)]`.
pub(super) fn without_tests<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    const TEST: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let here = tokens[at..].iter().take(TEST.len());
        if here.map(|token| token.text).eq(TEST) {
            at = item_end(tokens, at + TEST.len());
        } else {
            kept.push(tokens[at]);
            at += 1;
        }
    }
    kept
}

/// Where an item ends: behind its braces or its semicolon. Its other attributes come first.
fn item_end(tokens: &[Token<'_>], from: usize) -> usize {
    let mut open = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(from) {
        match token.text {
            "(" | "[" | "{" => open += 1,
            ")" | "]" | "}" => open = open.saturating_sub(1),
            _ => {}
        }
        if open == 0 && ["}", ";"].contains(&token.text) {
            return at + 1;
        }
    }
    tokens.len()
}

/// What is neither word nor sign, if that is what the text begins with, and its length.
fn apart(text: &str) -> Option<(Kind, usize)> {
    let blank = text.len() - text.trim_start().len();
    if blank > 0 {
        return Some((Kind::LeftOut, blank));
    }
    if text.starts_with("//") {
        return Some((Kind::LeftOut, text.find('\n').unwrap_or(text.len())));
    }
    if text.starts_with("/*") {
        return Some((Kind::LeftOut, comment(text)));
    }
    for prefix in ["", "b", "c", "r", "br", "cr"] {
        let Some(after) = text.strip_prefix(prefix) else {
            continue;
        };
        let length = match prefix.ends_with('r') {
            true => raw_text(after),
            false => quoted(after),
        };
        if let Some(length) = length {
            let kind = match ["", "r"].contains(&prefix) && !after.starts_with('\'') {
                true => Kind::Literal,
                false => Kind::LeftOut,
            };
            return Some((kind, prefix.len() + length));
        }
    }
    None
}

/// What a literal says: its escapes are carried out.
fn said(literal: &str) -> String {
    if let Some(raw) = literal.strip_prefix('r') {
        let marks = raw.len() - raw.trim_start_matches('#').len();
        return raw[marks + 1..raw.len() - marks - 1].to_owned();
    }
    let mut said = String::new();
    let mut rest = literal[1..]
        .strip_suffix('"')
        .unwrap_or(&literal[1..])
        .chars();
    while let Some(char) = rest.next() {
        if char != '\\' {
            said.push(char);
            continue;
        }
        match rest.next() {
            Some('n') => said.push('\n'),
            Some('t') => said.push('\t'),
            Some('\n') => rest = rest.as_str().trim_start().chars(),
            Some('u') => {
                let (number, after) = rest.as_str().split_once('}').unwrap_or(("", ""));
                let number = u32::from_str_radix(number.trim_start_matches('{'), 16);
                said.extend(number.ok().and_then(char::from_u32));
                rest = after.chars();
            }
            Some(other) => said.push(other),
            None => {}
        }
    }
    said
}

/// A comment in `/* */`, which may hold others.
fn comment(text: &str) -> usize {
    let mut open = 0;
    let mut at = 0;
    while at < text.len() {
        let two = text.get(at..at + 2).unwrap_or("");
        match two {
            "/*" => open += 1,
            "*/" => open -= 1,
            _ => {}
        }
        at += if ["/*", "*/"].contains(&two) { 2 } else { 1 };
        if open == 0 {
            break;
        }
    }
    at
}

/// `"…"` or `#"…"#`, after an `r`.
fn raw_text(text: &str) -> Option<usize> {
    let marks = text.len() - text.trim_start_matches('#').len();
    let body = text[marks..].strip_prefix('"')?;
    let end = format!("\"{}", &text[..marks]);
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(marks + 1 + length)
}

/// `"…"`, `'c'`, or a lifetime.
fn quoted(text: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    let (_, mark) = chars.next()?;
    let (_, second) = chars.clone().next()?;
    let third = chars.clone().nth(1).map(|(_, third)| third);
    match mark {
        '"' => {}
        '\'' if second == '\\' || third == Some('\'') => {}
        '\'' => {
            let name = |char: char| char == '_' || char.is_alphanumeric();
            let end = text[1..].find(|char| !name(char));
            return Some(end.map_or(text.len(), |end| end + 1));
        }
        _ => return None,
    }
    while let Some((at, char)) = chars.next() {
        if char == '\\' {
            chars.next();
        } else if char == mark {
            return Some(at + 1);
        }
    }
    Some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_say_what_they_say() {
        let text =
            "f(\"a\\n\\\"b\\\n    c\", r#\"d\"\\n\"#, b\"no\", '\"', \"\\u{4e00}\"); // \"no\"";
        let said: Vec<String> = tokens(text).iter().filter_map(Token::said).collect();
        assert_eq!(said, ["a\n\"bc", "d\"\\n", "一"]);
    }
}
