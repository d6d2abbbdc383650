//! What `mesh-policy` prints, in the language that was asked for and in no other.

use std::path::Path;

use crate::command_line::{ended, object};
use crate::tiny::{Tiny, read};

/// Names that a charter gives, the letters of tables, and what is called so in every language.
const NAMES: &str = "normal county township village clerk leader mediator technician li wang \
                     zhao A B H W G HW HWG Cedar parties never go up stay home";

/// A text without the commands in it, and without the code of what went wrong.
fn without_commands(text: &str) -> String {
    let text = text.replace("（代码 usage）", "");
    let mut parts = text.split("mesh-policy ");
    let first = parts.next().unwrap_or_default().to_owned();
    let ends = |one: char| !one.is_ascii() || one == '\n';
    parts.fold(first, |text, part| {
        text + &part[part.find(ends).unwrap_or(part.len())..]
    })
}

/// A text without what is quoted as it is typed.
fn without_quotes(text: &str) -> String {
    text.split('`').step_by(2).collect()
}

/// English words that stand in a text by themselves: no ids, codes or names of files.
fn english_words(text: &str) -> Vec<&str> {
    let apart = |one: char| one.is_whitespace() || !one.is_ascii() || "():;,".contains(one);
    let words = text.lines().flat_map(|line| line.split(apart));
    words
        .filter(|word| !word.is_empty() && word.chars().all(|one| one.is_ascii_alphabetic()))
        .filter(|word| !NAMES.split(' ').any(|name| name == *word))
        .collect()
}

fn is_chinese(one: char) -> bool {
    matches!(one, '\u{3000}'..='\u{303f}' | '\u{4e00}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}')
}

#[test]
fn every_frame_is_in_the_language_that_was_asked_for() {
    let tiny = Tiny::signed();
    let template = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../deploy/linze/charter"
    ));
    for (path, content) in read(template).files {
        let text = String::from_utf8(content).expect("text");
        tiny.write(&format!("linze/{path}"), &text);
    }
    tiny.copy("v1", "broken");
    let condition = "\nwhen { resource.facet == Facet::\"case.summary\" };";
    tiny.edit("broken/rules/flow.cedar", condition, ";");
    let (at, in_2026) = ("2026-12-01T00:00:00Z", "2026-06-01T00:00:00Z");
    for (code, arguments) in [
        (0, &["check", "linze", "--at", at][..]),
        (0, &["matrix", "v1"]),
        (0, &["matrix", "linze", "--ask", "read", "--emergency"]),
        (0, &["matrix", "v1", "--compare", "30"]),
        (0, &["show", "linze"]),
        (0, &["prove", "v1"]),
        (3, &["prove", "broken"]),
        (0, &["test", "v1"]),
        (2, &["diff", "v1", "broken", "--no-text"]),
        (0, &["diff", "v1", "v1"]),
        (0, &["manifest", "linze"]),
        (0, &["verify", "v1", "--at", in_2026]),
        (0, &["schema", "linze"]),
        (64, &["matrix", "linze", "--facet", "case.nothing"]),
    ] {
        let (ended_zh, zh) = ended(&tiny.path(""), &[arguments, &["--lang", "zh"]].concat());
        let (ended_en, en) = ended(&tiny.path(""), &[arguments, &["--lang", "en"]].concat());
        assert_eq!(
            (ended_zh, ended_en),
            (code, code),
            "{arguments:?}: {zh}{en}"
        );
        let said = without_quotes(&without_commands(&zh));
        let words = english_words(&said);
        assert!(words.is_empty(), "{arguments:?}: {words:?} in\n{zh}");
        assert!(zh.chars().any(is_chinese), "{arguments:?}: {zh}");
        assert!(!en.chars().any(is_chinese), "{arguments:?}: {en}");
    }
}

#[test]
fn what_programs_read_is_the_same_in_every_language() {
    let tiny = Tiny::signed();
    for command in ["check", "show", "prove", "test", "matrix"] {
        let read = |language| {
            let mut object = object(&tiny.path(""), &[command, "v1", "--lang", language]);
            if let Some(object) = object.as_object_mut() {
                object.remove("seconds");
            }
            object
        };
        assert_eq!(read("zh"), read("en"), "{command}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_what_is_wrong_with_it() {
    let tiny = Tiny::new();
    tiny.write("large.csv", &"x".repeat(4 * 1024 * 1024 + 1));
    std::fs::write(tiny.path("latin.csv"), [0xff, 0xfe]).expect("it is written");
    for (file, en, zh) in [
        ("none.csv", "does not exist", "不存在"),
        ("v1", "is a folder", "是目录"),
        ("latin.csv", "is not text in UTF-8", "不是 UTF-8 文本"),
        (
            "large.csv",
            "is larger than 4194304 bytes",
            "超过 4194304 字节",
        ),
    ] {
        let county = [
            "new",
            "made",
            "--divisions",
            file,
            "--county",
            "620725000000",
        ];
        let titles = ["--title-zh", "章程", "--title-en", "Charter", "--lang"];
        for (language, wrong) in [("en", en), ("zh", zh)] {
            let arguments = [&county[..], &titles[..], &[language]].concat();
            let (code, text) = ended(&tiny.path(""), &arguments);
            let said = format!("`{file}` {wrong}");
            assert!(code == 64 && text.contains("unreadable"), "{text}");
            assert!(text.contains(&said), "{said}: {text}");
        }
    }
}
