//! What refuses a charter, each with the code of its finding and a place where there is one.

use super::{files, rule, with, with_more};
use crate::deciding::charter::CedarCharter;
use crate::reading::files::CharterFiles;
use crate::reading::finding::{Finding, render_all};

fn refused(files: &CharterFiles) -> Vec<Finding> {
    CedarCharter::open(files).err().unwrap_or_default()
}

fn assert_refused(files: &CharterFiles, code: &str) {
    let findings = refused(files);
    let found = findings.iter().find(|finding| finding.code == code);
    let found = found.unwrap_or_else(|| {
        panic!(
            "no {code}:\n{}",
            render_all(&findings, files, false, crdt_model::text::Language::En)
        )
    });
    let exists = files.files.contains_key(&found.file);
    assert!(
        !exists || found.span.is_some() || code == "charter::unknown-file",
        "{found:?}"
    );
}

#[test]
fn rules_that_the_validator_or_we_refuse() {
    let open = "permit (principal, action == Action::\"flowUp\", resource)";
    let when = |condition: &str| rule("test.rule", &format!("{open} when {{ {condition} }};"));
    let plain = rule("test.rule", &format!("{open};"));
    for (text, code) in [
        (format!("{open};"), "rules::annotation"),
        (
            plain.replace("@reason_zh(\"测试\")\n", ""),
            "rules::annotation",
        ),
        (
            plain.replace("@reason_zh", "@note(\"x\")\n@reason_zh"),
            "rules::annotation",
        ),
        (plain.replace("test.rule", "Test Rule"), "rules::id"),
        (plain.replace("test.rule", "flow.home"), "rules::twice"),
        (
            rule("t", "permit (principal == ?principal, action, resource);"),
            "rules::template",
        ),
        ("permit (principal, action".to_owned(), "rules::syntax"),
        (
            when("resource.facet == Facet::\"case.sumary\""),
            "rules::invalid",
        ),
        (
            when("resource.facets == Facet::\"case.summary\""),
            "rules::invalid",
        ),
        (when("principal in resource.township"), "rules::invalid"),
        (when("context.emergency"), "rules::invalid"),
        (
            when("principal == Node::\"620723999000\""),
            "rules::unknown-node",
        ),
        (
            when("resource == Label::\"case.summary of 620723101207 (normal, village)\""),
            "rules::literal",
        ),
        (
            when("resource.level == Level::\"county\" && false"),
            "rules::warning",
        ),
        (
            rule(
                "t",
                "permit (principal in Tier::\"county\", action == Action::\"flowUp\", resource);",
            ),
            "rules::warning",
        ),
    ] {
        assert_refused(&with_more("rules/flow.cedar", &text), code);
    }
}

#[test]
fn rules_that_name_too_many_nodes_are_refused() {
    let named: Vec<_> = (201..210)
        .map(|village| format!("Node::\"620723101{village}\""))
        .collect();
    let body = format!(
        "permit (principal, action == Action::\"flowUp\", resource) when {{ [{}].contains(principal) }};",
        named.join(", ")
    );
    assert_refused(
        &with_more("rules/flow.cedar", &rule("test.named", &body)),
        "rules::too-many-named",
    );
}

#[test]
fn a_misspelt_word_is_pointed_at() {
    let files = with(
        "rules/flow.cedar",
        "Facet::\"device.access\"",
        "Facet::\"device.acces\"",
    );
    let findings = refused(&files);
    let shown = render_all(&findings, &files, false, crdt_model::text::Language::En);
    assert!(
        shown.contains("rules/flow.cedar:") && shown.contains("device.acces"),
        "{shown}"
    );
}

#[test]
fn files_that_do_not_belong_or_do_not_fit() {
    for (files, code) in [
        (with_more("README.md", "hello"), "charter::unknown-file"),
        (with_more("rules/flow.json", "{}"), "charter::unknown-file"),
        (
            with("mesh.cedarschema", "\"case.parties\"", "\"case.partie\""),
            "schema::differs",
        ),
        (with_more("mesh.cedarschema", "\n"), "schema::differs"),
        (
            with("kinds/case.toml", "name = \"method\"", "name = \"methods\""),
            "kinds::unknown-vocabulary",
        ),
        (
            with(
                "kinds/device.toml",
                "name = \"mac\"",
                "name = \"stream-url\"",
            ),
            "kinds::forbidden",
        ),
        (
            with("roster.toml", "tier = \"county\"", "level = \"county\""),
            "toml::content",
        ),
        (
            with(
                "checks/cases.toml",
                "expect = \"allow\"",
                "expects = \"allow\"",
            ),
            "toml::content",
        ),
        (
            with(
                "checks/cases.toml",
                "facet = \"grid.summary\"",
                "facet = \"grid.sumary\"",
            ),
            "checks::case",
        ),
        (
            with("checks/invariants.toml", "[\"county\"]", "[\"country\"]"),
            "toml::content",
        ),
        (
            with("checks/invariants.toml", "[\"home-only\"]", "[\"hidden\"]"),
            "checks::invariant",
        ),
        (
            with("checks/invariants.toml", "always =", "# always ="),
            "checks::invariant",
        ),
    ] {
        assert_refused(&files, code);
    }
}

#[test]
fn a_missing_file_is_named() {
    for file in ["charter.toml", "roster.toml", "mesh.cedarschema"] {
        let mut files = files();
        files.files.remove(file);
        let findings = refused(&files);
        let missing = |finding: &&Finding| finding.code == "charter::missing-file";
        assert_eq!(
            findings
                .iter()
                .find(missing)
                .map(|finding| finding.file.as_str()),
            Some(file)
        );
    }
}

#[test]
fn mistakes_in_several_files_are_all_found_at_once() {
    let mut files = with("charter.toml", "threshold = 2", "threshold = 0");
    for (file, more) in [
        ("roster.toml", "colour = 1\n"),
        ("kinds/grid.toml", "colour = 1\n"),
        ("checks/cases.toml", "colour = 1\n"),
    ] {
        files
            .files
            .get_mut(file)
            .expect("it is there")
            .extend_from_slice(more.as_bytes());
    }
    let findings = refused(&files);
    let about: Vec<_> = findings
        .iter()
        .map(|finding| finding.file.as_str())
        .collect();
    for file in [
        "charter.toml",
        "roster.toml",
        "kinds/grid.toml",
        "checks/cases.toml",
    ] {
        assert!(about.contains(&file), "{about:?}");
    }
}

fn checked(files: &CharterFiles) -> Vec<Finding> {
    let charter = CedarCharter::open(files).unwrap_or_else(|findings| {
        panic!(
            "{}",
            render_all(&findings, files, false, crdt_model::text::Language::En)
        )
    });
    crate::run_checks(&charter)
}

#[test]
fn a_rule_that_breaks_an_invariant_is_shown_with_a_counterexample() {
    let leak = rule(
        "test.leak",
        r#"permit (principal, action == Action::"flowAcross", resource)
           when { resource.facet == Facet::"case.narrative" };"#,
    );
    let findings = checked(&with_more("rules/flow.cedar", &leak));
    let broken = findings.iter().find(|finding| {
        finding
            .message
            .en
            .contains("`text-never-goes-across-or-down`")
    });
    let broken = broken.unwrap_or_else(|| panic!("{findings:#?}"));
    assert_eq!(broken.code, "checks::invariant-broken");
    assert!(
        broken.message.en.contains("allowed by `test.leak`"),
        "{}",
        broken.message
    );
}

#[test]
fn checks_that_fail_or_are_about_nothing_are_found() {
    for (files, code) in [
        (
            with(
                "checks/cases.toml",
                "rule = \"flow.home\"",
                "rule = \"flow.summary-up\"",
            ),
            "checks::case-rule",
        ),
        (
            with(
                "checks/cases.toml",
                "expect = \"deny\"\nrule = \"guard.home-only\"",
                "expect = \"allow\"",
            ),
            "checks::case-fails",
        ),
        (
            with(
                "checks/invariants.toml",
                "always = { relations = [\"home\"] }",
                "always = { kinds = [\"case\"], sensitivities = [\"home-only\"] }",
            ),
            "checks::vacuous",
        ),
    ] {
        let findings = checked(&files);
        assert!(
            findings.iter().any(|finding| finding.code == code),
            "{code}: {findings:#?}"
        );
    }
}

#[test]
fn writing_without_holding_and_holding_out_of_reach_are_found_in_any_charter() {
    let writes = rule(
        "test.writes",
        r#"permit (principal, action == Action::"author", resource)
           when { resource.facet == Facet::"case.parties" && resource in principal };"#,
    );
    let unreachable = rule(
        "test.unreachable",
        r#"permit (principal, action == Action::"flowAcross", resource)
           when { resource.facet == Facet::"grid.content" && principal.tier == Tier::"village" };"#,
    );
    for (text, code) in [
        (writes, "checks::writes-without-holding"),
        (unreachable, "checks::unreachable"),
    ] {
        let findings = checked(&with_more("rules/author.cedar", &text));
        assert!(
            findings.iter().any(|finding| finding.code == code),
            "{code}: {findings:#?}"
        );
    }
}

/// Rules that no permit of today needs, and that are there against those of tomorrow: dropping one
/// changes no decision.
const BITE_NOWHERE_TODAY: [&str; 2] = ["guard.home-line", "guard.tree"];

#[test]
fn every_rule_that_is_dropped_is_missed_by_a_check() {
    let whole = super::open();
    let mut unnoticed = Vec::new();
    for rule in whole.rules() {
        let mut files = files();
        let content = files.files.get_mut(&rule.file).expect("it is there");
        content.drain(rule.span.clone());
        // The last rule for emergencies cannot go without their terms: that is noticed by itself.
        if CedarCharter::open(&files).is_err() {
            assert!(rule.emergency, "{}", rule.id);
            continue;
        }
        // Cases that name the rule do not count: a decision has to change.
        if checked(&files)
            .iter()
            .all(|finding| finding.code == "checks::case-rule")
        {
            unnoticed.push(rule.id.to_string());
        }
    }
    unnoticed.sort();
    assert_eq!(unnoticed, BITE_NOWHERE_TODAY);
}

#[test]
fn letters_that_could_not_be_sent() {
    let notice = "kinds/notice.toml";
    let edits = [
        ("slot = \"letter\"", "slot = \"title\""),
        ("kind = \"letter\"\nstep", "step"),
        ("kind = \"letter\"\nstep", "kind = \"letters\"\nstep"),
        ("title = \"{letter}", "titel = \"{letter}"),
        (
            "addressed = true\nsensitivities = [\"normal\", \"about-township\"]\nlevels = [\"village\"]\nrefuses = [\"identity-number\", \"bank-card\"]\n\n[[facet.field]]\nname = \"kind\"",
            "sensitivities = [\"normal\", \"about-township\"]\nlevels = [\"village\"]\nrefuses = [\"identity-number\", \"bank-card\"]\n\n[[facet.field]]\nname = \"kind\"",
        ),
        ("by = \"notice.reply\"", "by = \"notice.replies\""),
        ("refers = \"notice\"", "refers = \"text\""),
        (
            "field = \"state\", is = [\"done\"]",
            "field = \"state\", is = [\"finished\"]",
        ),
        ("to = \"addressee\"", "to = \"home\""),
        ("until = \"valid-until\"", "until = \"severity\""),
        (
            "says = { state = \"received\" }",
            "says = { state = \"got\" }",
        ),
        ("says = { state = \"received\" }", "says = {}"),
        ("value = \"reached\"", "value = \"text\""),
    ];
    let mut charters: Vec<CharterFiles> = edits.map(|(from, to)| with(notice, from, to)).into();
    let case = "kinds/case.toml";
    let sends = "sends = { from = \"county\", to = \"township\" }";
    let then = "then = { step = \"level-4\", tier = \"township\" }";
    let both = format!("{then}\nletter = \"letter-1\"\n{sends}");
    charters.push(with(case, then, &both));
    charters.push(with(case, "to = \"township\" }", "to = \"county\" }"));
    charters.push(with(
        case,
        &format!("letter = \"letter-1\"\n{sends}"),
        sends,
    ));
    let findings = charters.iter().map(refused);
    let codes = findings.map(|all| all.iter().map(|one| one.code).collect::<Vec<_>>());
    for (number, codes) in codes.enumerate() {
        assert!(codes.contains(&"kinds::letters"), "{number}: {codes:?}");
    }
}
