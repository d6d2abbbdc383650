//! What the readers of TOML, SQL and Cedar say, in both languages. Their English stays as it is; what
//! charters meet in practice has Chinese of its own, and the rest is quoted.

use crdt_model::text::Text;

/// What a reader says, with `{}` for what it quotes, and the same in Chinese, which takes the quoted
/// parts by their numbers. The first that fits counts.
type Saying = (&'static str, &'static str);

const OF_TOML: &[Saying] = &[
    ("duplicate key", "同一个键写了两次"),
    ("unclosed {}, expected {}", "没有写完，缺少 {1}"),
    ("missing key {}", "缺少 {0}"),
    (
        "unknown key {}, expected one of {}",
        "没有 {0} 这个键；可选：{1}",
    ),
    ("unknown key {}, expected {}", "没有 {0} 这个键；应为 {1}"),
    ("unknown key {}, there are no fields", "没有 {0} 这个键"),
    (
        "unknown word {}, expected one of {}",
        "没有 {0} 这个词；可选：{1}",
    ),
    ("unknown word {}, expected {}", "没有 {0} 这个词；应为 {1}"),
    ("wrong type, expected {}", "类型不符，应为{0}"),
    ("invalid type: {}, expected {}", "{0}类型不符，应为{1}"),
    ("invalid value: {}, expected {}", "{0}不能用，应为{1}"),
    ("invalid length {}, expected {}", "长度 {0} 不对，应为{1}"),
    (
        "{} is not a name: {}",
        "{0} 不能作名称：1 至 31 个字符，只用 `a-z`、`0-9`、`.`、`-`，以字母开头",
    ),
    (
        "{} is not 32 bytes in hexadecimal",
        "{0} 不是 64 位十六进制数",
    ),
    (
        "{} is not a node code: {}",
        "{0} 不是节点代码，应为 12 位数字，如 620723101201",
    ),
];

const OF_CEDAR: &[Saying] = &[
    ("invalid token", "有不能识别的符号"),
    ("unexpected token {}", "此处不应有 {0}"),
    ("unexpected end of input", "内容没有写完"),
    (
        "invalid policy condition: {}",
        "条件以 `when` 或 `unless` 开头，不能是 `{0}`",
    ),
    ("duplicate annotation: {}", "注解 `{0}` 写了两次"),
    (
        "{} is not a valid operator in Cedar",
        "{0} 不是 Cedar 的运算符",
    ),
    (
        "unable to guarantee safety of access to optional attribute {} on entity type {}",
        "{1} 不一定有 {0}，不能直接使用",
    ),
    (
        "attribute {} on entity type {} not found",
        "{1} 没有属性 {0}",
    ),
    (
        "attribute {} in context for {} not found",
        "`{1}` 的提问不带属性 {0}",
    ),
    ("{} is not declared", "{0} 没有定义"),
    ("unrecognized action {}", "没有操作 {0}"),
    ("unrecognized entity type {}", "没有类型 {0}"),
    (
        "unexpected type: expected {} but saw {}",
        "类型不符：应为 `{0}`，实际是 `{1}`",
    ),
    ("no question can ever meet it", "没有任何提问能满足它"),
    (
        "no action goes with these types of principal and resource",
        "没有操作适用于这样的 `principal` 和 `resource`",
    ),
    (
        "identifier {} contains mixed scripts",
        "{0} 混用了不同文字的字母",
    ),
    (
        "identifier {} contains the character {} which {}",
        "{0} 含有容易认错的字符 {1}",
    ),
];

const OF_HELP: &[Saying] = &[
    ("did you mean {}?", "是否想写 {0}？"),
    ("there are {}", "可选：`{0}`"),
    ("declared are {}", "已定义的有：`{0}`"),
    (
        "try testing for the attribute's presence with {}",
        "请先用 {0} 判断它是否存在",
    ),
    ("try using {} instead", "请改用 {0}"),
    (
        "there can be only one annotation with {}",
        "同名的注解只能有一个",
    ),
];

/// Names of types, as the reader of TOML gives them.
const TYPES: [(&str, &str); 10] = [
    ("a whole number", "整数"),
    ("a string", "文字"),
    ("a boolean", "`true` 或 `false`"),
    ("a sequence", "列表"),
    ("a map", "表"),
    ("floating point ", "小数 "),
    ("integer ", "整数 "),
    ("boolean ", "逻辑值 "),
    ("string ", "文字 "),
    ("sequence", "列表"),
];

/// What the reader of TOML says of a syntax or of a value.
pub(crate) fn of_toml(message: &str) -> Text {
    let en = plain(message);
    let zh = translated(&en, OF_TOML).map(|zh| {
        let typed = TYPES.iter();
        let zh = typed.fold(zh, |zh, (from, to)| zh.replace(from, to));
        zh.replace("`, `", "`、`").replace("` or `", "` 或 `")
    });
    let zh = zh.unwrap_or_else(|| format!("TOML 写法有误（原文：“{en}”）"));
    Text { zh, en }
}

/// What Cedar says of a rule.
pub(crate) fn of_cedar(message: &str) -> Text {
    let zh = of_rule(message)
        .or_else(|| translated(message, OF_CEDAR))
        .unwrap_or_else(|| format!("规则不合 Cedar 的写法（原文：“{message}”）"));
    Text {
        zh,
        en: message.to_owned(),
    }
}

/// What Cedar says of the rule that it names first.
fn of_rule(message: &str) -> Option<String> {
    let (rule, rest) = message.strip_prefix("rule `")?.split_once('`')?;
    let rest = rest
        .strip_prefix(", ")
        .or_else(|| rest.strip_prefix(": "))?;
    let said = of_cedar(rest).zh;
    Some(format!("规则 `{rule}`：{said}"))
}

/// Advice of a parser or validator.
pub(crate) fn of_help(help: &str) -> Text {
    let zh = translated(help, OF_HELP).unwrap_or_else(|| format!("Cedar 的说明：“{help}”"));
    Text {
        zh,
        en: help.to_owned(),
    }
}

/// What SQLite says of a question.
pub(crate) fn of_sql(problem: &rusqlite::Error) -> Text {
    Text {
        zh: format!("SQL 写法有误（原文：“{problem}”）"),
        en: problem.to_string(),
    }
}

/// The Chinese of the first saying that a message fits.
fn translated(message: &str, sayings: &[Saying]) -> Option<String> {
    sayings.iter().find_map(|(saying, chinese)| {
        let quoted = quoted(message, saying)?;
        let filled = quoted.iter().enumerate();
        Some(filled.fold((*chinese).to_owned(), |text, (number, part)| {
            text.replace(&format!("{{{number}}}"), part)
        }))
    })
}

/// The parts of a message that stand where a saying has `{}`, if the rest is the same.
fn quoted<'a>(message: &'a str, saying: &str) -> Option<Vec<&'a str>> {
    let mut fixed = saying.split("{}");
    let mut rest = message.strip_prefix(fixed.next()?)?;
    let mut fixed: Vec<&str> = fixed.collect();
    let Some(last) = fixed.pop() else {
        return rest.is_empty().then(Vec::new);
    };
    let mut quoted = Vec::new();
    for part in fixed {
        let (before, after) = rest.split_once(part)?;
        quoted.push(before);
        rest = after;
    }
    quoted.push(rest.strip_suffix(last)?);
    Some(quoted)
}

/// Serde's messages, without the type names a reader of a charter does not know.
fn plain(message: &str) -> String {
    let unknown = message.replace("unknown field", "unknown key");
    let missing = unknown.replace("missing field", "missing key");
    let missing = missing
        .replace("unknown variant", "unknown word")
        .replace("invalid type: map, expected", "wrong type, expected")
        .replace(" as i128", "");
    let number = ["usize", "u64", "u32", "u16", "i64"]
        .iter()
        .fold(missing, |text, name| {
            text.replace(&format!("expected {name}"), "expected a whole number")
        });
    number.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_stands_at_its_place_in_chinese_too() {
        for (of, message, zh) in [
            (
                of_toml as fn(&str) -> Text,
                "unknown field `votes`, expected `name` or `key`",
                "没有 `votes` 这个键；应为 `name` 或 `key`",
            ),
            (of_toml, "duplicate key", "同一个键写了两次"),
            (
                of_toml,
                "invalid value: integer `-1`, expected u32",
                "整数 `-1`不能用，应为整数",
            ),
            (
                of_cedar,
                "rule `flow.more`, attribute `name` on entity type `Node` not found",
                "规则 `flow.more`：`Node` 没有属性 `name`",
            ),
            (
                of_cedar,
                "something new",
                "规则不合 Cedar 的写法（原文：“something new”）",
            ),
            (of_help, "did you mean `Seat`?", "是否想写 `Seat`？"),
        ] {
            assert_eq!(of(message).zh, zh);
        }
    }
}
