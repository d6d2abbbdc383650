//! How deep a text is nested, and where the rules in a Cedar file begin and end: found by reading
//! over strings and comments, without a call for each level, before a parser that makes one sees the
//! text. What passes here fits any stack.

use std::ops::Range;

use crate::reading::finding::Finding;
use crdt_model::text;

/// Brackets within brackets.
const BRACKETS_MAX: usize = 16;
/// Dots in one line of TOML; each may be a table within a table.
const TOML_DOTS_MAX: usize = 16;
/// Words, strings and signs of one rule. A chain of `&&`, of `.` or of `else if` is a nest too, and
/// nobody reviews a rule that is longer.
pub(crate) const RULE_TOKENS_MAX: usize = 1000;

/// How the texts of a charter are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Syntax {
    /// `rules/`.
    Cedar,
    /// Everything else.
    Toml,
}

/// One rule of a Cedar file, from its first annotation to its semicolon.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Statement {
    pub(crate) span: Range<usize>,
    pub(crate) tokens: usize,
}

/// The rules of a Cedar file. What stands after the last semicolon is one too, so that nothing is
/// without a place.
pub(crate) fn statements(text: &str) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut open: Option<Statement> = None;
    for token in tokens(Syntax::Cedar, text) {
        let statement = open.get_or_insert(Statement {
            span: token.span.clone(),
            tokens: 0,
        });
        statement.span.end = token.span.end;
        statement.tokens += 1;
        if token.what == What::Semicolon {
            statements.extend(open.take());
        }
    }
    statements.extend(open);
    statements
}

/// Finds where a text is nested too deep for its parser.
pub(crate) fn check(file: &str, text: &str, syntax: Syntax, findings: &mut Vec<Finding>) {
    let mut deep = 0usize;
    let mut dots = 0;
    let mut line_end = 0;
    for token in tokens(syntax, text) {
        match token.what {
            What::Open => deep += 1,
            What::Close => deep = deep.saturating_sub(1),
            What::Dot if syntax == Syntax::Toml => {
                if token.span.start >= line_end {
                    dots = 0;
                    let rest = text.get(token.span.start..).unwrap_or_default();
                    line_end = token.span.start + rest.find('\n').unwrap_or(rest.len());
                }
                dots += 1;
            }
            _ => {}
        }
        if deep > BRACKETS_MAX || dots > TOML_DOTS_MAX {
            let message = if deep > BRACKETS_MAX {
                text!(
                    "此处括号嵌套超过 {BRACKETS_MAX} 层",
                    "brackets stand more than {BRACKETS_MAX} deep in each other here"
                )
            } else {
                text!(
                    "一行中的点超过 {TOML_DOTS_MAX} 个",
                    "more than {TOML_DOTS_MAX} dots in one line"
                )
            };
            findings.push(
                Finding::error("text::nesting", file, message)
                    .at(Some(token.span))
                    .hint(text!(
                        "这样没有人能审核；请减少嵌套",
                        "nobody can review this; write it flat"
                    )),
            );
            return;
        }
    }
    if syntax == Syntax::Cedar {
        let long = statements(text).into_iter();
        let long = long.filter(|statement| statement.tokens > RULE_TOKENS_MAX);
        findings.extend(long.map(|statement| {
            let message = text!(
                "一条规则有 {} 个词和符号，最多 {RULE_TOKENS_MAX} 个",
                "a rule of {} words and signs, where at most {RULE_TOKENS_MAX} are allowed",
                statement.tokens
            );
            let start = statement.span.start;
            Finding::error("rules::too-long", file, message)
                .at(Some(start..start + 1))
                .hint(text!(
                    "这样没有人能审核；请拆成几条规则",
                    "nobody can review this; make several rules of it"
                ))
        }));
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum What {
    Word,
    Text,
    Open,
    Close,
    Dot,
    Semicolon,
    Other,
}

struct Token {
    span: Range<usize>,
    what: What,
}

fn tokens(syntax: Syntax, text: &str) -> impl Iterator<Item = Token> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = text.get(at..)?;
            let first = rest.chars().next()?;
            let (what, length) = next(syntax, rest, first);
            let span = at..at + length;
            at = span.end;
            if let Some(what) = what {
                return Some(Token { span, what });
            }
        }
    })
}

/// What a text begins with, and how many bytes of it; nothing for blanks and comments.
fn next(syntax: Syntax, rest: &str, first: char) -> (Option<What>, usize) {
    let one = first.len_utf8();
    let comment = match syntax {
        Syntax::Cedar => "//",
        Syntax::Toml => "#",
    };
    if first.is_whitespace() {
        return (None, one);
    }
    if rest.starts_with(comment) {
        return (None, rest.find('\n').unwrap_or(rest.len()));
    }
    let word = |character: char| character.is_alphanumeric() || character == '_';
    if word(first) {
        return (
            Some(What::Word),
            rest.find(|c| !word(c)).unwrap_or(rest.len()),
        );
    }
    match (first, syntax) {
        ('"', Syntax::Cedar) => (Some(What::Text), string(rest, "\"", true, true)),
        ('"' | '\'', Syntax::Toml) => (Some(What::Text), toml_string(rest, first)),
        ('(' | '[' | '{', _) => (Some(What::Open), one),
        (')' | ']' | '}', _) => (Some(What::Close), one),
        ('.', _) => (Some(What::Dot), one),
        (';', _) => (Some(What::Semicolon), one),
        _ => (Some(What::Other), one),
    }
}

fn toml_string(rest: &str, quote: char) -> usize {
    let escapes = quote == '"';
    let three = quote.to_string().repeat(3);
    if !rest.starts_with(&three) {
        return string(rest, quote.encode_utf8(&mut [0; 4]), escapes, false);
    }
    // Up to two more quotes belong to the text.
    let end = string(rest, &three, escapes, true);
    let more = rest.get(end..).unwrap_or_default();
    end + more.chars().take(2).take_while(|c| *c == quote).count()
}

/// Bytes of the string that a text begins with, its marks included.
fn string(rest: &str, mark: &str, escapes: bool, over_lines: bool) -> usize {
    let mut at = mark.len();
    while let Some(left) = rest.get(at..) {
        if left.starts_with(mark) {
            return at + mark.len();
        }
        let Some(character) = left.chars().next() else {
            break;
        };
        if character == '\n' && !over_lines {
            return at;
        }
        at += character.len_utf8();
        if character == '\\' && escapes {
            let escaped = rest.get(at..).and_then(|left| left.chars().next());
            at += escaped.map_or(0, char::len_utf8);
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(syntax: Syntax, text: &str) -> usize {
        let mut findings = Vec::new();
        check("a", text, syntax, &mut findings);
        findings.len()
    }

    #[test]
    fn statements_are_found_past_strings_and_comments() {
        let text = "// permit;\n@id(\"a;\\\";\")\npermit (a); // ;\n\n forbid (b);\nrest";
        let read = statements(text);
        let read: Vec<_> = read.iter().map(|one| &text[one.span.clone()]).collect();
        assert_eq!(
            read,
            ["@id(\"a;\\\";\")\npermit (a);", "forbid (b);", "rest"]
        );
    }

    #[test]
    fn brackets_count_outside_strings_and_comments_only() {
        let many = "[".repeat(100);
        for text in [
            format!("# {many}\na = 1\n"),
            format!("a = \"{many}\"\nb = '{many}'\nc = \"\\\"{many}\"\n"),
            format!("a = \"\"\"{many}\n\\\"\"\"{many}\"\"\"\"\"\nb = '''{many}''' # {many}\n"),
            "[]".repeat(100),
        ] {
            assert_eq!(found(Syntax::Toml, &text), 0, "{text}");
        }
        for text in [
            format!("a = {many}"),
            format!("a = \"\"\"x\"\"\"\"\"\nb = {many}"),
            format!("a = 'x\\'\nb = {many}"),
            format!("a{} = 1", ".a".repeat(100)),
        ] {
            assert_eq!(found(Syntax::Toml, &text), 1, "{text}");
        }
        assert_eq!(found(Syntax::Cedar, &format!("// {many}\n\"{many}\"")), 0);
        assert_eq!(found(Syntax::Cedar, &many), 1);
        assert_eq!(found(Syntax::Cedar, &"a.".repeat(RULE_TOKENS_MAX)), 1);
    }
}
