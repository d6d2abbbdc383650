//! `can`: ask whether a node, or a person there, may, and why.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crdt_model::charter::Charter;
use crdt_model::ids::{Name, NodeId};
use crdt_model::label::{Grade, Label};
use crdt_model::text;
use policy::command_line::help::Words;
use policy::command_line::values;
use policy::deciding::explain::Explanation;
use policy::deciding::question::State;
use policy::reading::checks::of_label;
use policy::review::nearest::{Nearest, nearest};
use policy::review::parts::Parts;
use policy::review::words;
use policy::{Action, CedarCharter, CharterFiles, Question};
use serde_json::json;

use crate::output::{Answer, Exit, Failure, Output, open};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    dir: PathBuf,
    #[arg(long, value_name = "CODE", value_parser = values::node)]
    node: NodeId,
    #[arg(long, value_parser = values::name)]
    facet: Name,
    #[arg(long, value_name = "CODE", value_parser = values::node)]
    home: NodeId,
    #[arg(long, value_name = "CODE", value_parser = values::node)]
    addressee: Option<NodeId>,
    #[arg(long, value_parser = values::name)]
    sensitivity: Option<Name>,
    #[arg(long, value_parser = values::name)]
    level: Option<Name>,
    #[arg(long, value_parser = values::name)]
    role: Option<Name>,
    #[arg(long, value_enum, default_value = "flow")]
    action: Asked,
    #[arg(long)]
    emergency: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Asked {
    Flow,
    Author,
    Regrade,
    Read,
    Export,
}

pub(crate) fn words() -> Words {
    Words::new(text!(
        "查询某节点或某岗位能不能做某事、依据是什么",
        "Ask whether a node, or a person there, may, and why"
    ))
    .argument("dir", text!("章程目录", "the charter's folder"))
    .argument(
        "node",
        text!(
            "提问的节点，或人员所在的节点",
            "the node that asks, or where the person sits"
        ),
    )
    .argument(
        "facet",
        text!(
            "分项，如 `case.parties`",
            "the facet, such as `case.parties`"
        ),
    )
    .argument(
        "home",
        text!("记录的所属节点", "the node that the record belongs to"),
    )
    .argument(
        "addressee",
        text!(
            "收件单位（默认为所属节点）",
            "the node that it is meant for (default: home)"
        ),
    )
    .argument(
        "sensitivity",
        text!(
            "敏感级别（默认为该分项的第一个）",
            "its sensitivity (default: the facet's first)"
        ),
    )
    .argument(
        "level",
        text!(
            "办理层级（默认为该分项的第一个）",
            "its handling level (default: the facet's first)"
        ),
    )
    .argument(
        "role",
        text!(
            "人员的岗位，用于 `read` 和 `export`",
            "the person's role, for `read` and `export`"
        ),
    )
    .argument(
        "action",
        text!(
            "问什么：`flow` 留存，`author` 填写，`regrade` 调整级别，`read` 查看，`export` 导出",
            "what is asked: may the node hold it (flow), write it (author), regrade it; may a \
             person there read or export it"
        ),
    )
    .argument(
        "emergency",
        text!("按应急共享期间回答", "while an emergency counts"),
    )
    .after(text!(
        "退出码 0：允许。1：不允许。不看签名。",
        "Exit code 0 means allowed, 1 denied. Signatures are not looked at."
    ))
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let files = CharterFiles::read(&arguments.dir)?;
    let charter = opened(&files, arguments.emergency)?;
    let question = question(arguments, &charter)?;
    let label = label(arguments, &charter)?;
    let explanation = charter.explain(question, &label, arguments.node);
    let exit = if explanation.allowed {
        Exit::Clean
    } else {
        Exit::Findings
    };
    let nearest = nearest_of(&charter, question, &label, &explanation);
    let mut text = answer_text(&explanation, &charter, question, output);
    if let Some(nearest) = &nearest {
        text.push_str(&nearest_text(nearest, output));
    }
    let persons = Persons::at(&charter, question, &explanation);
    if let Some(persons) = &persons {
        text.push_str(&persons.text(output));
    }
    let json = json!({
        "question": question.name(), "role": question.role(), "explanation": explanation,
        "emergency": arguments.emergency, "nearest": nearest, "persons": persons,
    });
    Ok(Answer::new(exit, text, json))
}

fn opened(files: &CharterFiles, emergency: bool) -> Result<CedarCharter, Failure> {
    let charter = open(files)?;
    if !emergency {
        Ok(charter)
    } else if charter.has_emergency() {
        Ok(charter.in_state(State::Emergency))
    } else {
        Err(Failure::usage(text!(
            "章程没有应急共享规则",
            "the charter has no rules for emergencies"
        )))
    }
}

/// Who may read and export what a node may hold, by which rules.
#[derive(serde::Serialize)]
struct Persons {
    read: BTreeMap<Name, Vec<String>>,
    export: BTreeMap<Name, Vec<String>>,
}

impl Persons {
    fn at(charter: &CedarCharter, question: Question, told: &Explanation) -> Option<Self> {
        let by_role = |asked: fn(Name) -> Question| {
            let mut roles = BTreeMap::new();
            for role in &charter.head().roles {
                let decision = charter.decide_in_full(asked(role.id), &told.label, told.node);
                if decision.allowed {
                    let rules = decision.rules.iter().map(ToString::to_string);
                    roles.insert(role.id, rules.collect());
                }
            }
            roles
        };
        (question == Question::Flow && told.allowed).then(|| Self {
            read: by_role(Question::Read),
            export: by_role(Question::Export),
        })
    }

    fn text(&self, output: &Output) -> String {
        output.say(text!(
            "可查看     {}\n可导出     {}\n",
            "read by    {}\nexport by  {}\n",
            roles_text(&self.read, output),
            roles_text(&self.export, output)
        ))
    }
}

/// Roles together where the same rules decide.
fn roles_text(roles: &BTreeMap<Name, Vec<String>>, output: &Output) -> String {
    let mut by_rules: BTreeMap<&Vec<String>, Vec<String>> = BTreeMap::new();
    for (role, rules) in roles {
        by_rules.entry(rules).or_default().push(role.to_string());
    }
    let told = by_rules
        .iter()
        .map(|(rules, roles)| format!("{} [{}]", roles.join(", "), rules.join(", ")));
    let told: Vec<_> = told.collect();
    if told.is_empty() {
        output.say(text!("无", "nobody"))
    } else {
        told.join("; ")
    }
}

/// What stands between a denied question and a yes. A person at a node that may not hold the facet
/// is told about the node.
fn nearest_of(
    charter: &CedarCharter,
    question: Question,
    label: &Label,
    explanation: &Explanation,
) -> Option<Nearest> {
    let held = Action::of(question, label.home, explanation.node) == explanation.action;
    let asked = if held { question } else { Question::Flow };
    let parts = Parts::of(charter);
    (!explanation.allowed)
        .then(|| nearest(charter, &parts, asked, label, explanation.node))
        .flatten()
}

fn nearest_text(nearest: &Nearest, output: &Output) -> String {
    let Nearest {
        rule,
        file,
        missing,
    } = nearest;
    if missing.is_empty() {
        return output.say(text!(
            "最接近     {rule} 可以允许（{file}）\n",
            "nearest    {rule} would allow it ({file})\n"
        ));
    }
    let mut text = output.say(text!(
        "最接近     {rule}（{file}），还须满足\n",
        "nearest    {rule} ({file}), which needs\n"
    ));
    for part in missing {
        text.push_str(&format!("             {part}\n"));
    }
    text
}

fn question(arguments: &Arguments, charter: &CedarCharter) -> Result<Question, Failure> {
    let role = || {
        let role = arguments.role.ok_or_else(|| {
            Failure::usage(text!(
                "`read` 和 `export` 问的是人员，请给出 `--role`",
                "`read` and `export` are asked for a person; give `--role`"
            ))
        })?;
        let roles: Vec<_> = charter
            .head()
            .roles
            .iter()
            .map(|role| role.id.to_string())
            .collect();
        if roles.iter().any(|known| known == role.as_str()) {
            Ok(role)
        } else {
            let known = roles.join("`, `");
            Err(Failure::usage(text!(
                "没有岗位 `{role}`，有 `{known}`",
                "no role `{role}`; there are `{known}`"
            )))
        }
    };
    let question = match arguments.action {
        Asked::Flow => Question::Flow,
        Asked::Author => Question::Author,
        Asked::Regrade => Question::Regrade,
        Asked::Read => Question::Read(role()?),
        Asked::Export => Question::Export(role()?),
    };
    if arguments.role.is_some() && question.role().is_none() {
        return Err(Failure::usage(text!(
            "`--role` 用于人员，请配合 `--action read` 或 `--action export`",
            "`--role` is for persons; ask with `--action read` or `--action export`"
        )));
    }
    Ok(question)
}

fn label(arguments: &Arguments, charter: &CedarCharter) -> Result<Label, Failure> {
    let facet = arguments.facet;
    let Some((_, declared)) = charter.kinds().facet(facet) else {
        let facets = charter.kinds().iter().flat_map(|kind| kind.facets.iter());
        let known: Vec<_> = facets.map(|facet| facet.name.to_string()).collect();
        let known = known.join("`, `");
        return Err(Failure::usage(text!(
            "没有分项 `{facet}`，有 `{known}`",
            "no facet `{facet}`; there are `{known}`"
        )));
    };
    let grade = declared.default_grade().ok_or_else(|| {
        Failure::usage(text!(
            "`{facet}` 没有规定敏感级别或办理层级",
            "`{facet}` has no sensitivity or level"
        ))
    })?;
    let label = Label {
        facet,
        home: arguments.home,
        addressee: arguments.addressee.unwrap_or(arguments.home),
        grade: Grade {
            sensitivity: arguments.sensitivity.unwrap_or(grade.sensitivity),
            level: arguments.level.unwrap_or(grade.level),
        },
    };
    charter
        .kinds()
        .check_label(&label)
        .map_err(|problem| Failure::usage(of_label(&problem)))?;
    for node in [arguments.node, label.home, label.addressee] {
        if charter.roster().member(node).is_none() {
            return Err(Failure::usage(text!(
                "节点 {node} 不在 `roster.toml` 中",
                "node {node} is not in `roster.toml`"
            )));
        }
    }
    Ok(label)
}

fn answer_text(
    explanation: &Explanation,
    charter: &CedarCharter,
    question: Question,
    output: &Output,
) -> String {
    let named = |node| output.say(words::node_with_code(charter, node));
    let label = &explanation.label;
    let mut text = format!("{}\n\n", output.title(&explanation.text));
    let mut line = |word: String, value: String| text.push_str(&format!("{word}{value}\n"));
    let asked = words::question(charter, question);
    let action = words::action(explanation.action);
    line(
        output.say(text!("提问       ", "question   ")),
        output.say(text!(asked, action; "{asked}（{action}）", "{asked} ({action})")),
    );
    line(
        output.say(text!("节点       ", "node       ")),
        named(explanation.node),
    );
    line(
        output.say(text!("分项       ", "facet      ")),
        output.say(words::facet_with_name(charter, label.facet)),
    );
    line(
        output.say(text!("所属       ", "home       ")),
        named(label.home),
    );
    if label.addressee != label.home {
        line(
            output.say(text!("收件       ", "addressee  ")),
            named(label.addressee),
        );
    }
    line(
        output.say(text!("级别       ", "grade      ")),
        output.say(words::grade(charter, label.grade)),
    );
    for ground in &explanation.grounds {
        let does = if ground.permits {
            output.say(text!("允许", "allows"))
        } else {
            output.say(text!("禁止", "forbids"))
        };
        line(
            output.say(text!("规则       ", "rule       ")),
            format!("{} {does}", ground.rule),
        );
    }
    text
}
