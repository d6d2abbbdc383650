//! Founding a node means trusting a charter and its reviewers. This shows which they are, and finds
//! out whether a person agrees: by what they gave on the command line, or by an answer at a terminal.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{BufRead, IsTerminal};
use std::path::Path;

use serde_json::{Value, json};

use super::asking::Context;
use super::exit::Exit;
use super::output::Answer;
use crdt_model::text;
use crdt_model::text::{Language, Problem, Text, shell_word};
use node_app::door::line::problem_value;
use node_runtime::founding::Introduction;

/// The first words of a fingerprint, as OpenSSH writes it.
const FINGERPRINT_BEGINS: &str = "SHA256:";

/// What a person gave on the command line to be compared.
pub(super) struct Given<'a> {
    /// Whether the charter was held to a digest.
    pub(super) digest: bool,
    /// Fingerprints of the reviewers; none if none were given.
    pub(super) reviewers: &'a [String],
    /// The charter's folder.
    pub(super) charter: &'a Path,
}

/// Whether a person agrees to trust the charter. Fingerprints that are not those of the charter's
/// reviewers are an error, whatever else was given.
pub(super) fn is_confirmed(
    introduction: &Introduction,
    given: &Given<'_>,
    context: &Context,
) -> Result<bool, Problem> {
    if !given.reviewers.is_empty() {
        same_reviewers(introduction, given.reviewers)?;
    }
    if given.digest || !given.reviewers.is_empty() {
        return Ok(true);
    }
    let at_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if context.output.json || !at_terminal {
        return Ok(false);
    }
    let shown = introduction_text(introduction);
    let question = text!(
        "请用其他途径（电话、当面、书面）向审核人核对以上内容。全部一致时输入 `yes`：",
        "Compare all of this with what the reviewers tell you by another way (in person, by phone, on \
         paper). If it is the same, type yes: "
    );
    context.output.print(&context.output.say(&shown));
    context.output.print(&context.output.say(&question));
    let mut line = String::new();
    // No answer is a no.
    let read = std::io::stdin().lock().read_line(&mut line).unwrap_or(0);
    Ok(read > 0 && line.trim() == "yes")
}

fn same_reviewers(introduction: &Introduction, given: &[String]) -> Result<(), Problem> {
    let listed = introduction.reviewers.iter();
    let listed: BTreeSet<&str> = listed.map(|one| one.fingerprint.as_str()).collect();
    let given: BTreeSet<&str> = given.iter().map(String::as_str).collect();
    if listed == given {
        return Ok(());
    }
    let unknown: Vec<&str> = given.difference(&listed).copied().collect();
    let missing: Vec<&str> = listed.difference(&given).copied().collect();
    let or_none = |list: &[&str], none: &str, between: &str| match list.is_empty() {
        true => none.to_owned(),
        false => list.join(between),
    };
    let (unknown_zh, missing_zh) = (or_none(&unknown, "无", "、"), or_none(&missing, "无", "、"));
    let (unknown, missing) = (
        or_none(&unknown, "none", ", "),
        or_none(&missing, "none", ", "),
    );
    Err(Problem::new(
        "other-reviewers",
        text!(
            "章程的审核人不是所给的这些人。章程中没有：{unknown_zh}；没有给出：{missing_zh}",
            "the charter's reviewers are not those given. Not in the charter: {unknown}; not given: \
             {missing}"
        ),
        text!(
            "请向审核人核对。来路不明的章程不要使用",
            "ask the reviewers. Do not use a charter whose origin you do not know"
        ),
    ))
}

/// Reads a fingerprint on the command line.
pub(super) fn fingerprint(text: &str) -> Result<String, super::values::Said> {
    let digits = text.strip_prefix(FINGERPRINT_BEGINS);
    let base64 = |char: char| char.is_ascii_alphanumeric() || matches!(char, '+' | '/');
    if digits.is_some_and(|digits| digits.len() == 43 && digits.chars().all(base64)) {
        return Ok(text.to_owned());
    }
    Err(super::values::Said(text!(
        "“{text}”不是密钥指纹，应写作 `SHA256:` 加 43 个字符（用 `ssh-keygen -lf 公钥文件` 查看）",
        "`{text}` is not a key's fingerprint: SHA256: and 43 characters, as `ssh-keygen -lf` shows"
    )))
}

/// The charter and its reviewers, for a person to compare.
pub(super) fn introduction_text(introduction: &Introduction) -> Text {
    let Introduction {
        version,
        digest,
        lineage,
        threshold,
        reviewers,
    } = introduction;
    let (zh, en) = (names(introduction, "  "), names(introduction, "  "));
    let listed = reviewers.len();
    text!(
        "章程  第 {version} 版\n创始摘要  {lineage}\n本版摘要  {digest}\n\
         审核人  {listed} 名，新版须 {threshold} 人签名\n{zh}",
        "charter     version {version}\nlineage     {lineage}\ndigest      {digest}\n\
         reviewers   {listed}, {threshold} must sign a new version\n{en}"
    )
}

fn names(introduction: &Introduction, indent: &str) -> String {
    let mut text = String::new();
    for reviewer in &introduction.reviewers {
        let (name, fingerprint) = (&reviewer.name, &reviewer.fingerprint);
        // Writing to a string does not fail.
        let _ = writeln!(text, "{indent}{fingerprint}  {name}");
    }
    text
}

/// The same for programs.
pub(super) fn introduction_object(introduction: &Introduction) -> Value {
    let reviewers = introduction.reviewers.iter();
    let reviewers = reviewers.map(|one| json!({"name": one.name, "fingerprint": one.fingerprint}));
    json!({
        "version": introduction.version,
        "digest": introduction.digest,
        "lineage": introduction.lineage,
        "threshold": introduction.threshold,
        "reviewers": reviewers.collect::<Vec<_>>(),
    })
}

/// Nobody agreed: what is to be compared, and the command that founds the node then.
pub(super) fn unconfirmed(
    introduction: &Introduction,
    given: &Given<'_>,
    context: &Context,
) -> Result<Answer, Problem> {
    let command = command(introduction, given, context);
    let shown = introduction_text(introduction);
    let (zh, en) = (shown.zh.trim_end(), shown.en.trim_end());
    let problem = Problem::new(
        "founding-unconfirmed",
        text!(
            "还没有加入章程：须先有人核对。\n{zh}",
            "not founded: a person has to compare this first.\n{en}"
        ),
        text!(
            "请用其他途径（电话、当面、书面）向审核人核对以上内容；全部一致时执行：\n{command}",
            "compare it with what the reviewers tell you by another way (in person, by phone, on paper); \
             if all is the same, run:\n{command}"
        ),
    );
    if !context.output.json {
        return Err(problem);
    }
    let mut object = problem_value(&problem);
    if let Some(object) = object.as_object_mut() {
        object.insert("charter".to_owned(), introduction_object(introduction));
        object.insert("command".to_owned(), command.into());
    }
    Ok(Answer {
        exit: Exit::Refused,
        text: String::new(),
        json: object,
    })
}

fn command(introduction: &Introduction, given: &Given<'_>, context: &Context) -> String {
    let data = shell_word(&context.data.value.display().to_string());
    let charter = shell_word(&given.charter.display().to_string());
    let lang = match context.lang {
        Some(Language::Zh) => " --lang zh",
        Some(Language::En) => " --lang en",
        None => "",
    };
    let digest = introduction.digest;
    format!("mesh-node init --data {data} --charter {charter} --digest {digest}{lang}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_fingerprints_are_taken() {
        let good = format!("SHA256:{}", "aB+/".repeat(10) + "abc");
        assert_eq!(fingerprint(&good).expect("a fingerprint"), good);
        for wrong in [
            "",
            "SHA256:",
            "SHA256:abc",
            &good[1..],
            &(good.clone() + "="),
        ] {
            assert!(fingerprint(wrong).is_err(), "{wrong}");
        }
    }
}
