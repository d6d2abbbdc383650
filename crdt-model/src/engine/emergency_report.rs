//! What came of an emergency at one node: which facets came here by its rules, and which the links
//! with neighbours carried by them. No content, and no records: numbers by facet and rule.
//!
//! ```text
//! report   8 B since, 8 B ended, declared, flowed, count, by neighbour: node, flowed
//! declared 32 B charter, 32 B digest, varint number, 8 B from, 8 B until, bytes reason, count, bytes signer
//! flowed   count, each: name facet, varint facets, count, bytes rule
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::charter::{Declared, RuleId, Validity};
use crate::encoding::{DecodeError, Reader, Writer};
use crate::ids::{CharterDigest, Name, NodeId};
use crate::label::Label;
use crate::limits::{DECLARATION_BYTES_MAX, LABELS_MAX, ROSTER_NODES_MAX};
use crate::time::WallTime;

use super::Engine;

/// Facets of one name that flowed by the same rules.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Flowed {
    /// The facet's name.
    pub facet: Name,
    /// How many.
    pub facets: u64,
    /// The rules that let them.
    pub rules: Vec<String>,
}

/// See the module.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EmergencyReport {
    /// What was declared, at last.
    pub declared: Declared,
    /// From when on it counted here, by this node's clock.
    pub since: WallTime,
    /// When it ended here.
    pub ended: WallTime,
    /// What this node held at the end only because of it; all of it is gone.
    pub received: Vec<Flowed>,
    /// What the link with each neighbour carried at the end only because of it.
    pub carried: BTreeMap<NodeId, Vec<Flowed>>,
}

/// Numbers by facet and rules, while they are being counted.
#[derive(Default)]
struct Count(BTreeMap<(Name, Vec<RuleId>), u64>);

impl Count {
    fn add(&mut self, label: &Label, rules: &[RuleId], facets: u64) {
        *self.0.entry((label.facet, rules.to_vec())).or_default() += facets;
    }

    fn flowed(self) -> Vec<Flowed> {
        let flowed = self.0.into_iter();
        let flowed = flowed.map(|((facet, rules), facets)| Flowed {
            facet,
            facets,
            rules: rules.iter().map(ToString::to_string).collect(),
        });
        flowed.collect()
    }
}

impl Engine {
    /// The report on the emergency that counts, or that did when this node last ran; none if it never
    /// counted here.
    pub(super) fn report_on_emergency(&self, ended: WallTime) -> Option<EmergencyReport> {
        let status = self.emergency_status();
        let (declared, since) = (status.declared?, status.since?);
        let mut charters = self.charters().iter();
        let every_day = charters.find(|one| one.digest() == declared.charter)?;
        let rules = every_day.in_emergency()?;
        let node = self.node();
        let (mut received, mut carried) = (Count::default(), BTreeMap::<NodeId, Count>::new());
        for label in self.index().labels() {
            let facets = self.index().total(label).count();
            let only_now = |holder| {
                let decision = rules.flow(label, holder);
                let only = decision.allowed && !every_day.flow(label, holder).allowed;
                only.then_some(decision)
            };
            if let Some(decision) = only_now(node).filter(|_| label.home != node) {
                received.add(label, &decision.rules, facets);
            }
            let audience = rules.audience(label);
            for peer in self.peers.keys().copied() {
                if let Some(decision) = only_now(peer)
                    && self.peers.get(&peer).is_some_and(|known| known.emergency)
                    && self.carries(node, peer, &audience)
                {
                    carried
                        .entry(peer)
                        .or_default()
                        .add(label, &decision.rules, facets);
                }
            }
        }
        let carried = carried.into_iter();
        Some(EmergencyReport {
            declared,
            since,
            ended,
            received: received.flowed(),
            carried: carried
                .map(|(peer, count)| (peer, count.flowed()))
                .collect(),
        })
    }
}

impl EmergencyReport {
    /// How many facets came here, in all.
    pub fn received_in_all(&self) -> u64 {
        self.received.iter().map(|one| one.facets).sum()
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.u64_be(self.since.ms).u64_be(self.ended.ms);
        put_declared(&mut writer, &self.declared);
        put_flowed(&mut writer, &self.received);
        writer.count(self.carried.len());
        for (peer, flowed) in &self.carried {
            writer.node(*peer);
            put_flowed(&mut writer, flowed);
        }
        writer.into_bytes()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let [since, ended] = [reader.u64_be("since")?, reader.u64_be("ended")?];
        let declared = take_declared(&mut reader)?;
        let received = take_flowed(&mut reader)?;
        let mut carried = BTreeMap::new();
        for _ in 0..reader.count(ROSTER_NODES_MAX, "neighbours")? {
            carried.insert(reader.node("neighbour")?, take_flowed(&mut reader)?);
        }
        reader.finish()?;
        Ok(Self {
            declared,
            since: WallTime::from_ms(since),
            ended: WallTime::from_ms(ended),
            received,
            carried,
        })
    }
}

fn put_declared(writer: &mut Writer, declared: &Declared) {
    writer.raw(&declared.charter.0).raw(&declared.digest.0);
    writer.varint(u64::from(declared.number));
    writer
        .u64_be(declared.holds.from.ms)
        .u64_be(declared.holds.until.ms);
    writer.bytes(declared.reason.as_bytes());
    put_words(writer, &declared.signers);
}

fn take_declared(reader: &mut Reader<'_>) -> Result<Declared, DecodeError> {
    let charter = CharterDigest(reader.array("charter digest")?);
    let digest = CharterDigest(reader.array("digest")?);
    let number = reader.varint("number")?;
    let number = u32::try_from(number).map_err(|_| DecodeError::Unknown("number"))?;
    let holds = Validity {
        from: WallTime::from_ms(reader.u64_be("from")?),
        until: WallTime::from_ms(reader.u64_be("until")?),
    };
    Ok(Declared {
        charter,
        number,
        holds,
        reason: reader.text(DECLARATION_BYTES_MAX, "reason")?.to_owned(),
        signers: take_words(reader)?,
        digest,
    })
}

fn put_flowed(writer: &mut Writer, flowed: &[Flowed]) {
    writer.count(flowed.len());
    for one in flowed {
        writer.name(one.facet).varint(one.facets);
        put_words(writer, &one.rules);
    }
}

fn take_flowed(reader: &mut Reader<'_>) -> Result<Vec<Flowed>, DecodeError> {
    let mut flowed = Vec::new();
    for _ in 0..reader.count(LABELS_MAX, "facets")? {
        flowed.push(Flowed {
            facet: reader.name("facet")?,
            facets: reader.varint("facets")?,
            rules: take_words(reader)?,
        });
    }
    Ok(flowed)
}

fn put_words(writer: &mut Writer, words: &[String]) {
    writer.count(words.len());
    for word in words {
        writer.bytes(word.as_bytes());
    }
}

fn take_words(reader: &mut Reader<'_>) -> Result<Vec<String>, DecodeError> {
    let mut words = Vec::new();
    for _ in 0..reader.count(LABELS_MAX, "words")? {
        words.push(reader.text(DECLARATION_BYTES_MAX, "word")?.to_owned());
    }
    Ok(words)
}
