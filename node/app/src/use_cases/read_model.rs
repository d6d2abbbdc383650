//! `readmodel status` and `rebuild`: how the read model stands.

use crdt_model::text::Problem;
use node_readmodel::Progress;
use node_runtime::keeper::Keeper;
use policy::reading::tables::FORMAT;
use serde::{Deserialize, Serialize};

use crate::door::caller::Capability;
use crate::door::use_case::{Does, UseCase};

/// How does the read model stand?
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadModelRequest {
    /// Whether to make it anew first.
    #[serde(default)]
    pub rebuild: bool,
}

/// How the read model stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReadModelStatus {
    /// The file that other programs may open, for reading.
    pub path: std::path::PathBuf,
    /// The number of its layout.
    pub format: u32,
    /// Stands for its tables.
    pub schema: String,
    /// Facets that it has.
    pub facets: u64,
    /// Facets that the node holds.
    pub all: u64,
    /// Bytes that it takes on disk.
    pub disk_bytes: u64,
    /// How far it has come, if it has not caught up.
    pub catching_up: Option<Progress>,
    /// Why it was made anew, the last time since the start, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_anew: Option<String>,
}

impl UseCase for ReadModelRequest {
    const NEEDS: Capability = Capability::Operator;
    type Answer = ReadModelStatus;

    /// At a node that does not run, every question brings it on by some facets: so whoever asks again
    /// and again sees it catch up.
    fn begin(self) -> Does<ReadModelStatus> {
        Does::work(move |node, respond| {
            let runs = node.running.is_some();
            let keeper = node.keeper;
            if self.rebuild
                && let Err(problem) = keeper.rebuild_read_model()
            {
                respond(Err(problem));
                return Ok(());
            }
            if !runs {
                keeper.follow()?;
            }
            keeper.prepare_read_model(false)?;
            respond(status(keeper));
            Ok(())
        })
    }
}

fn status(keeper: &mut Keeper) -> Result<ReadModelStatus, Problem> {
    let facets = keeper.read_model_facets()?;
    let (model, catching_up) = keeper.read_model_as_it_stands()?;
    Ok(ReadModelStatus {
        path: model.path().to_owned(),
        format: FORMAT,
        schema: model.schema().digest().to_owned(),
        facets,
        all: keeper.engine.index().len(),
        disk_bytes: model.disk_bytes(),
        catching_up,
        made_anew: keeper.read_model_made_anew().map(ToOwned::to_owned),
    })
}
