//! An emergency on real processes: declared at a village, seen everywhere, called off, reported on.

use std::path::{Path, PathBuf};

use crdt_model::charter::Validity;
use crdt_model::engine::EmergencyStatus;
use crdt_model::ids::NodeId;
use crdt_model::text::Problem;
use crdt_model::time::WallTime;
use node_app::door::attached::Attached;
use node_app::use_cases::emergency::EmergencyRequest;
use node_app::use_cases::why::WhyRecordRequest;
use node_machine::clock::Clock;
use policy::signing::emergency::{Declaration, FILE};
use policy::signing::key_files::read_private_key;
use policy::signing::manifest::digest_of;
use policy::signing::sshsig::{EMERGENCY_NAMESPACE, sign_for};

use super::harness::{COUNTY, Mesh, OTHER_TOWNSHIP, TOWNSHIP, VILLAGE, device};

fn now() -> WallTime {
    // A declaration is written to the second.
    WallTime::from_ms(Clock::start().now().wall.ms / 1000 * 1000)
}

/// Writes a declaration from now on into a folder, signed by these.
fn declaration(mesh: &Mesh, number: u32, lasts_ms: u64, signers: &[&str]) -> PathBuf {
    let folder = mesh.place(&format!("declaration-{number}-{}", signers.join("-")));
    std::fs::create_dir(&folder).expect("a folder");
    let manifest = std::fs::read(
        mesh.charter()
            .join(policy::signing::manifest::MANIFEST_PATH),
    )
    .expect("a manifest");
    let from = now();
    let declaration = Declaration {
        county: COUNTY.parse::<NodeId>().expect("a code"),
        charter: digest_of(&manifest),
        number,
        holds: Validity {
            from,
            until: WallTime::from_ms(from.ms + lasts_ms),
        },
        reason: "暴雨红色预警（演练）".to_owned(),
    };
    let text = declaration.encode().expect("a text");
    std::fs::write(folder.join(FILE), &text).expect("a file");
    for signer in signers {
        let key = read_private_key(&mesh.reviewer(signer)).expect("a key");
        let signature = sign_for(&key, EMERGENCY_NAMESPACE, text.as_bytes()).expect("signs");
        std::fs::write(folder.join(format!("{signer}.sig")), signature).expect("a file");
    }
    folder
}

fn declare(mesh: &Mesh, code: &str, folder: &Path) -> Result<EmergencyStatus, Problem> {
    // Whoever asks reads the folder, and says what is wrong with it.
    let declaration = Some(Attached::of_declaration(folder)?);
    mesh.ask(code, &EmergencyRequest { declaration })
}

fn emergency(mesh: &Mesh, code: &str) -> EmergencyStatus {
    let status = mesh.ask(code, &EmergencyRequest { declaration: None });
    status.expect("how it stands")
}

#[test]
fn an_emergency_opens_what_was_agreed_is_seen_everywhere_and_leaves_nothing_but_a_report() {
    let nodes = [COUNTY, TOWNSHIP, OTHER_TOWNSHIP, VILLAGE];
    let mut mesh = Mesh::start(&nodes);
    let record = mesh.add(VILLAGE, device("CANARYCAMERA"));
    mesh.wait_for_facets(COUNTY, "device.public", 1);
    mesh.wait_for_facets(OTHER_TOWNSHIP, "device.public", 0);
    let folder = declaration(&mesh, 1, 3_600_000, &["three"]);
    let status = declare(&mesh, VILLAGE, &folder).expect("taken");
    assert!(status.counts);
    for code in nodes {
        mesh.wait_for(code, "the emergency", |status| status.emergency.counts);
    }
    mesh.wait_for_facets(OTHER_TOWNSHIP, "device.public", 1);
    assert!(mesh.store_contains(OTHER_TOWNSHIP, b"CANARYCAMERA"));
    let node = OTHER_TOWNSHIP.parse().expect("a code");
    let why = mesh.ask(VILLAGE, &WhyRecordRequest { record, node });
    let why = why.expect("reasons");
    let rules: Vec<_> = why.because.iter().flat_map(|cause| &cause.rules).collect();
    assert!(
        rules
            .iter()
            .any(|rule| *rule == "emergency.devices-everywhere"),
        "{why:?}"
    );
    // Power fails, and comes back: the emergency goes on.
    mesh.kill(OTHER_TOWNSHIP);
    mesh.run(OTHER_TOWNSHIP);
    assert!(emergency(&mesh, OTHER_TOWNSHIP).counts);
    mesh.wait_for_facets(OTHER_TOWNSHIP, "device.public", 1);
    let end = declaration(&mesh, 2, 0, &["one"]);
    declare(&mesh, COUNTY, &end).expect("taken");
    mesh.wait_for_facets(OTHER_TOWNSHIP, "device.public", 0);
    for code in nodes {
        mesh.wait_for(code, "its end", |status| status.emergency.over);
    }
    assert!(!mesh.store_contains(OTHER_TOWNSHIP, b"CANARYCAMERA"));
    let report = emergency(&mesh, OTHER_TOWNSHIP).reports;
    let received: Vec<_> = report.iter().flat_map(|report| &report.received).collect();
    assert_eq!(
        (received[0].facet.as_str(), received[0].facets),
        ("device.public", 1)
    );
    assert_eq!(received[0].rules, ["emergency.devices-everywhere"]);
}

#[test]
fn what_declares_nothing_is_refused_with_its_reason() {
    let mesh = Mesh::start(&[VILLAGE]);
    let refused = |folder: &Path, code: &str, reason: &str| {
        let problem = declare(&mesh, VILLAGE, folder).expect_err(reason);
        assert_eq!(problem.code, code, "{problem:?}");
        assert!(problem.what.en.contains(reason), "{problem:?}");
    };
    let stranger = declaration(&mesh, 1, 3_600_000, &["stranger"]);
    refused(
        &stranger,
        "emergency-refused",
        "0 of the reviewers signed it",
    );
    let nobody = declaration(&mesh, 1, 3_600_000, &[]);
    refused(&nobody, "emergency-refused", "0 of the reviewers signed it");
    let long = declaration(&mesh, 1, 25 * 3_600_000, &["one"]);
    refused(&long, "emergency-refused", "25 hours");
    refused(&mesh.place("nowhere"), "emergency-refused", "cannot read");
    let second = declaration(&mesh, 2, 60_000, &["two"]);
    declare(&mesh, VILLAGE, &second).expect("taken");
    let first = declaration(&mesh, 1, 60_000, &["two"]);
    refused(&first, "emergency-superseded", "does not follow it");
}
