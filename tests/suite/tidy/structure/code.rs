//! What a file names, read from its text: the modules that it declares, what it imports, every path
//! in its code, and the types that it gives methods to. Comments, texts and what is compiled for
//! tests alone are left out.

use super::super::lexer::{Token, tokens, without_tests};

/// The parts of a path, such as `crate`, `engine`, `Engine`.
pub(super) type Path = Vec<String>;

/// What one file names.
#[derive(Default)]
pub(super) struct Code {
    /// The files of modules that it declares: `mod child;`.
    pub(super) children: Vec<String>,
    pub(super) imports: Vec<Import>,
    /// Every path outside imports, single names included.
    pub(super) paths: Vec<Path>,
    /// The type of each block `impl Type { … }`; blocks of traits are none.
    pub(super) methods_of: Vec<Path>,
}

/// One name that a `use` brings; `*` for all, and then the path ends with it.
#[derive(PartialEq, Debug)]
pub(super) struct Import {
    pub(super) name: String,
    pub(super) path: Path,
    /// Whether it is handed on to others: `pub use`.
    pub(super) handed_on: bool,
}

pub(super) fn read(text: &str) -> Code {
    let mut reader = Reader {
        tokens: code_of(text),
        at: 0,
        depth: 0,
        inline: Vec::new(),
        code: Code::default(),
    };
    reader.read();
    reader.code
}

/// The words and signs of a file, without its tests.
fn code_of(text: &str) -> Vec<&str> {
    let tokens = without_tests(&tokens(text));
    tokens.iter().filter_map(Token::code).collect()
}

/// Goes through the tokens of a file once.
struct Reader<'a> {
    tokens: Vec<&'a str>,
    /// The token that is looked at.
    at: usize,
    /// How many braces are open.
    depth: usize,
    /// How many were open where each module began that is written within this file.
    inline: Vec<usize>,
    code: Code,
}

impl<'a> Reader<'a> {
    fn read(&mut self) {
        while self.at < self.tokens.len() {
            match self.token(0) {
                "pub" => self.visibility(),
                // `use<'a>` is no import.
                "use" if self.token(1) != "<" => self.import(false),
                "mod" if is_name(self.token(1)) => self.module(),
                "impl" => self.methods(),
                name if is_name(name) => self.path(),
                other => {
                    self.brace(other);
                    self.at += 1;
                }
            }
        }
    }

    /// The token so many places on.
    fn token(&self, on: usize) -> &'a str {
        self.tokens.get(self.at + on).unwrap_or(&"")
    }

    /// The token before this one.
    fn before(&self) -> &'a str {
        self.at.checked_sub(1).map_or("", |at| self.tokens[at])
    }

    fn brace(&mut self, token: &str) {
        if token == "{" {
            self.depth += 1;
        } else if token == "}" {
            self.depth = self.depth.saturating_sub(1);
            self.inline.pop_if(|began| *began == self.depth);
        }
    }

    /// `pub`, `pub(super)`, `pub(in crate::engine)`: whom it is open to is not named by it.
    fn visibility(&mut self) {
        let limited = ["crate", "self", "super", "in"].contains(&self.token(2));
        self.at += 1;
        if self.token(0) == "(" && limited {
            while !["", ")"].contains(&self.token(0)) {
                self.at += 1;
            }
            self.at += 1;
        }
        if self.token(0) == "use" {
            self.import(true);
        }
    }

    fn import(&mut self, handed_on: bool) {
        self.at += 1;
        let first = self.code.imports.len();
        self.import_tree(Path::new());
        for at in first..self.code.imports.len() {
            let path = std::mem::take(&mut self.code.imports[at].path);
            self.code.imports[at].path = self.as_of_file(path);
            self.code.imports[at].handed_on = handed_on;
        }
    }

    /// `a::b`, `a::{b, c::d}`, `a as b`, `a::*`: one branch, and all that grow from it.
    fn import_tree(&mut self, mut path: Path) {
        loop {
            match self.token(0) {
                "::" if path.is_empty() => path.push(String::new()), // A crate of others.
                "::" => {}
                "{" => {
                    loop {
                        self.at += 1; // The brace, or a comma.
                        if self.token(0) == "}" {
                            break;
                        }
                        self.import_tree(path.clone());
                        if self.token(0) != "," {
                            break;
                        }
                    }
                    self.at += 1;
                    return;
                }
                "*" => {
                    self.at += 1;
                    path.push("*".to_owned());
                    return self.imported("*", path);
                }
                "as" => {
                    let name = self.token(1).to_owned();
                    self.at += 2;
                    return self.imported(&name, path);
                }
                name if is_name(name) => path.push(name.to_owned()),
                _ => {
                    if let Some(name) = path.last().cloned() {
                        self.imported(&name, path);
                    }
                    return;
                }
            }
            self.at += 1;
        }
    }

    fn imported(&mut self, name: &str, mut path: Path) {
        let mut name = name.to_owned();
        // `a::{self}` is `a`.
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
            if name == "self" {
                name.clone_from(&path[path.len() - 1]);
            }
        }
        self.code.imports.push(Import {
            name,
            path,
            handed_on: false,
        });
    }

    /// `mod child;`, or a module written here, which counts as part of this file.
    fn module(&mut self) {
        let name = self.token(1).to_owned();
        match self.token(2) {
            ";" => self.code.children.push(name),
            "{" => self.inline.push(self.depth),
            _ => {}
        }
        self.at += 2;
    }

    /// `impl Type {`, `impl<T> Type<T> where … {`. What stands in it is read on as ever.
    fn methods(&mut self) {
        let item = ["", "}", "{", ";", "]", "unsafe"].contains(&self.before());
        self.at += 1;
        let mut at = after_angles(&self.tokens, self.at);
        let (path, end) = path_at(&self.tokens, at);
        at = after_angles(&self.tokens, end);
        let of_trait = self.tokens.get(at) == Some(&"for");
        if item && !of_trait && !path.is_empty() {
            let path = self.as_of_file(path);
            self.code.methods_of.push(path);
        }
    }

    /// A path in the code. A name after a point belongs to a value, one after `fn` or before a colon
    /// is given here, and one after `::` goes on from a type in angles.
    fn path(&mut self) {
        let names = !["::", ".", "fn"].contains(&self.before());
        let (path, end) = path_at(&self.tokens, self.at);
        self.at = end;
        let field = path.len() == 1 && self.token(0) == ":";
        if names && !field {
            let path = self.as_of_file(path);
            self.code.paths.push(path);
        }
    }

    /// A path as the file itself would write it: from within a module written in it, the first
    /// `super` only leads to the file.
    fn as_of_file(&self, path: Path) -> Path {
        let is_super = |part: &&String| *part == "super";
        let up = path.iter().take_while(is_super).count();
        let within = up.min(self.inline.len());
        if within == 0 {
            return path;
        }
        let rest = path.into_iter().skip(within);
        std::iter::once("self".to_owned()).chain(rest).collect()
    }
}

/// The path that begins at a token, and where it ends.
fn path_at(tokens: &[&str], mut at: usize) -> (Path, usize) {
    let mut path = Path::new();
    while let Some(name) = tokens.get(at).filter(|token| is_name(token)) {
        path.push((*name).to_owned());
        at += 1;
        let on = tokens.get(at) == Some(&"::");
        if !on || !tokens.get(at + 1).is_some_and(|token| is_name(token)) {
            break;
        }
        at += 1;
    }
    (path, at)
}

/// Behind `<…>`, if that is what stands there.
fn after_angles(tokens: &[&str], mut at: usize) -> usize {
    let mut open = 0;
    while let Some(token) = tokens.get(at) {
        match *token {
            "<" => open += 1,
            ">" => open -= 1,
            _ => {}
        }
        if open == 0 {
            return if *token == ">" { at + 1 } else { at };
        }
        at += 1;
    }
    at
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first == '_' || first.is_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The imports of a text, as `name=path`.
    fn imports(text: &str) -> Vec<String> {
        let imports = read(text).imports.into_iter();
        let shown = imports.map(|one| format!("{}={}", one.name, one.path.join("::")));
        shown.collect()
    }

    /// The paths in the code of a text that have more than one part.
    fn paths(text: &str) -> Vec<String> {
        let paths = read(text).paths.into_iter().filter(|path| path.len() > 1);
        paths.map(|path| path.join("::")).collect()
    }

    #[test]
    fn each_branch_of_an_import_is_one() {
        let text = "use crate::a::{self, b::{C, d as e,}, f::*,}; pub(in crate::x) use super::G;";
        let expected = [
            "a=crate::a",
            "C=crate::a::b::C",
            "e=crate::a::b::d",
            "*=crate::a::f::*",
            "G=super::G",
        ];
        assert_eq!(imports(text), expected);
        let handed_on: Vec<bool> = read(text).imports.iter().map(|one| one.handed_on).collect();
        assert_eq!(handed_on, [false, false, false, false, true]);
    }

    #[test]
    fn paths_in_code_are_found_whatever_stands_around_them() {
        let text = "fn f(a: &super::A) -> Vec<crate::b::B> { a.c::<self::D>(); ..x::MAX }";
        assert_eq!(
            paths(text),
            ["super::A", "crate::b::B", "self::D", "x::MAX"]
        );
        assert_eq!(
            paths("pub(in crate::a) struct S(<T as x::Y>::Z, ::other::W);"),
            ["x::Y"]
        );
    }

    #[test]
    fn a_module_written_in_a_file_is_part_of_it() {
        let text = "mod inner { use super::A; use super::super::B; } use super::C; mod child;";
        assert_eq!(
            imports(text),
            ["A=self::A", "B=self::super::B", "C=super::C"]
        );
        assert_eq!(read(text).children, ["child"]);
    }

    #[test]
    fn comments_and_texts_name_nothing() {
        let text = r###"
            // crate::no /* crate::no
            /* crate::no /* crate::no */ "crate::no */
            fn f<'a>(one: &'a str) -> [char; 3] {
                g("crate::no \" crate::no", r#"crate::no " crate::no"#, b"crate::no");
                ['"', '\'', crate::yes::Y]
            }
        "###;
        assert_eq!(paths(text), ["crate::yes::Y"]);
    }

    #[test]
    fn what_is_for_tests_alone_is_left_out() {
        let text = "
            #[cfg(test)]
            #[allow(dead_code)]
            mod tests { use crate::no; fn f() { crate::no::N } }
            #[cfg(test)] mod cases;
            #[cfg(test)] use crate::no::{A, B};
            mod kept;
            #[cfg(unix)] fn g() { crate::yes::Y }
        ";
        assert_eq!(
            (imports(text), paths(text)),
            (vec![], vec!["crate::yes::Y".to_owned()])
        );
        assert_eq!(read(text).children, ["kept"]);
    }

    #[test]
    fn blocks_of_methods_are_told_from_those_of_traits() {
        let text = "
            impl A { fn f(&self) -> impl Iterator<Item = B> {} }
            impl<T: Fn() -> u8> super::C<T> where T: Copy {}
            impl Clone for D {}
            impl<T> x::Into<E> for F<T> {}
        ";
        let types = read(text).methods_of;
        let types: Vec<String> = types.iter().map(|path| path.join("::")).collect();
        assert_eq!(types, ["A", "super::C"]);
    }
}
