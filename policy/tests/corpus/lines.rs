//! Rules that Cedar, its validator or the charter refuses.

use crate::draft::{Draft, linze, rule, tiny};
use crate::entries::corpus;

const FLOW: &str = "rules/flow.cedar";
const UP: &str = "permit (principal, action == Action::\"flowUp\", resource)";

fn when(condition: &str) -> Draft {
    tiny().rule("flow.more", &format!("{UP}\nwhen {{ {condition} }};"))
}

corpus! {
    a_misspelt_facet => tiny().with(FLOW, "Facet::\"case.summary\"", "Facet::\"case.sumary\"");
    a_misspelt_facet_in_linze => linze().with(FLOW, "Facet::\"device.access\"", "Facet::\"device.acces\"");
    a_misspelt_action => tiny().with(FLOW, "Action::\"flowUp\"", "Action::\"flowup\"");
    a_misspelt_attribute => when("resource.adressee in principal");
    a_misspelt_type => when("resource.level == Levels::\"village\"");
    a_misspelt_keyword => tiny().rule("flow.more", &format!("{UP}\nwen {{ resource.level == Level::\"village\" }};"));
    one_equals_sign => when("resource.level = Level::\"village\"");
    one_ampersand => when("resource in principal & resource.level == Level::\"village\"");
    a_missing_semicolon => tiny().with(FLOW, "\"flowHome\", resource);", "\"flowHome\", resource)");
    a_missing_parenthesis => tiny().with(FLOW, "\"flowHome\", resource);", "\"flowHome\", resource;");
    a_string_that_is_never_closed => tiny().with(FLOW, "Ledger rows go up.\"", "Ledger rows go up.");
    a_rule_without_an_id => tiny().with(FLOW, "@id(\"flow.home\")\n", "");
    a_rule_without_a_reason_in_chinese => tiny().with(FLOW, "@reason_zh(\"台账逐级上报。\")\n", "");
    a_rule_whose_reason_is_blank => tiny().with(FLOW, "\"Ledger rows go up.\"", "\" \"");
    a_reason_without_a_text => tiny().with(FLOW, "@reason(\"Ledger rows go up.\")", "@reason");
    an_unknown_annotation => tiny().with(FLOW, "@id(\"flow.home\")", "@id(\"flow.home\")\n@approved_by(\"everybody\")");
    an_annotation_given_twice => tiny().with(FLOW, "@id(\"flow.home\")", "@id(\"flow.home\")\n@id(\"flow.house\")");
    an_id_with_capitals => tiny().with(FLOW, "flow.home", "Flow.Home");
    one_id_in_two_files => tiny().rule("flow.home", &format!("{UP};"));
    /// Word for word, so that looking for its text finds the first one.
    one_rule_twice_in_a_file => {
        let text = rule("flow.more", &format!("{UP}\nwhen {{ resource.level == Level::\"village\" }};"));
        tiny().more("rules/more.cedar", format!("{text}\n// the same again\n{text}"))
    };
    /// The place must be that of the rule, not that of the comment before it.
    a_bad_rule_whose_text_stands_in_a_comment_first => {
        let line = format!("@id(\"flow.more\") @reason(\"x\") @reason_zh(\"某\") {UP} when {{ resource.levels == 1 }};");
        tiny().more("rules/more.cedar", format!("// {line}\n\n\n{line}\n"))
    };
    a_template_with_a_slot => tiny().rule("flow.more", "permit (principal == ?principal, action == Action::\"flowUp\", resource);");
    a_wrong_type_of_parent => tiny().rule("flow.more", "permit (principal in Tier::\"county\", action == Action::\"flowUp\", resource);");
    a_resource_that_is_no_label => tiny().rule("flow.more", "permit (principal, action == Action::\"flowUp\", resource is Node);");
    a_township_that_need_not_be_there => when("principal in resource.township");
    a_township_whose_has_stands_after_it => when("principal in resource.township && resource has township");
    a_township_behind_an_or => when("resource has township || principal in resource.township");
    a_condition_that_is_always_true => when("resource.level == resource.level || true");
    a_condition_that_is_never_true => when("resource.level == Level::\"village\" && false");
    two_levels_at_once => when("Level::\"village\" == Level::\"township\"");
    a_word_of_the_emergency_where_there_is_none => when("context.emergency");
    a_state_of_emergency_where_there_is_none => when("resource.emergency == State::\"emergency\"");
    a_time_of_day => when("context.now.toTime() < duration(\"8h\")");
    an_address_on_the_internet => when("ip(\"10.0.0.1\").isInRange(ip(\"10.0.0.0/8\"))");
    a_pattern_over_ids => when("principal.name like \"6207231*\"");
    a_node_that_is_not_listed => when("principal == Node::\"620723999000\"");
    a_node_of_another_county => when("principal == Node::\"620724101000\"");
    a_label_by_its_name => when("resource == Label::\"case.summary of 620723101201 (normal, village)\"");
    a_seat_by_its_name => tiny().rule("read.more", "permit (principal == Seat::\"clerk at 620723101201\", action == Action::\"read\", resource);");
    a_person_where_a_node_asks => when("principal.role == Role::\"leader\"");
    a_node_where_a_person_asks => tiny().rule("read.more", "permit (principal, action == Action::\"read\", resource)\nwhen { principal.tier == Tier::\"county\" };");
    a_group_of_actions_as_if_it_were_one => tiny().rule("flow.more", "permit (principal, action == Action::\"flow\", resource);");
    no_rule_at_all => tiny().file(FLOW, "// later\n").without("rules/people.cedar");
    three_attributes_in_a_row => when("resource has township && resource.home.township.tier == Tier::\"township\"");
}
