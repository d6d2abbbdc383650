//! What holds of the charter of Linze County, and through it of this crate on a county of full size.

mod agreement;
mod refusals;
mod sameness;

use std::path::Path;

use crdt_model::charter::Charter;
use crdt_model::ids::{Name, NodeId};
use crdt_model::label::{Grade, Label};

use crate::deciding::charter::CedarCharter;
use crate::deciding::question::{Action, Question};
use crate::reading::files::CharterFiles;
use crate::reading::finding::render_all;
use crate::reading::head;
use crate::reading::kinds;
use crate::reading::schema::schema_text;
use crate::review::enumeration::Enumeration;
use crate::review::prove::prove;

fn files() -> CharterFiles {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/linze/charter");
    CharterFiles::read(&folder).expect("the charter's folder can be read")
}

fn open() -> CedarCharter {
    open_files(&files())
}

fn open_files(files: &CharterFiles) -> CedarCharter {
    CedarCharter::open(files).unwrap_or_else(|findings| {
        panic!(
            "{}",
            render_all(&findings, files, false, crdt_model::text::Language::En)
        )
    })
}

/// The charter with one text in one file replaced, everywhere it stands.
fn with(file: &str, from: &str, to: &str) -> CharterFiles {
    let mut files = files();
    let content = files.files.get_mut(file).expect("the file is there");
    let text = String::from_utf8(content.clone()).expect("it is text");
    assert!(text.contains(from), "`{from}` is not in {file}");
    *content = text.replace(from, to).into_bytes();
    files
}

/// The charter with this at the end of one file.
fn with_more(file: &str, more: &str) -> CharterFiles {
    let mut files = files();
    files
        .files
        .entry(file.to_owned())
        .or_default()
        .extend_from_slice(more.as_bytes());
    files
}

/// A rule with id and reasons, for charters that tests change.
fn rule(id: &str, body: &str) -> String {
    format!("\n@id(\"{id}\")\n@reason(\"as a test\")\n@reason_zh(\"测试\")\n{body}\n")
}

fn node(code: &str) -> NodeId {
    code.parse().expect("a code")
}

/// The label of an ordinary facet at village level.
fn label(facet: &str, home: &str, addressee: &str) -> Label {
    let name = |text: &str| Name::new(text).expect("a name");
    Label {
        facet: name(facet),
        home: node(home),
        addressee: node(addressee),
        grade: Grade {
            sensitivity: name("normal"),
            level: name("village"),
        },
    }
}

/// The core asks through this trait alone.
#[test]
fn the_core_is_told_what_the_charter_decides() {
    let charter = open();
    let core: &dyn Charter = &charter;
    let (village, township) = ("620723101201", "620723101000");
    let ledger = label("case.summary", village, village);
    let name = |text: &str| Name::new(text).expect("a name");
    let by = |decision: &crdt_model::charter::Decision| {
        let rules = decision.rules.iter().map(ToString::to_string);
        (decision.allowed, rules.collect::<Vec<_>>())
    };
    for (at, flow) in [(village, "flow.home"), (township, "flow.summary-up")] {
        assert_eq!(
            by(&core.flow(&ledger, node(at))),
            (true, vec![flow.to_owned()])
        );
        assert!(core.author(&ledger, node(at)).allowed, "{at}");
        assert!(core.regrade(&ledger, node(at)).allowed, "{at}");
        assert!(core.read(&ledger, node(at), name("clerk")).allowed, "{at}");
    }
    let elsewhere = node("620723102000");
    assert!(!core.flow(&ledger, elsewhere).allowed && !core.author(&ledger, elsewhere).allowed);
    let access = label("device.access", village, village);
    assert!(!core.read(&access, node(village), name("clerk")).allowed);
    assert!(
        core.read(&access, node(village), name("technician"))
            .allowed
    );
    assert_eq!(core.log(), [core.digest()]);
    let freshness = core.freshness().expect("the charter asks for it");
    assert_eq!(
        (freshness.cosigners, freshness.fresh_ms),
        (4, 168 * 3_600_000)
    );
    // In an emergency the directory of devices goes everywhere, and nobody writes more.
    let devices = label("device.public", village, village);
    assert!(!core.flow(&devices, elsewhere).allowed);
    let emergency = core.in_emergency().expect("the charter has rules for it");
    let rule = "emergency.devices-everywhere".to_owned();
    assert_eq!(by(&emergency.flow(&devices, elsewhere)), (true, vec![rule]));
    assert_eq!(emergency.digest(), core.digest());
    assert!(!emergency.author(&devices, elsewhere).allowed);
}

#[test]
fn parts_of_rules_are_met_one_by_one() {
    let charter = open();
    let parts = r#"
        @id("anything") permit (principal, action, resource);
        @id("cases") permit (principal, action, resource)
        when { resource.facet == Facet::"case.summary" };
        @id("devices") forbid (principal, action, resource)
        when { resource.facet == Facet::"device.public" };"#;
    let parts: cedar_policy::PolicySet = parts.parse().expect("Cedar");
    let mut named = cedar_policy::PolicySet::new();
    for policy in parts.policies() {
        let id = policy.annotation("id").expect("an id");
        let renamed = policy.new_id(cedar_policy::PolicyId::new(id));
        named.add(renamed).expect("another id");
    }
    let village = "620723101201";
    let met = |facet: &str| {
        let label = label(facet, village, village);
        let met = charter.met(&named, Question::Flow, &label, node("620723101000"));
        let met = met.expect("no alarm").into_iter();
        met.map(|rule| rule.to_string()).collect::<Vec<_>>()
    };
    // Where a forbid is met, Cedar names the forbids alone.
    assert_eq!(met("device.public"), ["devices"]);
    assert_eq!(met("case.summary"), ["anything", "cases"]);
    assert_eq!(met("grid.summary"), ["anything"]);
}

#[test]
fn the_schema_is_the_one_that_the_words_and_kinds_give() {
    let files = files();
    let mut findings = Vec::new();
    let head = head::read(&files, &mut findings);
    let kinds = kinds::read(&files, head.as_ref(), &mut findings);
    assert!(
        findings.is_empty(),
        "{}",
        render_all(&findings, &files, false, crdt_model::text::Language::En)
    );
    let (head, kinds) = (head.expect("no finding"), kinds.expect("no finding"));
    let text = schema_text(&head, &kinds);
    let kept = files
        .files
        .get("mesh.cedarschema")
        .expect("the schema is there");
    assert_eq!(String::from_utf8_lossy(kept), text);
}

#[test]
fn the_charter_opens_and_its_checks_pass() {
    let charter = open();
    let report = prove(&Enumeration::of(&charter).expect("not too many"));
    assert!(
        report.findings.is_empty(),
        "{}",
        render_all(
            &report.findings,
            &files(),
            false,
            crdt_model::text::Language::En
        )
    );
    println!(
        "{} cases, {} invariants, {} classes, {} of them allowed",
        report.cases,
        report.invariants.len(),
        report.classes,
        report.allowed
    );
    assert_eq!(charter.roster().members().len(), 84);
}

#[test]
fn an_explanation_names_the_rules_with_their_reasons_in_both_languages() {
    let charter = open();
    let (village, township) = ("620723101207", "620723101000");
    let ledger = label("case.summary", village, village);
    let told = charter.explain(Question::Flow, &ledger, node(township));
    assert!(told.allowed);
    assert_eq!(told.action, Action::FlowUp);
    assert_eq!(told.grounds[0].rule, "flow.summary-up");
    assert!(told.text.zh.starts_with("允许：台账"), "{}", told.text.zh);
    let narrative = label("case.narrative", village, village);
    let told = charter.explain(Question::Flow, &narrative, node(township));
    assert!(!told.allowed && told.grounds.is_empty());
    assert_eq!(told.text.en, "denied: no rule permits it");
    assert_eq!(told.text.zh, "不允许：章程没有允许的规则。");
    let clerk = Question::Read(Name::new("clerk").expect("a name"));
    let told = charter.explain(clerk, &narrative, node(township));
    assert_eq!(told.action, Action::FlowUp);
    assert_eq!(
        told.text.en,
        "denied: the node may not hold it; no rule permits it"
    );
}

#[test]
fn grades_join_to_the_later_word_of_each_list() {
    let charter = open();
    let grade = |sensitivity: &str, level: &str| Grade {
        sensitivity: Name::new(sensitivity).expect("a name"),
        level: Name::new(level).expect("a name"),
    };
    let (one, other) = (
        grade("about-township", "village"),
        grade("normal", "county"),
    );
    assert_eq!(charter.join(one, other), grade("about-township", "county"));
    assert_eq!(charter.join(one, other), charter.join(other, one));
}

#[test]
fn the_template_says_that_it_is_one() {
    let charter = open();
    assert!(charter.is_template());
    assert!(!charter.has_keys());
    assert!(charter.reviewers().is_empty());
    assert_eq!(charter.threshold(), 2);
}
