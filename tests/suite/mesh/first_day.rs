//! `docs/first-day.md`: every command on the page, run as it stands. Only the ports are others, for
//! tests run beside each other.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::harness::{free_port, program};

const PAGES: [&str; 2] = ["first-day.md", "first-day.zh-CN.md"];
/// Milliseconds between two looks at the script.
const LOOK_MS: u64 = 200;
/// Milliseconds that the whole page may take, on a busy machine.
const PATIENCE_MS: u64 = 900_000;

/// The commands of a page, in their order.
fn commands(page: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs")
        .join(page);
    let text = std::fs::read_to_string(path).expect("a page");
    let blocks = text.split("```sh\n").skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().expect("a block"));
    blocks.collect()
}

/// The shell that runs a page, and everything that it started.
struct Script(Child);

impl Drop for Script {
    fn drop(&mut self) {
        // It leads a process group of its own: nodes that were not stopped end with it. A group that
        // has ended is no error.
        let kill = format!("kill -KILL -{} 2> /dev/null", self.0.id());
        let _ = Command::new("sh").args(["-c", &kill]).status();
        let _ = self.0.wait();
    }
}

#[test]
fn both_languages_give_the_same_commands() {
    let [english, chinese] = PAGES.map(commands);
    assert_eq!(english, chinese);
    assert!(english.lines().count() > 40, "{english}");
}

#[test]
fn a_county_begins_with_six_of_its_nodes_by_the_commands_of_the_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let [first, second] = [free_port(), free_port()].map(|port| format!("tcp/{port}"));
    let script = commands(PAGES[0]);
    let script = script
        .replace("tcp/7070", &first)
        .replace("tcp/7071", &second);
    let programs = program().parent().expect("a folder").to_owned();
    assert!(
        programs.join("mesh-policy").exists(),
        "run all tests of the workspace"
    );
    let path = std::env::var("PATH").unwrap_or_default();
    let output = folder.path().join("output");
    let log = File::create(&output).expect("a file");
    let shell = Command::new("sh")
        .args(["-eu", "-c", &script])
        .current_dir(folder.path())
        .env("PATH", format!("{}:{path}", programs.display()))
        .env("LANG", "C.UTF-8")
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a handle"))
        .stderr(log)
        .process_group(0)
        .spawn()
        .expect("a shell");
    let mut script = Script(shell);
    let ended = (0..PATIENCE_MS / LOOK_MS).find_map(|_| {
        let ended = script.0.try_wait().expect("a process");
        if ended.is_none() {
            std::thread::park_timeout(Duration::from_millis(LOOK_MS));
        }
        ended
    });
    let said = std::fs::read_to_string(&output).expect("what it said");
    assert!(
        ended.is_some_and(|ended| ended.success()),
        "{ended:?}\n{said}"
    );
    for part in [
        "78 of 84 nodes have no key yet",
        "signed by 1 where 2 are needed",
        "signed by 2 where 2 are needed: that is enough",
        "verified: version 2",
        "version 2 of the charter is in force",
        "environment",
    ] {
        assert!(said.contains(part), "{part} in:\n{said}");
    }
}
