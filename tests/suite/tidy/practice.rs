//! The table of the county's 26 systems (`docs/practice.md`) names what there is: rules of the charter,
//! measures, commands, tests.

use policy::deciding::charter::CedarCharter;
use policy::making::template;

use super::{root, sources};

fn table() -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(root().join("docs/practice.md")).expect("the document");
    let rows = text.lines().filter(|line| line.starts_with("| "));
    let cells = rows.map(|row| {
        let cells = row.trim_matches('|').split(" | ");
        cells.map(|cell| cell.trim().to_owned()).collect()
    });
    let numbered = |row: &Vec<String>| row[0].parse::<u32>().is_ok();
    cells.filter(numbered).collect()
}

/// What stands between backticks.
fn named(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn every_system_has_a_row_that_names_what_there_is() {
    let rows = table();
    let numbers: Vec<u32> = rows
        .iter()
        .map(|row| row[0].parse().expect("a number"))
        .collect();
    assert_eq!(numbers, (1..=26).collect::<Vec<u32>>());
    let tests: String = sources().into_iter().map(|source| source.text).collect();
    let charter = CedarCharter::open(&template::linze()).expect("the template");
    let mut wrong = Vec::new();
    for row in &rows {
        let [number, _, is, rule, command, test, _] = &row[..] else {
            panic!("{row:?}");
        };
        let mut miss = |what: &str, name: &str| wrong.push(format!("{number}: {what} `{name}`"));
        let ruled = named(rule).filter(|name| name.contains('.'));
        for id in ruled.filter(|id| charter.rule(id).is_none()) {
            miss("no rule", id);
        }
        for name in is.split("measure").skip(1).flat_map(named) {
            if !charter.measures().iter().any(|one| one.id.as_str() == name) {
                miss("no measure", name);
            }
        }
        let commands: Vec<&str> = named(command)
            .filter(|name| name.starts_with("mesh-node "))
            .collect();
        if commands.is_empty() {
            miss("no command", command);
        }
        for line in commands {
            let mut words = line.split(' ').skip(1);
            if words.next() == Some("measure") {
                for name in words {
                    if !charter.measures().iter().any(|one| one.id.as_str() == name) {
                        miss("no measure", name);
                    }
                }
            }
        }
        if named(test).count() == 0 {
            miss("no test", test);
        }
        for name in named(test).filter(|name| !tests.contains(&format!("fn {name}()"))) {
            miss("no test", name);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
