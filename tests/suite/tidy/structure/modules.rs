//! The modules of a crate, and which of them names something of which.

use std::collections::{BTreeMap, BTreeSet};

use super::code::{Code, Path, read};

/// The modules of one library or program.
pub(super) struct Modules(BTreeMap<Path, Module>);

/// A module with a file of its own.
struct Module {
    file: String,
    code: Code,
}

/// What a path leads to.
pub(super) struct Named {
    /// The module that it stands in.
    pub(super) module: Path,
    /// Its name there; none if the module itself is named.
    pub(super) item: Option<String>,
}

/// From one module to another, with the names that tie them.
pub(super) type Arrows = BTreeMap<(Path, Path), BTreeSet<String>>;

impl Modules {
    /// Reads what the file `root` declares, and so on; `texts` are the project's files.
    pub(super) fn read(root: &str, texts: &BTreeMap<String, String>) -> Self {
        let mut modules = BTreeMap::new();
        let mut open = vec![(Path::new(), root.to_owned())];
        while let Some((path, file)) = open.pop() {
            let code = read(&texts[&file]);
            for child in &code.children {
                let folder = folder_of(&file);
                let places = [
                    format!("{folder}/{child}.rs"),
                    format!("{folder}/{child}/mod.rs"),
                ];
                let place = places.into_iter().find(|place| texts.contains_key(place));
                let place = place.unwrap_or_else(|| panic!("{file}: where is {child}?"));
                open.push(([&path[..], std::slice::from_ref(child)].concat(), place));
            }
            modules.insert(path, Module { file, code });
        }
        Self(modules)
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(|module| module.file.as_str())
    }

    pub(super) fn file(&self, module: &[String]) -> &str {
        &self.0[module].file
    }

    /// What a path leads to that is written in the file of a module. A name that another file only
    /// hands on is followed to the file where it is defined. Names of other crates lead nowhere, and
    /// so do those that are not known in the file.
    fn resolve(&self, from: &[String], path: &[String]) -> Option<Named> {
        let mut module = from.to_vec();
        for (at, part) in path.iter().enumerate() {
            let child = [&module[..], std::slice::from_ref(part)].concat();
            match part.as_str() {
                "crate" => module.clear(),
                "self" => {}
                "super" => drop(module.pop()),
                _ if self.0.contains_key(&child) => module = child,
                _ => {
                    if let Some(import) = self.import(&module, part) {
                        let path = [&import[..], &path[at + 1..]].concat();
                        return self.resolve(&module, &path);
                    }
                    let item = Some(part.clone());
                    return (at > 0).then_some(Named { module, item });
                }
            }
        }
        Some(Named { module, item: None })
    }

    /// The path by which a module's file imports a name. `use csv;` imports a crate, and a module
    /// that is written within the file may import from the file itself.
    fn import(&self, module: &[String], name: &str) -> Option<&Path> {
        let mut imports = self.0.get(module)?.code.imports.iter();
        let import = imports.find(|import| import.name == name && name != "*")?;
        let itself = import.path[0] == name || import.path == ["self", name];
        (!itself).then_some(&import.path)
    }

    /// Who names something of whom. To declare or import a module, or to hand a name on, names
    /// nothing yet: what counts is what the code does with it.
    pub(super) fn arrows(&self) -> Arrows {
        let mut arrows = Arrows::new();
        for (from, module) in &self.0 {
            let imports = module.code.imports.iter();
            let imported = imports.filter(|import| !import.handed_on);
            let paths = imported.map(|import| &import.path);
            for path in paths.chain(&module.code.paths) {
                let Some(named) = self.resolve(from, path) else {
                    continue;
                };
                let Some(item) = named.item.filter(|_| named.module != *from) else {
                    continue;
                };
                let arrow = (from.clone(), named.module);
                arrows.entry(arrow).or_default().insert(item);
            }
        }
        arrows
    }

    /// Types with methods that stand neither in the type's file nor under it.
    pub(super) fn methods_elsewhere(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (from, module) in &self.0 {
            for path in &module.code.methods_of {
                let Some(named) = self.resolve(from, path) else {
                    continue;
                };
                let Some(item) = named.item else { continue };
                if !from.starts_with(&named.module) {
                    let home = self.file(&named.module);
                    found.insert(format!("{item} of {home} in {}", module.file));
                }
            }
        }
        found
    }

    /// What a module is called by those beside it in the module `level`: its file, or the whole
    /// folder where it has one.
    pub(super) fn room(&self, level: &[String], module: &[String]) -> String {
        if module.len() == level.len() {
            return self.file(module).to_owned();
        }
        let child = &module[..=level.len()];
        let within = |other: &Path| other.len() > child.len() && other.starts_with(child);
        let file = self.file(child);
        match self.0.keys().any(within) {
            true => format!("{}/", folder_of(file)),
            false => file.to_owned(),
        }
    }
}

/// The folder in which the modules of a file's own lie.
fn folder_of(file: &str) -> &str {
    match file.rsplit_once('/') {
        Some((folder, "lib.rs" | "main.rs" | "mod.rs")) => folder,
        _ => file.trim_end_matches(".rs"),
    }
}
