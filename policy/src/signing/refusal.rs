//! Why a charter is not adopted, by cause, each with what to do next.

use std::fmt;

use crdt_model::ids::{CharterDigest, CharterVersion, NodeId};
use crdt_model::limits::{CHARTER_BYTES_MAX, CHARTER_FILES_MAX};
use crdt_model::time::WallTime;

use crate::reading::finding::Finding;
use crate::signing::board::{BoardError, SignatureFault, Tally};
use crate::signing::bundle::BundleError;
use crate::signing::manifest::ManifestError;
use crate::signing::manifest_text::date;

/// Why a charter is refused. The charter that was held before stays.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdoptionRefused {
    /// More, or more bytes, than a charter may have.
    #[error(
        "it has more than {CHARTER_FILES_MAX} files or {CHARTER_BYTES_MAX} bytes; get it from another node"
    )]
    TooLarge,
    /// Not the bytes of a charter.
    #[error("{0}")]
    Bundle(BundleError),
    /// The manifest, or a file that is not what the manifest says.
    #[error("{0}")]
    Manifest(ManifestError),
    /// The charter of another county.
    #[error("it governs county {offered} and not {ours}; offer this node its own county's charter")]
    OtherCounty {
        /// The county of the charter held.
        ours: NodeId,
        /// The county of the one offered.
        offered: NodeId,
    },
    /// The very charter that is held.
    #[error("version {version} is held already; there is nothing to do")]
    AlreadyHeld {
        /// The version.
        version: CharterVersion,
    },
    /// A version that was left behind.
    #[error("version {offered} is older than version {ours}, which is held; offer version {next}", next = .ours.0.saturating_add(1))]
    Older {
        /// The version held.
        ours: CharterVersion,
        /// The version offered.
        offered: CharterVersion,
    },
    /// Another charter with the number of the one held.
    #[error("{}", fork(*version, *ours, *offered, *signed))]
    Fork {
        /// The number that both have.
        version: CharterVersion,
        /// Digest of the one held.
        ours: CharterDigest,
        /// Digest of the one offered.
        offered: CharterDigest,
        /// Whether enough reviewers signed it: then somebody must be asked why.
        signed: bool,
    },
    /// Versions between the one held and the one offered are missing.
    #[error("version {offered} does not follow version {ours}, which is held; offer version {next} first", next = .ours.0.saturating_add(1))]
    Gap {
        /// The version held.
        ours: CharterVersion,
        /// The version offered.
        offered: CharterVersion,
    },
    /// The right number, but after another charter.
    #[error(
        "it follows {} and not {ours}, which is held; compare both with a reviewer: one of them \
         comes from a fork", follows.map_or("none".to_owned(), |digest| digest.to_string())
    )]
    NotSuccessor {
        /// Digest of the charter held.
        ours: CharterDigest,
        /// Digest of the charter that it says it follows.
        follows: Option<CharterDigest>,
    },
    /// After the right charter, but with another list of those before that.
    #[error(
        "version {version} lists other earlier versions than the one it follows; have its manifest \
         written anew with `mesh-policy manifest --previous DIR`, and reviewers sign again"
    )]
    OtherLog {
        /// The version offered.
        version: CharterVersion,
    },
    /// It has run out.
    #[error(
        "it expired at {}, and it is {} now; have reviewers sign a new version, or set this \
         machine's clock", shown(*until), shown(*now)
    )]
    Expired {
        /// Its last moment.
        until: WallTime,
        /// The time now.
        now: WallTime,
    },
    /// It does not hold yet.
    #[error(
        "it holds from {}, and it is {} now; offer it again then, or set this machine's clock",
        shown(*from), shown(*now)
    )]
    NotYet {
        /// Its first moment.
        from: WallTime,
        /// The time now.
        now: WallTime,
    },
    /// There is no signature at all.
    #[error("nobody has signed it; reviewers sign with `mesh-policy sign`")]
    Unsigned,
    /// A file among the signatures that does not belong there or proves nothing.
    #[error("{0}")]
    Signature(SignatureFault),
    /// Too few reviewers signed.
    #[error("{}", too_few(*whose, tally))]
    TooFew {
        /// Whose signatures are missing.
        whose: Whose,
        /// Who signed, and what else was found.
        tally: Tally,
    },
    /// Holders of sealed keys changed more than reviewers and dates.
    #[error(
        "`{path}` is another one: holders of recovery keys may change reviewers, threshold and dates, \
         and nothing else; let the new reviewers sign further changes as the version after"
    )]
    BeyondRecovery {
        /// The file.
        path: String,
    },
    /// The reviewers that it lists cannot sign anything.
    #[error("{0}")]
    Board(BoardError),
    /// It does not parse or validate.
    #[error("{}", invalid(.0))]
    Invalid(Vec<Finding>),
    /// No node has a key, so nobody could hold anything by it.
    #[error(
        "no node has a key in `roster.toml`; `mesh-node init` on each node shows it, and `mesh-policy \
         roster set` enters it"
    )]
    Keyless,
    /// The manifest says something else than the files.
    #[error(
        "{what} is {charter}, where the manifest says {manifest}; write the manifest anew with \
         `mesh-policy manifest` and have reviewers sign again"
    )]
    Disagrees {
        /// What differs.
        what: &'static str,
        /// As the manifest has it.
        manifest: String,
        /// As the files have it.
        charter: String,
    },
    /// Not the charter that was asked for.
    #[error(
        "its digest is {found}, where {expected} was expected; get the charter again from its reviewers"
    )]
    OtherDigest {
        /// As expected.
        expected: CharterDigest,
        /// As found.
        found: CharterDigest,
    },
}

impl AdoptionRefused {
    /// A stable name of the cause, for logs and programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge | Self::Bundle(BundleError::TooLarge { .. }) => "too-large",
            Self::Bundle(_) => "bad-bundle",
            Self::Manifest(ManifestError::Missing) => "no-manifest",
            Self::Manifest(ManifestError::FileMissing { .. }) => "file-missing",
            Self::Manifest(ManifestError::FileChanged { .. }) => "file-changed",
            Self::Manifest(ManifestError::FileAdded { .. }) => "file-added",
            Self::Manifest(_) => "bad-manifest",
            Self::OtherCounty { .. } => "other-county",
            Self::AlreadyHeld { .. } => "already-held",
            Self::Older { .. } => "older",
            Self::Fork { .. } => "fork",
            Self::Gap { .. } => "gap",
            Self::NotSuccessor { .. } => "not-successor",
            Self::OtherLog { .. } => "other-log",
            Self::Expired { .. } => "expired",
            Self::NotYet { .. } => "not-yet",
            Self::Unsigned => "unsigned",
            Self::Signature(_) => "bad-signature",
            Self::TooFew { .. } => "too-few-signatures",
            Self::BeyondRecovery { .. } => "beyond-recovery",
            Self::Board(_) => "bad-reviewers",
            Self::Invalid(_) => "invalid",
            Self::Keyless => "keyless",
            Self::Disagrees { .. } => "disagrees",
            Self::OtherDigest { .. } => "other-digest",
        }
    }

    /// Whether a person must be told at once: reviewers signed two charters with one number.
    pub fn is_alarm(&self) -> bool {
        matches!(self, Self::Fork { signed: true, .. })
    }
}

impl From<BoardError> for AdoptionRefused {
    fn from(error: BoardError) -> Self {
        Self::Board(error)
    }
}

impl From<BundleError> for AdoptionRefused {
    fn from(error: BundleError) -> Self {
        Self::Bundle(error)
    }
}

/// Whose signatures are counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Whose {
    /// The reviewers of the version before.
    Previous,
    /// The reviewers that the charter itself lists.
    Own,
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Previous => "the previous version's reviewers",
            Self::Own => "the reviewers it lists",
        })
    }
}

fn shown(time: WallTime) -> String {
    date(time).unwrap_or_else(|_| time.to_string())
}

fn fork(
    version: CharterVersion,
    ours: CharterDigest,
    offered: CharterDigest,
    signed: bool,
) -> String {
    let next = if signed {
        "reviewers signed both: ask them why, and let them sign one next version"
    } else {
        "it is not validly signed: report where it came from"
    };
    format!("it is a second version {version}, {offered}, beside {ours}, which is held; {next}")
}

fn too_few(whose: Whose, tally: &Tally) -> String {
    let Tally {
        signers,
        needed,
        others,
    } = tally;
    let names: String = signers.iter().map(|name| format!(" `{name}`")).collect();
    let mut text = format!(
        "{} of {whose} signed it{}{names}, where {needed} are needed",
        signers.len(),
        if signers.is_empty() { "" } else { ":" },
    );
    for other in others {
        text.push_str(&format!("; {other}"));
    }
    text.push_str("; more of them sign with `mesh-policy sign`");
    text
}

fn invalid(findings: &[Finding]) -> String {
    let first = findings
        .first()
        .map_or(String::new(), |first| format!(", first {first}"));
    let count = match findings.len() {
        1 => "1 finding".to_owned(),
        count => format!("{count} findings"),
    };
    format!("it is not valid: {count}{first}; see all of them with `mesh-policy check`")
}
