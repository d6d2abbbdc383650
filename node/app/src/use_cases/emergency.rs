//! `emergency`: what is declared, and what came of it.

use crdt_model::engine::EmergencyStatus;
use crdt_model::text;
use node_runtime::problems::emergency_problem;
use policy::signing::emergency::Signed;
use serde::{Deserialize, Serialize};

use crate::door::attached::Attached;
use crate::door::caller::Capability;
use crate::door::use_case::{Does, UseCase};

/// How does it stand with emergencies? With a declaration: take it, and pass it on.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmergencyRequest {
    /// The declaration, with its signatures.
    #[serde(default)]
    pub declaration: Option<Attached>,
}

impl UseCase for EmergencyRequest {
    const NEEDS: Capability = Capability::Reviewer;
    const DEADLINE_S: Option<u64> = None;
    type Answer = EmergencyStatus;

    fn begin(self) -> Does<EmergencyStatus> {
        Does::work(move |node, respond| {
            let Some(declaration) = self.declaration else {
                respond(Ok(node.keeper.engine.emergency_status()));
                return Ok(());
            };
            match Signed::decode(&declaration.bytes) {
                // The answer comes once it is durable.
                Some(signed) => node.keeper.declare(&signed, respond),
                None => {
                    respond(Err(emergency_problem(&text!(
                        "内容不是带签名的应急启动文件",
                        "it is not a declaration with its signatures"
                    ))));
                    Ok(())
                }
            }
        })
    }

    fn attached(&self) -> Vec<&Attached> {
        self.declaration.iter().collect()
    }

    fn attached_mut(&mut self) -> Vec<&mut Attached> {
        self.declaration.iter_mut().collect()
    }
}
