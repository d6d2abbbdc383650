//! `emergency`: how it stands with emergencies, what came of earlier ones, and taking a declaration.

use std::path::PathBuf;

use crdt_model::engine::{EmergencyReport, EmergencyStatus, Flowed};

use super::asking::Context;
use super::help::Words;
use super::output::Answer;
use super::output::Ended;
use super::table::table;
use crdt_model::text;
use crdt_model::text::{Language, Text};
use node_app::door::attached::Attached;
use node_app::use_cases::emergency::EmergencyRequest;
use node_machine::time::shown;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "查看应急共享的状态和以往的报告；给出目录时，启用其中已签署的应急启动文件，并传给相邻节点。",
        "Show the state of emergency sharing and reports on earlier ones; with a folder, take up \
         the signed declaration in it and pass it on."
    ))
    .argument(
        "folder",
        text!(
            "应急启动文件所在目录（由 `mesh-policy emergency declare` 生成、`mesh-policy \
             emergency sign` 签署）",
            "the declaration's folder, made and signed with mesh-policy emergency"
        ),
    )
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Ended {
    let declaration = arguments
        .folder
        .as_deref()
        .map(Attached::of_declaration)
        .transpose()?;
    let status = &context.ask(EmergencyRequest { declaration })?;
    let text = emergency_text(status, context.output.language);
    Ok(Answer::of::<EmergencyRequest>(text, status))
}

fn emergency_text(status: &EmergencyStatus, language: Language) -> String {
    let say = |text: &Text| text.in_language(language).to_owned();
    let mut text = match standing(status) {
        Some(standing) => format!("{}\n", say(&standing)),
        None => say(&text!(
            "当前没有启动应急共享\n",
            "no emergency sharing now\n"
        )),
    };
    for report in &status.reports {
        text.push('\n');
        text.push_str(&report_text(report, language));
    }
    text
}

/// The emergency that counts or is to begin, in a sentence.
pub(super) fn standing(status: &EmergencyStatus) -> Option<Text> {
    let declared = status.declared.as_ref().filter(|_| !status.over)?;
    let (number, reason) = (declared.number, &declared.reason);
    let (from, until) = (shown(declared.holds.from), shown(declared.holds.until));
    let (zh, en) = (declared.signers.join("、"), declared.signers.join(", "));
    Some(if status.counts {
        text!(
            "第 {number} 号应急共享已启动，至 {until} 止。事由：{reason}（签署人：{zh}）",
            "emergency sharing {number} is on until {until}: {reason} (signed by {en})"
        )
    } else {
        text!(
            "第 {number} 号应急共享尚未开始（{from} 至 {until}）。事由：{reason}（签署人：{zh}）",
            "emergency {number} is not in force here yet; it runs from {from} until {until}: \
             {reason} (signed by {en})"
        )
    })
}

/// What came of one emergency at this node.
fn report_text(report: &EmergencyReport, language: Language) -> String {
    let say = |text: &Text| text.in_language(language).to_owned();
    let (number, reason) = (report.declared.number, &report.declared.reason);
    let (since, ended) = (shown(report.since), shown(report.ended));
    let title = say(&text!(
        "报告：第 {number} 号应急，{since} 至 {ended}：{reason}",
        "report on emergency {number}, {since} until {ended}: {reason}"
    ));
    let received = say(&text!(
        "因应急传到本节点，结束后已清除",
        "came here, and was removed"
    ));
    let mut rows: Vec<_> = report
        .received
        .iter()
        .map(|one| row(&received, one))
        .collect();
    for (peer, carried) in &report.carried {
        let over = say(&text!("与 {peer} 之间", "over the line with {peer}"));
        rows.extend(carried.iter().map(|one| row(&over, one)));
    }
    if rows.is_empty() {
        let nothing = say(&text!(
            "  没有内容因应急规则传到本节点",
            "  nothing came here under emergency rules"
        ));
        return format!("{title}\n{nothing}\n");
    }
    format!("{title}\n{}", table(&[], &rows, &[2]))
}

fn row(what: &str, flowed: &Flowed) -> Vec<String> {
    vec![
        what.to_owned(),
        flowed.facet.to_string(),
        flowed.facets.to_string(),
        flowed.rules.join(", "),
    ]
}

#[cfg(test)]
mod tests {
    use crdt_model::charter::{Declared, Validity};
    use crdt_model::ids::CharterDigest;
    use crdt_model::time::WallTime;

    use super::*;

    fn status(counts: bool, over: bool) -> EmergencyStatus {
        let from = WallTime::from_ms(1_793_669_400_000);
        let until = WallTime::from_ms(1_793_676_600_000);
        let declared = Declared {
            charter: CharterDigest([1; 32]),
            number: 2,
            holds: Validity { from, until },
            reason: "暴雨红色预警（示例）".to_owned(),
            signers: vec!["甲".to_owned()],
            digest: CharterDigest([2; 32]),
        };
        let flowed = Flowed {
            facet: "device.public".parse().expect("a name"),
            facets: 412,
            rules: vec!["emergency.devices-everywhere".to_owned()],
        };
        let report = EmergencyReport {
            declared: declared.clone(),
            since: from,
            ended: until,
            received: vec![flowed.clone()],
            carried: [("620723000000".parse().expect("a code"), vec![flowed])].into(),
        };
        EmergencyStatus {
            counts,
            declared: Some(declared),
            over,
            since: Some(from),
            reports: if over { vec![report] } else { Vec::new() },
        }
    }

    #[test]
    fn an_emergency_that_counts_is_said_with_its_end_reason_and_signers() {
        let text = emergency_text(&status(true, false), Language::Zh);
        assert!(text.starts_with("第 2 号应急共享已启动，至 "), "{text}");
        assert!(
            text.contains("暴雨红色预警（示例）（签署人：甲）"),
            "{text}"
        );
        let text = emergency_text(&status(false, false), Language::En);
        assert!(text.contains("is not in force here yet"), "{text}");
    }

    #[test]
    fn the_report_says_what_flowed_by_which_rule() {
        let text = emergency_text(&status(false, true), Language::En);
        assert!(text.starts_with("no emergency sharing now\n"), "{text}");
        let row = text
            .lines()
            .find(|line| line.contains("came here"))
            .expect("a row");
        for word in ["device.public", "412", "emergency.devices-everywhere"] {
            assert!(row.contains(word), "{row}");
        }
        assert!(text.contains("over the line with 620723000000"), "{text}");
    }
}
