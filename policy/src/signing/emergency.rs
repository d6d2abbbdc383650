//! Declaring an emergency: a short text that says under which charter, from when until when and why,
//! signed by as many reviewers as the charter's terms ask for. While it holds, the rules under
//! `emergency/` count too; guards still win.
//!
//! ```text
//! countymesh emergency 1
//! county 620723000000
//! charter 5a0f…            (digest of the charter in force)
//! number 1                 (1, 2, 3 … under one charter; the highest counts)
//! from 2026-12-01T00:00:00Z
//! until 2026-12-01T06:00:00Z
//! reason 暴雨红色预警
//! ```
//!
//! A declaration whose `until` is its `from` ends the ones before it. There is one text for one
//! content, as with manifests. Signatures are SSH signatures in the namespace
//! `emergency@countymesh`, so that none over a charter can be taken for one.
//!
//! Between nodes it travels with its signatures as one piece ([`encode`]), of reviewers alone:
//!
//! ```text
//! 8 bytes   "CMemerg1"
//! u16       bytes of the text, then the text
//! u8        number of signatures; each, sorted: u16 bytes, then the signature
//! ```
//!
//! Numbers are big-endian. Of one text and the same signatures there is one encoding.

use std::collections::BTreeSet;
use std::path::Path;
use std::str::FromStr;

use crdt_model::charter::{Declared, Validity};
use crdt_model::ids::{CharterDigest, NodeId};
use crdt_model::limits::DECLARATION_BYTES_MAX as SIGNED_BYTES_MAX;
use crdt_model::text;
use crdt_model::text::{Explain, Text};
use crdt_model::time::WallTime;
use sha2::{Digest, Sha256};

use crate::reading::terms::EmergencyTerms;
use crate::signing::board::Board;
use crate::signing::manifest_text::date;
use crate::signing::sshsig::{
    DetachedSignature, EMERGENCY_NAMESPACE, SIGNATURE_BYTES_MAX, SshSigError,
};

/// The declaration within its folder.
pub const FILE: &str = "declaration";
/// How the names of signatures end, beside it.
pub const SIGNATURE_ENDING: &str = "sig";

const MAGIC: &[u8; 8] = b"CMemerg1";
const FIRST_LINE: &str = "countymesh emergency 1";
const HOUR_MS: u64 = 3_600_000;

/// Bytes of a declaration's reason.
pub const REASON_BYTES_MAX: usize = 400;
/// Bytes of a whole declaration.
pub const DECLARATION_BYTES_MAX: usize = 1024;
/// Signatures under one declaration.
pub const SIGNATURES_MAX: usize = 32;

/// A declaration, read but not yet believed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Declaration {
    /// The county.
    pub county: NodeId,
    /// The charter under which it is made.
    pub charter: CharterDigest,
    /// 1, 2, 3 … under one charter.
    pub number: u32,
    /// From when until when it holds; an empty span ends the one before.
    pub holds: Validity,
    /// Why, in one line.
    pub reason: String,
}

/// Why a declaration changes nothing.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}", self.text().en)]
pub enum EmergencyRefused {
    /// The charter has no emergency.
    NoTerms,
    /// It is not the one text of any declaration.
    Text {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: Text,
    },
    /// It was made under another charter.
    OtherCharter {
        /// The one in force.
        ours: CharterDigest,
        /// The one it names.
        found: CharterDigest,
    },
    /// It would hold longer than the charter allows.
    TooLong {
        /// How long.
        hours: u64,
        /// How long is allowed.
        hours_max: u32,
    },
    /// Its folder cannot be read.
    Unreadable {
        /// Where.
        path: String,
        /// What is wrong.
        problem: Text,
    },
    /// It has too many signatures, or too long ones.
    TooLarge {
        /// How many bytes.
        bytes: usize,
    },
    /// A signature that proves nothing.
    Signature {
        /// Which, from 1.
        number: usize,
        /// What is wrong with it.
        problem: SshSigError,
    },
    /// Too few reviewers signed.
    TooFew {
        /// How many.
        signed: usize,
        /// How many must.
        needed: usize,
    },
}

impl Explain for EmergencyRefused {
    fn text(&self) -> Text {
        match self {
            Self::NoTerms => text!(
                "章程没有约定应急共享",
                "the charter has no terms for an emergency"
            ),
            Self::Text { line, problem } => text!(
                problem;
                "应急启动文件第 {line} 行：{problem}；请用 `mesh-policy emergency declare` 生成",
                "line {line} of the declaration: {problem}; write it with `mesh-policy emergency \
                 declare`"
            ),
            Self::OtherCharter { ours, found } => text!(
                "它依据的章程摘要是 {found}，而现行章程的摘要是 {ours}；请按现行章程重新生成",
                "it was made under charter {found}, and {ours} is in force; declare it anew"
            ),
            Self::TooLong { hours, hours_max } => text!(
                "时长 {hours} 小时，章程规定每次最多 {hours_max} 小时",
                "it would hold for {hours} hours, where the charter allows {hours_max}"
            ),
            Self::Unreadable { path, problem } => text!(
                problem;
                "读不了 `{path}`：{problem}",
                "cannot read `{path}`: {problem}"
            ),
            Self::TooLarge { bytes } => text!(
                "连同签名共 {bytes} 字节；最多 {SIGNED_BYTES_MAX} 字节、{SIGNATURES_MAX} 个签名",
                "its signatures take {bytes} bytes with it, where {SIGNED_BYTES_MAX} and \
                 {SIGNATURES_MAX} signatures are allowed"
            ),
            Self::Signature { number, problem } => text!(
                problem;
                "第 {number} 个签名：{problem}",
                "signature {number}: {problem}"
            ),
            Self::TooFew { signed, needed } => text!(
                "审核人中有 {signed} 人签名，须 {needed} 人",
                "{signed} of the reviewers signed it, where {needed} must"
            ),
        }
    }
}

impl Declaration {
    /// Its one text.
    pub fn encode(&self) -> Option<String> {
        let (from, until) = (date(self.holds.from).ok()?, date(self.holds.until).ok()?);
        Some(format!(
            "{FIRST_LINE}\ncounty {}\ncharter {}\nnumber {}\nfrom {from}\nuntil {until}\nreason {}\n",
            self.county, self.charter, self.number, self.reason
        ))
    }

    /// Reads a declaration, strictly.
    ///
    /// # Errors
    /// It is not the one text of its content.
    pub fn parse(bytes: &[u8]) -> Result<Self, EmergencyRefused> {
        let fault = |line, problem| EmergencyRefused::Text { line, problem };
        if bytes.len() > DECLARATION_BYTES_MAX {
            return Err(fault(1, text!("太长", "it is too long")));
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|_| fault(1, text!("不是 UTF-8 文本", "it is not UTF-8")))?;
        let mut lines = text.lines();
        if lines.next() != Some(FIRST_LINE) {
            return Err(fault(
                1,
                text!(
                    "不是能识别的应急启动文件",
                    "it is no declaration of a known format"
                ),
            ));
        }
        let mut word = |line, key: &str| {
            let value = lines.next().and_then(|text| text.strip_prefix(key));
            let value = value.and_then(|value| value.strip_prefix(' '));
            value.ok_or_else(|| {
                fault(
                    line,
                    text!("此处应为 `{key} …`", "another word must stand here"),
                )
            })
        };
        let county = parsed(word(2, "county")?)
            .ok_or_else(|| fault(2, text!("不是节点代码", "no node code")))?;
        let charter =
            parsed(word(3, "charter")?).ok_or_else(|| fault(3, text!("不是摘要", "no digest")))?;
        let number =
            parsed(word(4, "number")?).ok_or_else(|| fault(4, text!("不是编号", "no number")))?;
        let from = time(word(5, "from")?).ok_or_else(|| fault(5, text!("不是时间", "no time")))?;
        let until =
            time(word(6, "until")?).ok_or_else(|| fault(6, text!("不是时间", "no time")))?;
        let reason = word(7, "reason")?.to_owned();
        let declaration = Self {
            county,
            charter,
            number,
            holds: Validity { from, until },
            reason,
        };
        if number == 0 || until < from {
            return Err(fault(
                6,
                text!(
                    "结束早于开始，或编号为 0",
                    "it ends before it begins, or has no number"
                ),
            ));
        }
        if !says_why(&declaration.reason) {
            return Err(fault(
                7,
                text!("理由没有填写或太长", "the reason is empty or too long"),
            ));
        }
        if declaration.encode().as_deref() == Some(text) {
            Ok(declaration)
        } else {
            Err(fault(
                7,
                text!("写法不合规定", "it is not in its one canonical form"),
            ))
        }
    }

    /// What the core needs of it.
    fn declared(self, text: &[u8], signers: Vec<String>) -> Declared {
        Declared {
            charter: self.charter,
            number: self.number,
            holds: self.holds,
            reason: self.reason,
            signers,
            digest: CharterDigest(Sha256::digest(text).into()),
        }
    }
}

/// Whether a reason is one line that people can read.
fn says_why(reason: &str) -> bool {
    let plain = !crate::reading::characters::hides(reason);
    plain && !reason.trim().is_empty() && reason.len() <= REASON_BYTES_MAX
}

/// A declaration with the signatures over it, as it lies in a folder or travels.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Signed {
    /// The declaration.
    pub text: Vec<u8>,
    /// Signatures over it.
    pub signatures: Vec<Vec<u8>>,
}

impl Signed {
    /// Reads a declaration's folder.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn read(folder: &Path) -> Result<Self, EmergencyRefused> {
        let text = read_bounded(&folder.join(FILE), DECLARATION_BYTES_MAX)?;
        let unreadable = |problem: std::io::Error| EmergencyRefused::Unreadable {
            path: folder.display().to_string(),
            problem: problem.text(),
        };
        let mut signatures = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path
                .extension()
                .is_some_and(|ending| ending == SIGNATURE_ENDING)
            {
                signatures.push(read_bounded(&path, SIGNATURE_BYTES_MAX)?);
            }
            if signatures.len() > SIGNATURES_MAX {
                let bytes = signatures.iter().map(Vec::len).sum();
                return Err(EmergencyRefused::TooLarge { bytes });
            }
        }
        signatures.sort();
        signatures.dedup();
        Ok(Self { text, signatures })
    }

    /// Reads what [`Self::encoded`] gives, within its bounds; nothing is verified.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (text, rest) = take(rest, DECLARATION_BYTES_MAX)?;
        let (count, mut rest) = rest.split_first()?;
        let mut signatures = Vec::new();
        for _ in 0..*count {
            let (signature, after) = take(rest, SIGNATURE_BYTES_MAX)?;
            signatures.push(signature.to_vec());
            rest = after;
        }
        let sorted = signatures.is_sorted_by(|one, other| one < other);
        let whole = rest.is_empty() && signatures.len() <= SIGNATURES_MAX && sorted;
        let text = text.to_vec();
        whole.then_some(Self { text, signatures })
    }

    /// As it travels, if its signatures are sorted and within bounds; nothing is verified.
    pub fn encoded(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        put(&mut bytes, &self.text);
        // Both are within their bounds where this is asked.
        bytes.push(u8::try_from(self.signatures.len()).unwrap_or(u8::MAX));
        for signature in &self.signatures {
            put(&mut bytes, signature);
        }
        bytes
    }
}

fn put(bytes: &mut Vec<u8>, part: &[u8]) {
    let length = u16::try_from(part.len()).unwrap_or(u16::MAX);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(part);
}

fn take(bytes: &[u8], bytes_max: usize) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = usize::from(u16::from_be_bytes(*length));
    (length <= bytes_max).then(|| rest.split_at_checked(length))?
}

fn read_bounded(path: &Path, bytes_max: usize) -> Result<Vec<u8>, EmergencyRefused> {
    let unreadable = |problem: &dyn Explain| EmergencyRefused::Unreadable {
        path: path.display().to_string(),
        problem: problem.text(),
    };
    let found = std::fs::metadata(path).map_err(|problem| unreadable(&problem))?;
    if !found.is_file() {
        // Opening a pipe would wait for somebody who writes to it.
        return Err(unreadable(&text!(
            "不是普通文件",
            "it is not an ordinary file"
        )));
    }
    let file = std::fs::File::open(path).map_err(|problem| unreadable(&problem))?;
    let mut bytes = Vec::new();
    let limit = bytes_max as u64 + 1;
    std::io::Read::read_to_end(&mut std::io::Read::take(file, limit), &mut bytes)
        .map_err(|problem| unreadable(&problem))?;
    if bytes.len() > bytes_max {
        return Err(unreadable(&text!(
            "超过 {bytes_max} 字节",
            "it has more than {bytes_max} bytes"
        )));
    }
    Ok(bytes)
}

/// A declaration as it travels, with the signatures of reviewers and no others, if the charter bears
/// it out.
///
/// # Errors
/// Why it changes nothing.
pub fn encode(
    signed: &Signed,
    charter: CharterDigest,
    terms: Option<EmergencyTerms>,
    board: &Board,
) -> Result<(Declared, Vec<u8>), EmergencyRefused> {
    let declared = verify(signed, charter, terms, board)?;
    let of_reviewer = |signature: &&Vec<u8>| {
        DetachedSignature::parse_for(signature, EMERGENCY_NAMESPACE)
            .is_ok_and(|signature| board.member(signature.key()).is_some())
    };
    let signatures: BTreeSet<Vec<u8>> = signed
        .signatures
        .iter()
        .filter(of_reviewer)
        .cloned()
        .collect();
    let own = Signed {
        text: signed.text.clone(),
        signatures: signatures.into_iter().collect(),
    };
    let bytes = own.encoded();
    if bytes.len() > SIGNED_BYTES_MAX || own.signatures.len() > SIGNATURES_MAX {
        return Err(EmergencyRefused::TooLarge { bytes: bytes.len() });
    }
    Ok((declared, bytes))
}

/// What a declaration says that came from another node, if the charter bears it out and it is in the
/// one form that [`encode`] gives.
pub fn decode(
    bytes: &[u8],
    charter: CharterDigest,
    terms: Option<EmergencyTerms>,
    board: &Board,
) -> Option<Declared> {
    let signed = Signed::decode(bytes)?;
    let (declared, encoded) = encode(&signed, charter, terms, board).ok()?;
    (encoded == bytes).then_some(declared)
}

/// Reads a declaration and holds it to the digest and the terms of the charter in force; nothing is
/// verified yet.
///
/// # Errors
/// Why it changes nothing.
pub fn under(
    text: &[u8],
    charter: CharterDigest,
    terms: EmergencyTerms,
) -> Result<Declaration, EmergencyRefused> {
    let declaration = Declaration::parse(text)?;
    if declaration.charter != charter {
        return Err(EmergencyRefused::OtherCharter {
            ours: charter,
            found: declaration.charter,
        });
    }
    let span_ms = declaration.holds.until.ms - declaration.holds.from.ms;
    if span_ms > u64::from(terms.hours_max) * HOUR_MS {
        return Err(EmergencyRefused::TooLong {
            hours: span_ms.div_ceil(HOUR_MS),
            hours_max: terms.hours_max,
        });
    }
    Ok(declaration)
}

/// Reads a declaration and holds it to the charter in force: its digest, its terms, and signatures
/// of its reviewers.
///
/// # Errors
/// Why it changes nothing.
pub fn verify(
    signed: &Signed,
    charter: CharterDigest,
    terms: Option<EmergencyTerms>,
    board: &Board,
) -> Result<Declared, EmergencyRefused> {
    let Signed { text, signatures } = signed;
    let terms = terms.ok_or(EmergencyRefused::NoTerms)?;
    let declaration = under(text, charter, terms)?;
    let mut signers = BTreeSet::new();
    for (index, signature) in signatures.iter().take(SIGNATURES_MAX).enumerate() {
        let fault = |problem| EmergencyRefused::Signature {
            number: index + 1,
            problem,
        };
        let signature =
            DetachedSignature::parse_for(signature, EMERGENCY_NAMESPACE).map_err(fault)?;
        signature.verify(signature.key(), text).map_err(fault)?;
        signers.extend(
            board
                .member(signature.key())
                .map(|member| member.name.clone()),
        );
    }
    if signers.len() < terms.threshold {
        return Err(EmergencyRefused::TooFew {
            signed: signers.len(),
            needed: terms.threshold,
        });
    }
    Ok(declaration.declared(text, signers.into_iter().collect()))
}

fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

fn time(text: &str) -> Option<WallTime> {
    let at: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(at.as_millisecond())
        .ok()
        .map(WallTime::from_ms)
}
