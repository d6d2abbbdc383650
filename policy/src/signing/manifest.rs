//! The manifest: what reviewers sign. One short text that names every other file of the charter by
//! its hash, and says which version this is, which ones came before it, for how long it holds and
//! what all its rules together decide. Whoever holds the newest manifest holds the whole log of
//! charters: one digest for every version that there ever was.
//!
//! ```text
//! countymesh charter manifest 1
//! county 620723000000
//! version 3
//! previous 5a0f…           (64 hexadecimal digits: version 2)
//! previous 88e1…           (version 1: one line for every earlier version, the newest first;
//!                           version 1 has the one line `previous none`)
//! from 2026-11-01T00:00:00Z
//! until 2027-11-01T00:00:00Z
//! decisions 77c1…          (digest of all decisions)
//!
//! 0b3e…  charter.toml      (as `sha256sum` writes them, sorted by path)
//! 91d2…  kinds/case.toml
//! ```
//!
//! There is exactly one text for one content: whatever is not byte for byte what [`Manifest::encode`]
//! writes is refused. The manifest itself and the files under `signatures/` are not listed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crdt_model::charter::Validity;
use crdt_model::ids::{CharterDigest, CharterVersion, NodeId};
use crdt_model::limits::{CHARTER_FILES_MAX, CHARTER_VERSIONS_MAX};
use crdt_model::text;
use crdt_model::text::{Explain, Text};
use sha2::{Digest, Sha256};

use crate::reading::files::CharterFiles;
use crate::signing::manifest_text;
pub use crate::signing::manifest_text::{date, moment};

/// The manifest's path within the charter.
pub const MANIFEST_PATH: &str = "manifest";
/// Where signatures stand within the charter.
pub const SIGNATURES_FOLDER: &str = "signatures/";
/// Bytes of one path within a charter.
pub const PATH_BYTES_MAX: usize = 128;

/// A SHA-256 digest, shown in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256Sum(pub [u8; 32]);

impl Sha256Sum {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl std::fmt::Display for Sha256Sum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl std::fmt::Debug for Sha256Sum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sha256Sum({self})")
    }
}

/// A charter's manifest, parsed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Manifest {
    /// The county that the charter governs.
    pub county: NodeId,
    /// The charter's version.
    pub version: CharterVersion,
    /// Digests of all earlier versions, the newest first; none for version 1 and only for it.
    pub earlier: Vec<CharterDigest>,
    /// From when until when it holds.
    pub validity: Validity,
    /// Digest of all decisions that its rules make.
    pub decisions: Sha256Sum,
    /// Every other file, by path.
    pub files: BTreeMap<String, Sha256Sum>,
}

/// Why a manifest cannot be read, or does not describe the files beside it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text().en)]
pub enum ManifestError {
    /// There is none.
    Missing,
    /// A line that is not what must stand there.
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: Text,
    },
    /// It says what it should, but not byte for byte as it should.
    NotCanonical,
    /// A path that files of a charter may not have.
    Path {
        /// The path as given, control characters escaped.
        path: String,
    },
    /// A listed file is not there.
    FileMissing {
        /// Its path.
        path: String,
    },
    /// A file is not what the manifest says.
    FileChanged {
        /// Its path.
        path: String,
        /// Its digest as the manifest has it.
        listed: Sha256Sum,
        /// Its digest as it is.
        found: Sha256Sum,
    },
    /// A file is not in the manifest.
    FileAdded {
        /// Its path.
        path: String,
    },
    /// A time that cannot be written as a date.
    Time {
        /// The time.
        ms: u64,
    },
}

impl Explain for ManifestError {
    fn text(&self) -> Text {
        match self {
            Self::Missing => text!(
                "章程还没有文件清单 `manifest`；请用 `mesh-policy manifest` 生成",
                "the charter has no `manifest`; write it with `mesh-policy manifest`"
            ),
            Self::Line { line, problem } => text!(
                problem;
                "文件清单 `manifest` 第 {line} 行：{problem}；请用 `mesh-policy manifest` 重新生成，不要手工修改",
                "`manifest` line {line}: {problem}; write it anew with `mesh-policy manifest`, never by \
                 hand"
            ),
            Self::NotCanonical => text!(
                "文件清单 `manifest` 的写法不合规定；请用 `mesh-policy manifest` 重新生成",
                "`manifest` is not in its one canonical form; write it anew with `mesh-policy manifest`"
            ),
            Self::Path { path } => text!(
                "章程文件的路径不能是 `{path}`：只能用 `a-z`、`A-Z`、`0-9`、`.`、`-`、`_`，每段都不以 `.` 开头，\
                 最多 {PATH_BYTES_MAX} 字节；请移走或改名",
                "`{path}` is not a path that a charter's file may have: parts of a-z, A-Z, 0-9, `.`, `-` \
                 and `_`, none starting with `.`, at most {PATH_BYTES_MAX} bytes; remove or rename the \
                 file"
            ),
            Self::FileMissing { path } => text!(
                "文件清单列有 `{path}`，目录中却没有；请重新获取整份章程",
                "`{path}` is listed in the manifest but is not there; get the whole charter again"
            ),
            Self::FileChanged { path, .. } => text!(
                "文件清单生成后 `{path}` 又有改动；请恢复原样，或用 `mesh-policy manifest` 重新生成，再请审核人签名",
                "`{path}` was changed after the manifest was written; undo the change, or run \
                 `mesh-policy manifest` and have reviewers sign again"
            ),
            Self::FileAdded { path } => text!(
                "`{path}` 不在文件清单中；请移走，或用 `mesh-policy manifest` 重新生成文件清单，再请审核人签名",
                "`{path}` is not in the manifest; remove it, or run `mesh-policy manifest` and have \
                 reviewers sign again"
            ),
            Self::Time { ms } => text!(
                "1970 年起第 {ms} 毫秒：文件清单写不下这个时间",
                "{ms} ms since 1970 is not a time that a manifest can hold"
            ),
        }
    }
}

impl Manifest {
    /// The manifest of these files. Paths that a charter may not have are refused.
    pub fn list(files: &CharterFiles) -> Result<BTreeMap<String, Sha256Sum>, ManifestError> {
        let mut listed = BTreeMap::new();
        for (path, content) in &files.files {
            check_path(path)?;
            if is_listed(path) {
                listed.insert(path.clone(), Sha256Sum::of(content));
            }
        }
        Ok(listed)
    }

    /// The manifest among these files.
    pub fn of(files: &CharterFiles) -> Result<Self, ManifestError> {
        let bytes = files
            .files
            .get(MANIFEST_PATH)
            .ok_or(ManifestError::Missing)?;
        Self::parse(bytes)
    }

    /// Reads a manifest, strictly: what does not encode to the same bytes is refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let manifest = manifest_text::parse(bytes)?;
        if manifest.encode()?.as_bytes() == bytes {
            Ok(manifest)
        } else {
            Err(ManifestError::NotCanonical)
        }
    }

    /// The one text of this manifest.
    pub fn encode(&self) -> Result<String, ManifestError> {
        let mut text = String::new();
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{}", manifest_text::FIRST_LINE);
        let _ = writeln!(text, "county {}", self.county);
        let _ = writeln!(text, "version {}", self.version);
        for digest in &self.earlier {
            let _ = writeln!(text, "previous {digest}");
        }
        if self.earlier.is_empty() {
            let _ = writeln!(text, "previous {}", manifest_text::NO_PREVIOUS);
        }
        let _ = writeln!(text, "from {}", date(self.validity.from)?);
        let _ = writeln!(text, "until {}", date(self.validity.until)?);
        let _ = writeln!(text, "decisions {}\n", self.decisions);
        for (path, digest) in &self.files {
            let _ = writeln!(text, "{digest}  {path}");
        }
        Ok(text)
    }

    /// Digest of the version before; none for version 1 and only for it.
    pub fn previous(&self) -> Option<CharterDigest> {
        self.earlier.first().copied()
    }

    /// The charter's digest: SHA-256 of the manifest's bytes.
    pub fn digest(&self) -> Result<CharterDigest, ManifestError> {
        Ok(digest_of(self.encode()?.as_bytes()))
    }

    /// Checks that exactly the listed files are there, with exactly the listed content.
    pub fn check_files(&self, files: &CharterFiles) -> Result<(), ManifestError> {
        let found = Self::list(files)?;
        for (path, listed) in &self.files {
            match found.get(path) {
                None => return Err(ManifestError::FileMissing { path: path.clone() }),
                Some(found) if found != listed => {
                    return Err(ManifestError::FileChanged {
                        path: path.clone(),
                        listed: *listed,
                        found: *found,
                    });
                }
                Some(_) => {}
            }
        }
        match found.keys().find(|path| !self.files.contains_key(*path)) {
            Some(path) => Err(ManifestError::FileAdded { path: path.clone() }),
            None => Ok(()),
        }
    }
}

/// The digest of a charter with these manifest bytes.
pub fn digest_of(manifest: &[u8]) -> CharterDigest {
    CharterDigest(Sha256Sum::of(manifest).0)
}

/// Whether the manifest lists the file at this path: all but itself and the signatures.
fn is_listed(path: &str) -> bool {
    path != MANIFEST_PATH && !path.starts_with(SIGNATURES_FOLDER)
}

/// Checks that a file of a charter may have this path.
pub(crate) fn check_path(path: &str) -> Result<(), ManifestError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let good_part =
        |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(plain);
    if path.len() <= PATH_BYTES_MAX && path.split('/').all(good_part) {
        Ok(())
    } else {
        let shown: String = path.chars().take(PATH_BYTES_MAX).collect();
        Err(ManifestError::Path {
            path: shown.escape_debug().to_string(),
        })
    }
}

// A manifest is itself a file of the charter; its longest text must leave room for the others.
const _: () = assert!(
    CHARTER_FILES_MAX * (64 + 2 + PATH_BYTES_MAX + 1)
        + CHARTER_VERSIONS_MAX * ("previous ".len() + 64 + 1)
        + 1024
        < crdt_model::limits::CHARTER_BYTES_MAX / 2
);

#[cfg(test)]
mod tests {
    use super::*;
    use crdt_model::time::WallTime;

    fn files(list: &[(&str, &str)]) -> CharterFiles {
        let pair = |(path, text): &(&str, &str)| ((*path).to_owned(), text.as_bytes().to_vec());
        CharterFiles {
            files: list.iter().map(pair).collect(),
        }
    }

    fn manifest() -> Manifest {
        let content = files(&[
            ("charter.toml", "x"),
            ("rules/a.cedar", ""),
            ("manifest", "old"),
        ]);
        Manifest {
            county: "620723000000".parse().expect("a node"),
            version: CharterVersion(3),
            earlier: vec![CharterDigest([7; 32]), CharterDigest([6; 32])],
            validity: Validity {
                from: WallTime::from_ms(1_793_491_200_000),
                until: WallTime::from_ms(1_825_027_200_001),
            },
            decisions: Sha256Sum([9; 32]),
            files: Manifest::list(&content).expect("good paths"),
        }
    }

    #[test]
    fn a_manifest_round_trips_and_its_digest_is_that_of_its_bytes() {
        let text = manifest().encode().expect("encodes");
        assert!(
            text.contains("\nfrom 2026-11-01T00:00:00Z\nuntil 2027-11-01T00:00:00.001Z\n"),
            "{text}"
        );
        assert!(!text.contains("  manifest"), "{text}");
        assert_eq!(Manifest::parse(text.as_bytes()), Ok(manifest()));
        assert_eq!(manifest().digest(), Ok(digest_of(text.as_bytes())));
    }

    #[test]
    fn any_other_text_is_refused() {
        let text = manifest().encode().expect("encodes");
        let others = [
            (
                "countymesh charter manifest 1",
                "countymesh charter manifest 2",
            ),
            ("county 620723000000", "county  620723000000"),
            ("version 3", "version 03"),
            ("version 3", "version +3"),
            ("version 3", "version 4"),
            ("version 3", "version 2"),
            ("version 3", "version 1"),
            ("version 3", "version 0"),
            ("version 3", "version 4097"),
            ("version 3", "version 18446744073709551615"),
            ("previous 0707", "previous 0708Z"),
            ("previous 0606", "previous none 06"),
            ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00.000Z"),
            ("2026-11-01T00:00:00Z", "2026-11-01T08:00:00+08:00"),
            ("2026-11-01T00:00:00Z", "2028-11-01T00:00:00Z"),
            ("decisions 09", "decisions 0"),
            ("  charter.toml", " charter.toml"),
            ("  charter.toml", "  zharter.toml"),
            ("  charter.toml", "  ../charter.toml"),
            ("  charter.toml", "  signatures/a.sig"),
            ("  charter.toml", "  manifest"),
            ("  charter.toml\n", "  charter.toml\r\n"),
            ("\n\n", "\n"),
        ];
        for (from, to) in others {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text, "{from}");
            assert!(
                Manifest::parse(changed.as_bytes()).is_err(),
                "{from} -> {to}"
            );
        }
        assert!(Manifest::parse(text.trim_end().as_bytes()).is_err());
        assert!(Manifest::parse(format!("{text}\n").as_bytes()).is_err());
        assert!(Manifest::parse(&[0xff]).is_err());
        assert!(Manifest::parse(b"").is_err());
    }

    #[test]
    fn files_changed_added_or_missing_are_told_apart() {
        let manifest = manifest();
        let check = |list| manifest.check_files(&files(list));
        let good: &[(&str, &str)] = &[
            ("charter.toml", "x"),
            ("rules/a.cedar", ""),
            ("signatures/a.sig", "s"),
        ];
        assert_eq!(check(good), Ok(()));
        assert!(matches!(
            check(&[("charter.toml", "y"), ("rules/a.cedar", "")]),
            Err(ManifestError::FileChanged { path, .. }) if path == "charter.toml"
        ));
        assert!(matches!(
            check(&[("charter.toml", "x")]),
            Err(ManifestError::FileMissing { path }) if path == "rules/a.cedar"
        ));
        assert!(matches!(
            check(&[("charter.toml", "x"), ("rules/a.cedar", ""), ("rules/b.cedar", "")]),
            Err(ManifestError::FileAdded { path }) if path == "rules/b.cedar"
        ));
    }

    #[test]
    fn paths_stay_within_the_charter() {
        for path in [
            "", "/a", "a/", "a//b", "../a", "a/./b", ".git", "a b", "a\nb", "例", "a~",
        ] {
            assert!(check_path(path).is_err(), "{path}");
        }
        assert!(check_path("rules/10-grid_up.cedar").is_ok());
    }
}
