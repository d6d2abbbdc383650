//! Sizes and nests that no reviewer can read and no parser should be given.

use crate::draft::{Draft, rule, tiny};
use crate::entries::corpus;

const UP: &str = "permit (principal, action == Action::\"flowUp\", resource)";

fn when(condition: &str) -> Draft {
    tiny().rule("flow.deep", &format!("{UP}\nwhen {{\n{condition}\n}};"))
}

/// A chain that is a nest to a parser, over lines that can be read.
fn chain(link: &str, links: usize) -> String {
    vec![link; links].join("\n")
}

corpus! {
    a_reason_of_a_megabyte => tiny().with("rules/flow.cedar", "Ledger rows go up.", &"Ledger rows go up. ".repeat(50_000));
    a_comment_of_two_megabytes => tiny().more("charter.toml", "# nothing to see\n".repeat(130_000));
    four_files_of_a_megabyte_each => {
        let comment = "# nothing to see\n".repeat(61_000);
        ["a", "b", "c", "d", "e"].iter().fold(tiny(), |draft, name| draft.file(&format!("checks/{name}.toml"), &comment))
    };
    ten_thousand_rules => {
        let rules: String = (0..10_000).map(|number| rule(&format!("flow.n{number}"), &format!("{UP};"))).collect();
        tiny().file("rules/more.cedar", rules)
    };
    two_hundred_and_fifty_files_of_rules => (0..250).fold(tiny(), |draft, number| {
        draft.file(&format!("rules/n{number:03}.cedar"), rule(&format!("flow.n{number}"), &format!("{UP};")))
    });
    three_hundred_files => (0..300).fold(tiny(), |draft, number| draft.file(&format!("checks/n{number:03}.toml"), ""));
    a_hundred_thousand_empty_nodes => tiny().more("roster.toml", "[[node]]\n".repeat(100_000));
    a_thousand_nodes_without_anything => tiny().more("roster.toml", "[[node]]\n".repeat(1000));
    parentheses_nested_a_hundred_thousand_deep => {
        let (open, close) = (chain("(((((((((((((((((((", 5000), chain(")))))))))))))))))))", 5000));
        when(&format!("{open}\ntrue\n{close}"))
    };
    brackets_in_braces_in_parentheses => when(&format!("{}true{}", "([{a:".repeat(20), "}])".repeat(20)));
    a_chain_of_ten_thousand_ands => when(&format!("{}\ntrue", chain("true &&", 10_000)));
    a_chain_of_ten_thousand_attributes => when(&format!("resource.home\n{}", chain(".township", 10_000)));
    a_chain_of_five_thousand_else_ifs => when(&format!("{}\ntrue", chain("if true then true else", 5000)));
    a_chain_of_ten_thousand_nots => when(&format!("{}true", chain("!!!!!!!!!!", 1000)));
    /// Just within the length that is allowed.
    a_chain_of_three_hundred_ands => when(&format!("{}\ntrue", chain("true &&", 300)));
    a_chain_of_four_hundred_attributes => when(&format!("resource.home\n{}", chain(".township", 400)));
    a_chain_of_a_hundred_and_fifty_else_ifs => when(&format!("{}\ntrue", chain("if true then true else", 150)));
    arrays_nested_a_hundred_thousand_deep => tiny().more("charter.toml", format!("\n[[role]]\nid = {}", chain("[[[[[[[[[[[[[[[[[[[[", 5000)));
    tables_nested_by_dots => tiny().more("kinds/case.toml", format!("\n[vocabularies{}]\nx = 1\n", ".a".repeat(200)));
    tables_nested_by_braces_over_lines => tiny().more("checks/basic.toml", format!("\ndeep = {}", chain("{ a.b.c.d =", 2000)));
    seventeen_levels => {
        let words = (0..15).map(|number| format!("[[level]]\nid = \"l{number}\"\nzh = \"级别{number}\"\nen = \"level {number}\"\n"));
        tiny().more("charter.toml", words.collect::<String>())
    };
    a_number_that_no_machine_holds => tiny().with("charter.toml", "threshold = 2", "threshold = 99999999999999999999999");
    a_negative_threshold => tiny().with("charter.toml", "threshold = 2", "threshold = -1");
    an_id_of_two_hundred_letters => tiny().with("rules/flow.cedar", "flow.home", &"flow.home".repeat(22));
    a_name_of_two_hundred_characters => tiny().with("roster.toml", "沙河镇", &"沙河".repeat(100));
    nine_nodes_that_rules_name => {
        let nodes = (203..212).map(|village| format!("\n[[node]]\ncode = \"620723101{village}\"\nname = \"{village}村\"\ntier = \"village\"\nparent = \"620723101000\"\n"));
        let named: Vec<_> = (203..212).map(|village| format!("Node::\"620723101{village}\"")).collect();
        let body = format!("{UP}\nwhen {{ [\n  {}\n].contains(principal) }};", named.join(",\n  "));
        tiny().more("roster.toml", nodes.collect::<String>()).rule("flow.named", &body)
    };
    three_hundred_facets => {
        let facet = |number: usize| format!("\n[[facet]]\nname = \"case.x{number}\"\ntitle = {{ zh = \"面{number}\", en = \"Facet {number}\" }}\nsensitivities = [\"normal\"]\nlevels = [\"village\"]\n[[facet.field]]\nname = \"note\"\ntitle = {{ zh = \"说明\", en = \"Note\" }}\ntype = \"text\"\n");
        let facets: String = (0..300).map(facet).collect();
        tiny().with("kinds/case.toml", "[vocabularies]", &format!("{facets}\n[vocabularies]"))
    };
}
