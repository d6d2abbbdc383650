//! The shape of each crate: which of its files names something of which. Names go in one direction,
//! so that a file can be read with what it rests on and without what rests on it, and so that it
//! shows where a new function belongs. How long a file is says nothing of that.
//!
//! A folder with its face (`foo.rs` and `foo/`, or `foo/mod.rs`) is one room for those beside it;
//! inside, the face and each file or folder are rooms again. Neither rooms beside each other nor
//! files of one crate may name each other in a circle. A face that declares a module or hands its
//! names on (`mod child;`, `pub use child::X;`) names nothing by that; its code may. The circles that
//! there are, and the methods that stand away from their type, are listed in `known`: nothing is
//! added to that list.

mod code;
mod known;
mod modules;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use code::Path;
use known::{KNOWN, METHODS_ELSEWHERE};
use modules::Modules;

/// Who names whom, files or rooms, with the names that tie them.
type Graph = BTreeMap<(String, String), BTreeSet<String>>;
/// Files or rooms of which each leads to all others.
type Circle = BTreeSet<String>;

#[test]
fn names_go_in_one_direction_but_for_known_circles() {
    let known: Vec<Circle> = KNOWN.iter().map(|entry| circle_in(entry)).collect();
    let mut found = BTreeMap::new();
    for graph in PROGRAMS.iter().flat_map(graphs) {
        for circle in circles(&graph) {
            let told = told(&circle, &graph);
            found.insert(circle, told);
        }
    }
    let mut wrong = Vec::new();
    for (circle, told) in found.iter().filter(|(circle, _)| !known.contains(circle)) {
        let smaller = known.iter().any(|known| circle.is_subset(known));
        let what = match smaller {
            true => "smaller than the list says, which takes what is left",
            false => "a new circle, or a larger one",
        };
        wrong.push(format!("{what}: {}\n{told}", entry(circle)));
    }
    for gone in known.iter().filter(|circle| !found.contains_key(circle)) {
        wrong.push(format!(
            "no circle any more, to be taken from the list: {}",
            entry(gone)
        ));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn methods_stand_in_the_file_of_their_type_or_under_it() {
    let found = PROGRAMS.iter().flat_map(Modules::methods_elsewhere);
    let found: BTreeSet<String> = found.collect();
    let known = METHODS_ELSEWHERE.iter();
    let known = known.map(|entry| (*entry).to_owned()).collect();
    let new: Vec<_> = found.difference(&known).collect();
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(new.is_empty(), "methods away from their type: {new:#?}");
    assert!(gone.is_empty(), "to be taken from the list: {gone:#?}");
}

#[test]
fn every_file_is_looked_at() {
    let read: BTreeSet<&str> = PROGRAMS.iter().flat_map(Modules::files).collect();
    let texts = texts();
    let texts: BTreeSet<&str> = texts.keys().map(String::as_str).collect();
    assert_eq!(read, texts);
}

/// The text of each file that is not for tests alone, by its path.
fn texts() -> BTreeMap<String, String> {
    let sources = super::sources().into_iter().filter(|source| !source.test);
    sources.map(|source| (source.path, source.text)).collect()
}

/// The modules of each library and each program, read once.
static PROGRAMS: LazyLock<Vec<Modules>> = LazyLock::new(|| {
    let texts = texts();
    let mut programs = Vec::new();
    for (_, folder) in super::crates() {
        let begins = format!("{folder}/src/");
        let is_root = |path: &&String| match path.strip_prefix(&begins) {
            Some("lib.rs" | "main.rs") => true,
            Some(path) => path.starts_with("bin/") && path.ends_with("/main.rs"),
            None => false,
        };
        let roots = texts.keys().filter(is_root);
        programs.extend(roots.map(|root| Modules::read(root, &texts)));
    }
    programs
});

/// The files of a program, and for each of its folders the rooms in it.
fn graphs(modules: &Modules) -> Vec<Graph> {
    let mut files = Graph::new();
    let mut folders: BTreeMap<Path, Graph> = BTreeMap::new();
    for ((from, to), names) in modules.arrows() {
        // The innermost folder that holds both.
        let both = from.iter().zip(&to).take_while(|(one, other)| one == other);
        let folder: Path = both.map(|(name, _)| name.clone()).collect();
        let [one, other] = [&from, &to].map(|module| modules.room(&folder, module));
        let rooms = folders.entry(folder).or_default();
        let tie = rooms.entry((one, other)).or_default();
        tie.extend(names.iter().cloned());
        let [one, other] = [&from, &to].map(|module| modules.file(module).to_owned());
        files.insert((one, other), names);
    }
    folders.into_values().chain([files]).collect()
}

/// The largest sets in which each leads to all.
fn circles(graph: &Graph) -> BTreeSet<Circle> {
    let mut named_by: BTreeMap<&String, Vec<&String>> = BTreeMap::new();
    for (from, to) in graph.keys() {
        named_by.entry(from).or_default().push(to);
    }
    // Whatever each leads to, by any number of arrows.
    let mut reached: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
    for start in named_by.keys() {
        let mut open = vec![*start];
        while let Some(from) = open.pop() {
            let reached = reached.entry(start).or_default();
            let arrows = named_by.get(from).into_iter().flatten();
            open.extend(arrows.filter(|to| reached.insert(to)));
        }
    }
    let circle_of = |name: &&String| {
        let leads_back =
            |other: &&&String| reached.get(**other).is_some_and(|on| on.contains(name));
        let circle = reached[name].iter().filter(leads_back);
        circle.map(|other| (*other).clone()).collect::<Circle>()
    };
    let circles = named_by.keys().map(circle_of);
    circles.filter(|circle| !circle.is_empty()).collect()
}

/// A circle's arrows, one a line.
fn told(circle: &Circle, graph: &Graph) -> String {
    let within = graph
        .iter()
        .filter(|((from, to), _)| circle.contains(from) && circle.contains(to));
    let lines = within.map(|((from, to), names)| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        format!("    {from} names {} of {to}\n", names.join(", "))
    });
    lines.collect()
}

/// A circle as the list has it.
fn entry(circle: &Circle) -> String {
    let first = circle.first().map_or("", String::as_str);
    let folders = first.match_indices('/').map(|(at, _)| &first[..=at]);
    let holds_all = |folder: &&str| {
        circle
            .iter()
            .all(|name| name.starts_with(folder) && name != folder)
    };
    let folder = folders.rev().find(holds_all).unwrap_or("");
    let names: Vec<&str> = circle.iter().map(|name| &name[folder.len()..]).collect();
    format!("{}: {}", folder.trim_end_matches('/'), names.join(" "))
}

/// The circle that an entry of the list names.
fn circle_in(entry: &str) -> Circle {
    let (folder, names) = entry.split_once(": ").expect("a folder and names");
    let names = names.split_whitespace();
    names.map(|name| format!("{folder}/{name}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who names whom in a made-up crate, as `from to: names`.
    fn arrows(files: &[(&str, &str)]) -> Vec<String> {
        let files = files.iter();
        let texts = files.map(|(path, text)| (format!("src/{path}"), (*text).to_owned()));
        let modules = Modules::read("src/lib.rs", &texts.collect());
        let files = graphs(&modules).pop().expect("the graph of files");
        let lines = files.iter().map(|((from, to), names)| {
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            format!("{} {}: {}", &from[4..], &to[4..], names.join(" "))
        });
        lines.collect()
    }

    #[test]
    fn a_face_names_what_its_code_uses_and_not_what_it_hands_on() {
        let lib = ("lib.rs", "mod a; mod b;");
        let child = ("a/child.rs", "pub struct One; pub struct Two;");
        let face = "mod child; pub use child::{One, Two};";
        let user = ("b.rs", "use crate::a::{One as First, child};");
        let found = arrows(&[lib, ("a.rs", face), child, user]);
        assert_eq!(found, ["b.rs a/child.rs: One"]);
        let uses = format!("{face} fn make() -> Two {{ child::make() }}");
        let found = arrows(&[lib, ("a.rs", &uses), child, ("b.rs", "")]);
        assert_eq!(found, ["a.rs a/child.rs: Two make"]);
    }

    #[test]
    fn names_of_other_crates_lead_nowhere() {
        let lib = ("lib.rs", "mod csv; mod tokio; use ::csv::Writer;");
        let csv = (
            "csv.rs",
            "use csv::Reader; use std::io; fn f() { io::stdin() }",
        );
        let tokio = ("tokio.rs", "use super::csv::Reader; use super::csv::Table;");
        assert_eq!(arrows(&[lib, csv, tokio]), ["tokio.rs csv.rs: Table"]);
    }

    #[test]
    fn a_circle_is_what_leads_back_to_itself() {
        let arrows = [("a", "b"), ("b", "c"), ("c", "b"), ("c", "d"), ("e", "e")];
        let graph = arrows.map(|(from, to)| ((from.to_owned(), to.to_owned()), BTreeSet::new()));
        let found = circles(&BTreeMap::from(graph));
        let expected = ["b", "c"].map(String::from);
        assert!(found.contains(&BTreeSet::from(expected)), "{found:?}");
        assert!(
            found
                .iter()
                .all(|circle| !circle.contains("a") && !circle.contains("d"))
        );
    }

    #[test]
    fn an_entry_of_the_list_is_read_as_it_is_written() {
        let wide = "node/app/src: asked/ report/mod.rs";
        assert_eq!(entry(&circle_in(wide)), wide);
    }
}
