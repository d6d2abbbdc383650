//! Words that persons must not see, because a law has taken them.

use std::path::Path;

use super::root;

/// What the law on guarding state secrets calls by these names must not be on this network at all, so
/// the mesh's own grades are not called so: a sensitivity is 敏感级别, its strictest one is 不外传.
const OF_STATE_SECRETS: [&str; 3] = ["密级", "涉密", "绝密"];

/// Where a foreign file's mark is quoted that refuses its row.
const QUOTED: [(&str, &str); 4] = [
    ("deploy/linze/mappings/devices.toml", "是否涉密"),
    ("deploy/linze/mappings/devices.toml", "标为涉密"),
    ("deploy/linze/mappings/gb28181.toml", "标为涉密"),
    ("deploy/linze/mappings/README.md", "标为涉密"),
];
/// What is said of it in the same places.
const SAID_OF_IT: &str = "确属涉密的不得导入";

/// Files that persons read, or that hold what they are shown.
const READ: [&str; 7] = ["rs", "toml", "cedar", "cedarschema", "md", "txt", "html"];

#[test]
fn no_grade_of_the_mesh_is_called_like_a_state_secret() {
    let mut found = Vec::new();
    look_into(&root(), &mut found);
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

fn look_into(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the project") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let read = READ.iter().any(|kind| name.ends_with(&format!(".{kind}")));
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            look_into(&path, found);
        } else if read && name != "words.rs" {
            let shown = path.strip_prefix(root()).expect("within the project");
            judge(&shown.to_string_lossy(), &path, found);
        }
    }
}

fn judge(shown: &str, path: &Path, found: &mut Vec<String>) {
    let text = String::from_utf8_lossy(&std::fs::read(path).expect("a file")).into_owned();
    for (number, line) in text.lines().enumerate() {
        let mut rest = line.to_owned();
        for (_, quoted) in QUOTED.iter().filter(|(place, _)| *place == shown) {
            rest = rest.replace(quoted, "").replace(SAID_OF_IT, "");
        }
        if let Some(word) = OF_STATE_SECRETS.iter().find(|word| rest.contains(*word)) {
            found.push(format!("{shown}:{}: {word}", number + 1));
        }
    }
}
