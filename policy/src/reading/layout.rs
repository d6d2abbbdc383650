//! Which files a charter folder has. Any other refuses the charter: a file that nothing reads would
//! be signed without meaning anything.

use crate::reading::calendar;
use crate::reading::checks;
use crate::reading::files::CharterFiles;
use crate::reading::finding::Finding;
use crate::reading::head;
use crate::reading::kinds;
use crate::reading::measures;
use crate::reading::roster;
use crate::reading::rules;
use crate::reading::schema;
use crate::signing::manifest::{MANIFEST_PATH, SIGNATURES_FOLDER, check_path};
use crdt_model::text;
use crdt_model::text::Explain;

pub(crate) fn check(files: &CharterFiles, findings: &mut Vec<Finding>) {
    if let Err(problem) = files.check_bounds() {
        findings.push(Finding::error(
            "charter::too-large",
            "charter",
            problem.text(),
        ));
    }
    for file in files.files.keys() {
        if let Err(problem) = check_path(file) {
            findings.push(Finding::error("charter::path", file, problem.text()));
        }
    }
    let unknown = |file: &&String| !is_known(file) && check_path(file).is_ok();
    for file in files.files.keys().filter(unknown) {
        findings.push(
            Finding::error(
                "charter::unknown-file",
                file,
                text!("章程没有这个文件", "a charter has no such file"),
            )
            .hint(text!(
                "请删去，或放到章程目录以外",
                "remove it, or keep it outside the charter folder"
            )),
        );
    }
}

/// The files that belong in a folder of the charter.
pub(crate) fn files_in<'a>(
    files: &'a CharterFiles,
    folder: &'static str,
) -> impl Iterator<Item = &'a String> {
    let belongs = move |file: &&String| file.starts_with(folder) && is_known(file);
    files.files.keys().filter(belongs)
}

fn is_known(file: &str) -> bool {
    let single = [
        head::FILE,
        roster::FILE,
        calendar::FILE,
        measures::FILE,
        schema::FILE,
        MANIFEST_PATH,
    ];
    let folders = [
        (kinds::FOLDER, ".toml"),
        (rules::FOLDER, ".cedar"),
        (rules::EMERGENCY_FOLDER, ".cedar"),
        (checks::FOLDER, ".toml"),
        (SIGNATURES_FOLDER, ""),
    ];
    let in_folder = |(folder, ending): &(&str, &str)| {
        let name = file
            .strip_prefix(folder)
            .and_then(|name| name.strip_suffix(ending));
        name.is_some_and(|name| !name.is_empty() && !name.contains('/') && !name.starts_with('.'))
    };
    single.contains(&file) || folders.iter().any(in_folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_files_of_a_charter_are_known() {
        for file in [
            "charter.toml",
            "kinds/case.toml",
            "rules/flow.cedar",
            "manifest",
            "signatures/wang",
        ] {
            assert!(is_known(file), "{file}");
        }
        for file in [
            "README.md",
            "kinds/case.json",
            "rules/old/flow.cedar",
            "kinds/.toml",
            "rules/",
        ] {
            assert!(!is_known(file), "{file}");
        }
    }
}
