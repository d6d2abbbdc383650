//! Kinds, facets, fields and words.

use crate::draft::tiny;
use crate::entries::corpus;

const CASE: &str = "kinds/case.toml";

fn field(name: &str, zh: &str) -> String {
    format!(
        "[[facet.field]]\nname = \"{name}\"\ntitle = {{ zh = \"{zh}\", en = \"A field\" }}\ntype = \"text\"\nbytes_max = 40\n\n[vocabularies]"
    )
}

fn facet(name: &str, zh: &str) -> String {
    format!(
        "[[facet]]\nname = \"{name}\"\ntitle = {{ zh = \"{zh}\", en = \"A facet\" }}\nsensitivities = [\"normal\"]\nlevels = [\"village\"]\n{}",
        field("note", "说明")
    )
}

const GRID: &str = "kind = \"grid\"\ntitle = { zh = \"网格\", en = \"Grid\" }\nretention_days = 100\n\n[[facet]]\nname = \"case.summary\"\ntitle = { zh = \"台账\", en = \"Ledger row\" }\nsensitivities = [\"normal\"]\nlevels = [\"village\"]\n[[facet.field]]\nname = \"code\"\ntitle = { zh = \"编号\", en = \"Code\" }\ntype = \"text\"\nbytes_max = 40\n";

corpus! {
    a_field_for_a_stream_address => tiny().with(CASE, "[vocabularies]", &field("stream-address", "地址"));
    a_field_for_an_identity_number => tiny().with(CASE, "[vocabularies]", &field("note", "当事人身份证号"));
    a_field_for_a_password_in_parts => tiny().with(CASE, "[vocabularies]", &field("pass-word", "登录"));
    a_field_that_scores_a_person => tiny().with(CASE, "[vocabularies]", &field("party-score", "评价"));
    /// The forbidden word stands in the English title alone.
    a_field_for_a_face_by_its_english_title => tiny().with(CASE, "[vocabularies]", &field("note", "说明").replace("A field", "Face of the party"));
    a_field_for_an_identity_number_in_traditional_letters => tiny().with(CASE, "[vocabularies]", &field("note", "當事人身份證號"));
    a_field_for_an_identity_number_with_a_blank => tiny().with(CASE, "[vocabularies]", &field("note", "身 份 证"));
    a_word_that_is_a_forbidden_field => tiny().with(CASE, "{ id = \"open\", zh = \"受理\", en = \"open\" }", "{ id = \"open\", zh = \"重点人员\", en = \"blacklisted\" }");
    a_vocabulary_that_nobody_uses => tiny().more(CASE, "colour = [{ id = \"red\", zh = \"红\", en = \"red\" }]\n");
    a_vocabulary_that_is_missing => tiny().with(CASE, "[vocabularies]\nstep =", "[vocabularies]\nsteps =");
    a_word_given_twice => tiny().with(CASE, "{ id = \"closed\", zh = \"办结\", en = \"closed\" }", "{ id = \"open\", zh = \"办结\", en = \"closed\" }");
    two_words_that_are_shown_alike => tiny().with(CASE, "{ id = \"closed\", zh = \"办结\", en = \"closed\" }", "{ id = \"closed\", zh = \"受理\", en = \"open\" }");
    a_facet_of_another_kind => tiny().more("kinds/grid.toml", GRID);
    a_kind_in_a_file_of_another_name => tiny().more("kinds/grid.toml", String::from_utf8(tiny().files.files[CASE].clone()).expect("text"));
    a_facet_declared_twice => tiny().with(CASE, "[vocabularies]", &facet("case.summary", "台账二"));
    a_field_declared_twice => tiny().with(CASE, "name = \"step\"", "name = \"code\"");
    a_facet_one_letter_apart => tiny().with(CASE, "[vocabularies]", &facet("case.partles", "当事")).schema();
    a_facet_with_the_title_of_another => tiny().with(CASE, "[vocabularies]", &facet("case.narrative", "当事人")).schema();
    a_facet_that_nobody_writes_or_reads => tiny().with(CASE, "[vocabularies]", &facet("case.narrative", "正文")).schema().with("rules/people.cedar", "when { principal == resource.home };", "when { principal == resource.home && resource.facet != Facet::\"case.narrative\" };");
    a_facet_name_with_a_letter_of_another_alphabet => tiny().with(CASE, "name = \"case.summary\"", "name = \"c\u{430}se.summary\"");
    a_sensitivity_that_is_not_declared => tiny().with(CASE, "[\"normal\", \"home-only\"]", "[\"normal\", \"hidden\"]");
    a_level_given_twice => tiny().with(CASE, "levels = [\"village\", \"township\"]", "levels = [\"village\", \"village\"]");
    records_that_are_kept_for_ever => tiny().with(CASE, "retention_days = 1825", "retention_days = 4000000");
    records_that_are_kept_for_no_time => tiny().with(CASE, "retention_days = 1825", "retention_days = 0");
    a_text_without_an_end => tiny().with(CASE, "bytes_max = 40", "bytes_max = 400000000");
    a_key_that_is_misspelt => tiny().with(CASE, "bytes_max = 40", "byte_max = 40");
    a_key_given_twice => tiny().with(CASE, "bytes_max = 40", "bytes_max = 40\nbytes_max = 4000");
    a_schema_that_says_otherwise => tiny().with("mesh.cedarschema", "\"case.parties\"", "\"case.partie\"");
    a_schema_with_an_optional_home => tiny().with("mesh.cedarschema", "home: Node,", "home?: Node,");
    a_sensitivity_that_no_facet_has => tiny().with("charter.toml", "[[level]]", "[[sensitivity]]\nid = \"top\"\nzh = \"最严\"\nen = \"strictest\"\n[[level]]").schema();
    a_role_that_may_read_nothing => tiny().with("rules/people.cedar", "when { resource.facet == Facet::\"case.summary\" };", "when { resource.facet == Facet::\"case.summary\" && principal.role == Role::\"leader\" };");
    two_roles_that_look_the_same => tiny().with("charter.toml", "en = \"leader\"", "en = \"cIerk\"");
    two_levels_with_one_name => tiny().with("charter.toml", "zh = \"镇级\"", "zh = \"村级\"");
    a_level_declared_twice => tiny().with("charter.toml", "[[role]]", "[[level]]\nid = \"village\"\nzh = \"某级\"\nen = \"some level\"\n[[role]]");
    /// The join of two grades would no longer be the narrower one.
    sensitivities_in_the_wrong_order => tiny().with("charter.toml", "[[sensitivity]]\nid = \"normal\"\nzh = \"一般\"\nen = \"ordinary\"\n[[sensitivity]]\nid = \"home-only\"\nzh = \"不外传\"\nen = \"kept at home\"", "[[sensitivity]]\nid = \"home-only\"\nzh = \"不外传\"\nen = \"kept at home\"\n[[sensitivity]]\nid = \"normal\"\nzh = \"一般\"\nen = \"ordinary\"").schema();
}
