//! Characters that a reader does not see as they are.

use crate::draft::{rule, tiny};
use crate::entries::corpus;

const FLOW: &str = "rules/flow.cedar";
const UP: &str = "Ledger rows go up.";

corpus! {
    a_reason_that_reads_backwards => tiny().with(FLOW, UP, "Ledger rows \u{202e}emoh yats\u{202c}.");
    /// What looks like a comment is a rule, and the other way round.
    a_comment_that_swallows_a_condition => tiny().with(
        FLOW,
        "when { resource.facet == Facet::\"case.summary\" };",
        "/\u{2066}/ ledger rows only\u{2069} when { true };",
    );
    a_right_to_left_mark_in_a_comment => tiny().with(FLOW, "// What", "// \u{200f}What");
    a_space_without_width_in_the_id_of_a_rule => tiny().with(FLOW, "flow.home", "flow.\u{200b}home");
    a_joiner_without_width_in_the_name_of_a_node => tiny().with("roster.toml", "沙河镇", "沙河\u{200d}镇");
    a_soft_hyphen_in_the_name_of_a_reviewer => tiny().with("charter.toml", "\"wang\"", "\"wa\u{ad}ng\"");
    a_blank_letter_as_the_name_of_a_node => tiny().with("roster.toml", "沙河镇", "\u{3164}");
    a_blank_that_is_no_space_in_a_key => tiny().with("charter.toml", "threshold = 2", "threshold\u{a0}= 2");
    tags_that_spell_another_reason => tiny().with(FLOW, UP, "Ledger rows go up.\u{e006e}\u{e006f}\u{e0074}");
    a_byte_order_mark_before_everything => {
        let text = String::from_utf8(tiny().files.files["roster.toml"].clone()).expect("text");
        tiny().file("roster.toml", format!("\u{feff}{text}"))
    };
    line_ends_of_another_machine => {
        let text = String::from_utf8(tiny().files.files[FLOW].clone()).expect("text");
        tiny().file(FLOW, text.replace('\n', "\r\n"))
    };
    /// Cedar ends the comment there; many editors show one line.
    a_carriage_return_that_ends_a_comment => tiny().more(
        FLOW,
        format!("// to be written later:\r{}", rule("flow.all", "permit (principal, action, resource);").replace('\n', " ")),
    );
    a_line_separator_in_a_comment => tiny().with(FLOW, "// What", "// later\u{2028}What");
    a_nul_byte_in_a_rule => tiny().with(FLOW, UP, "Ledger rows\0 go up.");
    an_escape_sequence_that_clears_the_terminal => tiny().with(FLOW, UP, "\u{1b}[2J\u{1b}[1;1Hclean: 8 files");
    bytes_that_are_no_text => tiny().more("charter.toml", b"\n# \xff\xfe\n");
    a_direction_mark_written_as_an_escape_in_a_rule => tiny().with(FLOW, UP, "Ledger \\u{202e}rows go up.");
    a_direction_mark_written_as_an_escape_in_the_roster => tiny().with("roster.toml", "沙河镇", "沙河\\u202E镇");
    a_line_feed_written_as_an_escape_in_a_title => tiny().with("charter.toml", "en = \"Charter\"", "en = \"Charter\\nsigned by all\"");
    a_condition_pushed_off_the_screen => tiny().with(
        FLOW,
        "resource.facet == Facet::\"case.summary\" }",
        &format!("resource.facet == Facet::\"case.summary\"{}|| true }}", " ".repeat(600)),
    );
    a_file_whose_name_reads_backwards => tiny().more("rules/\u{202e}radec.cedar", rule("flow.x", "permit (principal, action, resource);"));
    letters_of_another_alphabet_in_a_facet => tiny().with(FLOW, "case.summary", "c\u{430}se.summary");
    full_width_letters_in_a_level => tiny().with(FLOW, "Level::\"township\"", "Level::\"ｔownship\"");
    quotes_as_chinese_keyboards_write_them => tiny().with(FLOW, "Level::\"township\"", "Level::“township”");
    a_comma_as_chinese_keyboards_write_it => tiny().with(FLOW, "permit (principal, action", "permit (principal， action");
}
