//! The charters that a node's store holds, and adopting the next one.

use std::sync::Arc;

use crdt_model::charter::Charter;
use crdt_model::ids::CharterVersion;
use crdt_model::replica;
use crdt_model::store::Store;
use crdt_model::time::WallTime;
use policy::adopt::{self, AdoptedCharter};
use policy::manifest::Manifest;
use policy::refusal::AdoptionRefused;
use policy::{CharterFiles, bundle};

use super::founding::{charter_problem, store_problem};
use crate::text;
use crate::text::Problem;

/// The charter in force, with the older ones that commits are still judged by, oldest first.
pub(super) fn load(store: &dyn Store) -> Result<(AdoptedCharter, Vec<Arc<dyn Charter>>), Problem> {
    let prefix = b"k";
    let entries = store
        .scan(prefix, None, usize::MAX)
        .map_err(|error| store_problem(&error))?;
    let newest = entries.last().ok_or_else(without_charter)?;
    let current = restore(&newest.1)?;
    let since = current.charter().accept_since();
    let mut all: Vec<Arc<dyn Charter>> = Vec::new();
    for (key, bytes) in &entries {
        let wanted = (since.0..current.version().0).map(CharterVersion);
        if wanted
            .into_iter()
            .any(|version| replica::charter_key(version) == *key)
        {
            all.push(Arc::clone(restore(bytes)?.charter()) as Arc<dyn Charter>);
        }
    }
    all.push(Arc::clone(current.charter()) as Arc<dyn Charter>);
    Ok((current, all))
}

fn restore(bytes: &[u8]) -> Result<AdoptedCharter, Problem> {
    let files = bundle::decode(bytes).map_err(|problem| charter_problem(&problem))?;
    let manifest = Manifest::of(&files).map_err(|problem| charter_problem(&problem))?;
    let digest = manifest
        .digest()
        .map_err(|problem| charter_problem(&problem))?;
    adopt::restore(&files, digest).map_err(|why| charter_problem(&why))
}

/// The next charter, if it may follow, with the bundle to keep and pass on.
pub(super) fn next(
    current: &AdoptedCharter,
    files: &CharterFiles,
    now: WallTime,
) -> Result<(AdoptedCharter, Vec<u8>), AdoptionRefused> {
    let adopted = adopt::adopt(current, files, now)?;
    let bytes = bundle::encode(files).map_err(|_| AdoptionRefused::TooLarge)?;
    Ok((adopted, bytes))
}

fn without_charter() -> Problem {
    Problem::new(
        "no-charter",
        text!("存储中没有章程", "the store holds no charter"),
        text!(
            "先执行 mesh-node init --charter 目录",
            "run mesh-node init --charter FOLDER first"
        ),
    )
}
