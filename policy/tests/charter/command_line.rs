//! `mesh-policy` as people run it: what it prints, and how it ends.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::tiny::Tiny;

const COUNTY: &str = "620723000000";
const TOWNSHIP: &str = "620723101000";
const VILLAGE: &str = "620723101201";

pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mesh-policy"));
    command
        .env_remove("LC_ALL")
        .env_remove("LC_MESSAGES")
        .env("LANG", "C.UTF-8");
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command()
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("it runs")
}

/// The exit code, and everything printed.
pub(crate) fn ended(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = run(folder, arguments);
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code().expect("no signal"),
        String::from_utf8(text).expect("UTF-8"),
    )
}

pub(crate) fn object(folder: &Path, arguments: &[&str]) -> Value {
    let output = run(folder, &[arguments, &["--json"]].concat());
    let object: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(
        object["exit"],
        output.status.code().expect("no signal"),
        "{object}"
    );
    object
}

#[test]
fn a_charter_goes_from_its_folder_to_a_verified_second_version() {
    let tiny = Tiny::new();
    let home = tiny.path("");
    // It opens and holds; what is to be warned of is that no invariant protects its rules.
    assert_eq!(ended(&home, &["check", "v1"]).0, 1);
    assert_eq!(
        ended(&home, &["verify", "v1", "--at", "2026-06-01T00:00:00Z"]).0,
        4
    );
    for key in ["keys/li", "keys/wang"] {
        let (code, text) = ended(&home, &["sign", "v1", "--key", key]);
        assert_eq!(code, 0, "{text}");
    }
    let verified = object(&home, &["verify", "v1", "--at", "2026-06-01T00:00:00Z"]);
    assert_eq!(
        verified["signed_by"].as_array().map(Vec::len),
        Some(2),
        "{verified}"
    );

    tiny.copy("v1", "v2");
    tiny.edit("v2/charter.toml", "version = 1\n", "version = 2\n");
    assert_eq!(ended(&home, &["manifest", "v2"]).0, 64);
    let written = object(&home, &["manifest", "v2", "--previous", "v1"]);
    assert_eq!(written["previous"], verified["digest"]);
    assert_eq!(
        written["signatures_removed"].as_array().map(Vec::len),
        Some(2)
    );
    let verify = [
        "verify",
        "v2",
        "--previous",
        "v1",
        "--at",
        "2026-06-01T00:00:00Z",
    ];
    assert_eq!(
        ended(
            &home,
            &["sign", "v2", "--key", "keys/li", "--reviewer", "li"]
        )
        .0,
        0
    );
    let one = object(&home, &verify);
    assert_eq!(
        (&one["code"], &one["exit"]),
        (&"too-few-signatures".into(), &4.into())
    );
    assert_eq!(ended(&home, &["sign", "v2", "--key", "keys/zhao"]).0, 0);
    let (code, text) = ended(&home, &verify);
    assert!(
        code == 0 && text.starts_with("verified: version 2"),
        "{text}"
    );
    let alone = ["verify", "v2", "--at", "2026-06-01T00:00:00Z"];
    let (code, text) = ended(&home, &alone);
    assert!(
        code == 1 && text.contains("NOT checked against the previous version"),
        "{text}"
    );
    let expired = object(&home, &["verify", "v2", "--at", "2030-01-01T00:00:00Z"]);
    assert_eq!(expired["code"], "expired");
    let of = |digest: &str| ended(&home, &[verify.as_slice(), &["--digest", digest]].concat()).0;
    assert_eq!(of(written["digest"].as_str().expect("text")), 0);
    assert_eq!(of(&"0".repeat(64)), 4);
}

#[test]
fn findings_point_at_file_line_and_column_and_say_what_to_do() {
    let tiny = Tiny::new();
    tiny.edit(
        "v1/charter.toml",
        "threshold = 2",
        "threshold = 2\nfallback = \"allow\"",
    );
    let (code, text) = ended(&tiny.path(""), &["check", "v1"]);
    assert_eq!(code, 1, "{text}");
    for part in ["charter.toml:", "unknown key `fallback`", "\n1 error\n"] {
        assert!(text.contains(part), "{part} is missing from\n{text}");
    }
    let object = object(&tiny.path(""), &["check", "v1"]);
    let finding = &object["findings"][0];
    assert_eq!(finding["file"], "charter.toml");
    assert_eq!(finding["line"], 9, "{object}");
}

#[test]
fn a_check_that_does_not_hold_has_its_own_exit_code() {
    let tiny = Tiny::new();
    tiny.edit(
        "v1/checks/basic.toml",
        "expect = \"deny\"",
        "expect = \"allow\"",
    );
    let (code, text) = ended(&tiny.path(""), &["check", "v1"]);
    assert!(code == 3 && text.contains("basic.toml"), "{text}");
    assert_eq!(ended(&tiny.path(""), &["manifest", "v1"]).0, 0);
    let (code, text) = ended(&tiny.path(""), &["sign", "v1", "--key", "keys/li"]);
    assert!(code == 3 && text.contains("parties stay home"), "{text}");
}

#[test]
fn changed_files_and_strange_signatures_are_exit_4() {
    let tiny = Tiny::signed();
    let verify = ["verify", "v1", "--at", "2026-06-01T00:00:00Z"];
    tiny.edit(
        "v1/rules/flow.cedar",
        "Ledger rows go up.",
        "Ledger rows are reported.",
    );
    let changed = object(&tiny.path(""), &verify);
    assert_eq!(
        (&changed["code"], &changed["exit"]),
        (&"file-changed".into(), &4.into())
    );
    let (code, text) = ended(&tiny.path(""), &["sign", "v1", "--key", "keys/li"]);
    assert!(code == 4 && text.contains("mesh-policy manifest"), "{text}");

    let tiny = Tiny::signed();
    tiny.write("v1/signatures/zhao.sig", "not a signature");
    assert_eq!(object(&tiny.path(""), &verify)["code"], "bad-signature");
    let shown = object(&tiny.path(""), &["show", "v1"]);
    assert_eq!(
        shown["bad_signatures"].as_array().map(Vec::len),
        Some(1),
        "{shown}"
    );
}

#[test]
fn can_says_what_and_why_and_ends_with_0_or_1() {
    let tiny = Tiny::new();
    let home = tiny.path("");
    let ask = |node: &str, facet: &str, more: &[&str]| {
        let question = [
            "can", "v1", "--node", node, "--facet", facet, "--home", VILLAGE,
        ];
        ended(&home, &[question.as_slice(), more].concat())
    };
    let (code, text) = ask(COUNTY, "case.summary", &[]);
    assert!(
        code == 0 && text.contains("flow.summary-up") && text.contains("Ledger rows"),
        "{text}"
    );
    let (code, text) = ask(TOWNSHIP, "case.parties", &[]);
    assert!(code == 1 && text.contains("no rule permits"), "{text}");
    let (code, text) = ask(TOWNSHIP, "case.parties", &["--lang", "zh"]);
    assert!(code == 1 && text.contains("章程没有允许的规则"), "{text}");
    assert_eq!(ask(VILLAGE, "case.parties", &["--action", "author"]).0, 0);
    assert_eq!(
        ask(
            VILLAGE,
            "case.parties",
            &["--action", "read", "--role", "clerk"]
        )
        .0,
        0
    );
    assert_eq!(
        ask(
            COUNTY,
            "case.parties",
            &["--action", "read", "--role", "clerk"]
        )
        .0,
        1
    );
    for (node, facet, more) in [
        (COUNTY, "case.nothing", &[][..]),
        (COUNTY, "case.summary", &["--level", "county"]),
        (COUNTY, "case.summary", &["--addressee", TOWNSHIP]),
        (COUNTY, "case.summary", &["--action", "read"]),
        (COUNTY, "case.summary", &["--role", "clerk"]),
        (
            COUNTY,
            "case.summary",
            &["--action", "read", "--role", "mayor"],
        ),
        ("620723102000", "case.summary", &[]),
        ("123", "case.summary", &[]),
    ] {
        let (code, text) = ask(node, facet, more);
        assert!(code == 64 && !text.is_empty(), "{facet} {more:?}: {text}");
    }
    let object = object(
        &home,
        &[
            "can",
            "v1",
            "--node",
            COUNTY,
            "--facet",
            "case.summary",
            "--home",
            VILLAGE,
        ],
    );
    assert_eq!(object["explanation"]["allowed"], true);
    assert_eq!(object["explanation"]["action"], "flowUp");
}

#[test]
fn can_names_who_may_read_what_a_node_may_hold() {
    let tiny = Tiny::new();
    let mut question = vec!["can", "v1", "--node", COUNTY, "--home", VILLAGE];
    question.extend(["--facet", "case.summary"]);
    let (_, text) = ended(&tiny.path(""), &question);
    assert!(
        text.contains("read by    clerk [read.all]") && text.contains("export by  nobody"),
        "{text}"
    );
    question.push("--emergency");
    let (code, text) = ended(&tiny.path(""), &question);
    assert!(
        code == 64 && text.contains("no rules for emergencies"),
        "{text}"
    );
}

#[test]
fn show_has_everything_on_one_page() {
    let tiny = Tiny::signed();
    let (code, text) = ended(&tiny.path(""), &["show", "v1"]);
    assert_eq!(code, 0);
    for part in [
        COUNTY,
        "version    1",
        "emergency  none",
        "confirmed  by nobody",
        "1 village",
        "li",
        "not signed",
        "case.parties",
        "flow.summary-up",
        "SHA256:",
    ] {
        assert!(text.contains(part), "{part} is missing from\n{text}");
    }
    let object = object(&tiny.path(""), &["show", "v1"]);
    assert_eq!(object["manifest"], "up to date");
    assert_eq!(object["nodes"]["village"], 1);
}

#[test]
fn keys_are_made_once_and_for_names_that_files_can_have() {
    let tiny = Tiny::new();
    let made = object(&tiny.path(""), &["keys", "chen", "--out", "more/keys"]);
    assert!(
        made["key"]
            .as_str()
            .is_some_and(|key| key.starts_with("ssh-ed25519 ")),
        "{made}"
    );
    assert_eq!(
        ended(&tiny.path(""), &["keys", "chen", "--out", "more/keys"]).0,
        64
    );
    assert_eq!(
        ended(&tiny.path(""), &["keys", "../chen", "--out", "more"]).0,
        64
    );
}

#[test]
fn wrong_usage_and_missing_folders_are_exit_64() {
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in [
        &["check", "nowhere"][..],
        &["check"],
        &["sing", "x"],
        &["verify", "nowhere"],
        &["sign", "nowhere", "--key", "none"],
    ] {
        let (code, text) = ended(folder.path(), arguments);
        assert!(code == 64 && !text.is_empty(), "{arguments:?}: {text}");
    }
}

#[test]
fn an_unreadable_charter_is_refused_with_one_object_too() {
    let tiny = Tiny::new();
    tiny.edit("v1/roster.toml", "tier = \"county\"", "tier = \"province\"");
    for command in ["check", "show", "manifest", "schema"] {
        let object = object(&tiny.path(""), &[command, "v1"]);
        let expected = if command == "schema" { 0 } else { 1 };
        assert_eq!(object["exit"], expected, "{command}: {object}");
    }
}

#[test]
fn a_signature_made_elsewhere_is_added_only_if_it_is_a_reviewers_and_over_this_manifest() {
    let tiny = Tiny::signed();
    let home = tiny.path("");
    let made = tiny.text("v1/signatures/li.sig");
    std::fs::remove_file(tiny.path("v1/signatures/li.sig")).expect("there");
    tiny.write("my.sig", &made);
    assert_eq!(ended(&home, &["sign", "v1", "--signature", "my.sig"]).0, 0);
    assert_eq!(tiny.text("v1/signatures/li.sig"), made);
    let other = include_str!("fixtures/sha512.sig");
    tiny.write("my.sig", other);
    let (code, text) = ended(&home, &["sign", "v1", "--signature", "my.sig"]);
    assert!(
        code == 4 && text.contains("does not match the manifest"),
        "{text}"
    );
    assert_eq!(ended(&home, &["sign", "v1"]).0, 64);
    let both = ["sign", "v1", "--signature", "my.sig", "--key", "keys/li"];
    assert_eq!(ended(&home, &both).0, 64);
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_an_error_of_the_program() {
    let tiny = Tiny::new();
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("on Linux");
    let status = command()
        .current_dir(tiny.path(""))
        .args(["show", "v1"])
        .stdout(full)
        .status();
    assert_eq!(status.expect("it runs").code(), Some(70));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let tiny = Tiny::new();
    let mut child = command()
        .current_dir(tiny.path(""))
        .args(["show", "v1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}
