//! The steps of those who make a charter: write its manifest, look at it, sign it. They work on a
//! folder, and they refuse early: nobody signs what is invalid, unchecked, or not what the manifest
//! says.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crdt_model::charter::Charter;
use crdt_model::ids::{CharterDigest, CharterVersion, NodeId};
use crdt_model::text;
use crdt_model::text::{Explain, Text};

use crate::deciding::charter::CedarCharter;
use crate::reading::files::{CharterFiles, FilesError};
use crate::reading::finding::Finding;
use crate::reading::head;
use crate::reading::kinds;
use crate::reading::schema;
use crate::review::prove::run_checks;
use crate::signing::adopt::{agree_with, of_decisions};
use crate::signing::board::{Board, BoardError, BoardMember, Tally, read_signatures};
use crate::signing::bundle::{self, BundleError};
use crate::signing::key_files::{KeyFileError, read_private_key};
use crate::signing::manifest::{
    MANIFEST_PATH, Manifest, ManifestError, SIGNATURES_FOLDER, Sha256Sum, digest_of,
};
use crate::signing::refusal::{AdoptionRefused, no_keys};
use crate::signing::sshsig::{self, DetachedSignature, SIGNATURE_BYTES_MAX, SshKey, SshSigError};

/// Why a manifest or a signature was not written.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.text().en)]
pub enum SignError {
    /// The folder cannot be read.
    Files(#[from] FilesError),
    /// The folder cannot be written.
    Write {
        /// What was to be written.
        path: PathBuf,
        /// What the operating system said.
        problem: std::io::Error,
    },
    /// It does not parse or validate.
    Invalid(Vec<Finding>),
    /// The version before does not parse or validate.
    PreviousInvalid(Vec<Finding>),
    /// Its own checks do not hold.
    ChecksFail(Vec<Finding>),
    /// A path, a file or the manifest is not as it must be.
    Manifest(#[from] ManifestError),
    /// The manifest of the version before.
    PreviousManifest {
        /// Its folder.
        folder: PathBuf,
        /// What is wrong.
        problem: ManifestError,
    },
    /// The manifest does not say what the files say.
    Stale(AdoptionRefused),
    /// Version 1 follows none.
    FirstFollowsNone,
    /// A later version must say which one it follows.
    PreviousNeeded {
        /// The version.
        version: CharterVersion,
    },
    /// The folder named as the version before is not that.
    NotPrevious {
        /// The version of the charter.
        version: CharterVersion,
        /// The version of the charter named as the one before.
        previous: CharterVersion,
    },
    /// The folder named as the version before is of another county.
    OtherCounty {
        /// The county of the charter.
        county: NodeId,
        /// The county of the charter named as the one before.
        previous: NodeId,
    },
    /// No node has a key.
    Keyless,
    /// The reviewers cannot sign.
    Board(#[from] BoardError),
    /// The key is no reviewer's.
    NotReviewer {
        /// Fingerprint of the key.
        fingerprint: String,
    },
    /// The key is another reviewer's than the one named.
    OtherReviewer {
        /// The reviewer named.
        named: String,
        /// The reviewer whose key it is.
        found: String,
    },
    /// The key file cannot be used.
    Key(#[from] KeyFileError),
    /// The signature could not be made.
    Signature(#[from] SshSigError),
    /// The charter does not fit the wire.
    Bundle(#[from] BundleError),
}

impl Explain for SignError {
    fn text(&self) -> Text {
        match self {
            Self::Files(problem) => problem.text(),
            Self::Write { path, problem } => {
                let path = path.display();
                text!(problem; "写不了 `{path}`：{problem}", "cannot write `{path}`: {problem}")
            }
            Self::Invalid(findings) => text!(
                "章程有 {} 个问题；请用 `mesh-policy check` 查看",
                "the charter has {} findings; see them with `mesh-policy check`",
                findings.len()
            ),
            Self::PreviousInvalid(findings) => text!(
                "上一版章程有 {} 个问题；请用 `mesh-policy check` 查看",
                "the previous version has {} findings; see them with `mesh-policy check`",
                findings.len()
            ),
            Self::ChecksFail(findings) => text!(
                "章程自带的检查有 {} 项未通过；请用 `mesh-policy check` 查看",
                "{} of the charter's checks do not hold; see them with `mesh-policy check`",
                findings.len()
            ),
            Self::Manifest(problem) => problem.text(),
            Self::PreviousManifest { folder, problem } => {
                let folder = folder.display();
                text!(
                    problem;
                    "`{folder}` 中的上一版：{problem}",
                    "the previous version in `{folder}`: {problem}"
                )
            }
            Self::Stale(why) => why.text(),
            Self::FirstFollowsNone => text!(
                "第 1 版没有上一版；请去掉 `--previous`，或在 `charter.toml` 中改大 `version`",
                "version 1 follows no other; leave `--previous` out, or raise `version` in `charter.toml`"
            ),
            Self::PreviousNeeded { version } => previous_needed(*version),
            Self::NotPrevious { version, previous } => not_previous(*version, *previous),
            Self::OtherCounty { county, previous } => text!(
                "上一版属于县 {previous}，这一版属于县 {county}",
                "the previous version governs county {previous}, and this one {county}"
            ),
            Self::Keyless => no_keys(),
            Self::Board(problem) => problem.text(),
            Self::NotReviewer { fingerprint } => not_reviewer(fingerprint),
            Self::OtherReviewer { named, found } => other_reviewer(named, found),
            Self::Key(problem) => problem.text(),
            Self::Signature(problem) => problem.text(),
            Self::Bundle(problem) => problem.text(),
        }
    }
}

fn previous_needed(version: CharterVersion) -> Text {
    let before = version.0.saturating_sub(1);
    text!(
        "第 {version} 版的上一版是第 {before} 版；请用 `--previous` 给出它的目录",
        "version {version} follows version {before}; name its folder with `--previous`"
    )
}

fn not_previous(version: CharterVersion, previous: CharterVersion) -> Text {
    let before = version.0.saturating_sub(1);
    text!(
        "给出的上一版目录中是第 {previous} 版，而第 {version} 版的上一版应是第 {before} 版",
        "the folder of the previous version holds version {previous}, where version {version} \
         follows version {before}"
    )
}

fn not_reviewer(fingerprint: &str) -> Text {
    text!(
        "密钥 `{fingerprint}` 不是审核人的：`charter.toml` 和上一版都没有列出；请用列出的密钥签名，\
         或用 `--previous` 给出上一版的目录",
        "the key {fingerprint} is no reviewer's, neither in `charter.toml` nor of the previous \
         version; sign with a listed key, or name the previous version's folder with `--previous`"
    )
}

fn other_reviewer(named: &str, found: &str) -> Text {
    text!(
        "这是审核人 `{found}` 的密钥，不是 `{named}` 的；请用 `{named}` 的密钥签名",
        "the key is that of reviewer `{found}` and not of `{named}`; sign with the key of `{named}`"
    )
}

/// A manifest that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenManifest {
    /// The manifest.
    pub manifest: Manifest,
    /// Its digest, which is the charter's.
    pub digest: CharterDigest,
    /// Whether it differs from the one that was there.
    pub changed: bool,
    /// Signatures over the one that was there, which were removed.
    pub removed: Vec<String>,
}

/// A signature that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenSignature {
    /// Whose it is.
    pub reviewer: String,
    /// Its path within the charter.
    pub path: String,
    /// Digest of the charter that was signed.
    pub digest: CharterDigest,
    /// The version that was signed.
    pub version: CharterVersion,
}

/// Writes `mesh.cedarschema` of a charter folder as `charter.toml` and `kinds/` give it, and says
/// whether that changed it. What else is wrong with the charter does not matter here.
pub fn write_schema(folder: &Path) -> Result<bool, SignError> {
    let files = CharterFiles::read(folder)?;
    let text = schema_of(&files)?;
    let changed = files.files.get(schema::FILE).map(Vec::as_slice) != Some(text.as_bytes());
    if changed {
        write_whole(&folder.join(schema::FILE), text.as_bytes())?;
    }
    Ok(changed)
}

/// The text of `mesh.cedarschema` as `charter.toml` and `kinds/` give it.
pub fn schema_of(files: &CharterFiles) -> Result<String, SignError> {
    let mut findings = Vec::new();
    let head = head::read(files, &mut findings);
    let kinds = kinds::read(files, head.as_ref(), &mut findings);
    match (head, kinds) {
        (Some(head), Some(kinds)) => Ok(schema::schema_text(&head, &kinds)),
        _ => Err(SignError::Invalid(findings)),
    }
}

/// Writes the manifest of a charter folder, if the charter is valid. `previous` is the folder of
/// the version before; a manifest that is there already and names one need not be told again.
///
/// Signatures over another manifest prove nothing about this one, so they are removed when it
/// changes. A manifest that is right already is left as it is, and so are its signatures.
pub fn write_manifest(
    folder: &Path,
    previous: Option<&Path>,
) -> Result<WrittenManifest, SignError> {
    let files = CharterFiles::read(folder)?;
    let charter = CedarCharter::open(&files).map_err(SignError::Invalid)?;
    let manifest = Manifest {
        county: charter.county(),
        version: charter.version(),
        earlier: earlier_digests(&files, &charter, previous)?,
        validity: charter.validity(),
        decisions: Sha256Sum(charter.decision_digest()),
        files: Manifest::list(&files)?,
    };
    let text = manifest.encode()?;
    let digest = digest_of(text.as_bytes());
    let changed = files.files.get(MANIFEST_PATH).map(Vec::as_slice) != Some(text.as_bytes());
    let mut removed = Vec::new();
    if changed {
        // First the signatures: whatever breaks off, none is left beside a manifest it is not over.
        for path in files
            .files
            .keys()
            .filter(|path| path.starts_with(SIGNATURES_FOLDER))
        {
            let file = folder.join(path);
            std::fs::remove_file(&file).map_err(|problem| SignError::Write {
                path: file,
                problem,
            })?;
            removed.push(path.clone());
        }
        write_whole(&folder.join(MANIFEST_PATH), text.as_bytes())?;
    }
    Ok(WrittenManifest {
        manifest,
        digest,
        changed,
        removed,
    })
}

/// The digests that a charter's manifest lists as those of all versions before, the newest first.
fn earlier_digests(
    files: &CharterFiles,
    charter: &CedarCharter,
    previous: Option<&Path>,
) -> Result<Vec<CharterDigest>, SignError> {
    let version = charter.version();
    match (version.0, previous) {
        (1, None) => Ok(Vec::new()),
        (1, Some(_)) => Err(SignError::FirstFollowsNone),
        (_, Some(previous)) => {
            let folder = previous;
            let previous = Manifest::of(&CharterFiles::read(folder)?);
            let previous = previous.map_err(|problem| SignError::PreviousManifest {
                folder: folder.to_owned(),
                problem,
            })?;
            if previous.version.0.saturating_add(1) != version.0 {
                return Err(SignError::NotPrevious {
                    version,
                    previous: previous.version,
                });
            }
            if previous.county != charter.county() {
                let county = charter.county();
                return Err(SignError::OtherCounty {
                    county,
                    previous: previous.county,
                });
            }
            let digest = previous.digest()?;
            Ok([&[digest], previous.earlier.as_slice()].concat())
        }
        (_, None) => {
            let named = Manifest::of(files)
                .ok()
                .filter(|manifest| manifest.version == version);
            named
                .map(|manifest| manifest.earlier)
                .ok_or(SignError::PreviousNeeded { version })
        }
    }
}

/// Checks that a charter folder is ready to be signed: valid, its checks hold, some node has a key,
/// and the manifest is there and says exactly what the files say.
pub fn check_ready(files: &CharterFiles) -> Result<(CedarCharter, Manifest), SignError> {
    let manifest = Manifest::of(files)?;
    manifest.check_files(files)?;
    let charter = CedarCharter::open_with_log(files, manifest.digest()?, &manifest.earlier)
        .map_err(SignError::Invalid)?;
    agree_with(&manifest, &charter).map_err(SignError::Stale)?;
    if manifest.decisions != Sha256Sum(charter.decision_digest()) {
        return Err(SignError::Stale(AdoptionRefused::Disagrees {
            what: of_decisions(),
            manifest: manifest.decisions.to_string(),
            charter: Sha256Sum(charter.decision_digest()).to_string(),
        }));
    }
    if !charter.has_keys() {
        return Err(SignError::Keyless);
    }
    let findings = run_checks(&charter);
    if !findings.is_empty() {
        return Err(SignError::ChecksFail(findings));
    }
    bundle::encode(files)?;
    Ok((charter, manifest))
}

/// Signs a charter folder that is ready for it (see [`check_ready`]). The manifest is never written
/// here: what a reviewer signs is what they could look at before.
///
/// The reviewer is the one whose key it is, in the charter itself or in `previous`, the folder of
/// the version before: a reviewer who leaves still signs the version they leave with. Where a name
/// is given, the key must be that reviewer's.
pub fn sign(
    folder: &Path,
    key_file: &Path,
    reviewer: Option<&str>,
    previous: Option<&Path>,
) -> Result<WrittenSignature, SignError> {
    let files = CharterFiles::read(folder)?;
    let (charter, manifest) = check_ready(&files)?;
    let signing = read_private_key(key_file)?;
    let member = find_member(&charter, previous, &SshKey::from(&signing), reviewer)?;
    let signature = sshsig::sign(&signing, manifest.encode()?.as_bytes())?;
    put_signature(folder, files, &manifest, member, signature.into_bytes())
}

/// Adds a signature that was made elsewhere, as `ssh-keygen -Y sign` does with keys that have a
/// passphrase, are in an agent or on a security key. Otherwise as [`sign`].
pub fn add_signature(
    folder: &Path,
    signature_file: &Path,
    reviewer: Option<&str>,
    previous: Option<&Path>,
) -> Result<WrittenSignature, SignError> {
    let files = CharterFiles::read(folder)?;
    let (charter, manifest) = check_ready(&files)?;
    let text = read_signature_file(signature_file)?;
    let signature = DetachedSignature::parse(&text)?;
    signature.verify(signature.key(), manifest.encode()?.as_bytes())?;
    let member = find_member(&charter, previous, signature.key(), reviewer)?;
    put_signature(folder, files, &manifest, member, text)
}

fn read_signature_file(path: &Path) -> Result<Vec<u8>, SignError> {
    let fault = |problem| KeyFileError::File {
        path: path.to_owned(),
        problem,
    };
    let file = std::fs::File::open(path).map_err(fault)?;
    let mut text = Vec::new();
    // One byte more than allowed, so that a longer file is seen to be one.
    let bytes_max = SIGNATURE_BYTES_MAX as u64 + 1;
    file.take(bytes_max).read_to_end(&mut text).map_err(fault)?;
    Ok(text)
}

fn put_signature(
    folder: &Path,
    mut files: CharterFiles,
    manifest: &Manifest,
    member: BoardMember,
    signature: Vec<u8>,
) -> Result<WrittenSignature, SignError> {
    files.files.insert(member.path.clone(), signature.clone());
    bundle::encode(&files)?;
    write_whole(&folder.join(&member.path), &signature)?;
    Ok(WrittenSignature {
        reviewer: member.name,
        path: member.path,
        digest: manifest.digest()?,
        version: manifest.version,
    })
}

/// Who of a charter's own reviewers has signed it, and how many must.
pub fn signed_by(folder: &Path) -> Result<Tally, SignError> {
    let files = CharterFiles::read(folder)?;
    let charter = CedarCharter::open(&files).map_err(SignError::Invalid)?;
    let manifest = files
        .files
        .get(MANIFEST_PATH)
        .map_or(&[][..], Vec::as_slice);
    let good: Vec<_> = read_signatures(&files, manifest)
        .into_iter()
        .flatten()
        .collect();
    Ok(Board::of(&charter)?.count(&good))
}

/// The reviewer whose key it is, who must be the one named, where one is.
fn find_member(
    charter: &CedarCharter,
    previous: Option<&Path>,
    key: &SshKey,
    named: Option<&str>,
) -> Result<BoardMember, SignError> {
    let mut found = Board::of(charter)?.member(key).cloned();
    if let (None, Some(previous)) = (&found, previous) {
        let files = CharterFiles::read(previous)?;
        let previous = CedarCharter::open(&files).map_err(SignError::PreviousInvalid)?;
        found = Board::of(&previous)?.member(key).cloned();
        let holders = previous.head().recovery.iter().flat_map(|one| &one.holder);
        let holders = holders.map(|holder| (holder.name.as_str(), holder.key.as_str()));
        found = found.or_else(|| Board::new(holders, 1).ok()?.member(key).cloned());
    }
    let Some(member) = found else {
        return Err(SignError::NotReviewer {
            fingerprint: key.fingerprint(),
        });
    };
    match named.filter(|named| *named != member.name) {
        Some(named) => Err(SignError::OtherReviewer {
            named: named.to_owned(),
            found: member.name,
        }),
        None => Ok(member),
    }
}

/// Writes a file whole or not at all: beside it first, then into its place.
pub fn write_whole(path: &Path, content: &[u8]) -> Result<(), SignError> {
    let fault = |problem| SignError::Write {
        path: path.to_owned(),
        problem,
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(fault)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.new"));
    let written = std::fs::File::create(&beside)
        .and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        // The error that matters is the one already there.
        let _ = std::fs::remove_file(&beside);
    }
    written.map_err(fault)
}
