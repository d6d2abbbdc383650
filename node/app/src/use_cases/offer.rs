//! `offer`: adopt a signed charter, and pass it on.

use crdt_model::ids::CharterVersion;
use crdt_model::text;
use crdt_model::text::{Problem, Text};
use node_runtime::problems::charter_problem;
use node_runtime::warnings;
use policy::signing::bundle;
use serde::{Deserialize, Serialize};

use crate::door::attached::Attached;
use crate::door::caller::Capability;
use crate::door::use_case::{Does, UseCase};

/// Adopt a signed charter, and pass it on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferRequest {
    /// The charter, as a bundle.
    pub charter: Attached,
}

/// The charter that is in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Adopted {
    /// Its version.
    pub version: CharterVersion,
}

impl UseCase for OfferRequest {
    const NEEDS: Capability = Capability::Reviewer;
    const DEADLINE_S: Option<u64> = None;
    type Answer = Adopted;

    fn begin(self) -> Does<Adopted> {
        Does::work(move |node, respond| {
            // A time that is not the machine's may be why it is refused.
            let clock = warnings::confirmed_time(node.keeper);
            match bundle::decode(&self.charter.bytes) {
                Ok(files) => node.keeper.offer(&files, |adopted| {
                    let adopted = adopted.map(|version| Adopted { version });
                    respond(adopted.map_err(|problem| with_cause(problem, clock)));
                }),
                Err(problem) => {
                    respond(Err(charter_problem(&problem)));
                    Ok(())
                }
            }
        })
    }

    fn attached(&self) -> Vec<&Attached> {
        vec![&self.charter]
    }

    fn attached_mut(&mut self) -> Vec<&mut Attached> {
        vec![&mut self.charter]
    }
}

fn with_cause(problem: Problem, cause: Option<Problem>) -> Problem {
    match cause {
        Some(cause) if problem.code == "charter-refused" => {
            let (
                Text { zh, en },
                Text {
                    zh: by_zh,
                    en: by_en,
                },
            ) = (problem.what, cause.what);
            Problem {
                what: text!("{zh}。{by_zh}", "{en}. {by_en}"),
                ..problem
            }
        }
        _ => problem,
    }
}
