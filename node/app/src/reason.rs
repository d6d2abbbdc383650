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
            "待写入磁盘的内容过多",
            "too much is waiting to become durable"
        ),
        WriteRefused::Full => text!("磁盘空间不足", "there is no room on the disk"),
        WriteRefused::Narrows { .. } => text!(
            "此调整会缩小持有范围，目前不支持",
            "this grade would narrow who may hold the facet, which cannot be done yet"
        ),
    }
}

/// Why a commit is not taken.
pub fn fault_text(charter: &CedarCharter, fault: &Fault) -> Text {
    match fault {
        Fault::MayNotAuthor {
            author,
            label,
            rules,
        } => {
            let Text { zh, en } = by(charter, rules);
            text!(
                "{author} 不得填写 {label}：{zh}",
                "{author} may not write {label}: {en}"
            )
        }
        Fault::MayNotRegrade {
            author,
            label,
            rules,
        } => {
            let Text { zh, en } = by(charter, rules);
            text!(
                "{author} 不得调整 {label} 的敏感级别或处理层级：{zh}",
                "{author} may not regrade {label}: {en}"
            )
        }
        Fault::NotForUs { label, rules } => {
            let Text { zh, en } = by(charter, rules);
            text!(
                "本机不得持有 {label}：{zh}",
                "this node may not hold {label}: {en}"
            )
        }
        Fault::Kind(error) => kind_text(charter, error),
        other => text!("{other}", "{other}"),
    }
}

fn by(charter: &CedarCharter, rules: &[RuleId]) -> Text {
    if rules.is_empty() {
        return text!("没有规则允许", "no rule permits it");
    }
    let told = |zh: bool| {
        let reason = |id: &RuleId| match charter.rule(id) {
            Some(rule) if zh => format!("{} [{id}]", rule.reason.zh),
            Some(rule) => format!("{} [{id}]", rule.reason.en),
            None => format!("[{id}]"),
        };
        rules.iter().map(reason).collect::<Vec<_>>().join("; ")
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
                format!("不能从“{}”转到“{}”", from.zh, to.zh),
                format!("it does not go from `{}` to `{}`", from.en, to.en),
            )
        }
        StepProblem::Tier { from, to } => {
            let (from, to) = (word(from), word(to));
            (
                format!("从“{}”转到“{}”不由本级节点办理", from.zh, to.zh),
                format!(
                    "a node of this tier does not take it from `{}` to `{}`",
                    from.en, to.en
                ),
            )
        }
        StepProblem::Needs { to, field } => {
            let (to, needed) = (word(to), named(field));
            (
                format!("转到“{}”须先填写“{}”（{field}）", to.zh, needed.zh),
                format!(
                    "`{field}` ({}) must be given to go to `{}`",
                    needed.en, to.en
                ),
            )
        }
        StepProblem::Raises { to, level } => {
            let to = word(to);
            (
                format!("转到“{}”须同时上呈到处理层级 {level}", to.zh),
                format!(
                    "it goes to `{}` at handling level `{level}` or above",
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
            text!("章程没有分面 {facet}", "no kind declares a facet `{facet}`")
        }
        KindError::Sensitivity { sensitivity, .. } => text!(
            "该分面不能使用敏感级别 {sensitivity}",
            "it cannot have sensitivity `{sensitivity}`"
        ),
        KindError::Level { level, .. } => {
            text!(
                "该分面不能使用处理层级 {level}",
                "it cannot have handling level `{level}`"
            )
        }
        KindError::Addressed { .. } => {
            text!("该分面不能指定接收节点", "it cannot have an addressee")
        }
        KindError::UnknownField { key, .. } => text!("没有字段 {key}", "it has no field `{key}`"),
        KindError::Required { field, .. } => {
            text!("缺少必填字段 {field}", "its field `{field}` is required")
        }
        KindError::Once { .. } => text!(
            "已写定，不再更改或补充",
            "it is written once, and nothing follows on it"
        ),
        KindError::Step {
            facet,
            field,
            problem,
        } => step_text(charter, *facet, *field, problem),
        KindError::Value { key, problem, .. } => {
            let Text { zh, en } = value_problem(problem);
            text!("字段 {key}：{zh}", "field `{key}`: {en}")
        }
    }
}
