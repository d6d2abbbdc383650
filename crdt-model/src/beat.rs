//! Beats: every so often a node writes down that it is there, in a record of its own. Whoever has the
//! latest one of a node has heard of it so far, however quiet it is otherwise. A beat says nothing but
//! when; it comes by the clock and not by what the node has to tell, so that no silence tells anything.

use sha2::{Digest, Sha256};

use crate::draft::Draft;
use crate::ids::{Name, NodeId, RecordId};
use crate::kind::{Facet, Kinds};
use crate::label::FacetId;
use crate::time::WallTime;
use crate::value::Value;

/// Beats that stand in one record.
const IN_ONE_RECORD: u64 = 32;
const HOUR_MS: u64 = 3_600_000;

/// A beat that a node has to write, unless it is there already.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Beat {
    /// Where it stands.
    pub facet: FacetId,
    /// The key that it has there.
    pub key: String,
}

impl Beat {
    /// What is to be written.
    pub fn draft(&self, now: WallTime) -> Draft {
        let value = Value::Integer(i64::try_from(now.ms).unwrap_or(i64::MAX));
        Draft {
            facet: self.facet,
            grade: None,
            fields: [(self.key.clone(), Some(value))].into(),
        }
    }
}

/// The beats that a node has to have written by now, one for each facet that asks for them.
pub fn due(node: NodeId, kinds: &Kinds, now: WallTime) -> Vec<Beat> {
    let facets = kinds.iter().flat_map(|kind| &kind.facets);
    let beat = |facet: &Facet| {
        let hours = u64::from(facet.beat_hours?).max(1);
        let field = facet.fields.iter().find(|field| field.grows)?;
        let slot = now.ms / (hours * HOUR_MS);
        Some(Beat {
            facet: FacetId {
                record: record(facet.name, node, slot / IN_ONE_RECORD),
                facet: facet.name,
                home: node,
                addressee: node,
            },
            key: format!("{}/{slot}", field.name),
        })
    };
    facets.filter_map(beat).collect()
}

/// The same at every start of a node, so that it goes on where it was.
fn record(facet: Name, node: NodeId, number: u64) -> RecordId {
    let mut digest = Sha256::new();
    digest.update(b"countymesh beat 1\n");
    digest.update(format!("{facet}\n{node}\n{number}\n"));
    let digest: [u8; 32] = digest.finalize().into();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    RecordId(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: &str = r#"{
        "kind": "presence", "title": {"zh": "在线", "en": "presence"}, "retention_days": 30,
        "facet": [{
            "name": "presence.beats", "title": {"zh": "在线", "en": "beats"}, "beat_hours": 24,
            "sensitivities": ["normal"], "levels": ["village"],
            "field": [{"name": "beat", "title": {"zh": "时间", "en": "at"}, "type": "time", "grows": true}]
        }]
    }"#;

    #[test]
    fn a_beat_is_due_once_a_day_and_stands_at_a_place_that_follows_from_the_day() {
        let kinds = Kinds::new([serde_json::from_str(KIND).expect("a kind")]);
        let node: NodeId = "620723101201".parse().expect("a code");
        let at = |hours: u64| {
            let beats = due(node, &kinds, WallTime::from_ms(hours * HOUR_MS));
            let [beat] = &beats[..] else {
                panic!("{beats:?}");
            };
            beat.clone()
        };
        assert_eq!(at(24 * 64), at(24 * 64 + 23));
        let (one, next) = (at(24 * 64), at(24 * 65));
        assert_eq!(
            (one.key.as_str(), next.key.as_str()),
            ("beat/64", "beat/65")
        );
        assert_eq!(one.facet, next.facet);
        assert_ne!(one.facet.record, at(24 * 96).facet.record);
        assert!(due(node, &Kinds::default(), WallTime::from_ms(0)).is_empty());
    }
}
