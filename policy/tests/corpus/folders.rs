//! Files that have no place in a charter, and folders that are not what they seem. Those that need a
//! folder go through the program itself.

use std::path::Path;
use std::process::Command;

use crate::draft::{Draft, rule, tiny};
use crate::entries::corpus;
use crate::snapshot::Seen;

/// A charter in a folder, with something done to it, as the program sees it.
pub(crate) struct Folder {
    pub(crate) draft: Draft,
    pub(crate) change: fn(&Path),
    pub(crate) arguments: &'static [&'static str],
}

impl Seen for Folder {
    fn seen(&self) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, content) in &self.draft.files.files {
            let path = folder.path().join("charter").join(path);
            std::fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
            std::fs::write(path, content).expect("a file");
        }
        (self.change)(&folder.path().join("charter"));
        let output = Command::new(env!("CARGO_BIN_EXE_mesh-policy"))
            .current_dir(folder.path())
            .env("LANG", "C.UTF-8")
            .env_remove("LC_ALL")
            .args(self.arguments)
            .output()
            .expect("it runs");
        let told = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
        let exit = output.status.code().expect("no signal");
        // How long it took differs.
        let lines = told.lines().map(|line| match line.rsplit_once(", in ") {
            Some((before, taken)) if taken.ends_with(" s") => format!("{before}\n"),
            _ => format!("{line}\n"),
        });
        format!("{}\nexit code {exit}\n", lines.collect::<String>())
    }
}

const CHECK: &[&str] = &["check", "charter", "--at", "2026-06-01T00:00:00Z"];

fn folder(change: fn(&Path)) -> Folder {
    Folder {
        draft: tiny(),
        change,
        arguments: CHECK,
    }
}

corpus! {
    a_file_that_nothing_reads => tiny().more("README.md", "All of this was agreed on.");
    a_template_as_json => tiny().more("rules/flow.json", "{\"effect\": \"permit\"}");
    rules_in_a_folder_within => tiny().more("rules/old/flow.cedar", rule("flow.old", "permit (principal, action, resource);"));
    rules_that_are_hidden => tiny().more("rules/.flow.cedar", rule("flow.x", "permit (principal, action, resource);"));
    rules_that_an_editor_left => tiny().more("rules/flow.cedar~", rule("flow.x", "permit (principal, action, resource);"));
    rules_with_an_ending_in_capitals => tiny().more("rules/more.CEDAR", rule("flow.x", "permit (principal, action, resource);"));
    a_name_of_a_file_that_is_chinese => tiny().more("rules/流动.cedar", rule("flow.x", "permit (principal, action, resource);"));
    a_folder_named_rule => tiny().more("rule/flow.cedar", rule("flow.x", "permit (principal, action, resource);"));
    a_charter_without_its_head => tiny().without("charter.toml");
    a_charter_without_its_roster => tiny().without("roster.toml");
    a_charter_without_its_schema => tiny().without("mesh.cedarschema");
    a_charter_without_its_kinds => tiny().without("kinds/case.toml");
    a_folder_that_is_not_there => folder(|charter| std::fs::remove_dir_all(charter).expect("there"));
    a_folder_that_is_empty => folder(|charter| {
        std::fs::remove_dir_all(charter).expect("there");
        std::fs::create_dir(charter).expect("a folder");
    });
    #[cfg(unix)]
    a_link_to_a_file_elsewhere => folder(|charter| {
        let file = charter.join("rules/more.cedar");
        std::os::unix::fs::symlink("../../elsewhere.cedar", file).expect("a link");
    });
    #[cfg(unix)]
    a_link_to_a_folder_in_a_circle => folder(|charter| {
        std::os::unix::fs::symlink("..", charter.join("kinds/more")).expect("a link");
    });
    #[cfg(unix)]
    a_socket_among_the_rules => folder(|charter| {
        std::os::unix::net::UnixListener::bind(charter.join("rules/s")).expect("a socket");
    });
    #[cfg(target_os = "linux")]
    a_name_of_a_file_that_is_no_text => folder(|charter| {
        use std::os::unix::ffi::OsStrExt;
        let name = std::ffi::OsStr::from_bytes(b"rules/\xff.cedar");
        std::fs::write(charter.join(name), "").expect("a file");
    });
    #[cfg(target_os = "linux")]
    a_name_of_a_file_that_clears_the_terminal => folder(|charter| {
        std::fs::write(charter.join("rules/\u{1b}[2J.cedar"), "").expect("a file");
    });
    a_file_of_ten_megabytes => folder(|charter| {
        std::fs::write(charter.join("checks/more.toml"), vec![b'#'; 10 << 20]).expect("a file");
    });
    a_sound_charter_with_a_note_as_the_program_says_it => Folder {
        draft: tiny().rule("guard.more", "forbid (principal, action == Action::\"flowAcross\", resource)\nwhen { resource.facet == Facet::\"case.parties\" };"),
        change: |_| (),
        arguments: CHECK,
    };
    a_typing_error_as_the_program_says_it => Folder {
        draft: tiny().with("charter.toml", "threshold = 2", "treshold = 2"),
        change: |_| (),
        arguments: CHECK,
    };
    a_broken_invariant_as_the_program_says_it => Folder {
        draft: tiny().rule("flow.across", "permit (principal, action == Action::\"flowAcross\", resource)\nwhen { resource.facet == Facet::\"case.parties\" };"),
        change: |_| (),
        arguments: CHECK,
    };
}
