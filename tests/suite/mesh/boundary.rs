//! The boundary on the machine: whatever a command leaves behind is for the node's own user only,
//! whatever the umask of whoever typed it, and a folder that is open to others is refused.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use node_runtime::founding;

use super::harness::{COUNTY, Mesh, TOWNSHIP, VILLAGE, grid_report, program};

/// Every command of the program but `county`, `run` and `init`, as it is typed; `RECORD`, `FOLDER` and
/// `CHARTER` are filled in.
const COMMANDS: [&str; 30] = [
    "status",
    "why peer 620723101000",
    "why record RECORD --node 620723000000",
    "record add grid --field grid.content.text=made-up",
    "record set RECORD --field grid.content.text=changed",
    "record show RECORD",
    "record list",
    "record search made-up",
    "record receipts RECORD",
    "record duplicates",
    "due",
    "report --period month --out FOLDER/reports",
    "import FOLDER/devices.csv --mapping FOLDER/devices.toml --yes",
    "measure --from 2026-01-01 --until 2027-01-01",
    "snapshot show --period month",
    "snapshot take --period month",
    "readmodel status",
    "readmodel rebuild",
    "quarantine",
    "inventory",
    "decisions",
    "checkpoint",
    "offer CHARTER",
    "emergency",
    "cut 620723101000",
    "heal",
    "config",
    "secure",
    "record left-out",
    "store check",
];

/// Runs the program as somebody does whose shell takes no permission from anything.
fn typed(folder: &Path, arguments: &[&str]) -> Output {
    Command::new("sh")
        .args(["-c", "umask 0; exec \"$0\" \"$@\""])
        .arg(program())
        .args(["--lang", "en", "--data"])
        .arg(folder)
        .args(arguments)
        .output()
        .expect("it runs")
}

/// Everything in a folder that others may use, the folder itself included.
fn open_to_others(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        let metadata = path.symlink_metadata();
        // What a node removes meanwhile nobody can read.
        let Ok(metadata) = metadata else { continue };
        if metadata.is_dir() {
            let entries = std::fs::read_dir(&path).into_iter().flatten();
            open.extend(entries.map(|entry| entry.expect("an entry").path()));
        }
        if metadata.mode() & 0o077 != 0 {
            found.push(path);
        }
    }
    found
}

/// Those that write while the node does not run, or open its store without changing it.
const WHILE_STOPPED: [&str; 7] = [
    COMMANDS[0],
    COMMANDS[3],
    COMMANDS[6],
    COMMANDS[11],
    COMMANDS[12],
    COMMANDS[15],
    COMMANDS[17],
];

fn all_of(commands: &[&str], mesh: &Mesh, outside: &Path, record: &str) {
    let folder = mesh.node_folder(VILLAGE);
    for line in commands {
        let line = line
            .replace("RECORD", record)
            .replace("CHARTER", &mesh.charter().display().to_string())
            .replace("FOLDER", &outside.display().to_string());
        let ended = typed(folder.path(), &line.split(' ').collect::<Vec<_>>());
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(
            !said.contains("error[usage]") && ended.status.code() != Some(70),
            "{line}: {said}"
        );
        for place in [folder.path(), outside] {
            let open = open_to_others(place);
            assert!(open.is_empty(), "after `{line}`: {open:?}");
        }
    }
}

/// A folder for what commands read and write, with a table and its mapping.
fn outside(mesh: &Mesh) -> PathBuf {
    let outside = mesh.place("outside");
    std::fs::create_dir(&outside).expect("a folder");
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/linze");
    for (from, name) in [
        ("mappings/devices.toml", "devices.toml"),
        ("sample/tables/devices.csv", "devices.csv"),
    ] {
        let content = std::fs::read(deploy.join(from)).expect("a file of the template");
        std::fs::write(outside.join(name), content).expect("written");
    }
    outside
}

#[test]
fn no_command_leaves_anything_that_others_may_use() {
    let mut mesh = Mesh::start(&[COUNTY, TOWNSHIP]);
    let folder = mesh.node_folder(VILLAGE);
    let charter = mesh.charter().display().to_string();
    let files = policy::CharterFiles::read(&mesh.charter()).expect("the charter");
    let digest = founding::digest_of(&files).expect("a digest").to_string();
    let made = typed(
        folder.path(),
        &["init", "--charter", &charter, "--digest", &digest],
    );
    assert!(made.status.success(), "{made:?}");
    assert_eq!(open_to_others(folder.path()), Vec::<PathBuf>::new());
    mesh.run(VILLAGE);
    let record = mesh.add(VILLAGE, grid_report("G-1", "made-up")).to_string();
    let outside = outside(&mesh);
    all_of(&COMMANDS, &mesh, &outside, &record);
    let stopped = typed(folder.path(), &["stop"]);
    assert!(stopped.status.success(), "{stopped:?}");
    all_of(&WHILE_STOPPED, &mesh, &outside, &record);
}

#[test]
fn every_command_of_the_program_is_tried() {
    let help = typed(Path::new("/nonexistent"), &["--help"]);
    let help = String::from_utf8(help.stdout).expect("UTF-8");
    let commands = help.split("Commands:\n").nth(1).expect("commands");
    let commands = commands.lines().take_while(|line| !line.is_empty());
    for name in commands.filter_map(|line| line.strip_prefix("  ")?.split(' ').next()) {
        let tried = COMMANDS
            .iter()
            .any(|line| line.split(' ').next() == Some(name));
        let elsewhere = ["", "init", "run", "stop", "county", "help"].contains(&name);
        assert!(tried || elsewhere, "`{name}` is tried nowhere");
    }
}

#[test]
fn a_folder_that_others_may_use_is_refused_until_one_command_mends_all_of_it() {
    let mut mesh = Mesh::start(&[VILLAGE]);
    mesh.add(VILLAGE, grid_report("G-1", "made-up"));
    let folder = mesh.node_folder(VILLAGE);
    let stopped = typed(folder.path(), &["stop"]);
    assert!(stopped.status.success(), "{stopped:?}");
    for (path, mode) in [
        (folder.path().to_owned(), 0o755),
        (folder.secret(), 0o644),
        (folder.store(), 0o750),
        (folder.store().join("store.head"), 0o604),
    ] {
        let before = path.metadata().expect("there").permissions();
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).expect("chmod");
        for command in [&["run"][..], &["record", "list"], &["init"]] {
            let refused = typed(folder.path(), command);
            let said = String::from_utf8_lossy(&refused.stderr);
            assert_eq!(refused.status.code(), Some(3), "{path:?}: {said}");
            assert!(
                said.contains("error[folder-open-to-others]"),
                "{path:?}: {said}"
            );
            assert!(said.contains("mesh-node secure --data"), "{said}");
        }
        std::fs::set_permissions(&path, before).expect("chmod");
    }
    // As an older version left it.
    open_all(folder.path());
    let secured = typed(folder.path(), &["secure"]);
    assert!(secured.status.success(), "{secured:?}");
    assert_eq!(open_to_others(folder.path()), Vec::<PathBuf>::new());
    mesh.run(VILLAGE);
    mesh.wait_for_facets(VILLAGE, "grid.summary", 1);
}

fn open_all(folder: &Path) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            open_all(&path);
        } else {
            std::fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("chmod");
        }
    }
    std::fs::set_permissions(folder, Permissions::from_mode(0o755)).expect("chmod");
}
