//! Why a charter is not adopted, by cause, each with what to do next.

use crdt_model::ids::{CharterDigest, CharterVersion, NodeId};
use crdt_model::limits::{CHARTER_BYTES_MAX, CHARTER_FILES_MAX};
use crdt_model::text;
use crdt_model::text::{Explain, Text};
use crdt_model::time::WallTime;

use crate::reading::finding::Finding;
use crate::signing::board::{BoardError, SignatureFault, Tally};
use crate::signing::bundle::BundleError;
use crate::signing::manifest::ManifestError;
use crate::signing::manifest_text::moment;

/// Why a charter is refused. The charter that was held before stays.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text().en)]
pub enum AdoptionRefused {
    /// More, or more bytes, than a charter may have.
    TooLarge,
    /// Not the bytes of a charter.
    Bundle(BundleError),
    /// The manifest, or a file that is not what the manifest says.
    Manifest(ManifestError),
    /// The charter of another county.
    OtherCounty {
        /// The county of the charter held.
        ours: NodeId,
        /// The county of the one offered.
        offered: NodeId,
    },
    /// The very charter that is held.
    AlreadyHeld {
        /// The version.
        version: CharterVersion,
    },
    /// A version that was left behind.
    Older {
        /// The version held.
        ours: CharterVersion,
        /// The version offered.
        offered: CharterVersion,
    },
    /// Another charter with the number of the one held.
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
    Gap {
        /// The version held.
        ours: CharterVersion,
        /// The version offered.
        offered: CharterVersion,
    },
    /// The right number, but after another charter.
    NotSuccessor {
        /// Digest of the charter held.
        ours: CharterDigest,
        /// Digest of the charter that it says it follows.
        follows: Option<CharterDigest>,
    },
    /// After the right charter, but with another list of those before that.
    OtherLog {
        /// The version offered.
        version: CharterVersion,
    },
    /// It has run out.
    Expired {
        /// Its last moment.
        until: WallTime,
        /// The time now.
        now: WallTime,
    },
    /// It does not hold yet.
    NotYet {
        /// Its first moment.
        from: WallTime,
        /// The time now.
        now: WallTime,
    },
    /// There is no signature at all.
    Unsigned,
    /// A file among the signatures that does not belong there or proves nothing.
    Signature(SignatureFault),
    /// Too few reviewers signed.
    TooFew {
        /// Whose signatures are missing.
        whose: Whose,
        /// Who signed, and what else was found.
        tally: Tally,
    },
    /// Holders of sealed keys changed more than reviewers and dates.
    BeyondRecovery {
        /// The file.
        path: String,
    },
    /// The reviewers that it lists cannot sign anything.
    Board(BoardError),
    /// It does not parse or validate.
    Invalid(Vec<Finding>),
    /// No node has a key, so nobody could hold anything by it.
    Keyless,
    /// The manifest says something else than the files.
    Disagrees {
        /// What differs.
        what: Text,
        /// As the manifest has it.
        manifest: String,
        /// As the files have it.
        charter: String,
    },
    /// Not the charter that was asked for.
    OtherDigest {
        /// As expected.
        expected: CharterDigest,
        /// As found.
        found: CharterDigest,
    },
}

impl Explain for AdoptionRefused {
    fn text(&self) -> Text {
        match self {
            Self::TooLarge => text!(
                "章程超过 {CHARTER_FILES_MAX} 个文件或 {CHARTER_BYTES_MAX} 字节；请从其他节点重新获取",
                "it has more than {CHARTER_FILES_MAX} files or {CHARTER_BYTES_MAX} bytes; get it from \
                 another node"
            ),
            Self::Bundle(problem) => problem.text(),
            Self::Manifest(problem) => problem.text(),
            Self::OtherCounty { ours, offered } => text!(
                "这是县 {offered} 的章程，不是本县 {ours} 的；请提供本县的章程",
                "it governs county {offered} and not {ours}; offer this node its own county's charter"
            ),
            Self::AlreadyHeld { version } => text!(
                "第 {version} 版已经采用，不必再做",
                "version {version} is held already; there is nothing to do"
            ),
            Self::Older { ours, offered } => older(*ours, *offered),
            Self::Fork {
                version,
                ours,
                offered,
                signed,
            } => fork(*version, *ours, *offered, *signed),
            Self::Gap { ours, offered } => gap(*ours, *offered),
            Self::NotSuccessor { ours, follows } => not_successor(*ours, *follows),
            Self::OtherLog { version } => text!(
                "第 {version} 版列出的历次版本与上一版不一致；请用 `mesh-policy manifest --previous DIR` \
                 重新生成文件清单，再请审核人签名",
                "version {version} lists other earlier versions than the one it follows; have its \
                 manifest written anew with `mesh-policy manifest --previous DIR`, and reviewers sign \
                 again"
            ),
            Self::Expired { until, now } => expired(*until, *now),
            Self::NotYet { from, now } => not_yet(*from, *now),
            Self::Unsigned => text!(
                "没有审核人签名；请审核人用 `mesh-policy sign` 签名",
                "nobody has signed it; reviewers sign with `mesh-policy sign`"
            ),
            Self::Signature(fault) => fault.text(),
            Self::TooFew { whose, tally } => too_few(*whose, tally),
            Self::BeyondRecovery { path } => beyond_recovery(path),
            Self::Board(problem) => problem.text(),
            Self::Invalid(findings) => invalid(findings),
            Self::Keyless => no_keys(),
            Self::Disagrees {
                what,
                manifest,
                charter,
            } => disagrees(what, manifest, charter),
            Self::OtherDigest { expected, found } => text!(
                "章程的摘要是 {found}，应为 {expected}；请向审核人重新索取章程",
                "its digest is {found}, where {expected} was expected; get the charter again from its \
                 reviewers"
            ),
        }
    }
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

impl Explain for Whose {
    fn text(&self) -> Text {
        match self {
            Self::Previous => text!("上一版的审核人", "the previous version's reviewers"),
            Self::Own => text!("这一版所列的审核人", "the reviewers it lists"),
        }
    }
}

fn older(ours: CharterVersion, offered: CharterVersion) -> Text {
    let next = ours.0.saturating_add(1);
    text!(
        "第 {offered} 版早于已经采用的第 {ours} 版；请提供第 {next} 版",
        "version {offered} is older than version {ours}, which is held; offer version {next}"
    )
}

fn gap(ours: CharterVersion, offered: CharterVersion) -> Text {
    let next = ours.0.saturating_add(1);
    text!(
        "第 {offered} 版不能直接接在已经采用的第 {ours} 版之后；请先提供第 {next} 版",
        "version {offered} does not follow version {ours}, which is held; offer version {next} first"
    )
}

fn fork(
    version: CharterVersion,
    ours: CharterDigest,
    offered: CharterDigest,
    signed: bool,
) -> Text {
    let next = match signed {
        true => text!(
            "两份都有审核人签名：请向审核人问明原因，并由审核人签署一份新版",
            "reviewers signed both: ask them why, and let them sign one next version"
        ),
        false => text!(
            "这一份的签名不足：请报告它的来历",
            "it is not validly signed: report where it came from"
        ),
    };
    text!(
        next;
        "这是另一份第 {version} 版，摘要 {offered}，与已经采用的摘要 {ours} 不同；{next}",
        "it is a second version {version}, {offered}, beside {ours}, which is held; {next}"
    )
}

fn not_successor(ours: CharterDigest, follows: Option<CharterDigest>) -> Text {
    let follows = match follows {
        None => text!("没有上一版", "none"),
        Some(digest) => text!("上一版的摘要是 {digest}", "{digest}"),
    };
    text!(
        follows;
        "它{follows}，而已经采用的章程摘要是 {ours}；请与审核人核对这两份：其中一份是同一版本号的另一份章程",
        "it follows {follows} and not {ours}, which is held; compare both with a reviewer: one of them \
         comes from a fork"
    )
}

fn expired(until: WallTime, now: WallTime) -> Text {
    let (until, now) = (moment(until), moment(now));
    text!(
        until, now;
        "章程已于 {until} 到期，现在是 {now}；请审核人签发新版，或校正本机时间",
        "it expired at {until}, and it is {now} now; have reviewers sign a new version, or set this \
         machine's clock"
    )
}

fn not_yet(from: WallTime, now: WallTime) -> Text {
    let (from, now) = (moment(from), moment(now));
    text!(
        from, now;
        "章程自 {from} 起有效，现在是 {now}；请到时再提供，或校正本机时间",
        "it holds from {from}, and it is {now} now; offer it again then, or set this machine's clock"
    )
}

fn too_few(whose: Whose, tally: &Tally) -> Text {
    let Tally {
        signers,
        needed,
        others,
    } = tally;
    let signed = signers.len();
    let names: Vec<_> = signers.iter().map(|name| format!("`{name}`")).collect();
    let names = match names.as_slice() {
        [] => Text::default(),
        names => text!("（{}）", ": {}", names.join(" ")),
    };
    let mut others_said = Text::default();
    for other in others {
        let Text { zh, en } = other.text();
        others_said.zh.push_str(&format!("；{zh}"));
        others_said.en.push_str(&format!("; {en}"));
    }
    text!(
        whose, names, others_said;
        "{whose}中有 {signed} 人签名{names}，须 {needed} 人{others_said}；请其余的审核人用 `mesh-policy sign` 签名",
        "{signed} of {whose} signed it{names}, where {needed} are needed{others_said}; more of them sign \
         with `mesh-policy sign`"
    )
}

fn beyond_recovery(path: &str) -> Text {
    text!(
        "`{path}` 也有改动：备用密钥持有人只能更换审核人、须签名人数和有效期；其他改动请新的审核人在下一版中签署",
        "`{path}` is another one: holders of recovery keys may change reviewers, threshold and dates, \
         and nothing else; let the new reviewers sign further changes as the version after"
    )
}

fn invalid(findings: &[Finding]) -> Text {
    let count = findings.len();
    let first = findings.first().map(|first| {
        let said = first.text();
        text!(said; "，第一个是 {said}", ", first {said}")
    });
    let first = first.unwrap_or_default();
    let plural = if count == 1 { "" } else { "s" };
    text!(
        first;
        "章程有 {count} 个问题{first}；请用 `mesh-policy check` 查看全部",
        "it is not valid: {count} finding{plural}{first}; see all of them with `mesh-policy check`"
    )
}

fn disagrees(what: &Text, manifest: &str, charter: &str) -> Text {
    text!(
        what;
        "{what}不一致：章程是 `{charter}`，文件清单是 `{manifest}`；请用 `mesh-policy manifest` 重新生成文件清单，\
         再请审核人签名",
        "{what} is {charter}, where the manifest says {manifest}; write the manifest anew with \
         `mesh-policy manifest` and have reviewers sign again"
    )
}

/// What is said of a charter in whose roster no node has a key.
pub(crate) fn no_keys() -> Text {
    text!(
        "`roster.toml` 中没有一个节点有公钥；请在各节点上用 `mesh-node init` 查看公钥，再用 \
         `mesh-policy roster set` 写入",
        "no node has a key in `roster.toml`; `mesh-node init` on each node shows it, and `mesh-policy \
         roster set` enters it"
    )
}
