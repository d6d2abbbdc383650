//! One version after another.

use crate::draft::{Draft, ssh_line, tiny};
use crate::entries::corpus;
use crate::seals::{first, offered, offered_late, second, second_signed};

/// Another version 1, which differs in a word.
fn other_first() -> Draft {
    tiny()
        .with("rules/flow.cedar", "Ledger rows go up.", "Ledgers go up.")
        .sealed()
}

/// Version 2 with other reviewers: all of them new.
fn taken_over() -> Draft {
    ["li", "wang", "zhao", "chen"]
        .iter()
        .fold(second(), |draft, name| {
            draft
                .with(
                    "charter.toml",
                    &format!("name = \"{name}\""),
                    &format!("name = \"new-{name}\""),
                )
                .with(
                    "charter.toml",
                    &ssh_line(name),
                    &ssh_line(&format!("new-{name}")),
                )
        })
}

/// A version that leaves out all between it and the first.
fn ahead(version: usize) -> Draft {
    let number = format!("version = {version}");
    tiny()
        .with("charter.toml", "version = 1", &number)
        .sealed_after(&vec![first().digest(); version - 1])
        .signed(&["li", "wang"])
}

corpus! {
    a_version_that_is_held_already => offered(first());
    a_rollback_to_the_version_before => offered_late(first());
    /// Signed by enough, and five numbers ahead, so that no later version would count.
    a_fast_forward => offered(ahead(7));
    a_fast_forward_to_the_last_number => offered(ahead(4096));
    two_charters_of_one_number_both_signed => offered(other_first().signed(&["li", "zhao"]));
    two_charters_of_one_number_one_unsigned => offered(other_first());
    a_version_that_follows_another_charter => offered(second().sealed_after(&[other_first().digest()]).signed(&["li", "wang"]));
    /// Each file was signed, but never together.
    files_of_two_versions_mixed => {
        let narrow = second().with("rules/people.cedar", "&&\n  principal.role == Role::\"leader\"", "&& principal.role == Role::\"leader\"");
        let mixed = narrow.sealed_after(&[first().digest()]).signed(&["li", "wang"]);
        let old = String::from_utf8(tiny().files.files["rules/people.cedar"].clone()).expect("text");
        offered(mixed.file("rules/people.cedar", old))
    };
    the_manifest_of_one_version_and_signatures_of_another => {
        let old = first();
        let signature = old.files.files["signatures/wang.sig"].clone();
        offered(second().sealed_after(&[old.digest()]).signed(&["li"]).file("signatures/wang.sig", signature))
    };
    a_version_that_only_new_reviewers_signed => offered(taken_over().sealed_after(&[first().digest()]).signed(&["new-li", "new-wang"]));
    a_version_that_only_old_reviewers_signed => offered(taken_over().sealed_after(&[first().digest()]).signed(&["li", "wang"]));
    a_threshold_lowered_by_one_signature => offered(second().with("charter.toml", "threshold = 2", "threshold = 1").sealed_after(&[first().digest()]).signed(&["li"]));
    a_stranger_among_enough_signatures => offered(second_signed().signed(&["sun"]));
    a_version_for_another_county => {
        let county = |draft: Draft, file: &str| {
            let text = String::from_utf8(draft.files.files[file].clone()).expect("text");
            draft.file(file, text.replace("620723", "620724"))
        };
        let files = ["charter.toml", "roster.toml", "checks/basic.toml"];
        offered(files.iter().fold(second(), |draft, file| county(draft, file)).sealed_after(&[first().digest()]).signed(&["li", "wang"]))
    };
    a_version_that_ran_out_on_the_way => offered(second_signed()).at("2027-06-01T00:00:00Z");
    a_version_before_its_time => offered(second_signed()).at("2025-06-01T00:00:00Z");
    a_version_without_a_number_before => offered(second().sealed_after(&[first().digest()]).with("manifest", &first().digest().to_string(), "none").signed(&["li", "wang"]));
}
