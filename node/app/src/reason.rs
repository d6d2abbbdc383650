//! The reasons of refusals, as people read them: what the engine says, in both languages, with the
//! reason of the rule that decided.

use crdt_model::charter::{Charter, RuleId};
use crdt_model::engine::WriteRefused;
use crdt_model::ids::Name;
use crdt_model::judge::Fault;
use crdt_model::kind::steps::StepProblem;
use crdt_model::kind::{KindError, Title};
use policy::CedarCharter;

use crdt_model::text;
use crdt_model::text::Text;
use node_import::fields::value_problem;

/// Why nothing was written.
pub fn refusal_text(charter: &CedarCharter, refused: &WriteRefused) -> Text {
    match refused {
        WriteRefused::Draft { facet, fault, .. } => {
            let Text { zh, en } = fault_text(charter, fault);
            text!("{facet}：{zh}", "{facet}: {en}")
        }
        WriteRefused::Busy => text!(
            "正在保存较多内容，请过一会儿再试",
            "much is still being saved; try again in a moment"
        ),
        WriteRefused::Full => text!("磁盘空间不足", "there is no room on the disk"),
        WriteRefused::Narrows { .. } => text!(
            "不能这样调整：会有节点因此不能再留存这项内容，目前尚不支持收回",
            "this would take the facet away from nodes that may hold it now, which is not \
             supported yet"
        ),
    }
}

/// Why a commit is not taken.
pub fn fault_text(charter: &CedarCharter, fault: &Fault) -> Text {
    match fault {
        Fault::MayNotAuthor { author, rules, .. } => {
            let Text { zh, en } = by(charter, rules);
            text!(
                "{author} 无权填写该内容：{zh}",
                "{author} may not write it: {en}"
            )
        }
        Fault::MayNotRegrade { author, rules, .. } => {
            let Text { zh, en } = by(charter, rules);
            text!(
                "{author} 无权调整该内容的敏感级别或办理层级：{zh}",
                "{author} may not change the sensitivity or handling level: {en}"
            )
        }
        Fault::NotForUs { rules, .. } => {
            let Text { zh, en } = by(charter, rules);
            text!(
                "按章程本节点不得留存该内容：{zh}",
                "this node may not hold it: {en}"
            )
        }
        Fault::Kind(error) => kind_text(charter, error),
        other => text!("不能接收这处改动（`{other}`）", "{other}"),
    }
}

fn by(charter: &CedarCharter, rules: &[RuleId]) -> Text {
    if rules.is_empty() {
        return text!("章程未允许", "no rule allows it");
    }
    let told = |zh: bool| {
        let reason = |id: &RuleId| match charter.rule(id) {
            Some(rule) if zh => format!("{}（规则 {id}）", rule.reason.zh),
            Some(rule) => format!("{} (rule {id})", rule.reason.en),
            None => format!("`{id}`"),
        };
        rules
            .iter()
            .map(reason)
            .collect::<Vec<_>>()
            .join(if zh { "；" } else { "; " })
    };
    Text {
        zh: told(true),
        en: told(false),
    }
}

fn step_text(charter: &CedarCharter, facet: Name, field: Name, problem: &StepProblem) -> Text {
    let declared = charter.kinds().facet(facet);
    let word = |id: &Name| {
        let titled =
            declared.and_then(|(kind, facet)| facet.field(field.as_str())?.word(kind, *id));
        titled.unwrap_or_else(|| same(id))
    };
    let named = |id: &Name| {
        let field = declared.and_then(|(_, facet)| facet.field(id.as_str()));
        field.map_or_else(|| same(id), |field| field.title.clone())
    };
    let (zh, en) = match problem {
        StepProblem::Begin(to) => {
            let to = word(to);
            (
                format!("新记录不能从“{}”开始", to.zh),
                format!("no record begins as `{}`", to.en),
            )
        }
        StepProblem::Order { from, to } => {
            let (from, to) = (word(from), word(to));
            (
                format!("现在是“{}”，不能直接转到“{}”", from.zh, to.zh),
                format!("it is at `{}` and cannot go to `{}`", from.en, to.en),
            )
        }
        StepProblem::Tier { from, to } => {
            let (from, to) = (word(from), word(to));
            (
                format!("从“{}”转到“{}”不由本级办理，本节点不能代办", from.zh, to.zh),
                format!(
                    "a node of this tier does not move it from `{}` to `{}`",
                    from.en, to.en
                ),
            )
        }
        StepProblem::Needs { to, field } => {
            let (to, needed) = (word(to), named(field));
            (
                format!("转到“{}”之前，请先填写“{}”", to.zh, needed.zh),
                format!(
                    "enter `{}` ({field}) before going to `{}`",
                    needed.en, to.en
                ),
            )
        }
        StepProblem::Raises { to, level } => {
            let to = word(to);
            (
                format!("转到“{}”须同时提级（办理层级 `{level}`）", to.zh),
                format!(
                    "going to `{}` also raises it to handling level `{level}`",
                    to.en
                ),
            )
        }
        StepProblem::Cleared => (
            "环节不能清空".to_owned(),
            "the step cannot be cleared".to_owned(),
        ),
    };
    Text { zh, en }
}

fn same(id: &Name) -> Title {
    Title {
        zh: id.to_string(),
        en: id.to_string(),
    }
}

fn kind_text(charter: &CedarCharter, error: &KindError) -> Text {
    match error {
        KindError::UnknownFacet(facet) => {
            text!("章程没有分项 {facet}", "no kind declares a facet `{facet}`")
        }
        KindError::Sensitivity { sensitivity, .. } => text!(
            "该分项不能标为“{sensitivity}”",
            "this facet cannot be marked `{sensitivity}`"
        ),
        KindError::Level { level, .. } => {
            text!(
                "该分项没有“{level}”这一办理层级",
                "this facet has no handling level `{level}`"
            )
        }
        KindError::Addressed { .. } => {
            text!("该分项不能指定收件单位", "it cannot have an addressee")
        }
        KindError::UnknownField { key, .. } => {
            text!("没有名为“{key}”的字段", "there is no field `{key}`")
        }
        KindError::Required { field, .. } => {
            text!("还没有填写 `{field}`（必填）", "`{field}` is required")
        }
        KindError::Once { .. } => text!("已经定稿，不能再改", "it is final and cannot be changed"),
        KindError::Step {
            facet,
            field,
            problem,
        } => step_text(charter, *facet, *field, problem),
        KindError::Value { key, problem, .. } => {
            let Text { zh, en } = value_problem(problem);
            text!("`{key}`：{zh}", "`{key}`: {en}")
        }
    }
}
