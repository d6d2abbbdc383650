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

use std::collections::BTreeSet;
use std::str::FromStr;

use crdt_model::charter::Validity;
use crdt_model::ids::{CharterDigest, NodeId};
use crdt_model::time::WallTime;

use crate::board::Board;
use crate::manifest_text::date;
use crate::sshsig::{DetachedSignature, EMERGENCY_NAMESPACE, SshSigError};
use crate::terms::EmergencyTerms;

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
pub enum EmergencyRefused {
    /// The charter has no emergency.
    #[error("the charter has no terms for an emergency")]
    NoTerms,
    /// It is not the one text of any declaration.
    #[error(
        "line {line} of the declaration: {problem}; write it with `mesh-policy emergency declare`"
    )]
    Text {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// It was made under another charter.
    #[error("it was made under charter {found}, and {ours} is in force; declare it anew")]
    OtherCharter {
        /// The one in force.
        ours: CharterDigest,
        /// The one it names.
        found: CharterDigest,
    },
    /// It would hold longer than the charter allows.
    #[error("it would hold for {hours} hours, where the charter allows {hours_max}")]
    TooLong {
        /// How long.
        hours: u64,
        /// How long is allowed.
        hours_max: u32,
    },
    /// A signature that proves nothing.
    #[error("signature {number}: {problem}")]
    Signature {
        /// Which, from 1.
        number: usize,
        /// What is wrong with it.
        problem: SshSigError,
    },
    /// Too few reviewers signed.
    #[error("{signed} of the reviewers signed it, where {needed} must")]
    TooFew {
        /// How many.
        signed: usize,
        /// How many must.
        needed: usize,
    },
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
            return Err(fault(1, "it is too long"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| fault(1, "it is not UTF-8"))?;
        let mut lines = text.lines();
        if lines.next() != Some(FIRST_LINE) {
            return Err(fault(1, "it is no declaration of a known format"));
        }
        let mut word = |line, key: &str| {
            let value = lines.next().and_then(|text| text.strip_prefix(key));
            let value = value.and_then(|value| value.strip_prefix(' '));
            value.ok_or(fault(line, "another word must stand here"))
        };
        let county = parsed(word(2, "county")?).ok_or(fault(2, "no node code"))?;
        let charter = parsed(word(3, "charter")?).ok_or(fault(3, "no digest"))?;
        let number = parsed(word(4, "number")?).ok_or(fault(4, "no number"))?;
        let from = time(word(5, "from")?).ok_or(fault(5, "no time"))?;
        let until = time(word(6, "until")?).ok_or(fault(6, "no time"))?;
        let reason = word(7, "reason")?.to_owned();
        let declaration = Self {
            county,
            charter,
            number,
            holds: Validity { from, until },
            reason,
        };
        if number == 0 || until < from {
            return Err(fault(6, "it ends before it begins, or has no number"));
        }
        let plain = !crate::characters::hides(&declaration.reason);
        if declaration.reason.trim().is_empty()
            || declaration.reason.len() > REASON_BYTES_MAX
            || !plain
        {
            return Err(fault(7, "the reason is empty or too long"));
        }
        if declaration.encode().as_deref() == Some(text) {
            Ok(declaration)
        } else {
            Err(fault(7, "it is not in its one canonical form"))
        }
    }

    /// Whether it ends what was declared before.
    pub fn ends(&self) -> bool {
        self.holds.from == self.holds.until
    }

    /// Whether it holds at this moment.
    pub fn holds_at(&self, now: WallTime) -> bool {
        !self.ends() && self.holds.from <= now && now <= self.holds.until
    }
}

/// Reads a declaration and holds it to the charter in force: its digest, its terms, and signatures
/// of its reviewers.
///
/// # Errors
/// Why it changes nothing.
pub fn verify(
    text: &[u8],
    signatures: &[Vec<u8>],
    charter: CharterDigest,
    terms: Option<EmergencyTerms>,
    board: &Board,
) -> Result<(Declaration, Vec<String>), EmergencyRefused> {
    let terms = terms.ok_or(EmergencyRefused::NoTerms)?;
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
    Ok((declaration, signers.into_iter().collect()))
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
