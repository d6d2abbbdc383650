//! Rules that validate, and do something else than they seem to.

use crate::draft::{Draft, linze, tiny};
use crate::entries::corpus;

const FLOW: &str = "rules/flow.cedar";
const PEOPLE: &str = "rules/people.cedar";
const UP: &str = "permit (principal, action == Action::\"flowUp\", resource)";

fn more(id: &str, body: &str) -> Draft {
    tiny().rule(id, body)
}

corpus! {
    /// The condition was forgotten.
    a_permit_without_a_condition => more("flow.across", "permit (principal, action == Action::\"flowAcross\", resource);");
    a_permit_for_everything => more("flow.all", "permit (principal, action, resource);");
    an_or_where_an_and_was_meant => tiny().with(FLOW, "resource.level == Level::\"township\" &&", "resource.level == Level::\"township\" ||");
    an_unless_where_a_when_was_meant => tiny().with(FLOW, "when { resource.facet == Facet::\"case.summary\" };", "unless { resource.facet == Facet::\"case.summary\" };");
    the_two_sides_of_in_the_wrong_way_round => more("author.above", "permit (principal, action == Action::\"author\", resource)\nwhen { principal in resource.home };");
    a_forbid_that_became_a_permit => tiny().with(FLOW, "forbid (principal, action in", "permit (principal, action in");
    a_forbid_that_never_fires => more("guard.more", "forbid (principal, action == Action::\"flowUp\", resource)\nwhen { resource.facet == Facet::\"case.parties\" && resource.sensitivity == Sensitivity::\"home-only\" };");
    a_forbid_that_bites_nowhere_today => more("guard.more", "forbid (principal, action == Action::\"flowAcross\", resource)\nwhen { resource.facet == Facet::\"case.parties\" };");
    a_forbid_that_another_one_covers => more("guard.more", "forbid (principal, action == Action::\"flowUp\", resource)\nwhen { resource.sensitivity == Sensitivity::\"home-only\" };");
    a_forbid_that_silences_a_rule => more("guard.more", "forbid (principal, action in Action::\"flow\", resource)\nwhen { resource.facet == Facet::\"case.parties\" && principal in resource.home };");
    a_permit_that_a_forbid_overrides => more("flow.home-only", &format!("{UP}\nwhen {{ resource.sensitivity == Sensitivity::\"home-only\" && resource.facet == Facet::\"case.summary\" }};"));
    a_permit_one_action_of_which_a_forbid_stops => more("flow.wide", "permit (principal, action in [Action::\"flowUp\", Action::\"flowAcross\"], resource)\nwhen { resource.facet == Facet::\"case.summary\" };").rule("guard.across", "forbid (principal, action == Action::\"flowAcross\", resource)\nwhen { resource.facet == Facet::\"case.summary\" };");
    a_permit_to_read_where_a_forbid_lets_nobody_hold => more("read.home-only-above", "permit (principal, action == Action::\"read\", resource)\nwhen { resource.sensitivity == Sensitivity::\"home-only\" && principal.node != resource.home };");
    a_permit_to_read_what_no_rule_lets_anybody_hold => more("read.parties-at-county", "permit (principal, action == Action::\"read\", resource)\nwhen { resource.facet == Facet::\"case.parties\" && resource.level == Level::\"village\" && principal.node.tier == Tier::\"county\" && principal.node != resource.home };");
    a_permit_that_a_wider_one_shadows => more("flow.ledger-to-county", &format!("{UP}\nwhen {{ resource.facet == Facet::\"case.summary\" && principal.tier == Tier::\"county\" }};"));
    a_permit_that_applies_to_nothing => more("flow.home-only-parties", &format!("{UP}\nwhen {{ resource.facet == Facet::\"case.parties\" && resource.sensitivity == Sensitivity::\"home-only\" }};"));
    a_township_that_would_be_above_another => more("flow.more", &format!("{UP}\nwhen {{ principal.tier == Tier::\"village\" }};"));
    an_author_without_hold => more("author.above", "permit (principal, action == Action::\"author\", resource)\nwhen { resource in principal && resource.facet == Facet::\"case.parties\" };");
    a_grader_without_hold => linze().with("rules/author.cedar", "principal.tier == Tier::\"township\" &&\n  [Level::\"township\", Level::\"county\"]", "principal.tier == Tier::\"county\" &&\n  [Level::\"township\", Level::\"county\"]");
    a_holder_whom_no_link_reaches => more("flow.across", "permit (principal, action == Action::\"flowAcross\", resource)\nwhen { resource.facet == Facet::\"case.summary\" && resource.sensitivity == Sensitivity::\"home-only\" };").with(FLOW, "unless { principal == resource.home };", "unless { principal == resource.home || !(resource in principal) };");
    a_rule_that_no_check_protects => more("export.ledger", "permit (principal, action == Action::\"export\", resource)\nwhen { resource.facet == Facet::\"case.summary\" && principal.role == Role::\"leader\" };");
    a_rule_that_is_gone => tiny().with(FLOW, "resource.facet == Facet::\"case.summary\"", "resource.facet == Facet::\"case.summary\" && principal.tier == Tier::\"township\"");
    rules_one_letter_apart => more("flow.homes", &format!("{UP}\nwhen {{ resource.facet == Facet::\"case.parties\" }};"));
    rules_that_look_the_same => more("flow.h0me", &format!("{UP}\nwhen {{ resource.facet == Facet::\"case.parties\" }};"));
    a_village_that_a_rule_singles_out => more("flow.one", &format!("{UP}\nwhen {{ resource.home == Node::\"620723101202\" && resource.facet == Facet::\"case.parties\" }};"));
    a_guard_with_a_hole_for_one_node => tiny().with(FLOW, "unless { principal == resource.home };", "unless { principal == resource.home || principal == Node::\"620723101202\" };");
    a_sum_that_overflows => more("guard.sum", "forbid (principal, action == Action::\"flowUp\", resource)\nwhen { 9223372036854775807 + 1 > 0 };");
    a_guard_behind_an_error => more("guard.sum", "forbid (principal, action == Action::\"flowUp\", resource)\nwhen { resource.level == Level::\"township\" && 9223372036854775807 + 1 > 0 };");
    clerks_who_read_what_is_for_the_leader => tiny().with(PEOPLE, "resource.facet == Facet::\"case.parties\" &&\n  principal.role == Role::\"leader\"", "resource.facet == Facet::\"case.parties\"");
    an_export_of_everything => more("export.all", "permit (principal, action == Action::\"export\", resource);");
    /// In a county, one guard less.
    a_complaint_that_reaches_the_office_it_is_about => linze().with("rules/guard.cedar", "principal.tier == Tier::\"county\" ||\n  (principal == resource.addressee", "principal.tier == Tier::\"county\" ||\n  principal.tier == Tier::\"township\" ||\n  (principal == resource.addressee");
    a_misplaced_not_in_linze => linze().with(FLOW, "resource.addressee != resource.home &&\n  resource.addressee in principal", "resource.addressee != resource.home");
}
