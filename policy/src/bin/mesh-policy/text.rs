//! What the commands print, in Simplified Chinese and English side by side, so that neither can
//! drift from the other. What the library says of a charter (findings, refusals) stays English.

use std::time::Duration;

use crdt_model::charter::Decision;
use crdt_model::label::Label;
use policy::deciding::question::Question;
use policy::review::pace::Pace;

use crate::output::{Language, Output};

/// `say!(output, "中文 {x}", "English {x}")`: the text in the language that `output` was asked for.
macro_rules! say {
    ($output:expr, $zh:literal, $en:literal $(, $($argument:tt)*)?) => {
        match $output.language() {
            $crate::output::Language::Zh => format!($zh $(, $($argument)*)?),
            $crate::output::Language::En => format!($en $(, $($argument)*)?),
        }
    };
}

/// `both!("中文 {x}", "English {x}")`: a title, for where the language is chosen later.
macro_rules! both {
    ($zh:literal, $en:literal $(, $($argument:tt)*)?) => {
        crdt_model::kind::Title {
            zh: format!($zh $(, $($argument)*)?),
            en: format!($en $(, $($argument)*)?),
        }
    };
}

pub(crate) use {both, say};

/// A label in words.
pub(crate) fn label(label: &Label, language: Language) -> String {
    let Label {
        facet,
        home,
        addressee,
        grade,
    } = label;
    match language {
        Language::En => label.to_string(),
        Language::Zh if addressee == home => {
            format!(
                "{home} 的 {facet}（{}，{}）",
                grade.sensitivity, grade.level
            )
        }
        Language::Zh => format!(
            "{home} 发给 {addressee} 的 {facet}（{}，{}）",
            grade.sensitivity, grade.level
        ),
    }
}

/// A question in words.
pub(crate) fn question(question: Question, language: Language) -> String {
    if language == Language::En {
        return question.to_string();
    }
    match question {
        Question::Flow => "留存".to_owned(),
        Question::Author => "填写".to_owned(),
        Question::Regrade => "调整级别".to_owned(),
        Question::Read(role) => format!("以 {role} 岗位查看"),
        Question::Export(role) => format!("以 {role} 岗位导出"),
    }
}

/// A decision in words, with the rules that decide.
pub(crate) fn decision(decision: &Decision, language: Language) -> String {
    if language == Language::En {
        return policy::review::said(decision);
    }
    let rules: Vec<_> = decision
        .rules
        .iter()
        .map(|rule| format!("`{rule}`"))
        .collect();
    let rules = rules.join("、");
    match (decision.allowed, decision.rules.is_empty()) {
        (true, _) => format!("允许，依据规则 {rules}"),
        (false, false) => format!("不允许，依据规则 {rules}"),
        (false, true) => "不允许，没有任何规则许可".to_owned(),
    }
}

/// How long plain Cedar would take, in words.
pub(crate) fn pace(pace: &Pace, decisions: u64, taken: Duration, output: &Output) -> String {
    say!(
        output,
        "原生 Cedar：{asked} 项提问用时 {seconds:.2} 秒，{different} 项答复不一致；推算全部 {decisions} 项需 \
         {all:.0} 秒，是本工具的 {ratio:.0} 倍\n",
        "plain Cedar: {asked} questions in {seconds:.2} s, {different} answered otherwise; \
         extrapolated to all {decisions}: {all:.0} s, {ratio:.0} times as long\n",
        asked = pace.asked,
        seconds = pace.taken.as_secs_f64(),
        different = pace.different,
        all = pace.extrapolated_s(decisions),
        ratio = pace.ratio(decisions, taken),
    )
}
