//! A charter's own checks: those that prove nothing, and those that are gone.

use crate::draft::tiny;
use crate::entries::corpus;

const CHECKS: &str = "checks/basic.toml";

fn invariant(name: &str, what: &str) -> String {
    format!(
        "\n[[invariant]]\nname = \"{name}\"\n{what}\nreason_zh = \"示例\"\nreason_en = \"as an example\"\n"
    )
}

corpus! {
    an_invariant_about_nothing => tiny().more(CHECKS, invariant("x", "never = { facets = [\"case.parties\"], sensitivities = [\"home-only\"] }"));
    an_invariant_with_an_empty_list => tiny().more(CHECKS, invariant("x", "never = { relations = [] }"));
    an_invariant_that_asks_nothing => tiny().more(CHECKS, invariant("x", "asks = []\nnever = { relations = [\"sibling\"] }"));
    an_invariant_without_never_and_always => tiny().more(CHECKS, invariant("x", "asks = [\"flow\"]"));
    an_invariant_with_never_and_always => tiny().more(CHECKS, invariant("x", "never = { relations = [\"sibling\"] }\nalways = { relations = [\"home\"] }"));
    an_invariant_with_a_misspelt_facet => tiny().with(CHECKS, "never = { facets = [\"case.parties\"]", "never = { facets = [\"case.partys\"]");
    an_invariant_with_a_misspelt_relation => tiny().with(CHECKS, "[\"own-township\", \"county\"]", "[\"own-town\", \"county\"]");
    an_invariant_with_a_misspelt_key => tiny().with(CHECKS, "not_relations = [\"home\", \"own-township\"]", "no_relations = [\"home\", \"own-township\"]");
    an_invariant_about_roles_where_nodes_ask => tiny().more(CHECKS, invariant("x", "never = { roles = [\"clerk\"] }"));
    an_invariant_without_a_reason => tiny().with(CHECKS, "reason_en = \"work is seen and counted\"", "reason_en = \"\"");
    two_checks_with_one_name => tiny().with(CHECKS, "name = \"home-only-never-leaves-home\"", "name = \"parties stay home\"");
    a_case_with_a_facet_that_is_none => tiny().with(CHECKS, "facet = \"case.parties\"", "facet = \"case.partie\"");
    a_case_about_a_node_that_is_not_listed => tiny().with(CHECKS, "node = \"620723101000\"", "node = \"620723102000\"");
    a_case_at_a_grade_that_the_facet_cannot_have => tiny().with(CHECKS, "facet = \"case.parties\"", "facet = \"case.parties\"\nsensitivity = \"home-only\"");
    a_case_that_expects_the_opposite => tiny().with(CHECKS, "expect = \"deny\"", "expect = \"allow\"");
    a_case_that_another_rule_decides => tiny().with(CHECKS, "expect = \"deny\"", "expect = \"deny\"\nrule = \"guard.home-only\"");
    a_case_with_a_rule_that_does_not_exist => tiny().with(CHECKS, "expect = \"deny\"", "expect = \"deny\"\nrule = \"guard.nothing\"");
    a_case_with_a_role_where_a_node_asks => tiny().with(CHECKS, "expect = \"deny\"", "expect = \"deny\"\nrole = \"leader\"");
    checks_that_are_all_gone => tiny().without(CHECKS);
    an_invariant_that_is_gone => tiny().with(CHECKS, "never = { sensitivities = [\"home-only\"], not_relations = [\"home\"] }", "never = { sensitivities = [\"home-only\"], relations = [\"other-village\", \"sibling\"] }");
    a_file_of_checks_that_is_no_toml => tiny().more(CHECKS, "\n[[invariant]\nname = \"x\"\n");
}
