//! Nodes of the roster.

use crate::draft::{linze, tiny};
use crate::entries::corpus;

const ROSTER: &str = "roster.toml";

fn village(code: &str, name: &str, parent: &str) -> String {
    format!(
        "\n[[node]]\ncode = \"{code}\"\nname = \"{name}\"\ntier = \"village\"\nparent = \"{parent}\"\n"
    )
}

corpus! {
    a_village_of_the_wrong_tier => tiny().with(ROSTER, "tier = \"village\"", "tier = \"township\"");
    a_village_whose_parent_is_the_county => tiny().with(ROSTER, "parent = \"620723101000\"", "parent = \"620723000000\"");
    a_village_whose_township_is_not_listed => tiny().more(ROSTER, village("620723102201", "某村", "620723102000"));
    a_village_without_a_parent => tiny().with(ROSTER, "parent = \"620723101000\"\n", "");
    a_node_of_the_county_next_door => tiny().more(ROSTER, village("620724101201", "某村", "620724101000"));
    a_node_listed_twice => tiny().more(ROSTER, village("620723101202", "某村", "620723101000"));
    a_second_county => tiny().more(ROSTER, "\n[[node]]\ncode = \"620724000000\"\nname = \"高台县\"\ntier = \"county\"\n");
    a_county_that_is_a_township => tiny().with("charter.toml", "620723000000", "620723101000");
    a_county_that_is_another_one => tiny().with("charter.toml", "620723000000", "620724000000");
    a_county_that_is_missing => tiny().with(ROSTER, "[[node]]\ncode = \"620723000000\"\nname = \"临泽县\"\ntier = \"county\"", "[[node]]\ncode = \"620723101203\"\nname = \"某村\"\ntier = \"village\"\nparent = \"620723101000\"");
    a_code_with_a_letter => tiny().with(ROSTER, "620723101202", "62072310120O");
    a_code_of_eleven_digits => tiny().with(ROSTER, "620723101202", "62072310122");
    a_tier_that_nobody_knows => tiny().with(ROSTER, "tier = \"village\"", "tier = \"hamlet\"");
    a_state_that_nobody_knows => tiny().with(ROSTER, "name = \"沙河镇\"", "name = \"沙河镇\"\nstate = \"trusted\"");
    a_field_of_a_node_that_nobody_knows => tiny().with(ROSTER, "name = \"沙河镇\"", "name = \"沙河镇\"\nadmin = true");
    two_nodes_with_one_name => tiny().with(ROSTER, "新民村", "五三村");
    two_nodes_whose_names_look_the_same => tiny().with(ROSTER, "五三村村民委员会", "A村村民委员会").with(ROSTER, "新民村村民委员会", "\u{410}村村民委员会");
    a_name_in_full_width_letters => tiny().with(ROSTER, "五三村村民委员会", "A3村").with(ROSTER, "新民村村民委员会", "Ａ３村");
    a_name_with_blanks_around_it => tiny().with(ROSTER, "\"沙河镇\"", "\"沙河镇　\"");
    an_address_of_no_known_form => tiny().with(ROSTER, "name = \"沙河镇\"", "name = \"沙河镇\"\naddresses = [\"10.0.0.1:4001\"]");
    a_node_that_no_rule_reaches => tiny()
        .with("rules/flow.cedar", "when { resource.facet == Facet::\"case.summary\" };", "when { resource.facet == Facet::\"case.summary\" && resource.home != Node::\"620723101202\" };")
        .with("rules/flow.cedar", "resource.level == Level::\"township\" &&", "resource.level == Level::\"township\" &&\n  resource.home != Node::\"620723101202\" &&");
    a_township_that_is_revoked => tiny().with(ROSTER, "name = \"沙河镇\"", "name = \"沙河镇\"\nstate = \"revoked\"");
    a_county_that_is_revoked => linze().with(ROSTER, "tier = \"county\"", "tier = \"county\"\nstate = \"revoked\"");
    an_array_that_is_a_table => tiny().with(ROSTER, "[[node]]", "[node]");
}
