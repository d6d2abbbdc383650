//! iroh-docs: one document with an entry for each record, its contents as blobs, both in files, over
//! QUIC and without relay or discovery. Who leaves a document and syncs again connects anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::Context;
use futures::{Stream, StreamExt};
use iroh::endpoint::{Endpoint, RelayMode, presets};
use iroh::protocol::Router;
use iroh_blobs::BlobsProtocol;
use iroh_blobs::store::fs::FsStore;
use iroh_docs::api::Doc;
use iroh_docs::api::protocol::{AddrInfoOptions, ShareMode};
use iroh_docs::engine::LiveEvent;
use iroh_docs::protocol::Docs;
use iroh_docs::{ContentStatus, DocTicket};
use iroh_gossip::net::Gossip;

use super::{Peer, Place, Progress};
use crate::records::CHANGED;

/// One end.
pub(super) struct Iroh {
    router: Router,
    docs: Docs,
    doc: Option<Doc>,
    place: Place,
    heard: Arc<Heard>,
}

/// What the taker has heard of its document.
#[derive(Default)]
struct Heard {
    /// Entries that came.
    entries: AtomicUsize,
    /// Contents that came.
    contents: AtomicUsize,
    /// Whether a sync has ended since the connection.
    synced: AtomicBool,
    /// Whether no content of it is still on the way.
    through: AtomicBool,
}

impl Peer for Iroh {
    async fn start(place: &Place) -> anyhow::Result<Self> {
        let endpoint = Endpoint::builder(presets::Minimal)
            .relay_mode(RelayMode::Disabled)
            .clear_ip_transports()
            .bind_addr("127.0.0.1:0")?
            .bind()
            .await?;
        let (blobs, replica) = (place.own().join("blobs"), place.own().join("docs"));
        std::fs::create_dir_all(&replica)?;
        let blobs = FsStore::load(blobs).await?;
        let gossip = Gossip::builder().spawn(endpoint.clone());
        let docs = Docs::persistent(replica)
            .spawn(endpoint.clone(), (*blobs).clone(), gossip.clone())
            .await?;
        let router = Router::builder(endpoint)
            .accept(iroh_blobs::ALPN, BlobsProtocol::new(&blobs, None))
            .accept(iroh_gossip::ALPN, gossip)
            .accept(iroh_docs::ALPN, docs.clone())
            .spawn();
        let mut iroh = Self {
            router,
            docs,
            doc: None,
            place: place.clone(),
            heard: Arc::default(),
        };
        if place.gives {
            let doc = iroh.docs.create().await?;
            iroh.write(&doc, b"").await?;
            let (mode, addresses) = (ShareMode::Write, AddrInfoOptions::Addresses);
            let ticket = doc.share(mode, addresses).await?;
            std::fs::write(place.note(), ticket.to_string())?;
            iroh.doc = Some(doc);
        }
        Ok(iroh)
    }

    async fn connect(&mut self) -> anyhow::Result<()> {
        let ticket: DocTicket = std::fs::read_to_string(self.place.note())?.parse()?;
        if self.doc.is_none() {
            let doc = self.docs.import_namespace(ticket.capability).await?;
            tokio::spawn(hear(doc.subscribe().await?, Arc::clone(&self.heard)));
            self.doc = Some(doc);
        }
        // What an earlier connection left to be said has been said by now.
        self.heard.synced.store(false, Ordering::Relaxed);
        self.heard.through.store(false, Ordering::Relaxed);
        let doc = self.doc.as_ref().context("a document")?;
        doc.start_sync(ticket.nodes).await
    }

    async fn disconnect(&mut self) -> anyhow::Result<()> {
        let doc = self.doc.as_ref().context("a document")?;
        doc.leave().await
    }

    async fn change(&mut self) -> anyhow::Result<()> {
        let doc = self.doc.clone().context("a document")?;
        self.place.count = CHANGED;
        self.write(&doc, b"handling").await
    }

    fn look(&mut self) -> anyhow::Result<Progress> {
        let have = self.heard.contents.load(Ordering::Relaxed);
        let through = self.heard.through.load(Ordering::Relaxed);
        Ok(Progress {
            have,
            equal: through && have >= self.heard.entries.load(Ordering::Relaxed),
        })
    }

    fn sent_bytes(&self) -> u64 {
        let sent = &self.router.endpoint().metrics().socket;
        sent.send_ipv4.get() + sent.send_ipv6.get() + sent.send_relay.get()
    }
}

impl Iroh {
    /// Writes the records with something after each.
    async fn write(&self, doc: &Doc, after: &[u8]) -> anyhow::Result<()> {
        let author = self.docs.author_default().await?;
        for record in self.place.records()? {
            let content = [&record.commit, after].concat();
            doc.set_bytes(author, record.id.0.to_vec(), content).await?;
        }
        Ok(())
    }
}

async fn hear(
    mut events: impl Stream<Item = anyhow::Result<LiveEvent>> + Unpin,
    heard: Arc<Heard>,
) {
    while let Some(Ok(event)) = events.next().await {
        match event {
            LiveEvent::InsertRemote { content_status, .. } => {
                heard.entries.fetch_add(1, Ordering::Relaxed);
                if content_status == ContentStatus::Complete {
                    heard.contents.fetch_add(1, Ordering::Relaxed);
                }
            }
            LiveEvent::ContentReady { .. } => {
                heard.contents.fetch_add(1, Ordering::Relaxed);
            }
            LiveEvent::SyncFinished(_) => heard.synced.store(true, Ordering::Relaxed),
            LiveEvent::PendingContentReady => {
                let synced = heard.synced.load(Ordering::Relaxed);
                heard.through.store(synced, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}
