//! Emergencies and recovery.

use crate::draft::{Draft, rule, ssh_line, tiny};
use crate::entries::corpus;

const HEAD: &str = "charter.toml";
const FLOOD: &str = "emergency/flood.cedar";
const ACROSS: &str = "permit (principal, action == Action::\"flowAcross\", resource)\nwhen { resource.facet == Facet::\"case.summary\" };";

fn terms(threshold: u32, hours: u32) -> String {
    format!("\n[emergency]\nthreshold = {threshold}\nhours_max = {hours}\n")
}

/// With sound terms, and this rule.
fn emergency(id: &str, body: &str) -> Draft {
    tiny().more(HEAD, terms(2, 24)).more(FLOOD, rule(id, body))
}

fn recovery(threshold: u32, names: &[&str]) -> Draft {
    let holder = |name: &&str| {
        format!(
            "[[recovery.holder]]\nname = \"sealed-{name}\"\nkey = \"{}\"\n",
            ssh_line(name)
        )
    };
    let holders: String = names.iter().map(holder).collect();
    tiny().more(
        HEAD,
        format!("\n[recovery]\nthreshold = {threshold}\n{holders}"),
    )
}

corpus! {
    rules_for_an_emergency_without_terms => tiny().more(FLOOD, rule("flood.across", ACROSS));
    terms_of_an_emergency_without_rules => tiny().more(HEAD, terms(2, 24));
    an_emergency_of_a_week => tiny().more(HEAD, terms(2, 168)).more(FLOOD, rule("flood.across", ACROSS));
    an_emergency_that_nobody_need_sign => tiny().more(HEAD, terms(0, 24)).more(FLOOD, rule("flood.across", ACROSS));
    an_emergency_that_ends_never => tiny().more(HEAD, "\n[emergency]\nthreshold = 2\n").more(FLOOD, rule("flood.across", ACROSS));
    an_emergency_that_forbids => emergency("flood.guard", "forbid (principal, action == Action::\"read\", resource);");
    an_emergency_in_which_everything_is_taken_out => emergency("flood.export", "permit (principal, action == Action::\"export\", resource)\nwhen { resource.facet == Facet::\"case.summary\" };");
    an_emergency_in_which_others_write => emergency("flood.author", "permit (principal, action == Action::\"author\", resource)\nwhen { resource in principal };");
    an_emergency_that_opens_what_an_invariant_keeps => emergency("flood.parties", "permit (principal, action == Action::\"flowUp\", resource)\nwhen { resource.facet == Facet::\"case.parties\" };");
    an_emergency_that_opens_nothing_more => emergency("flood.up", "permit (principal, action == Action::\"flowUp\", resource)\nwhen { resource.facet == Facet::\"case.summary\" };");
    an_emergency_with_the_id_of_an_everyday_rule => emergency("flow.home", ACROSS);
    recovery_by_one_person => recovery(1, &["sun", "zhou"]);
    recovery_by_more_than_there_are => recovery(3, &["sun", "zhou"]);
    recovery_with_a_key_of_every_day => recovery(2, &["sun", "li"]);
    recovery_with_one_key_twice => recovery(2, &["sun", "sun"]);
}
