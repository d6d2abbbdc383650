//! The raw limit: one TCP stream, one batch and one flush of sled. It knows what the other end lacks,
//! checks nothing and hides nothing. What does any work at all is not faster.
//!
//! The taker sends how many records it has seen (8 bytes); the giver answers with the number of those
//! that came after (4 bytes), and each of them behind its length (4 bytes).

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufWriter};
use tokio::net::{TcpListener, TcpStream};

use super::{Peer, Place, Progress};
use crate::records::CHANGED;

/// Bytes of sled's cache.
const CACHE_BYTES: u64 = 64 << 20;

/// One end.
pub(super) struct Raw {
    folder: PathBuf,
    dial: u16,
    /// All records in the order in which they came; of the taker, how many.
    given: Arc<Mutex<Vec<Vec<u8>>>>,
    store: sled::Db,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Default)]
struct Taken {
    count: u64,
    equal: bool,
}

impl Peer for Raw {
    async fn start(place: &Place) -> anyhow::Result<Self> {
        let folder = place.own().join("sled");
        let config = sled::Config::new().path(&folder).flush_every_ms(None);
        let raw = Self {
            store: config.cache_capacity(CACHE_BYTES).open()?,
            folder,
            dial: place.dial,
            given: Arc::default(),
            taken: Arc::default(),
        };
        if place.gives {
            let records = place.records()?.into_iter().map(|record| record.commit);
            *raw.given.lock().expect("no panic while it is held") = records.collect();
            let listener = TcpListener::bind(("127.0.0.1", place.listen)).await?;
            tokio::spawn(listen(listener, Arc::clone(&raw.given)));
        }
        Ok(raw)
    }

    async fn connect(&mut self) -> anyhow::Result<()> {
        let (store, taken) = (self.store.clone(), Arc::clone(&self.taken));
        let (folder, dial) = (self.folder.clone(), self.dial);
        let since = taken.lock().expect("no panic while it is held").count;
        tokio::spawn(async move {
            // What fails is never equal, and is reported as not finished.
            if let Ok(records) = fetch(dial, since).await
                && keep(&store, &folder, since, &records).is_ok()
            {
                let mut taken = taken.lock().expect("no panic while it is held");
                taken.count += records.len() as u64;
                taken.equal = true;
            }
        });
        Ok(())
    }

    async fn disconnect(&mut self) -> anyhow::Result<()> {
        self.taken.lock().expect("no panic while it is held").equal = false;
        Ok(())
    }

    async fn change(&mut self) -> anyhow::Result<()> {
        let mut given = self.given.lock().expect("no panic while it is held");
        let changed: Vec<Vec<u8>> = given.iter().take(CHANGED).cloned().collect();
        given.extend(changed);
        Ok(())
    }

    fn look(&mut self) -> anyhow::Result<Progress> {
        let taken = self.taken.lock().expect("no panic while it is held");
        Ok(Progress {
            have: usize::try_from(taken.count)?,
            equal: taken.equal,
        })
    }
}

async fn listen(listener: TcpListener, given: Arc<Mutex<Vec<Vec<u8>>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        // Whoever hangs up has what it wanted.
        let _ = give(stream, &given).await;
    }
}

async fn give(mut stream: TcpStream, given: &Mutex<Vec<Vec<u8>>>) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let since = usize::try_from(stream.read_u64().await?)?;
    let given = given.lock().expect("no panic while it is held").clone();
    let given = given.get(since..).unwrap_or_default();
    let mut stream = BufWriter::new(stream);
    stream.write_u32(u32::try_from(given.len())?).await?;
    for record in given {
        stream.write_u32(u32::try_from(record.len())?).await?;
        stream.write_all(record).await?;
    }
    Ok(stream.flush().await?)
}

async fn fetch(dial: u16, since: u64) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut stream = TcpStream::connect(("127.0.0.1", dial)).await?;
    stream.set_nodelay(true)?;
    stream.write_u64(since).await?;
    let mut stream = tokio::io::BufReader::new(stream);
    let mut records = Vec::new();
    for _ in 0..stream.read_u32().await? {
        let mut record = vec![0; stream.read_u32().await? as usize];
        stream.read_exact(&mut record).await?;
        records.push(record);
    }
    Ok(records)
}

/// Makes records durable: one batch, sled's flush, and the fsync that sled leaves out.
fn keep(store: &sled::Db, folder: &Path, since: u64, records: &[Vec<u8>]) -> anyhow::Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let mut batch = sled::Batch::default();
    for (number, record) in (since..).zip(records) {
        batch.insert(&number.to_be_bytes(), record.as_slice());
    }
    store.apply_batch(batch)?;
    store.flush()?;
    Ok(File::open(folder.join("db"))?.sync_data()?)
}
