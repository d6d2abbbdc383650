//! Signatures that a hostile node makes on what is not its to sign: two logs of charters, a township's
//! name, an emergency.

use crdt_model::charter::{Charter, Tier, Validity};
use crdt_model::checkpoint::ledger::Gossip;
use crdt_model::checkpoint::{Checkpoint, Cosignature};
use crdt_model::ids::RootHash;
use crdt_model::time::WallTime;
use crdt_model::wire::Request;
use policy::signing::emergency::{Declaration, Signed};
use policy::signing::sshsig::{EMERGENCY_NAMESPACE, sign_for};

use super::{Attack, Hostile};

const HOUR_MS: u64 = 3_600_000;

impl Hostile {
    /// Two signatures of its own on the log of charters that cannot both be true, and some in a
    /// township's name.
    pub(super) fn cosign_two(&mut self, charter: &dyn Charter, wall: WallTime) -> Vec<Attack> {
        let node = self.identity.node;
        let members = charter.roster().members().iter();
        let townships = members.filter(|member| member.tier == Tier::Township);
        let townships: Vec<_> = townships.map(|member| member.node).collect();
        let size = charter.version().0 + self.chance.below(3) as u64;
        let time_s = wall.ms / 1000 + self.chance.below(60) as u64;
        let mut frames = Vec::new();
        let names = [node]
            .into_iter()
            .chain(self.chance.pick(&townships).copied());
        for cosigner in names.collect::<Vec<_>>() {
            for _ in 0..2 {
                let root = RootHash([self.chance.bits() as u8; 32]);
                let county = node.county();
                let checkpoint = Checkpoint { county, size, root };
                let key = &self.identity.key;
                let newest = vec![Cosignature::sign(&checkpoint, cosigner, time_s, key)];
                let gossip = Gossip {
                    newest,
                    ..Gossip::default()
                };
                frames.push(Attack::Raw(Request::Gossip(gossip).encode()));
            }
        }
        frames
    }

    /// An emergency that nobody but it has signed.
    pub(super) fn declare(&mut self, charter: &dyn Charter, wall: WallTime) -> Vec<Attack> {
        let from = WallTime::from_ms(wall.ms / 1000 * 1000);
        let until = WallTime::from_ms(from.ms + HOUR_MS);
        let declaration = Declaration {
            county: self.identity.node.county(),
            charter: charter.digest(),
            number: 1 + self.chance.below(9) as u32,
            holds: Validity { from, until },
            reason: "无人签署（模拟）".to_owned(),
        };
        let text = declaration.encode().unwrap_or_default().into_bytes();
        let signature = sign_for(&self.identity.key, EMERGENCY_NAMESPACE, &text);
        let signatures = signature.into_iter().map(String::into_bytes).collect();
        let gossip = Gossip {
            declaration: Signed { text, signatures }.encoded(),
            ..Gossip::default()
        };
        vec![Attack::Raw(Request::Gossip(gossip).encode())]
    }
}
