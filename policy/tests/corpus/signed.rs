//! Manifests and signatures.

use ed25519_dalek::Signer;
use policy::signing::manifest::MANIFEST_PATH;
use ssh_key::{Algorithm, HashAlg, LineEnding, SshSig};

use crate::draft::{Draft, key, ssh_line, tiny};
use crate::entries::corpus;
use crate::seals::{brought, first, manifest};

/// A signature for another purpose, by a good key over the right bytes.
fn signature_for(namespace: &str, draft: &Draft) -> String {
    let message = &draft.files.files[MANIFEST_PATH];
    let signed = SshSig::signed_data(namespace, HashAlg::Sha512, message).expect("encodes");
    let bytes = key("wang").sign(&signed).to_bytes().to_vec();
    let signature = ssh_key::Signature::new(Algorithm::Ed25519, bytes).expect("a signature");
    let public = ssh_key::PublicKey::from_openssh(&ssh_line("wang")).expect("a key");
    SshSig::new(
        public.key_data().clone(),
        namespace,
        HashAlg::Sha512,
        signature,
    )
    .and_then(|made| made.to_pem(LineEnding::LF))
    .expect("encodes")
}

fn text(draft: &Draft, file: &str) -> String {
    String::from_utf8(draft.files.files[file].clone()).expect("text")
}

/// A change of the manifest after it was written, and signatures over what came of it.
fn forged(from: &str, to: &str) -> Draft {
    tiny()
        .sealed()
        .with(MANIFEST_PATH, from, to)
        .signed(&["li", "wang"])
}

corpus! {
    a_charter_without_a_manifest => brought(tiny());
    a_charter_that_nobody_signed => brought(tiny().sealed());
    a_charter_that_one_of_two_signed => brought(tiny().sealed().signed(&["li"]));
    a_charter_that_a_stranger_signed_too => brought(tiny().sealed().signed(&["li", "sun"]));
    one_person_in_two_files => brought(tiny().sealed().signed_as("li", "li").signed_as("li", "wang"));
    a_signature_in_the_file_of_another => brought(tiny().sealed().signed_as("li", "wang").signed_as("wang", "li"));
    a_signature_over_other_bytes => {
        let other = tiny().with("rules/flow.cedar", "Ledger rows go up.", "Ledgers go up.").sealed().signed(&["wang"]);
        let signature = text(&other, "signatures/wang.sig");
        brought(tiny().sealed().signed(&["li"]).file("signatures/wang.sig", signature))
    };
    a_signature_for_another_purpose => {
        let draft = tiny().sealed().signed(&["li"]);
        let signature = signature_for("git", &draft);
        brought(draft.file("signatures/wang.sig", signature))
    };
    a_signature_that_is_none => brought(first().file("signatures/zhao.sig", "I agree. Zhao"));
    a_signature_with_one_letter_changed => {
        let draft = first();
        let pem = text(&draft, "signatures/wang.sig");
        let (from, to) = if pem.contains("Z") { ("Z", "z") } else { ("A", "a") };
        let (start, end) = pem.split_at(pem.len() / 2);
        brought(draft.file("signatures/wang.sig", format!("{start}{}", end.replacen(from, to, 1))))
    };
    a_signature_of_a_megabyte => brought(first().file("signatures/zhao.sig", "A".repeat(1 << 20)));
    a_file_among_the_signatures => brought(first().file("signatures/README.md", "signed in the meeting of May"));
    a_folder_among_the_signatures => brought(first().file("signatures/old/li.sig", "x"));
    a_rule_changed_after_signing => brought(first().with("rules/flow.cedar", "Facet::\"case.summary\"", "Facet::\"case.parties\""));
    a_comment_changed_after_signing => brought(first().with("rules/flow.cedar", "// What a node may hold.", "// What a node may hold"));
    a_rule_added_after_signing => brought(first().rule("flow.all", "permit (principal, action, resource);"));
    checks_removed_after_signing => brought(first().without("checks/basic.toml"));
    a_wrong_digest_of_a_file => {
        let draft = tiny().sealed();
        let listed = manifest(&draft.files, &[]).files["rules/flow.cedar"].to_string();
        brought(forged(&listed, &"0".repeat(64)))
    };
    a_wrong_digest_of_all_decisions => {
        let decisions = manifest(&tiny().files, &[]).decisions.to_string();
        brought(forged(&decisions, &"0".repeat(64)))
    };
    a_manifest_of_another_version => brought(forged("version 1\nprevious none", &format!("version 2\nprevious {}", "0".repeat(64))));
    a_manifest_that_holds_longer => brought(forged("until 2027-01-01", "until 2037-01-01"));
    a_manifest_of_another_county => brought(forged("county 620723000000", "county 620724000000"));
    a_manifest_with_a_blank_too_many => brought(forged("version 1", "version  1"));
    a_manifest_with_a_line_too_many => brought(forged("\n\n", "\nemergency always\n\n"));
    a_manifest_that_leads_out_of_the_folder => brought(forged("  charter.toml", "  ../charter.toml"));
    a_manifest_with_a_mark_in_a_path => brought(forged("  charter.toml", "  char\u{202e}ter.toml"));
    a_charter_that_is_not_the_one_announced => brought(first()).expecting(tiny().with("rules/flow.cedar", "Ledger rows go up.", "Ledgers go up.").sealed().digest());
    a_charter_that_is_not_in_force_yet => brought(first()).at("2025-12-31T00:00:00Z");
    a_charter_that_ran_out => brought(first()).at("2027-01-02T00:00:00Z");
    a_signed_charter_with_hidden_characters => {
        let draft = tiny().sealed().with("rules/flow.cedar", "rows go up", "rows \u{202e}go up");
        let listed = |draft: &Draft| policy::signing::manifest::Manifest::list(&draft.files).expect("good paths")["rules/flow.cedar"].to_string();
        let (old, new) = (listed(&tiny()), listed(&draft));
        brought(draft.with(MANIFEST_PATH, &old, &new).signed(&["li", "wang"]))
    };
    a_signed_charter_in_which_no_node_has_a_key => brought(
        ["county", "township", "village", "neighbour"]
            .iter()
            .fold(tiny(), |draft, node| draft.with("roster.toml", &format!("key = \"{}\"\n", crate::draft::hex_key(node)), ""))
            .sealed()
            .signed(&["li", "wang"]),
    );
}
