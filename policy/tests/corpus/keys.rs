//! Reviewers and keys.

use crate::draft::{hex_key, ssh_line, tiny};
use crate::entries::corpus;

const HEAD: &str = "charter.toml";
const ROSTER: &str = "roster.toml";

fn reviewer(name: &str, line: &str) -> String {
    format!("\n[[reviewer]]\nname = \"{name}\"\nkey = \"{line}\"\n")
}

/// The point of order one, as a node's and as a reviewer's key.
const WEAK_HEX: &str = "0100000000000000000000000000000000000000000000000000000000000000";
const WEAK_LINE: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA weak";

/// No point of the curve has this.
const NO_POINT: &str = "0200000000000000000000000000000000000000000000000000000000000000";

corpus! {
    a_threshold_of_zero => tiny().with(HEAD, "threshold = 2", "threshold = 0");
    a_threshold_of_one => tiny().with(HEAD, "threshold = 2", "threshold = 1");
    a_threshold_above_the_number_of_reviewers => tiny().with(HEAD, "threshold = 2", "threshold = 5");
    a_threshold_that_leaves_no_spare => tiny().with(HEAD, "threshold = 2", "threshold = 4");
    one_key_under_two_names => tiny().more(HEAD, reviewer("li-na", &ssh_line("li")));
    one_key_under_two_names_with_another_comment => tiny().more(HEAD, reviewer("li-na", &ssh_line("li").replace(" li", " another person")));
    one_name_for_two_keys => tiny().more(HEAD, reviewer("li", &ssh_line("sun")));
    a_reviewer_whose_name_looks_like_another => tiny().more(HEAD, reviewer("w\u{430}ng", &ssh_line("sun")));
    a_reviewer_in_full_width_letters => tiny().more(HEAD, reviewer("ｌｉ", &ssh_line("sun")));
    a_reviewer_with_a_capital => tiny().more(HEAD, reviewer("Li", &ssh_line("sun")));
    a_reviewer_without_a_name => tiny().more(HEAD, reviewer("", &ssh_line("sun")));
    a_reviewer_with_a_padded_name => tiny().more(HEAD, reviewer("li ", &ssh_line("sun")));
    a_key_of_another_kind => tiny().more(HEAD, reviewer("sun", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQCBpsvwFTpfhKnO8xg9Yoes0fYbQGWKr9T5HkNojbLX/CFGa5C12v8kSW6TuN0CJ0xxlrvgBSpPdJm+4wgtUnecweYLMFV6n8TpDjNYfaLH7BE2W4Clyu8UOV6DqM3yFzxhhqvQ9Ro/ZImu0/gdQmeMsdb7IEVqj7TZ/iNIbZK33Q== sun"));
    a_key_cut_short => tiny().more(HEAD, reviewer("sun", &ssh_line("sun")[..50]));
    a_key_that_is_a_private_one => tiny().more(HEAD, reviewer("sun", "-----BEGIN OPENSSH PRIVATE KEY-----"));
    a_weak_key_of_a_reviewer => tiny().more(HEAD, reviewer("sun", WEAK_LINE));
    a_weak_key_of_a_node => tiny().with(ROSTER, &hex_key("neighbour"), WEAK_HEX);
    a_key_that_is_no_point => tiny().with(ROSTER, &hex_key("neighbour"), NO_POINT);
    a_key_of_a_node_cut_short => tiny().with(ROSTER, &hex_key("neighbour"), &hex_key("neighbour")[..60]);
    one_key_for_two_nodes => tiny().with(ROSTER, &hex_key("neighbour"), &hex_key("village"));
    one_key_for_two_nodes_in_capitals => tiny().with(ROSTER, &hex_key("neighbour"), &hex_key("village").to_uppercase());
    one_key_for_a_node_and_a_reviewer => tiny().with(ROSTER, &hex_key("neighbour"), &hex_key("wang"));
    a_node_without_a_key => tiny().with(ROSTER, &format!("key = \"{}\"\n", hex_key("neighbour")), "");
    a_township_without_a_key => tiny().with(ROSTER, &format!("key = \"{}\"\n", hex_key("township")), "");
    an_active_node_without_a_key => tiny().with(ROSTER, &format!("key = \"{}\"\n", hex_key("neighbour")), "state = \"active\"\n");
    an_expected_node_with_a_key => tiny().with(ROSTER, "name = \"沙河镇\"", "name = \"沙河镇\"\nstate = \"expected\"");
    more_townships_to_confirm_than_there_are => tiny().with(HEAD, "threshold = 2", "threshold = 2\n[freshness]\ncosigners = 4\nfresh_hours = 168\nnarrow_hours = 720\n");
    nobody_there_to_confirm => tiny().with(ROSTER, &format!("key = \"{}\"\n", hex_key("township")), "").with(HEAD, "threshold = 2", "threshold = 2\n[freshness]\ncosigners = 1\nfresh_hours = 168\nnarrow_hours = 720\n");
    a_field_of_a_reviewer_that_nobody_knows => tiny().with(HEAD, "name = \"wang\"", "name = \"wang\"\nvotes = 2");
    reviewers_that_are_all_gone => {
        let draft = tiny();
        let text = String::from_utf8(draft.files.files[HEAD].clone()).expect("text");
        let (head, _) = text.split_once("[[reviewer]]").expect("there are some");
        draft.file(HEAD, head)
    };
}
