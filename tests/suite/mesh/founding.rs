//! Founding a node: whom it will trust is shown, and somebody has to agree.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::harness::{Mesh, NEIGHBOUR, VILLAGE, program};

/// What a command printed, and how it ended.
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

fn run(command: &mut Command) -> Ended {
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

fn init(mesh: &Mesh, code: &str, more: &[&str]) -> Ended {
    let data = mesh.node_folder(code).path().to_owned();
    let mut command = Command::new(program());
    command.args(["init", "--lang", "en", "--data"]).arg(data);
    command.arg("--charter").arg(mesh.charter()).args(more);
    run(&mut command)
}

#[test]
fn nobody_is_trusted_before_a_person_has_compared_digest_and_fingerprints() {
    let mesh = Mesh::start(&[]);
    let refused = init(&mesh, VILLAGE, &[]);
    assert_eq!(refused.code, Some(1), "{}", refused.err);
    assert!(
        refused.err.starts_with("error[founding-unconfirmed]"),
        "{}",
        refused.err
    );
    assert!(!mesh.node_folder(VILLAGE).store().exists());
    let told = init(&mesh, VILLAGE, &["--json"]);
    let told: Value = serde_json::from_str(&told.out).expect("an object");
    assert_eq!(told["code"], "founding-unconfirmed");
    let (charter, text) = (&told["charter"], refused.err.as_str());
    let reviewers = charter["reviewers"].as_array().expect("reviewers");
    assert_eq!(reviewers.len(), 3);
    let mut fingerprints = Vec::new();
    for reviewer in reviewers {
        let fingerprint = reviewer["fingerprint"].as_str().expect("a fingerprint");
        assert!(
            fingerprint.starts_with("SHA256:") && text.contains(fingerprint),
            "{text}"
        );
        fingerprints.push(fingerprint);
    }
    // Version 1 begins the lineage.
    assert_eq!(charter["lineage"], charter["digest"]);
    let digest = charter["digest"].as_str().expect("a digest");
    assert!(text.contains(&format!("lineage     {digest}")), "{text}");

    // The very command that is shown founds the node.
    let shown = text.trim_end().lines().last().expect("a command");
    let shown = shown.replacen("mesh-node", &program().display().to_string(), 1);
    let founded = run(Command::new("sh").args(["-c", &shown]));
    assert_eq!(founded.code, Some(0), "{shown}: {}", founded.err);
    assert!(founded.out.contains(digest) && founded.out.contains(fingerprints[0]));
    assert!(mesh.node_folder(VILLAGE).store().exists());
    let again = init(&mesh, VILLAGE, &[]);
    assert_eq!(again.code, Some(0), "{}", again.err);

    let one = init(&mesh, NEIGHBOUR, &["--reviewer", fingerprints[0]]);
    assert!(one.err.contains("error[other-reviewers]"), "{}", one.err);
    let wrong = init(&mesh, NEIGHBOUR, &["--digest", &"0".repeat(64)]);
    assert!(
        wrong.err.contains("error[charter-refused]"),
        "{}",
        wrong.err
    );
    assert!(!mesh.node_folder(NEIGHBOUR).store().exists());
    let all: Vec<&str> = ["--reviewer"].into_iter().chain(fingerprints).collect();
    let founded = init(&mesh, NEIGHBOUR, &all);
    assert_eq!(founded.code, Some(0), "{}", founded.err);
}
