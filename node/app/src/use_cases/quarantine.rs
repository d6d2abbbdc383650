//! `quarantine`: what was refused, newest last.

use std::collections::BTreeMap;

use crdt_model::ids::{CommitHash, NodeId};
use crdt_model::time::WallTime;
use node_runtime::keeper::Keeper;
use serde::{Deserialize, Serialize};

use crate::door::caller::Capability;
use crate::door::use_case::{Does, UseCase};

/// What was refused?
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuarantineRequest {}

/// What was refused.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Quarantine {
    /// The commits, newest last.
    pub refused: Vec<RefusedCommit>,
    /// How often something was refused since the start, by reason: some of it leaves no commit here.
    #[serde(default)]
    pub counts: BTreeMap<String, u64>,
}

/// One refused commit.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RefusedCommit {
    /// Who sent it.
    pub peer: Option<NodeId>,
    /// Its name.
    pub commit: CommitHash,
    /// When.
    pub wall: WallTime,
    /// A stable word for the reason.
    pub code: String,
    /// The reason.
    pub reason: String,
    /// Whether its bytes were kept.
    pub kept: bool,
}

impl UseCase for QuarantineRequest {
    const NEEDS: Capability = Capability::Operator;
    type Answer = Quarantine;

    fn begin(self) -> Does<Quarantine> {
        Does::work(move |node, respond| {
            respond(Ok(quarantine(node.keeper)));
            Ok(())
        })
    }
}

fn quarantine(keeper: &Keeper) -> Quarantine {
    let refused = keeper.engine.quarantine().entries();
    let refused = refused.map(|entry| RefusedCommit {
        peer: entry.peer,
        commit: entry.hash,
        wall: entry.wall,
        code: entry.code.to_owned(),
        reason: entry.reason.clone(),
        kept: entry.encoded.is_some(),
    });
    Quarantine {
        refused: refused.collect(),
        counts: all_refused(keeper),
    }
}

/// All refusals since the start, whoever sent what was refused.
fn all_refused(keeper: &Keeper) -> BTreeMap<String, u64> {
    let of_network = keeper.network.refused.iter();
    let of_network = of_network.map(|((_, code), count)| ((*code).to_owned(), *count));
    let of_engine = keeper.engine.quarantine().counts();
    let of_engine = of_engine.map(|(_, code, count)| (code.to_owned(), count));
    let mut refused = BTreeMap::new();
    for (code, count) in of_network.chain(of_engine) {
        *refused.entry(code).or_default() += count;
    }
    refused
}
