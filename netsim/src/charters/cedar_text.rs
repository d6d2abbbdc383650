//! The rules of a drawn charter as Cedar text. One thing is said in many ways, so that what is
//! tested is Cedar and what is built on it, and not one manner of writing.

use std::collections::BTreeMap;

use super::drawn::{Drawn, Facet, LEVELS, NEVER, Right, SENSITIVITIES};
use super::permissions::Relation;
use crate::seed::Seed;

/// What always holds.
const ALWAYS: &str = r#"
@id("flow.home")
@reason("A node keeps its own records.")
@reason_zh("本节点自己的数据，本节点始终留存。")
permit (principal, action == Action::"flowHome", resource);

@id("write.home")
@reason("A node writes and grades its own records.")
@reason_zh("本节点的数据由本节点填写和定级。")
permit (principal, action in [Action::"author", Action::"regrade"], resource)
when { resource.home == principal };

@id("read.all")
@reason("Everyone at a node reads what it holds.")
@reason_zh("本节点工作人员都可以查看。")
permit (principal, action == Action::"read", resource);
"#;

/// Which sensitivities a permit is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    Any,
    One(usize),
}

/// A condition, and its opposite where that is as short.
struct Condition {
    holds: String,
    fails: Option<String>,
}

impl Condition {
    fn of(holds: impl Into<String>) -> Self {
        Self {
            holds: holds.into(),
            fails: None,
        }
    }

    fn or_not(holds: impl Into<String>, fails: impl Into<String>) -> Self {
        Self {
            holds: holds.into(),
            fails: Some(fails.into()),
        }
    }
}

/// The files under `rules/`.
pub(super) fn rules(drawn: &Drawn, seed: &mut Seed) -> Vec<(&'static str, String)> {
    let mut permits = String::from(ALWAYS);
    for ((right, relation, level, scope), facets) in groups(drawn) {
        permits.push_str(&permit(drawn, right, relation, level, scope, &facets, seed));
    }
    let mut forbids = String::from("// What no permit can open.\n");
    for facet in drawn.facets() {
        for right in Right::ALL {
            forbids.push_str(&guard(facet, right, seed));
        }
        forbids.push_str(&bar(facet));
    }
    let mut files = vec![
        ("rules/guard.cedar", forbids),
        ("rules/permit.cedar", permits),
    ];
    files.extend(drawn.emergency.map(|facet| {
        let head = "permit (principal, action in Action::\"flow\", resource)";
        let body = format!(
            "when {{ resource.facet == Facet::\"{facet}\" && resource.sensitivity == {} }}",
            sensitivity(0)
        );
        ("emergency/open.cedar", rule("emergency.open", head, &body))
    }));
    files
}

type Group = (Right, Relation, usize, Scope);

/// Facets that one permit can speak of together.
fn groups(drawn: &Drawn) -> BTreeMap<Group, Vec<&Facet>> {
    let mut groups: BTreeMap<Group, Vec<&Facet>> = BTreeMap::new();
    for facet in drawn.facets() {
        for right in Right::ALL {
            for relation in facet.relations() {
                let since = [0, 1].map(|at| facet.since(right, relation, at));
                let [normal, restricted] = since;
                let together = facet.guarded || normal == restricted;
                let parts = match together {
                    true => vec![(normal, Scope::Any)],
                    false => vec![(normal, Scope::One(0)), (restricted, Scope::One(1))],
                };
                for (level, scope) in parts.into_iter().filter(|(level, _)| *level < NEVER) {
                    let group = groups.entry((right, relation, level, scope));
                    group.or_default().push(facet);
                }
            }
        }
    }
    groups
}

fn permit(
    drawn: &Drawn,
    right: Right,
    relation: Relation,
    level: usize,
    scope: Scope,
    facets: &[&Facet],
    seed: &mut Seed,
) -> String {
    let (action, narrowed) = action(right, relation, seed);
    let mut conditions = vec![facet_is(drawn, facets, seed)];
    if let Scope::One(at) = scope {
        let other = 1 - at.min(1);
        conditions.push(Condition::or_not(
            format!("resource.sensitivity == {}", sensitivity(at)),
            format!("resource.sensitivity == {}", sensitivity(other)),
        ));
    }
    conditions.extend(level_from(level, seed));
    conditions.extend(stands(relation, narrowed, seed));
    let scope = match scope {
        Scope::Any => "any",
        Scope::One(at) => SENSITIVITIES.get(at).copied().unwrap_or(""),
    };
    let id = format!("{right:?}.{relation:?}.{level}.{scope}").to_lowercase();
    let (principal, resource) = match seed.percent(20) {
        true => ("principal is Node", "resource is Label"),
        false => ("principal", "resource"),
    };
    let head = format!("permit ({principal}, {action}, {resource})");
    rule(&id, &head, &clauses(conditions, seed))
}

/// What is restricted and has fewer rights than what is not.
fn guard(facet: &Facet, right: Right, seed: &mut Seed) -> String {
    let narrows = |relation: &Relation| {
        let [normal, restricted] = [0, 1].map(|at| facet.since(right, *relation, at));
        normal != restricted
    };
    if !facet.guarded || !facet.relations().any(|relation| narrows(&relation)) {
        return String::new();
    }
    let mut excepted = vec!["principal == resource.home".to_owned()];
    for relation in facet.relations() {
        let level = facet.since(right, relation, 1);
        if level < NEVER {
            let conditions = level_from(level, seed)
                .into_iter()
                .chain(stands(relation, false, seed));
            let all: Vec<String> = conditions.map(|condition| condition.holds).collect();
            excepted.push(format!("({})", all.join(" && ")));
        }
    }
    let action = match right {
        Right::Flow => "action in Action::\"flow\"",
        Right::Author => "action == Action::\"author\"",
        Right::Regrade => "action in [Action::\"regrade\"]",
    };
    let body = format!(
        "when {{ resource.facet == Facet::\"{}\" && resource.sensitivity != {} }}\nunless {{\n  {}\n}}",
        facet.name,
        sensitivity(0),
        excepted.join(" ||\n  ")
    );
    let id = format!("guard.{right:?}.{}", facet.name).to_lowercase();
    rule(
        &id,
        &format!("forbid (principal, {action}, resource)"),
        &body,
    )
}

/// The village that has no right to the facet of others.
fn bar(facet: &Facet) -> String {
    let Some(node) = facet.barred else {
        return String::new();
    };
    let head = format!(
        "forbid (\n  principal == Node::\"{node}\",\n  action in [Action::\"flow\", \
         Action::\"author\", Action::\"regrade\"],\n  resource\n)"
    );
    let body = format!(
        "when {{ resource.facet == Facet::\"{}\" }}\nunless {{ principal == resource.home }}",
        facet.name
    );
    rule(&format!("bar.{}", facet.name), &head, &body)
}

fn rule(id: &str, head: &str, body: &str) -> String {
    format!(
        "\n@id(\"{id}\")\n@reason(\"As drawn.\")\n@reason_zh(\"随机生成。\")\n{head}\n{body};\n"
    )
}

/// The conditions as clauses: each in one of its own, turned round, or with others.
fn clauses(conditions: Vec<Condition>, seed: &mut Seed) -> String {
    let (mut clauses, mut together) = (Vec::new(), Vec::new());
    for Condition { holds, fails } in conditions {
        match fails {
            Some(fails) if seed.percent(30) => clauses.push(format!("unless {{ {fails} }}")),
            _ if seed.percent(20) => clauses.push(format!("when {{ {holds} }}")),
            _ => together.push(holds),
        }
    }
    if !together.is_empty() {
        clauses.push(format!("when {{\n  {}\n}}", together.join(" &&\n  ")));
    }
    clauses.join("\n")
}

/// The action, and whether it says by itself how the node stands to home.
fn action(right: Right, relation: Relation, seed: &mut Seed) -> (String, bool) {
    let narrow = match relation {
        Relation::Home => "flowHome",
        Relation::Parent | Relation::County => "flowUp",
        Relation::Below => "flowDown",
        Relation::Sibling | Relation::OtherTownship | Relation::OtherVillage => "flowAcross",
        Relation::Addressee | Relation::AboveAddressee | Relation::BelowAddressee => {
            "flowUp\", Action::\"flowDown\", Action::\"flowAcross"
        }
    };
    match right {
        Right::Author => ("action == Action::\"author\"".into(), false),
        Right::Regrade => ("action == Action::\"regrade\"".into(), false),
        Right::Flow if seed.percent(30) => ("action in Action::\"flow\"".into(), false),
        Right::Flow if seed.percent(30) || narrow.contains(' ') => {
            (format!("action in [Action::\"{narrow}\"]"), true)
        }
        Right::Flow => (format!("action == Action::\"{narrow}\""), true),
    }
}

fn facet_is(drawn: &Drawn, facets: &[&Facet], seed: &mut Seed) -> Condition {
    let list = |facets: &[&Facet]| {
        let named = facets
            .iter()
            .map(|facet| format!("Facet::\"{}\"", facet.name));
        named.collect::<Vec<_>>()
    };
    let contains = |names: &[String]| format!("[{}].contains(resource.facet)", names.join(", "));
    let others: Vec<&Facet> = drawn
        .facets()
        .filter(|facet| !facets.contains(facet))
        .collect();
    let whole = drawn.kinds.iter().find(|kind| {
        kind.facets.len() == facets.len() && kind.facets.iter().all(|facet| facets.contains(&facet))
    });
    let names = list(facets);
    let holds = match (whole, names.as_slice()) {
        (Some(kind), _) => format!("resource.kind == Kind::\"{}\"", kind.name),
        (None, [one]) => format!("resource.facet == {one}"),
        (None, many) if seed.percent(50) => contains(many),
        (None, many) => {
            let each = many.iter().map(|name| format!("resource.facet == {name}"));
            format!("({})", each.collect::<Vec<_>>().join(" || "))
        }
    };
    match others.is_empty() {
        true => Condition::of(holds),
        false => Condition::or_not(holds, contains(&list(&others))),
    }
}

fn sensitivity(at: usize) -> String {
    let word = SENSITIVITIES.get(at).copied().unwrap_or("");
    format!("Sensitivity::\"{word}\"")
}

/// That the level is this one or a higher one.
fn level_from(least: usize, seed: &mut Seed) -> Option<Condition> {
    let level = |word: &&str| format!("Level::\"{word}\"");
    let (below, from) = LEVELS.split_at(least.min(LEVELS.len()));
    let (below, from): (Vec<_>, Vec<_>) = (
        below.iter().map(level).collect(),
        from.iter().map(level).collect(),
    );
    let among = |levels: &[String]| format!("[{}].contains(resource.level)", levels.join(", "));
    let each = |levels: &[String], how: &str, between: &str| {
        let each = levels
            .iter()
            .map(|one| format!("resource.level {how} {one}"));
        format!("({})", each.collect::<Vec<_>>().join(between))
    };
    if below.is_empty() && !seed.percent(10) {
        return None;
    }
    let holds = match seed.below(5) {
        0 | 1 => among(&from),
        2 => each(&from, "==", " || "),
        3 if !below.is_empty() => each(&below, "!=", " && "),
        4 if !below.is_empty() => format!("(if {} then false else true)", among(&below)),
        _ => among(&from),
    };
    Some(match below.is_empty() {
        true => Condition::of(holds),
        false => Condition::or_not(holds, each(&below, "==", " || ")),
    })
}

/// That the node stands in this relation to the label; `narrowed` where the action says already
/// whether it is above, below or beside home.
fn stands(relation: Relation, narrowed: bool, seed: &mut Seed) -> Option<Condition> {
    let forms: &[&str] = match (relation, narrowed) {
        (Relation::Below, true) => return None,
        (Relation::County, true) => {
            let tier = |tier| format!("principal.tier == Tier::\"{tier}\"");
            return Some(Condition::or_not(tier("county"), tier("township")));
        }
        (Relation::Parent, true) => &[
            r#"principal.tier == Tier::"township""#,
            r#"[Tier::"township", Tier::"village"].contains(principal.tier)"#,
            "resource has township && principal == resource.township",
        ],
        (Relation::Sibling, true) => &[
            "resource has township && principal in resource.township",
            "principal has township && resource has township && \
             principal.township == resource.township",
        ],
        (Relation::OtherTownship, true) => &[r#"principal.tier == Tier::"township""#],
        (Relation::Addressee, true) => &["principal == resource.addressee"],
        (relation, _) => in_full(relation),
    };
    seed.pick(forms).map(|form| Condition::of(*form))
}

/// The relation in words that need no help from the action.
fn in_full(relation: Relation) -> &'static [&'static str] {
    match relation {
        Relation::Home => &["principal == resource.home"],
        Relation::Parent => &[
            "resource has township && principal == resource.township && principal != resource.home",
            r#"resource in principal && principal.tier == Tier::"township" && principal != resource.home"#,
            r#"resource.home.tier == Tier::"village" && resource.home in principal && principal.tier == Tier::"township""#,
        ],
        Relation::County => &[
            r#"principal.tier == Tier::"county" && principal != resource.home"#,
            r#"resource in principal && principal.tier == Tier::"county" && !(resource.home == principal)"#,
        ],
        Relation::Sibling => &[
            r#"resource has township && principal in resource.township && principal != resource.township && principal != resource.home && resource.home.tier == Tier::"village""#,
            r#"principal has township && resource has township && principal.township == resource.township && ![principal.tier, resource.home.tier].contains(Tier::"township") && resource.home != principal"#,
        ],
        Relation::Below => &[
            "principal in resource.home && principal != resource.home",
            "!(principal == resource.home) && principal in resource.home",
        ],
        Relation::OtherTownship => &[
            r#"principal.tier == Tier::"township" && !(principal in resource.home) && !(resource in principal)"#,
            r#"resource has township && principal.tier == Tier::"township" && principal != resource.township"#,
        ],
        Relation::OtherVillage => &[
            r#"resource has township && principal.tier == Tier::"village" && !(principal in resource.township)"#,
            r#"principal.tier == Tier::"village" && principal has township && resource has township && principal.township != resource.township"#,
        ],
        Relation::Addressee => &[
            "principal == resource.addressee && resource.addressee != resource.home",
            "principal != resource.home && resource.addressee == principal",
        ],
        Relation::AboveAddressee => &[
            r#"resource.addressee != resource.home && principal.tier == Tier::"township" && resource.addressee in principal && principal != resource.addressee && principal != resource.home"#,
            "resource.addressee != resource.home && resource.addressee has township && principal == resource.addressee.township && principal != resource.addressee && principal != resource.home",
        ],
        Relation::BelowAddressee => &[
            "resource.addressee != resource.home && principal in resource.addressee && principal != resource.addressee && principal != resource.home",
            "resource.addressee != resource.home && principal in resource.addressee && ![resource.addressee, resource.home].contains(principal)",
        ],
    }
}
