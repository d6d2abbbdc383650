//! Seeing to it that deleted bytes leave the disk, even if the node dies between deleting them and
//! rewriting the store: a mark stands in the store from the deletion on until the rewrite is done.

use crate::planted::{self, Plant};
use crate::replica::{self, ReplicaError};
use crate::store::{Batch, Store};

use super::{Engine, Output, SyncToken};

const MARK: &str = "scrub";

/// What is known of the rewriting.
#[derive(Default)]
pub(super) struct Scrubbing {
    /// It is to be asked for.
    due: bool,
    /// It is done once this much is durable.
    done_with: Option<SyncToken>,
}

impl Scrubbing {
    /// What an earlier run left to be done.
    pub(super) fn read(store: &dyn Store) -> Result<Self, ReplicaError> {
        let due = store.get(&replica::mark_key(MARK))?.is_some();
        Ok(Self {
            due,
            done_with: None,
        })
    }
}

impl Engine {
    /// Deletes are in this batch whose bytes must leave the disk.
    pub(super) fn scrub_after(&mut self, batch: &mut Batch) {
        if planted::is(Plant::ScrubForgotten) {
            return;
        }
        batch.put(replica::mark_key(MARK), vec![1]);
        self.scrubbing.due = true;
    }

    /// Asks for the rewrite if one is due, and takes the mark away when it is done.
    pub(super) fn see_to_scrubbing(
        &mut self,
        store: &mut dyn Store,
        outputs: &mut Vec<Output>,
    ) -> Result<(), ReplicaError> {
        let mut batch = Batch::default();
        if std::mem::take(&mut self.scrubbing.due) {
            // Something is written, so that a sync is asked for, with which the rewrite is done.
            batch.put(replica::mark_key(MARK), vec![1]);
            outputs.push(Output::Scrub);
        } else if let Some(done_with) = self.scrubbing.done_with
            && self.durability.token() >= done_with
        {
            self.scrubbing.done_with = None;
            batch.delete(replica::mark_key(MARK));
        }
        if batch.is_empty() {
            return Ok(());
        }
        let asks = outputs.iter().any(|output| matches!(output, Output::Scrub));
        store.write(&batch)?;
        self.durability.wrote();
        if asks {
            self.scrubbing.done_with = Some(self.durability.token_written());
        }
        Ok(())
    }
}
