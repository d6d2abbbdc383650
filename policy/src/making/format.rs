//! One form for a charter's text: rules as Cedar's formatter writes them, and in every file line
//! feeds without blanks before them and one at the end.

use std::collections::BTreeMap;

use cedar_policy_formatter::{Config, policies_str_to_pretty};

use crate::reading::characters::LineEnds;
use crate::reading::document::text_with;
use crate::reading::files::CharterFiles;
use crate::reading::finding::Finding;
use crate::reading::rules;
use crate::reading::translation;
use crate::signing::manifest::{MANIFEST_PATH, SIGNATURES_FOLDER};

const CONFIG: Config = Config {
    line_width: 100,
    indent_width: 2,
};

/// The files that would change, with what they would hold. The manifest and signatures are bytes
/// that stand for themselves, and are left alone.
///
/// # Errors
/// A file that is not text, or rules that do not parse.
pub fn formatted(files: &CharterFiles) -> Result<BTreeMap<String, String>, Vec<Finding>> {
    let mut findings = Vec::new();
    let mut changed = BTreeMap::new();
    for path in files.files.keys() {
        if path == MANIFEST_PATH || path.starts_with(SIGNATURES_FOLDER) {
            continue;
        }
        let Some(before) = text_with(files, path, LineEnds::Either, &mut findings) else {
            continue;
        };
        let plain = lines(before);
        let after = if rules::is_rules(path) {
            match policies_str_to_pretty(&plain, &CONFIG) {
                Ok(pretty) => lines(&pretty),
                Err(problem) => {
                    findings.push(Finding::error(
                        "rules::syntax",
                        path,
                        translation::of_cedar(&problem.to_string()),
                    ));
                    continue;
                }
            }
        } else {
            plain
        };
        if after != before {
            changed.insert(path.clone(), after);
        }
    }
    if findings.is_empty() {
        Ok(changed)
    } else {
        Err(findings)
    }
}

fn lines(text: &str) -> String {
    let lines = text.lines().map(|line| format!("{}\n", line.trim_end()));
    let joined: String = lines.collect();
    format!("{}\n", joined.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(files: &CharterFiles) -> CharterFiles {
        let mut after = files.clone();
        for (path, content) in formatted(files).expect("it parses") {
            after.files.insert(path, content.into_bytes());
        }
        after
    }

    #[test]
    fn what_is_decided_stays_and_the_second_time_there_is_nothing_to_do() {
        let files = crate::making::template::linze();
        let once = applied(&files);
        let digest = |files: &CharterFiles| {
            crate::CedarCharter::open(files)
                .expect("it opens")
                .decision_digest()
        };
        assert_eq!(digest(&once), digest(&files));
        assert_eq!(applied(&once), once);
    }

    #[test]
    fn line_ends_and_blanks_are_made_plain() {
        let files = applied(&crate::making::template::linze());
        let mut untidy = files.clone();
        for path in ["rules/flow.cedar", "charter.toml"] {
            let content = untidy.files.get_mut(path).expect("there");
            *content = String::from_utf8_lossy(content)
                .replace('\n', "  \r\n")
                .into_bytes();
        }
        assert_eq!(applied(&untidy), files);
    }
}
