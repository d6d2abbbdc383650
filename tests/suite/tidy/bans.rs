//! Words that have no place in the code.

use super::{root, sources};

/// What no code may hold, and why.
const EVERYWHERE: [(&str, &str); 5] = [
    ("todo!(", "finish it"),
    ("unimplemented!(", "finish it"),
    ("dbg!(", "log it"),
    (
        "#[ignore]",
        "a test runs or goes; what only measures says so",
    ),
    ("FIXME", "mend it"),
];

/// What code other than tests may not hold, and why.
const OUTSIDE_TESTS: [(&str, &str); 5] = [
    (".unwrap()", "say why it cannot fail, or handle it"),
    ("panic!(", "return an error"),
    ("HashMap", "its order differs from run to run"),
    (
        "println!(",
        "a closed pipe must not panic: use the checked writer",
    ),
    ("thread::sleep", "wait for an event"),
];

/// Places where one of these words is right, and why.
const EXCEPTIONS: [(&str, &str, &str); 0] = [];

#[test]
fn banned_words_do_not_occur() {
    let own = "tests/suite/tidy/bans.rs";
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| source.path != own) {
        for (number, line) in source.text.lines().enumerate() {
            for (word, why) in EVERYWHERE.iter().filter(|(word, _)| line.contains(word)) {
                found.push(format!("{}:{}: `{word}`: {why}", source.path, number + 1));
            }
        }
        for (number, line) in source.lines_without_tests().filter(|_| !source.test) {
            let code = line.split("//").next().unwrap_or("");
            for (word, why) in OUTSIDE_TESTS.iter().filter(|(word, _)| code.contains(word)) {
                let known = |(path, excepted, _): &(&str, &str, &str)| {
                    *path == source.path && excepted == word
                };
                if !EXCEPTIONS.iter().any(known) {
                    found.push(format!("{}:{number}: `{word}`: {why}", source.path));
                }
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn only_measurements_and_what_takes_a_minute_are_left_out_of_a_run() {
    for source in sources() {
        for (number, line) in source.text.lines().enumerate() {
            let ignored = line.trim_start().strip_prefix("#[ignore = \"");
            let measures = ignored.is_none_or(|reason| {
                reason.starts_with("a measurement") || reason == "takes a minute\"]"
            });
            assert!(measures, "{}:{}: {line}", source.path, number + 1);
        }
    }
}

#[test]
fn nothing_names_a_path_of_one_machine() {
    let places = ["/home/", "/root/", "/work/", "/Users/"];
    for source in sources()
        .iter()
        .filter(|source| !source.path.ends_with("tidy/bans.rs"))
    {
        for (number, line) in source.text.lines().enumerate() {
            let named = places.iter().any(|place| line.contains(place));
            assert!(!named, "{}:{}: {line}", source.path, number + 1);
        }
    }
}

#[test]
fn no_key_is_in_the_repository() {
    let charter = root().join("deploy/linze/charter");
    for name in ["manifest", "signatures"] {
        assert!(
            !charter.join(name).exists(),
            "{name} belongs to a signed charter, not to the template"
        );
    }
    for file in ["roster.toml", "charter.toml"] {
        let text = std::fs::read_to_string(charter.join(file)).expect("a charter file");
        assert!(
            !text
                .lines()
                .any(|line| line.trim_start().starts_with("key =")),
            "{file} has a key"
        );
    }
}
