//! The mesh: a node as `mesh-node run` runs it, with keys, charter, TLS, checks, store and read model,
//! asked over its control socket like any other.

use std::time::Duration;

use anyhow::anyhow;
use crdt_model::engine::LinkState;
use crdt_model::ids::NodeId;
use crdt_model::value::Value;
use node_app::door::caller::{Caller, WayIn};
use node_app::door::use_case::UseCase;
use node_app::drafts::ChangedFacet;
use node_app::use_cases::cut::CutRequest;
use node_app::use_cases::read_model::ReadModelRequest;
use node_app::use_cases::record_set::SetRequest;
use node_app::use_cases::status::StatusRequest;
use node_doors::client::Client;
use node_machine::folder::NodeFolder;

use super::{Peer, Place, Progress};
use crate::System;
use crate::county::{County, told, township, village};
use crate::records::{self, CHANGE, CHANGED, Record};

/// Milliseconds between two looks for a socket.
const LOOK_MS: u64 = 10;
/// Looks, at most: a minute.
const LOOKS_MAX: u64 = 6_000;

/// One end.
pub(super) struct Ours {
    client: Client,
    other: NodeId,
    records: Vec<Record>,
    message_bytes: u64,
}

impl Peer for Ours {
    async fn start(place: &Place) -> anyhow::Result<Self> {
        let county = County::at(place.folder.join("county"));
        let above = place.gives == (place.system == System::Ours);
        let (own, other) = match above {
            true => (township(), village()),
            false => (village(), township()),
        };
        let folder = county.node(own);
        let mut given = Vec::new();
        if place.gives {
            given = place.records()?;
            records::put_into(&county, &folder.store(), &given)?;
        }
        let settings = county.settings(own, above.then_some(place.listen))?;
        let run = folder.clone();
        std::thread::spawn(move || {
            if let Err(problem) = node_doors::run(&run, &settings, false) {
                eprintln!("{}", told(problem));
            }
        });
        let mut ours = Self {
            client: client(&folder).await?,
            other,
            records: given,
            message_bytes: 0,
        };
        ours.cut(true)?;
        // The records came into its store while it did not run: its read model has to catch up.
        while !ours.has_read_model()? {
            tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
        }
        Ok(ours)
    }

    async fn connect(&mut self) -> anyhow::Result<()> {
        self.cut(false)
    }

    async fn disconnect(&mut self) -> anyhow::Result<()> {
        self.cut(true)
    }

    async fn change(&mut self) -> anyhow::Result<()> {
        let (key, value) = CHANGE;
        let changed = self.records.iter().take(CHANGED);
        let changed: Vec<_> = changed.map(|record| record.id).collect();
        for record in changed {
            let value = Value::Text(value.to_owned());
            let facet = ChangedFacet {
                facet: records::name("grid.summary"),
                sensitivity: None,
                level: None,
                fields: [(key.to_owned(), Some(value))].into(),
                seen: None,
            };
            let facets = vec![facet];
            self.ask(&SetRequest { record, facets })?;
        }
        Ok(())
    }

    fn look(&mut self) -> anyhow::Result<Progress> {
        let status = self.ask(&StatusRequest {})?;
        self.message_bytes = status.app_bytes;
        let summaries = status.facets_by_name.get(&records::name("grid.summary"));
        let link = status
            .peers
            .iter()
            .find(|peer| peer.status.node == self.other);
        Ok(Progress {
            have: usize::try_from(summaries.copied().unwrap_or(0))?,
            equal: link.is_some_and(|peer| peer.status.link == LinkState::InSync),
        })
    }

    fn message_bytes(&self) -> u64 {
        self.message_bytes
    }
}

impl Ours {
    fn ask<U: UseCase>(&mut self, asked: &U) -> anyhow::Result<U::Answer> {
        let answer = self.client.ask(&Caller::at(WayIn::Socket), asked)?;
        answer.map_err(told)
    }

    fn has_read_model(&mut self) -> anyhow::Result<bool> {
        let status = self.ask(&ReadModelRequest { rebuild: false })?;
        Ok(status.catching_up.is_none())
    }

    /// Cuts the line, or lets it come up. Only the village is told: it dials.
    fn cut(&mut self, cut: bool) -> anyhow::Result<()> {
        if self.other != township() {
            return Ok(());
        }
        let lines_to = if cut { vec![self.other] } else { Vec::new() };
        self.ask(&CutRequest { lines_to })?;
        Ok(())
    }
}

/// Waits until a node answers.
async fn client(folder: &NodeFolder) -> anyhow::Result<Client> {
    for _ in 0..LOOKS_MAX {
        if let Ok(client) = Client::connect(&folder.socket()) {
            return Ok(client);
        }
        tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
    }
    Err(anyhow!("the node does not answer"))
}
