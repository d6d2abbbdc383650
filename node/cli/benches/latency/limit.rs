//! What the machine allows: a synced write, and a round trip over TLS.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

use crate::harness::{Peer, TCP, pair, timings, town};

/// Bytes of a commit and of what acknowledges it.
const COMMIT_BYTES: usize = 400;
const ANSWER_BYTES: usize = 4;

/// A file to write to, and two transports on the loopback address.
pub(crate) struct Limit {
    file: File,
    runtime: Runtime,
    below: Peer,
    above: Peer,
    trips: u64,
}

impl Limit {
    pub(crate) fn start(folder: &Path) -> Self {
        let file = File::create(folder.join("synced")).expect("a file");
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let (below, above) = runtime.block_on(pair(TCP, timings()));
        Self {
            file,
            runtime,
            below,
            above,
            trips: 0,
        }
    }

    pub(crate) fn synced_write(&mut self) -> Duration {
        let start = Instant::now();
        self.file.write_all(&[1; COMMIT_BYTES]).expect("a disk");
        self.file.sync_data().expect("a disk");
        start.elapsed()
    }

    pub(crate) fn round_trip(&mut self) -> Duration {
        self.trips += 1;
        let (below, above, number) = (&mut self.below, &mut self.above, self.trips);
        let start = Instant::now();
        self.runtime.block_on(async {
            below.request(town(), number, vec![1; COMMIT_BYTES]).await;
            let (_, id, _) = above.asked().await;
            above.respond(id, vec![1; ANSWER_BYTES]).await;
            below.answer(number).await.expect("an answer");
        });
        start.elapsed()
    }
}
