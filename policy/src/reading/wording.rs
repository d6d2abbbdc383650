//! What Cedar says of a rule, in words for people who write charters and not policies.

use crdt_model::text;
use crdt_model::text::Text;
use miette::Diagnostic;

use crate::reading::finding::Finding;
use crate::reading::translation::{of_cedar, of_help};

/// Whether a warning says that a rule can never apply.
pub(crate) fn says_impossible(problem: &dyn Diagnostic) -> bool {
    let message = problem.to_string();
    [
        "policy is impossible",
        "unable to find an applicable action",
    ]
    .iter()
    .any(|part| message.contains(part))
}

/// A finding of the validator.
pub(crate) fn of_validator(mut finding: Finding) -> Finding {
    let mut message = finding.message.en.replacen("for policy ", "rule ", 1);
    if let Some((before, rest)) = message.split_once("entity `")
        && let Some((entity, _)) = rest.split_once("` is of an enumerated entity type")
    {
        message = format!("{before}`{entity}` is not declared");
    }
    if message.contains("policy is impossible") {
        message = message.replacen(
            "policy is impossible: the policy expression evaluates to false for all valid requests",
            "no question can ever meet it",
            1,
        );
        finding.hint = finding.hint.or(Some(text!(
            "其中有一处排除了其余各处：类型、上级、操作或条件",
            "something in it excludes the rest: a type, a parent, an action or a condition"
        )));
    }
    if message.contains("unable to find an applicable action") {
        message = message.replacen(
            "unable to find an applicable action given the policy scope constraints",
            "no action goes with these types of principal and resource",
            1,
        );
        finding.hint = finding.hint.or(Some(text!(
            "`principal in` 和 `resource in` 后面写节点；其他词请在 `when` 中用 `==` 判断",
            "`principal in` and `resource in` take a node; test other words with `==` in `when`"
        )));
    }
    if let Some(near) = nearest_of_kind(&message) {
        finding.hint = Some(near);
    }
    finding.message = of_cedar(&message);
    finding.hint = finding.hint.map(|hint| {
        let Some((_, declared)) = hint.en.split_once("valid entity eids:") else {
            return hint;
        };
        of_help(&format!("declared are{declared}"))
    });
    finding
}

/// Advice on a misspelt action or type. Cedar's own may differ from run to run, and heeds no
/// capitals.
fn nearest_of_kind(message: &str) -> Option<Text> {
    let quoted = message.rsplit('`').nth(1).unwrap_or_default();
    let (given, names): (&str, &[&str]) = if message.contains("unrecognized action") {
        let given = quoted.split('"').nth(1).unwrap_or_default();
        (given, &ACTIONS)
    } else if message.contains("unrecognized entity type") {
        (quoted, &TYPES)
    } else {
        return None;
    };
    let distance = |name: &str| strsim::osa_distance(&name.to_lowercase(), &given.to_lowercase());
    let near = names.iter().map(|name| (distance(name), *name)).min();
    let near = near.filter(|(distance, _)| *distance <= 2);
    Some(match near {
        Some((_, name)) => text!("是否想写 `{name}`？", "did you mean `{name}`?"),
        None => {
            let (zh, en) = (names.join("`、`"), names.join(", "));
            text!("可选：`{zh}`", "there are {en}")
        }
    })
}

const ACTIONS: [&str; 9] = [
    "author",
    "export",
    "flow",
    "flowAcross",
    "flowDown",
    "flowHome",
    "flowUp",
    "read",
    "regrade",
];
const TYPES: [&str; 9] = [
    "Facet",
    "Kind",
    "Label",
    "Level",
    "Node",
    "Role",
    "Seat",
    "Sensitivity",
    "Tier",
];

/// A finding of the parser, with advice where the text at its place gives any.
pub(crate) fn of_syntax(finding: Finding, text: &str) -> Finding {
    let start = finding.span.as_ref().map_or(text.len(), |span| span.start);
    let at = text.get(start..).unwrap_or_default();
    let advice = match at.chars().next() {
        Some('@') => text!(
            "前一条规则没有结束，缺少 `;`",
            "the rule before it does not end; it needs a `;`"
        ),
        Some('&') => text!("“并且”写作 `&&`", "write `&&` for and"),
        Some('|') => text!("“或者”写作 `||`", "write `||` for or"),
        Some('\'') => text!("文字须放在 `\"` 中", "texts stand in `\"`"),
        Some(character) if !character.is_ascii() => {
            text!(
                "它不在文字中：请改用英文输入法的符号，或补上前面文字的引号",
                "it stands outside a text: write it as on an English keyboard, or close the text before it"
            )
        }
        _ => return finding,
    };
    if finding.hint.is_some() {
        finding
    } else {
        finding.hint(advice)
    }
}
