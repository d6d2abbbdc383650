//! `test`: the charter's cases and invariants one by one, and what the cases try.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crdt_model::charter::RuleId;
use crdt_model::text;
use policy::command_line::help::Words;
use policy::reading::finding::{Finding, render_all};
use policy::review::coverage::{Coverage, coverage};
use policy::review::enumeration::Enumeration;
use policy::review::junit::{self, Outcome};
use policy::review::prove::{prove, run_case};
use policy::{CedarCharter, CharterFiles};
use serde_json::json;

use crate::output::{Answer, Exit, Failure, Output, finding_object, open};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    dir: PathBuf,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    #[arg(long)]
    parts: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Junit,
}

pub(crate) fn words() -> Words {
    Words::new(text!(
        "运行章程自带的用例和底线要求，并显示覆盖情况",
        "Run the charter's own cases and invariants, and show what they try"
    ))
    .argument("dir", text!("章程目录", "the charter's folder"))
    .argument(
        "format",
        text!(
            "格式：`text` 文字，`junit` 供构建服务器读取",
            "text, or junit for build servers"
        ),
    )
    .argument(
        "parts",
        text!("逐条规则列出各个条件", "also show each part of each rule"),
    )
    .after(text!(
        "退出码 0：全部通过。3：有未通过的。",
        "Exit code 0: all hold. 3: some do not."
    ))
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let files = CharterFiles::read(&arguments.dir)?;
    let charter = open(&files)?;
    let outcomes = outcomes(&charter)?;
    let covered = coverage(&charter).map_err(|alarm| Failure::internal("cedar", &alarm))?;
    let findings: Vec<Finding> = outcomes
        .iter()
        .filter_map(|outcome| outcome.failure.clone())
        .collect();
    let exit = if findings.is_empty() {
        Exit::Clean
    } else {
        Exit::CheckBroken
    };
    let text = match arguments.format {
        Format::Junit => junit::text(&outcomes, &files, output.language()),
        Format::Text => {
            let told = render_all(&findings, &files, output.colour(), output.language());
            let passed = outcomes.len() - findings.len();
            let counted = output.say(text!(
                "通过 {passed} 项，未通过 {} 项\n",
                "{passed} passed, {} failed\n",
                findings.len()
            ));
            told + &covered_text(&covered, arguments.parts, output) + &counted
        }
    };
    let rules: Vec<_> = covered.iter().map(rule_object).collect();
    let object = json!({
        "passed": outcomes.len() - findings.len(),
        "failed": findings.len(),
        "findings": findings.iter().map(|one| finding_object(one, &files)).collect::<Vec<_>>(),
        "rules": rules,
    });
    Ok(Answer::new(exit, text, object))
}

/// Every check with its outcome; what must hold of any charter counts as a check of its own.
fn outcomes(charter: &CedarCharter) -> Result<Vec<Outcome>, Failure> {
    let all = Enumeration::of(charter)?;
    let report = prove(&all);
    let checks = charter.checks();
    let mut outcomes = Vec::new();
    for case in &checks.cases {
        outcomes.push(Outcome::new(
            "case",
            &case.check.name,
            run_case(charter, case),
        ));
    }
    let mut rest: Vec<Finding> = report
        .findings
        .into_iter()
        .filter(|finding| !finding.code.starts_with("checks::case"))
        .collect();
    for placed in &checks.invariants {
        let own = rest
            .iter()
            .position(|finding| finding.file == placed.file && finding.span == placed.span);
        let failure = own.map(|own| rest.remove(own));
        outcomes.push(Outcome::new("invariant", &placed.check.name, failure));
    }
    for (code, name) in [
        ("checks::writes-without-holding", "whoever writes may hold"),
        ("checks::unreachable", "whoever may hold can be reached"),
        ("checks::alarm", "every question has an answer"),
    ] {
        let own = rest.iter().position(|finding| finding.code == code);
        let failure = own.map(|own| rest.remove(own));
        outcomes.push(Outcome::new("any charter", name, failure));
    }
    Ok(outcomes)
}

fn covered_text(covered: &BTreeMap<RuleId, Coverage>, parts: bool, output: &Output) -> String {
    let mut text = output.say(text!(
        "规则：由它决定的用例数，用例既满足过又未满足过的条件数\n",
        "rule: cases that it decides, parts that cases met and missed\n"
    ));
    for (rule, one) in covered {
        text.push_str(&output.say(text!(
            "  {rule}：{} 个用例，{}/{} 个条件\n",
            "  {rule}: {}, {} of {}\n",
            one.decided,
            one.both_ways(),
            one.parts.len()
        )));
        for tried in one.parts.iter().filter(|_| parts) {
            text.push_str(&output.say(text!(
                "      满足 {:>3}，未满足 {:>3}，仅此未满足 {:>3}  {}\n",
                "      met {:>3}, missed {:>3}, alone {:>3}  {}\n",
                tried.met,
                tried.missed,
                tried.missed_alone,
                tried.part
            )));
        }
    }
    let (both, all): (usize, usize) = covered
        .values()
        .map(|one| (one.both_ways(), one.parts.len()))
        .fold((0, 0), |(both, all), (more, of)| (both + more, all + of));
    let decided = covered.values().filter(|one| one.decided > 0).count();
    let rules = covered.len();
    text.push_str(&output.say(text!(
        "{rules} 条规则中有 {decided} 条决定了用例；{all} 个条件中有 {both} 个既满足过又未满足过\n",
        "{decided} of {rules} rules decide a case; {both} of {all} parts went both ways\n"
    )));
    text
}

fn rule_object((rule, covered): (&RuleId, &Coverage)) -> serde_json::Value {
    let parts = covered.parts.iter().map(|tried| {
        json!({
            "part": tried.part, "met": tried.met, "missed": tried.missed,
            "missed_alone": tried.missed_alone,
        })
    });
    json!({
        "rule": &**rule, "decided": covered.decided, "parts": parts.collect::<Vec<_>>(),
    })
}
