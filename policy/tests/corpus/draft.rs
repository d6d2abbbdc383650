//! A sound charter with an edit, checked as `mesh-policy check` does.

use std::path::Path;
use std::sync::LazyLock;

use crdt_model::time::WallTime;
use ed25519_dalek::SigningKey;
use policy::reading::finding::{Finding, Severity, render_all};
use policy::review::enumeration::Enumeration;
use policy::review::lints::lint;
use policy::review::prove::prove;
use policy::signing::sign::schema_of;
use policy::signing::sshsig::SshKey;
use policy::{CedarCharter, CharterFiles};

use crate::snapshot::Seen;

/// A moment at which the sound charters hold: 2026-06-01.
pub(crate) const NOW: WallTime = WallTime {
    ms: 1_780_272_000_000,
};
/// One at which that of Linze does: 2027-01-15.
const NOW_LINZE: WallTime = WallTime {
    ms: 1_800_000_000_000,
};

/// The key of a person or node, the same in every run.
pub(crate) fn key(name: &str) -> SigningKey {
    let mut seed = [0; 32];
    seed.iter_mut()
        .zip(name.bytes())
        .for_each(|(to, from)| *to = from);
    SigningKey::from_bytes(&seed)
}

/// A person's public key, as OpenSSH writes it.
pub(crate) fn ssh_line(name: &str) -> String {
    let key = SshKey::from(&key(name));
    format!("{} {name}", key.to_openssh().expect("encodes"))
}

/// A node's public key, as the roster has it.
pub(crate) fn hex_key(name: &str) -> String {
    hex::encode(key(name).verifying_key().to_bytes())
}

fn read(folder: &str) -> CharterFiles {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    CharterFiles::read(&path).expect("a charter folder")
}

/// A sound charter: its files, what is found in it, and the moment to check it for.
pub(crate) struct Sound {
    files: CharterFiles,
    now: WallTime,
    found: Vec<Finding>,
}

static TINY: LazyLock<Sound> = LazyLock::new(|| {
    let mut files = read("tests/corpus/tiny");
    for (file, keys, line) in [
        (
            "charter.toml",
            ["li", "wang", "zhao", "chen"],
            ssh_line as fn(&str) -> String,
        ),
        (
            "roster.toml",
            ["county", "township", "village", "neighbour"],
            hex_key,
        ),
    ] {
        for name in keys {
            replace(&mut files, file, &format!("<{name}>"), &line(name));
        }
    }
    let schema = schema_of(&files).expect("the words are good");
    files
        .files
        .insert("mesh.cedarschema".to_owned(), schema.into_bytes());
    sound(files, NOW)
});

static LINZE: LazyLock<Sound> = LazyLock::new(|| sound(read("../deploy/linze/charter"), NOW_LINZE));

fn sound(files: CharterFiles, now: WallTime) -> Sound {
    let found = check(&files, now);
    let error = |finding: &Finding| finding.severity == Severity::Error;
    assert!(
        !found.iter().any(error),
        "{}",
        render_all(&found, &files, false, crdt_model::text::Language::En)
    );
    Sound { files, now, found }
}

/// What `mesh-policy check` finds.
fn check(files: &CharterFiles, now: WallTime) -> Vec<Finding> {
    match CedarCharter::open(files) {
        Err(findings) => findings,
        Ok(charter) => {
            let all = Enumeration::of(&charter).expect("not too many");
            let mut findings = prove(&all).findings;
            findings.extend(lint(&all, files, now));
            findings
        }
    }
}

fn replace(files: &mut CharterFiles, file: &str, from: &str, to: &str) {
    let content = files.files.get_mut(file).expect("the file is there");
    let text = String::from_utf8(content.clone()).expect("it is text");
    assert!(text.contains(from), "`{from}` is not in {file}");
    *content = text.replacen(from, to, 1).into_bytes();
}

/// A sound charter with an edit.
#[derive(Clone)]
pub(crate) struct Draft {
    sound: &'static LazyLock<Sound>,
    pub(crate) files: CharterFiles,
    now: WallTime,
}

/// The smallest charter that has everything: two villages, their township and the county.
pub(crate) fn tiny() -> Draft {
    of(&TINY)
}

/// The charter of Linze County.
pub(crate) fn linze() -> Draft {
    of(&LINZE)
}

fn of(sound: &'static LazyLock<Sound>) -> Draft {
    Draft {
        sound,
        files: sound.files.clone(),
        now: sound.now,
    }
}

impl Draft {
    /// With a text replaced, where it first stands.
    pub(crate) fn with(mut self, file: &str, from: &str, to: &str) -> Self {
        replace(&mut self.files, file, from, to);
        self
    }

    /// With more at the end of a file, which need not be there yet.
    pub(crate) fn more(mut self, file: &str, more: impl AsRef<[u8]>) -> Self {
        let content = self.files.files.entry(file.to_owned()).or_default();
        content.extend_from_slice(more.as_ref());
        self
    }

    /// With another content of a file.
    pub(crate) fn file(mut self, file: &str, content: impl AsRef<[u8]>) -> Self {
        let content = content.as_ref().to_vec();
        self.files.files.insert(file.to_owned(), content);
        self
    }

    /// Without a file.
    pub(crate) fn without(mut self, file: &str) -> Self {
        self.files.files.remove(file).expect("the file is there");
        self
    }

    /// With one more rule, in a file of its own.
    pub(crate) fn rule(self, id: &str, body: &str) -> Self {
        self.more("rules/more.cedar", rule(id, body))
    }

    /// With the schema that its words and kinds give now.
    pub(crate) fn schema(self) -> Self {
        let schema = schema_of(&self.files).expect("the words are good");
        self.file("mesh.cedarschema", schema)
    }

    /// Checked at another moment.
    pub(crate) fn at(mut self, time: &str) -> Self {
        let time: jiff::Timestamp = time.parse().expect("a time");
        self.now = WallTime::from_ms(time.as_millisecond().try_into().expect("after 1970"));
        self
    }
}

/// A rule with id and reasons.
pub(crate) fn rule(id: &str, body: &str) -> String {
    format!("\n@id(\"{id}\")\n@reason(\"As an example.\")\n@reason_zh(\"示例。\")\n{body}\n")
}

impl Seen for Draft {
    /// What the edit brings, and how it ends.
    fn seen(&self) -> String {
        let known = |finding: &Finding| {
            let same = |other: &Finding| {
                (other.code, &other.file, &other.message)
                    == (finding.code, &finding.file, &finding.message)
            };
            self.sound.found.iter().any(same)
        };
        let mut found = check(&self.files, self.now);
        found.retain(|finding| !known(finding));
        let worst = found.iter().map(|finding| finding.severity).min();
        let ends = match worst {
            Some(Severity::Error) => "refused",
            Some(Severity::Warning) => "not to be signed like this",
            Some(Severity::Note) => "to be known",
            None => return String::new(),
        };
        format!(
            "{}\n{ends}\n",
            render_all(&found, &self.files, false, crdt_model::text::Language::En)
        )
    }
}
