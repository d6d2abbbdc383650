//! `can`: ask whether a node, or a person there, may, and why.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crdt_model::charter::Charter;
use crdt_model::ids::{Name, NodeId};
use crdt_model::label::{Grade, Label};
use policy::deciding::explain::Explanation;
use policy::deciding::question::State;
use policy::review::nearest::{Nearest, nearest};
use policy::review::parts::Parts;
use policy::{Action, CedarCharter, CharterFiles, Question};
use serde_json::json;

use crate::output::{Answer, Exit, Failure, Output, open};
use crate::text::{self, say};

/// Ask whether a node, or a person there, may, and why.
///
/// Exit code 0 means allowed, 1 denied. Signatures are not looked at.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The charter's folder.
    dir: PathBuf,
    /// The node that asks, or where the person sits.
    #[arg(long, value_name = "CODE")]
    node: NodeId,
    /// The facet, such as `case.parties`.
    #[arg(long)]
    facet: Name,
    /// The node that the record belongs to.
    #[arg(long, value_name = "CODE")]
    home: NodeId,
    /// The node that it is meant for; home if not given.
    #[arg(long, value_name = "CODE")]
    addressee: Option<NodeId>,
    /// Its sensitivity; the facet's first if not given.
    #[arg(long)]
    sensitivity: Option<Name>,
    /// Its handling level; the facet's first if not given.
    #[arg(long)]
    level: Option<Name>,
    /// The person's role, for `read` and `export`.
    #[arg(long)]
    role: Option<Name>,
    /// What is asked.
    #[arg(long, value_enum, default_value = "flow")]
    action: Asked,
    /// While an emergency counts.
    #[arg(long)]
    emergency: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Asked {
    /// May the node hold it?
    Flow,
    /// May the node write it?
    Author,
    /// May the node change its sensitivity or level?
    Regrade,
    /// May a person in this role read it there?
    Read,
    /// May a person in this role take it out of the mesh there?
    Export,
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let files = CharterFiles::read(&arguments.dir)?;
    let charter = opened(&files, arguments.emergency, output)?;
    let question = question(arguments, &charter, output)?;
    let label = label(arguments, &charter, output)?;
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

fn opened(files: &CharterFiles, emergency: bool, output: &Output) -> Result<CedarCharter, Failure> {
    let charter = open(files)?;
    if !emergency {
        Ok(charter)
    } else if charter.has_emergency() {
        Ok(charter.in_state(State::Emergency))
    } else {
        Err(Failure::usage(say!(
            output,
            "章程没有应急规则",
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
        say!(
            output,
            "可查看     {}\n可导出     {}\n",
            "read by    {}\nexport by  {}\n",
            roles_text(&self.read, output),
            roles_text(&self.export, output)
        )
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
        say!(output, "无", "nobody")
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
        return say!(
            output,
            "最接近     {rule} 可许可（{file}）\n",
            "nearest    {rule} would permit it ({file})\n"
        );
    }
    let mut text = say!(
        output,
        "最接近     {rule}（{file}），还须满足\n",
        "nearest    {rule} ({file}), which needs\n"
    );
    for part in missing {
        text.push_str(&format!("             {part}\n"));
    }
    text
}

fn question(
    arguments: &Arguments,
    charter: &CedarCharter,
    output: &Output,
) -> Result<Question, Failure> {
    let role = || {
        let role = arguments.role.ok_or_else(|| {
            Failure::usage(say!(
                output,
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
            Err(Failure::usage(say!(
                output,
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
        return Err(Failure::usage(say!(
            output,
            "`--role` 用于人员，请配合 `--action read` 或 `--action export`",
            "`--role` is for persons; ask with `--action read` or `--action export`"
        )));
    }
    Ok(question)
}

fn label(arguments: &Arguments, charter: &CedarCharter, output: &Output) -> Result<Label, Failure> {
    let facet = arguments.facet;
    let Some((_, declared)) = charter.kinds().facet(facet) else {
        let facets = charter.kinds().iter().flat_map(|kind| kind.facets.iter());
        let known: Vec<_> = facets.map(|facet| facet.name.to_string()).collect();
        let known = known.join("`, `");
        return Err(Failure::usage(say!(
            output,
            "没有分面 `{facet}`，有 `{known}`",
            "no facet `{facet}`; there are `{known}`"
        )));
    };
    let grade = declared.default_grade().ok_or_else(|| {
        Failure::usage(say!(
            output,
            "`{facet}` 没有敏感级别或处理层级",
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
        .map_err(Failure::usage)?;
    for node in [arguments.node, label.home, label.addressee] {
        if charter.roster().member(node).is_none() {
            return Err(Failure::usage(say!(
                output,
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
    let named = |node: NodeId| match charter.roster().member(node) {
        Some(member) => format!("{node} {}", member.name),
        None => node.to_string(),
    };
    let label = &explanation.label;
    let mut text = format!("{}\n\n", output.title(&explanation.text));
    let mut line = |word: String, value: String| text.push_str(&format!("{word}{value}\n"));
    let asked = text::question(question, output.language());
    line(
        say!(output, "提问       ", "question   "),
        say!(
            output,
            "{asked}（{}）",
            "{asked} ({})",
            explanation.action.name()
        ),
    );
    line(
        say!(output, "节点       ", "node       "),
        named(explanation.node),
    );
    line(
        say!(output, "分面       ", "facet      "),
        label.facet.to_string(),
    );
    line(
        say!(output, "所属       ", "home       "),
        named(label.home),
    );
    if label.addressee != label.home {
        line(
            say!(output, "收件       ", "addressee  "),
            named(label.addressee),
        );
    }
    let Grade { sensitivity, level } = label.grade;
    line(
        say!(output, "级别       ", "grade      "),
        say!(output, "{sensitivity}，{level}", "{sensitivity}, {level}"),
    );
    for ground in &explanation.grounds {
        let does = if ground.permits {
            say!(output, "许可", "permits")
        } else {
            say!(output, "禁止", "forbids")
        };
        line(
            say!(output, "规则       ", "rule       "),
            format!("{} {does}", ground.rule),
        );
    }
    text
}
