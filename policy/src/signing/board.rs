//! The reviewers of one charter version, and who of them signed a manifest.
//!
//! Keys are counted, never names or files: two files made with one key are one signature. A file
//! under `signatures/` that is no good signature over the manifest refuses the whole charter; one
//! that is good but of a key that nobody asked about is for the caller to judge.

use std::collections::{BTreeMap, BTreeSet};

use crdt_model::ids::{Name, PublicKey};
use crdt_model::text;
use crdt_model::text::{Explain, Text};

use crate::deciding::charter::CedarCharter;
use crate::reading::files::CharterFiles;
use crate::signing::manifest::SIGNATURES_FOLDER;
use crate::signing::sshsig::{DetachedSignature, SshKey, SshKeyError, SshSigError};

/// The reviewers of one charter version and how many of them must sign.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Board {
    /// By key, so that a key can be listed only once.
    members: BTreeMap<PublicKey, BoardMember>,
    threshold: usize,
}

/// One reviewer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BoardMember {
    /// What people call them.
    pub name: String,
    /// Their public key.
    pub key: SshKey,
    /// The path of their signature within the charter.
    pub path: String,
}

/// Why a charter's reviewers cannot sign anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text().en)]
pub enum BoardError {
    /// It lists none.
    Empty,
    /// A key that cannot sign charters.
    Key {
        /// The reviewer.
        reviewer: String,
        /// What is wrong.
        problem: SshKeyError,
    },
    /// Two reviewers who cannot be told apart.
    Twice {
        /// The first.
        one: String,
        /// The second.
        other: String,
    },
    /// A threshold of none, or of more than there are.
    Threshold {
        /// As given.
        threshold: usize,
        /// How many reviewers there are.
        reviewers: usize,
    },
}

impl Explain for BoardError {
    fn text(&self) -> Text {
        match self {
            Self::Empty => text!(
                "`charter.toml` 没有列出审核人；请为每名审核人加一段 `[[reviewer]]`，写明 `name` 和 `key`\
                 （`mesh-policy keys` 可以生成密钥）",
                "`charter.toml` lists no reviewers; add a `[[reviewer]]` with `name` and `key` for each \
                 of them (`mesh-policy keys` makes keys)"
            ),
            Self::Key { reviewer, problem } => text!(
                problem;
                "`charter.toml` 中审核人 `{reviewer}` 的公钥：{problem}",
                "the key of reviewer `{reviewer}` in `charter.toml`: {problem}"
            ),
            Self::Twice { one, other } => text!(
                "`charter.toml` 中审核人 `{one}` 与 `{other}` 的公钥或姓名相同；每人须有自己的",
                "reviewers `{one}` and `{other}` in `charter.toml` have the same key or name; each \
                 needs their own"
            ),
            Self::Threshold {
                threshold,
                reviewers,
            } => text!(
                "`charter.toml` 中须签名人数 {threshold} 与审核人 {reviewers} 名不符；至少 1 人，最多不超过审核人数",
                "threshold {threshold} in `charter.toml` does not fit {reviewers} reviewers; it is at \
                 least 1 and at most their number"
            ),
        }
    }
}

/// A signature that verifies over the manifest, by whomever.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GoodSignature {
    /// Its path within the charter.
    pub path: String,
    /// The key that made it.
    pub key: SshKey,
}

/// Why a file under `signatures/` does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text().en)]
pub enum SignatureFault {
    /// Something that is no signature file.
    Misplaced {
        /// Its path.
        path: String,
    },
    /// It proves nothing about this manifest.
    Bad {
        /// Its path.
        path: String,
        /// What is wrong.
        problem: SshSigError,
    },
    /// A good signature with a key that is not listed.
    Unknown {
        /// Its path.
        path: String,
        /// The key's fingerprint.
        fingerprint: String,
    },
    /// A good signature of a reviewer, under another name.
    Misnamed {
        /// Its path.
        path: String,
        /// Whose key it is.
        reviewer: String,
        /// Where it belongs.
        needed: String,
    },
}

impl Explain for SignatureFault {
    fn text(&self) -> Text {
        match self {
            Self::Misplaced { path } => text!(
                "`{path}` 不是审核人的签名文件；这里只放 `<reviewer>.sig`；请移走",
                "`{path}` has no place among the signatures; only `<reviewer>.sig` has; remove it"
            ),
            Self::Bad { path, problem } => text!(
                problem;
                "`{path}`：{problem}",
                "`{path}`: {problem}"
            ),
            Self::Unknown { path, fingerprint } => text!(
                "`{path}` 所用的密钥 `{fingerprint}` 不是任何一名审核人的；请用列出的密钥签名，或移走这个文件",
                "`{path}` was made with the key {fingerprint}, which is no listed reviewer's; sign with \
                 the listed key, or remove the file"
            ),
            Self::Misnamed {
                path,
                reviewer,
                needed,
            } => text!(
                "`{path}` 是用审核人 `{reviewer}` 的密钥签的，应放在 `{needed}`；请改名或移走",
                "`{path}` was made with the key of `{reviewer}`; it belongs in `{needed}`: rename or \
                 remove it"
            ),
        }
    }
}

/// Who of a board signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tally {
    /// Names of the reviewers whose signature counts.
    pub signers: Vec<String>,
    /// How many are needed.
    pub needed: usize,
    /// Good signatures that do not count for this board.
    pub others: Vec<SignatureFault>,
}

impl Tally {
    /// Whether enough of them signed.
    pub fn reached(&self) -> bool {
        self.signers.len() >= self.needed
    }
}

impl Board {
    /// The reviewers that a charter lists.
    pub fn of(charter: &CedarCharter) -> Result<Self, BoardError> {
        let listed = charter.reviewers().iter();
        Self::new(
            listed.map(|reviewer| (reviewer.name.as_str(), reviewer.key.as_str())),
            charter.threshold(),
        )
    }

    /// A board of these names and OpenSSH keys.
    pub fn new<'a>(
        reviewers: impl IntoIterator<Item = (&'a str, &'a str)>,
        threshold: usize,
    ) -> Result<Self, BoardError> {
        let mut members: BTreeMap<PublicKey, BoardMember> = BTreeMap::new();
        for (name, key) in reviewers {
            let reviewer = name.to_owned();
            let key = SshKey::parse(key).map_err(|problem| BoardError::Key {
                reviewer: reviewer.clone(),
                problem,
            })?;
            let path = signature_path(name, &key);
            let clash =
                |other: &&BoardMember| other.path == path || other.key.point() == key.point();
            if let Some(one) = members.values().find(clash) {
                return Err(BoardError::Twice {
                    one: one.name.clone(),
                    other: reviewer,
                });
            }
            members.insert(
                key.point(),
                BoardMember {
                    name: reviewer,
                    key,
                    path,
                },
            );
        }
        match members.len() {
            0 => Err(BoardError::Empty),
            reviewers if threshold == 0 || threshold > reviewers => Err(BoardError::Threshold {
                threshold,
                reviewers,
            }),
            _ => Ok(Self { members, threshold }),
        }
    }

    /// Its members, in the order of their keys.
    pub fn members(&self) -> impl Iterator<Item = &BoardMember> {
        self.members.values()
    }

    /// How many must sign.
    pub fn threshold(&self) -> usize {
        self.threshold
    }

    /// The member with this key.
    pub fn member(&self, key: &SshKey) -> Option<&BoardMember> {
        self.members
            .get(&key.point())
            .filter(|member| member.key == *key)
    }

    /// Counts the keys of this board among good signatures.
    pub fn count(&self, signatures: &[GoodSignature]) -> Tally {
        let mut counted = BTreeSet::new();
        let mut tally = Tally {
            signers: Vec::new(),
            needed: self.threshold,
            others: Vec::new(),
        };
        for GoodSignature { path, key } in signatures {
            match self.member(key) {
                Some(member) if member.path == *path => {
                    if counted.insert(key.point()) {
                        tally.signers.push(member.name.clone());
                    }
                }
                Some(member) => tally.others.push(SignatureFault::Misnamed {
                    path: path.clone(),
                    reviewer: member.name.clone(),
                    needed: member.path.clone(),
                }),
                None => tally.others.push(SignatureFault::Unknown {
                    path: path.clone(),
                    fingerprint: key.fingerprint(),
                }),
            }
        }
        tally
    }
}

/// The path of a reviewer's signature: `signatures/<name>.sig` where the name is one that files can
/// have everywhere (see [`Name`]), otherwise the first 16 hexadecimal digits of the key.
pub fn signature_path(reviewer: &str, key: &SshKey) -> String {
    match Name::new(reviewer) {
        Ok(name) if !name.as_str().ends_with('.') => format!("{SIGNATURES_FOLDER}{name}.sig"),
        _ => {
            let point = key.point().to_string();
            format!(
                "{SIGNATURES_FOLDER}{}.sig",
                point.get(..16).unwrap_or(&point)
            )
        }
    }
}

/// Every file under `signatures/`, with what it is worth over these manifest bytes.
pub fn read_signatures(
    files: &CharterFiles,
    manifest: &[u8],
) -> Vec<Result<GoodSignature, SignatureFault>> {
    let within = files.files.range(SIGNATURES_FOLDER.to_owned()..);
    within
        .take_while(|(path, _)| path.starts_with(SIGNATURES_FOLDER))
        .map(|(path, content)| read_signature(path, content, manifest))
        .collect()
}

fn read_signature(
    path: &str,
    content: &[u8],
    manifest: &[u8],
) -> Result<GoodSignature, SignatureFault> {
    let stem = path
        .strip_prefix(SIGNATURES_FOLDER)
        .and_then(|name| name.strip_suffix(".sig"));
    if !stem.is_some_and(|stem| !stem.is_empty() && !stem.contains('/')) {
        return Err(SignatureFault::Misplaced {
            path: path.to_owned(),
        });
    }
    let bad = |problem| SignatureFault::Bad {
        path: path.to_owned(),
        problem,
    };
    let signature = DetachedSignature::parse(content).map_err(bad)?;
    signature.verify(signature.key(), manifest).map_err(bad)?;
    Ok(GoodSignature {
        path: path.to_owned(),
        key: signature.key().clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signing::sshsig::sign;
    use ed25519_dalek::SigningKey;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn line(seed: u8) -> String {
        SshKey::from(&key(seed)).to_openssh().expect("encodes")
    }

    fn board(list: &[(&str, u8)], threshold: usize) -> Result<Board, BoardError> {
        let lines: Vec<_> = list
            .iter()
            .map(|(name, seed)| (*name, line(*seed)))
            .collect();
        Board::new(
            lines.iter().map(|(name, line)| (*name, line.as_str())),
            threshold,
        )
    }

    fn signatures(list: &[(&str, u8)]) -> Vec<Result<GoodSignature, SignatureFault>> {
        let mut files = CharterFiles::default();
        for (path, seed) in list {
            let text = sign(&key(*seed), b"manifest").expect("signs");
            files
                .files
                .insert(format!("signatures/{path}"), text.into_bytes());
        }
        read_signatures(&files, b"manifest")
    }

    fn good(list: &[(&str, u8)]) -> Vec<GoodSignature> {
        signatures(list)
            .into_iter()
            .collect::<Result<_, _>>()
            .expect("good signatures")
    }

    #[test]
    fn keys_are_counted_and_not_files() {
        let board = board(&[("li", 1), ("wang", 2), ("李娜", 3)], 2).expect("a board");
        assert!(
            board
                .count(&good(&[("li.sig", 1), ("wang.sig", 2)]))
                .reached()
        );
        let by_key = format!("{}.sig", &SshKey::from(&key(3)).point().to_string()[..16]);
        assert!(board.count(&good(&[("li.sig", 1), (&by_key, 3)])).reached());
        let twice = board.count(&good(&[("li.sig", 1), ("li2.sig", 1), ("wang.sig", 1)]));
        assert_eq!(twice.signers, ["li"]);
        assert!(!twice.reached());
        assert!(matches!(
            twice.others.as_slice(),
            [SignatureFault::Misnamed { .. }, _]
        ));
        let unknown = board.count(&good(&[("li.sig", 1), ("wang.sig", 9)]));
        assert!(!unknown.reached());
        assert!(matches!(
            unknown.others.as_slice(),
            [SignatureFault::Unknown { .. }]
        ));
    }

    #[test]
    fn files_that_are_no_good_signature_are_faults() {
        assert!(matches!(
            signatures(&[("notes.txt", 1), ("deep/li.sig", 1), (".sig", 1)]).as_slice(),
            [
                Err(SignatureFault::Misplaced { .. }),
                Err(SignatureFault::Misplaced { .. }),
                Err(SignatureFault::Misplaced { .. })
            ]
        ));
        let mut files = CharterFiles::default();
        let over_another = sign(&key(1), b"another manifest").expect("signs");
        files
            .files
            .insert("signatures/li.sig".into(), over_another.into_bytes());
        assert!(matches!(
            read_signatures(&files, b"manifest").as_slice(),
            [Err(SignatureFault::Bad {
                problem: SshSigError::Mismatch,
                ..
            })]
        ));
    }

    #[test]
    fn boards_that_cannot_sign_are_refused() {
        assert_eq!(board(&[], 1), Err(BoardError::Empty));
        assert!(matches!(
            board(&[("a", 1)], 0),
            Err(BoardError::Threshold { .. })
        ));
        assert!(matches!(
            board(&[("a", 1)], 2),
            Err(BoardError::Threshold { .. })
        ));
        assert!(matches!(
            board(&[("a", 1), ("b", 1)], 1),
            Err(BoardError::Twice { .. })
        ));
        assert!(matches!(
            board(&[("a", 1), ("a", 2)], 1),
            Err(BoardError::Twice { .. })
        ));
        assert!(matches!(
            Board::new([("a", "x")], 1),
            Err(BoardError::Key { .. })
        ));
    }
}
