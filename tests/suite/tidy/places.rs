//! Where things are: top-level folders, test files, the README's first commands.

use std::collections::BTreeSet;
use std::path::Path;

use super::{crates, root};

#[test]
fn top_level_folders_are_fixed() {
    let folders = [
        "crdt-model",
        "deploy",
        "docs",
        "netsim",
        "node",
        "policy",
        "tests",
    ];
    let made_here = ["target", "county-data"];
    for entry in std::fs::read_dir(root()).expect("the root") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        let known = name.starts_with('.')
            || folders.contains(&name.as_str())
            || made_here.contains(&name.as_str());
        assert!(
            !entry.path().is_dir() || known,
            "{name} is not one of the project's folders"
        );
    }
}

#[test]
fn no_test_file_is_forgotten() {
    for (_, krate) in crates() {
        for folder in ["tests", "suite"] {
            let path = root().join(&krate).join(folder);
            if path.is_dir() {
                check_folder(&path, folder == "tests");
            }
        }
    }
}

/// Every file is a target of its own (at the top of `tests/`), or is declared as a module by its
/// neighbour.
fn check_folder(folder: &Path, targets: bool) {
    let mut names = BTreeSet::new();
    let mut declared = BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("a test folder") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            let has_code = path.join("main.rs").exists() || path.join("mod.rs").exists();
            if has_code {
                check_folder(&path, false);
                if path.join("mod.rs").exists() {
                    names.insert(name);
                }
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("UTF-8");
            let modules = text.lines().filter_map(|line| {
                let line = line.trim_start().trim_start_matches("pub ");
                line.strip_prefix("mod ")?.strip_suffix(';')
            });
            declared.extend(modules.map(ToOwned::to_owned));
            if !targets && name != "main" && name != "mod" {
                names.insert(name);
            }
        }
    }
    if targets {
        return;
    }
    let forgotten: Vec<_> = names.difference(&declared).collect();
    assert!(
        forgotten.is_empty(),
        "{}: no `mod` for {forgotten:?}",
        folder.display()
    );
}

#[test]
fn the_readmes_begin_with_the_same_two_commands() {
    let commands = [
        "cargo run --release --bin mesh-node -- county",
        "bash .ci/test",
    ];
    for readme in ["README.md", "README.zh-CN.md"] {
        let text = std::fs::read_to_string(root().join(readme)).expect("a README");
        let mut in_block = false;
        let mut found = Vec::new();
        for line in text.lines() {
            if line.starts_with("```") {
                in_block = !in_block;
            } else if in_block {
                found.push(line);
            }
        }
        let first: Vec<_> = found
            .iter()
            .filter(|line| line.starts_with("cargo ") || line.starts_with("bash "))
            .take(2)
            .collect();
        assert_eq!(first, [&commands[0], &commands[1]], "{readme}");
    }
}
