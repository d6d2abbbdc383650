//! The ways into a node on its own machine stay open: the control socket, the start, and the end.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use node_store::{SledStore, StoreOptions};

use super::harness::{Mesh, VILLAGE, comes, grid_report, program};

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(["--lang", "en", "--data"]).arg(folder);
    command.args(arguments);
    command
}

fn typed(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("it runs")
}

fn said(ended: &Output) -> String {
    let (out, err) = (&ended.stdout, &ended.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    )
}

fn signal(mesh: &mut Mesh, code: &str, signal: &str) {
    let process = mesh.process(code).id().to_string();
    let sent = Command::new("kill").args([signal, &process]).status();
    assert!(sent.expect("a signal").success());
}

fn a_pipe_given_as_a_file_holds_up_nothing(mesh: &Mesh) {
    let folder = mesh.node_folder(VILLAGE);
    let pipe = mesh.place("devices.csv");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    let table = mesh.place("table.csv");
    std::fs::write(&table, "a,b\n").expect("a table");
    let (pipe, table) = (pipe.display().to_string(), table.display().to_string());
    let here = mesh.place("").display().to_string();
    let declared = mesh.place("declared");
    std::fs::create_dir(&declared).expect("a folder");
    let made = Command::new("mkfifo")
        .arg(declared.join("declaration"))
        .status();
    assert!(made.expect("mkfifo").success());
    let declared = declared.display().to_string();
    for (arguments, code) in [
        (
            &["import", &pipe, "--mapping", &table][..],
            "input-unreadable",
        ),
        (&["import", &table, "--mapping", &pipe], "input-unreadable"),
        (
            &["import", &table, "--mapping", &table, "--placement", &pipe],
            "input-unreadable",
        ),
        (&["import", &here], "input-unreadable"),
        (&["import", "/dev/zero"], "input-unreadable"),
        (&["offer", &here], "charter-refused"),
        (&["emergency", &declared], "emergency-refused"),
    ] {
        let ended = typed(folder.path(), arguments);
        let said = said(&ended);
        assert!(
            said.contains(&format!("error[{code}]")),
            "{arguments:?}: {said}"
        );
    }
    let ended = typed(folder.path(), &["status"]);
    assert!(ended.status.success(), "{ended:?}");
}

#[test]
fn a_node_that_ran_out_of_descriptors_still_answers_and_stops() {
    let mut mesh = Mesh::start(&[VILLAGE]);
    let folder = mesh.node_folder(VILLAGE);
    mesh.kill(VILLAGE);
    mesh.run_limited(VILLAGE, "ulimit -n 60");
    // More than there are descriptors, all silent; those that find no room wait in the socket.
    let silent: Vec<UnixStream> = (0..150)
        .filter_map(|_| UnixStream::connect(folder.socket()).ok())
        .collect();
    assert!(silent.len() > 100, "{} lines", silent.len());
    for _ in 0..3 {
        let ended = typed(folder.path(), &["status"]);
        assert!(
            ended.status.success(),
            "{}{}",
            said(&ended),
            mesh.log(VILLAGE)
        );
    }
    mesh.add(VILLAGE, grid_report("G-1", "made-up"));
    let lines = mesh.log(VILLAGE).lines().count();
    assert!(
        lines < 20,
        "{lines} lines in the log:\n{}",
        mesh.log(VILLAGE)
    );
    let ended = typed(folder.path(), &["stop"]);
    assert!(said(&ended).contains("has stopped"), "{}", said(&ended));
    assert!(mesh.process(VILLAGE).wait().expect("its end").success());
}

#[test]
fn a_node_that_could_open_too_few_files_does_not_start_and_where_no_node_is_none_is_said_to_be_stopped()
 {
    let mesh = Mesh::start(&[VILLAGE]);
    let folder = mesh.node_folder(VILLAGE);
    assert!(said(&typed(folder.path(), &["stop"])).contains("has stopped"));
    let limited = Command::new("sh")
        .args(["-c", "ulimit -n 24; exec \"$0\" \"$@\""])
        .arg(program())
        .args(["--lang", "en", "run", "--data"])
        .arg(folder.path())
        .output()
        .expect("a command");
    assert!(
        said(&limited).contains("error[too-few-descriptors]"),
        "{}",
        said(&limited)
    );
    let nowhere = mesh.place("no folder");
    let ended = typed(&nowhere, &["stop"]);
    assert!(!ended.status.success());
    // What is proposed can be typed as it stands.
    let proposed = format!("mesh-node init --data '{}'", nowhere.display());
    assert!(said(&ended).contains(&proposed), "{}", said(&ended));
}

#[test]
fn a_pipe_given_as_a_file_is_refused_and_a_start_and_a_command_wait_for_each_other() {
    let mut mesh = Mesh::start(&[VILLAGE]);
    a_pipe_given_as_a_file_holds_up_nothing(&mesh);
    let folder = mesh.node_folder(VILLAGE);
    let ended = typed(folder.path(), &["stop"]);
    assert!(ended.status.success(), "{ended:?}");
    let options = StoreOptions::new(folder.store(), 1 << 20);
    let held = SledStore::open(&options).expect("the store");
    let asked = command(folder.path(), &["record", "list"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a process");
    let starting = std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            mesh.run(VILLAGE);
        });
        let log = folder.path().join("log");
        let waits = comes(|| {
            std::fs::read_to_string(&log)
                .is_ok_and(|log| log.contains("another process has the store"))
                || std::fs::read_to_string(&log).is_ok_and(|log| log.contains("另一个程序占用"))
        });
        drop(held);
        run.join().expect("it runs");
        waits
    });
    assert!(starting, "it said that it waits");
    let asked = asked.wait_with_output().expect("its end");
    assert!(asked.status.success(), "{}", said(&asked));
}

fn stop_never_says_that_it_does_not_run(mesh: &mut Mesh) {
    let folder = mesh.node_folder(VILLAGE);
    std::fs::remove_file(folder.socket()).expect("its socket");
    for command in ["stop", "heal", "status"] {
        let ended = typed(folder.path(), &[command, "--wait", "1"]);
        assert_eq!(ended.status.code(), Some(4), "{}", said(&ended));
        assert!(
            said(&ended).contains("error[store-locked]"),
            "{}",
            said(&ended)
        );
    }
    signal(mesh, VILLAGE, "-TERM");
    assert!(mesh.process(VILLAGE).wait().expect("its end").success());
    let ended = typed(folder.path(), &["stop"]);
    assert!(said(&ended).contains("was not running"), "{}", said(&ended));
}

#[test]
fn each_signal_ends_the_node_in_good_order_and_stop_never_says_that_a_running_node_does_not_run() {
    let mut mesh = Mesh::start(&[VILLAGE]);
    for ending in ["-HUP", "-TERM", "-INT"] {
        signal(&mut mesh, VILLAGE, ending);
        let ended = mesh.process(VILLAGE).wait().expect("its end");
        assert!(ended.success(), "{ending}: {ended}");
        assert!(mesh.log(VILLAGE).contains("stopped"), "{ending}");
        mesh.run(VILLAGE);
    }
    stop_never_says_that_it_does_not_run(&mut mesh);
}
