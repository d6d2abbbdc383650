//! A county of three nodes with one kind and a few rules: the smallest charter that is valid, made
//! anew for every test, with reviewers' keys that live as long as the test.

use std::path::{Path, PathBuf};

use crdt_model::ids::Name;
use crdt_model::time::WallTime;
use policy::CharterFiles;
use policy::signing::key_files::make_key_pair;
use policy::signing::sign::{sign, write_manifest, write_schema};
use tempfile::TempDir;

const CHARTER: &str = r#"
county = "620723000000"
title = { zh = "章程", en = "Charter" }
version = 1
accept_since = 1
valid_from = "2026-01-01T00:00:00Z"
valid_until = "2027-01-01T00:00:00Z"
threshold = 2
[[sensitivity]]
id = "normal"
zh = "一般"
en = "ordinary"
[[level]]
id = "village"
zh = "村级"
en = "village"
[[role]]
id = "clerk"
zh = "专干"
en = "clerk"
"#;

const ROSTER: &str = r#"
[[node]]
code = "620723000000"
name = "临泽县"
tier = "county"
key = "1111111111111111111111111111111111111111111111111111111111111111"
[[node]]
code = "620723101000"
name = "沙河镇"
tier = "township"
parent = "620723000000"
key = "2222222222222222222222222222222222222222222222222222222222222222"
[[node]]
code = "620723101201"
name = "五三村村民委员会"
tier = "village"
parent = "620723101000"
key = "3333333333333333333333333333333333333333333333333333333333333333"
"#;

const KIND: &str = r#"
kind = "case"
title = { zh = "纠纷", en = "Dispute" }
retention_days = 1825
[[facet]]
name = "case.summary"
title = { zh = "台账", en = "Ledger row" }
sensitivities = ["normal"]
levels = ["village"]
[[facet.field]]
name = "code"
title = { zh = "编号", en = "Code" }
type = "text"
bytes_max = 40
[[facet]]
name = "case.parties"
title = { zh = "当事人", en = "Parties" }
sensitivities = ["normal"]
levels = ["village"]
[[facet.field]]
name = "note"
title = { zh = "说明", en = "Note" }
type = "text"
bytes_max = 400
"#;

const RULES: &str = r#"
@id("flow.home")
@reason("A node keeps its own records.")
@reason_zh("本节点自己的数据，本节点始终留存。")
permit (principal, action == Action::"flowHome", resource);

@id("flow.summary-up")
@reason("Ledger rows go up.")
@reason_zh("台账逐级上报。")
permit (principal, action == Action::"flowUp", resource)
when { resource.facet == Facet::"case.summary" };

@id("author.home")
@reason("A node writes its own records.")
@reason_zh("本节点的数据由本节点填写。")
permit (principal, action == Action::"author", resource)
when { principal == resource.home };

@id("read.all")
@reason("Everyone at a node reads what it holds.")
@reason_zh("本节点工作人员都可以查看。")
permit (principal, action == Action::"read", resource);
"#;

const CHECKS: &str = r#"
[[case]]
name = "parties stay home"
ask = "flow"
node = "620723101000"
facet = "case.parties"
home = "620723101201"
expect = "deny"

[[invariant]]
name = "parties never go up"
never = { facets = ["case.parties"], not_relations = ["home"] }
reason_zh = "当事人信息不出本节点"
reason_en = "parties stay home"
"#;

/// Within the validity of every charter made here.
pub(crate) fn now() -> WallTime {
    WallTime::from_ms(1_780_000_000_000)
}

/// Folders of charters and of keys, gone at the end of the test.
pub(crate) struct Tiny {
    folder: TempDir,
}

impl Tiny {
    /// Version 1 in folder `v1`, with a manifest and without signatures. Its reviewers are `li`,
    /// `wang` and `zhao`, of whom two must sign; `stranger` has a key and is no reviewer.
    pub(crate) fn new() -> Self {
        let tiny = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        let mut charter = CHARTER.to_owned();
        for name in ["li", "wang", "zhao", "stranger"] {
            let line = tiny.make_key(name);
            if name != "stranger" {
                charter.push_str(&reviewer(name, &line));
            }
        }
        tiny.write("v1/charter.toml", &charter);
        tiny.write("v1/roster.toml", ROSTER);
        tiny.write("v1/kinds/case.toml", KIND);
        tiny.write("v1/rules/flow.cedar", RULES);
        tiny.write("v1/checks/basic.toml", CHECKS);
        write_schema(&tiny.path("v1")).expect("the words are good");
        write_manifest(&tiny.path("v1"), None).expect("the charter is valid");
        tiny
    }

    /// Version 1, signed by two reviewers.
    pub(crate) fn signed() -> Self {
        let tiny = Self::new();
        tiny.sign("v1", &["li", "wang"]);
        tiny
    }

    /// Makes the key of `name` and gives its public line.
    pub(crate) fn make_key(&self, name: &str) -> String {
        let made = make_key_pair(Name::new(name).expect("a name"), &self.path("keys"));
        made.expect("a key pair").line
    }

    /// A path within.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// The private key file of a person.
    pub(crate) fn key(&self, name: &str) -> PathBuf {
        self.path("keys").join(name)
    }

    /// Writes a file within.
    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("it has a folder")).expect("a folder");
        std::fs::write(path, content).expect("a file");
    }

    /// The text of a file within.
    pub(crate) fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).expect("a file")
    }

    /// Replaces a text that must be there, once.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.text(path);
        assert!(text.contains(from), "`{from}` is not in {path}");
        self.write(path, &text.replacen(from, to, 1));
    }

    /// Copies folder `from` to `to`, makes the next version of it, and writes its manifest.
    pub(crate) fn next(&self, from: &str, to: &str) {
        self.next_with(from, to, |_| ());
    }

    /// As [`Tiny::next`], with a change before the manifest is written.
    pub(crate) fn next_with(&self, from: &str, to: &str, change: impl FnOnce(&Self)) {
        self.copy(from, to);
        let version = policy::signing::manifest::Manifest::of(&self.files(from))
            .expect("there")
            .version
            .0;
        let (old, new) = (
            format!("version = {version}\n"),
            format!("version = {}\n", version + 1),
        );
        self.edit(&format!("{to}/charter.toml"), &old, &new);
        change(self);
        write_manifest(&self.path(to), Some(&self.path(from))).expect("the charter is valid");
    }

    /// Copies a folder.
    pub(crate) fn copy(&self, from: &str, to: &str) {
        for (path, content) in self.files(from).files {
            self.write(
                &format!("{to}/{path}"),
                std::str::from_utf8(&content).expect("text"),
            );
        }
    }

    /// Signs as these people.
    pub(crate) fn sign(&self, charter: &str, names: &[&str]) {
        for name in names {
            sign(&self.path(charter), &self.key(name), Some(name), None).expect("signed");
        }
    }

    /// The files of a charter folder.
    pub(crate) fn files(&self, charter: &str) -> CharterFiles {
        read(&self.path(charter))
    }
}

/// The files of a folder.
pub(crate) fn read(folder: &Path) -> CharterFiles {
    CharterFiles::read(folder).expect("a charter folder")
}

/// A reviewer, as `charter.toml` lists one.
pub(crate) fn reviewer(name: &str, line: &str) -> String {
    format!("[[reviewer]]\nname = \"{name}\"\nkey = \"{line}\"\n")
}
