//! Words that persons must not see, or not for what the program does, because a law has taken them.

use std::path::Path;

use super::root;
use super::texts::{Where, fail_with, told};

/// What the law on guarding state secrets calls by these names must not be on this network at all, so
/// the mesh's own grades are not called so: a sensitivity is 敏感级别, its strictest one is 不外传.
const OF_STATE_SECRETS: [&str; 3] = ["密级", "涉密", "绝密"];

/// Words of the offices' own work, which have a meaning in a law: what the program itself does is not
/// called so.
const OF_OTHER_LAWS: [&str; 28] = [
    "知悉范围",
    "受理",
    "办结",
    "答复",
    "转送",
    "交办",
    "复查",
    "复核",
    "告知",
    "送达",
    "移送",
    "并案",
    "立案",
    "许可",
    "紧急状态",
    "应急响应",
    "审计",
    "撤回",
    "更正",
    "删除",
    "保存期限",
    "冲突",
    "争议",
    "矛盾",
    "重点人员",
    "特殊人群",
    "画像",
    "积分",
];

/// Where the program speaks of that work: in figures of it, in a sample of it, in a rule that follows
/// the law.
const OF_THAT_WORK: [(&str, &str); 8] = [
    ("node/app/src/choosing.rs", "矛盾"),
    ("node/app/src/report/cooperation.rs", "移送"),
    ("node/app/src/report/cooperation.rs", "办结"),
    ("node/app/src/report/disputes.rs", "办结"),
    ("node/app/src/report/notices.rs", "办结"),
    ("node/app/src/report/notices.rs", "撤回"),
    ("policy/src/reading/forbidden/words.rs", "画像"),
    ("policy/src/reading/kinds.rs", "保存期限"),
];

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

#[test]
fn what_the_program_does_is_not_called_as_a_law_calls_something_else() {
    let texts = told().iter().filter(|one| one.stands == Where::Macro);
    fail_with(texts.flat_map(|one| {
        let spoken_of = |word: &str| {
            let mut places = OF_THAT_WORK.iter().filter(|(_, known)| *known == word);
            places.any(|(place, _)| one.place.starts_with(place))
        };
        let words = OF_OTHER_LAWS.iter();
        let found = words.filter(move |word| one.zh.contains(**word) && !spoken_of(word));
        found.map(|word| format!("{}: {word} in {}", one.place, one.zh))
    }));
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
