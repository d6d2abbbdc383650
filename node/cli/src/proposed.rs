//! The commands that a text proposes, as they have to be typed for the folder that `--data` named.
//!
//! Texts say `mesh-node store repair`. Whoever gave `--data village1` has to give it again, or the
//! command is about another folder.

use std::path::Path;

use crdt_model::text::shell_word;

const PROGRAM: &str = "mesh-node ";
/// What ends a command within a sentence.
const ENDS: &[char] = &[
    '\n', '`', '，', '。', '；', '：', '、', '）', '（', ';', ',', ')', ':',
];

/// A text whose commands name this folder. `is_command` says whether words are one, such as `store` and
/// `repair`; a command that names a folder already stays what it is.
pub(super) fn with_folder(
    text: &str,
    folder: &Path,
    is_command: impl Fn(&[&str]) -> bool,
) -> String {
    let folder = shell_word(&folder.display().to_string());
    let mut parts = text.split(PROGRAM);
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let part_of_a_word = |char: char| char.is_ascii_alphanumeric() || "/._-".contains(char);
        let begins = !told.ends_with(part_of_a_word);
        told.push_str(PROGRAM);
        let command = part.split(ENDS).next().unwrap_or_default();
        let words: Vec<&str> = command.split([' ', '.']).collect();
        let all = (1..=words.len()).filter(|count| {
            let first = words.get(..*count);
            first.is_some_and(&is_command)
        });
        let verbs = all
            .last()
            .filter(|_| begins && !command.contains("--data "));
        let length = verbs.map(|count| {
            let verbs = words.iter().take(count);
            verbs.map(|word| word.len() + 1).sum::<usize>() - 1
        });
        match length.and_then(|length| part.split_at_checked(length)) {
            Some((verbs, rest)) => told.push_str(&format!("{verbs} --data {folder}{rest}")),
            None => told.push_str(part),
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, folder: &str) -> String {
        with_folder(text, Path::new(folder), |words| {
            matches!(words, ["store" | "run" | "init"] | ["store", "repair"])
        })
    }

    #[test]
    fn every_command_of_a_text_names_the_folder() {
        assert_eq!(
            told(
                "run mesh-node store repair, then mesh-node run",
                "village 1"
            ),
            "run mesh-node store repair --data 'village 1', then mesh-node run --data 'village 1'"
        );
        assert_eq!(
            told("先执行 mesh-node run；再执行", "v"),
            "先执行 mesh-node run --data v；再执行"
        );
        assert_eq!(
            told("执行 `mesh-node run`。", "v"),
            "执行 `mesh-node run --data v`。"
        );
    }

    #[test]
    fn what_names_a_folder_or_is_no_command_stays_as_it_is() {
        for text in [
            "run mesh-node init --data t --charter c",
            "the mesh-node process that holds it",
            "target/release/mesh-node run",
            "mesh-node …",
        ] {
            assert_eq!(told(text, "v"), text);
        }
    }
}
