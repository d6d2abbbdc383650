//! samod: one Automerge document for each record, its storage in files, over TCP without encryption.
//! The taker is told the ids of the documents, for samod has no list of them.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use automerge::transaction::Transactable;
use automerge::{Automerge, AutomergeError, ROOT};
use crdt_model::value::Value;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use samod::storage::TokioFilesystemStorage;
use samod::{BackoffConfig, ConnectionId, DialerHandle, DocHandle, DocumentId, Repo, Url};
use tokio::net::TcpListener;

use super::{Peer, Place, Progress};
use crate::records::{CHANGE, CHANGED, Record};

/// One end.
pub(super) struct Samod {
    repo: Repo,
    place: Place,
    line: Option<DialerHandle>,
    documents: Arc<Mutex<Vec<DocHandle>>>,
    have: Arc<AtomicUsize>,
    equal: Arc<AtomicBool>,
}

impl Peer for Samod {
    async fn start(place: &Place) -> anyhow::Result<Self> {
        let storage = TokioFilesystemStorage::new(place.own());
        let repo = Repo::build_tokio().with_storage(storage).load().await;
        let samod = Self {
            repo,
            place: place.clone(),
            line: None,
            documents: Arc::default(),
            have: Arc::default(),
            equal: Arc::default(),
        };
        if place.gives {
            let mut ids = Vec::new();
            for record in place.records()? {
                let document = samod.repo.create(document(&record)?).await?;
                ids.push(document.document_id().to_string());
                samod.documents().push(document);
            }
            std::fs::write(place.note(), ids.join("\n"))?;
            let acceptor = samod.repo.make_acceptor(address(place.listen)?)?;
            let listener = TcpListener::bind(("127.0.0.1", place.listen)).await?;
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    // A repository that has stopped takes none.
                    let _ = stream.set_nodelay(true);
                    let _ = acceptor.accept_tokio_io(stream);
                }
            });
        }
        Ok(samod)
    }

    async fn connect(&mut self) -> anyhow::Result<()> {
        let url = address(self.place.dial)?;
        let line = self.repo.dial_tcp(url, BackoffConfig::default())?;
        self.line = Some(line.clone());
        let known = self.documents().clone();
        let ids = match known.is_empty() {
            true => std::fs::read_to_string(self.place.note())?,
            false => String::new(),
        };
        let ids: Vec<DocumentId> = ids.lines().map(str::parse).collect::<Result<_, _>>()?;
        let (repo, have, equal) = (
            self.repo.clone(),
            Arc::clone(&self.have),
            Arc::clone(&self.equal),
        );
        let documents = Arc::clone(&self.documents);
        tokio::spawn(async move {
            // What fails is never equal, and is reported as not finished.
            if line.established().await.is_err() {
                return;
            }
            let Some(connection) = line.connection_id() else {
                return;
            };
            let mut all = known;
            all.extend(find(&repo, ids, &have).await);
            settle(&all, connection).await;
            *documents.lock().expect("no panic while it is held") = all;
            equal.store(true, Ordering::Relaxed);
        });
        Ok(())
    }

    async fn disconnect(&mut self) -> anyhow::Result<()> {
        if let Some(line) = self.line.take() {
            line.close();
        }
        self.equal.store(false, Ordering::Relaxed);
        Ok(())
    }

    async fn change(&mut self) -> anyhow::Result<()> {
        for document in self.documents().iter().take(CHANGED) {
            let changed = document.with_document(|document| {
                let (key, value) = CHANGE;
                document.transact::<_, _, AutomergeError>(|change| change.put(ROOT, key, value))
            });
            changed.map_err(|failure| failure.error)?;
        }
        Ok(())
    }

    fn look(&mut self) -> anyhow::Result<Progress> {
        Ok(Progress {
            have: self.have.load(Ordering::Relaxed),
            equal: self.equal.load(Ordering::Relaxed),
        })
    }
}

impl Samod {
    fn documents(&self) -> std::sync::MutexGuard<'_, Vec<DocHandle>> {
        self.documents.lock().expect("no panic while it is held")
    }
}

fn address(port: u16) -> anyhow::Result<Url> {
    Ok(Url::parse(&format!("tcp://127.0.0.1:{port}"))?)
}

/// A record as a document: a field for each of its fields.
fn document(record: &Record) -> anyhow::Result<Automerge> {
    let mut document = Automerge::new();
    let written = document.transact::<_, _, AutomergeError>(|change| {
        for (key, value) in &record.fields {
            match value {
                Value::Boolean(value) => change.put(ROOT, key.as_str(), *value)?,
                Value::Integer(value) => change.put(ROOT, key.as_str(), *value)?,
                Value::Text(value) => change.put(ROOT, key.as_str(), value.as_str())?,
            }
        }
        Ok(())
    });
    written.map_err(|failure| failure.error)?;
    Ok(document)
}

/// Finds documents at the other end, all at once.
async fn find(repo: &Repo, ids: Vec<DocumentId>, have: &AtomicUsize) -> Vec<DocHandle> {
    let mut finding: FuturesUnordered<_> = ids.into_iter().map(|id| repo.find(id)).collect();
    let mut found = Vec::new();
    while let Some(document) = finding.next().await {
        if let Ok(Some(document)) = document {
            have.fetch_add(1, Ordering::Relaxed);
            found.push(document);
        }
    }
    found
}

/// Waits until all documents have what the other end says that it has.
async fn settle(documents: &[DocHandle], connection: ConnectionId) {
    let changes = documents.iter();
    let mut settling: FuturesUnordered<_> = changes
        .map(|document| document.we_have_their_changes(connection))
        .collect();
    while settling.next().await.is_some() {}
}
