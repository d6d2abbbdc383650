//! Stands between two ends that speak TCP, and counts what passes, both directions together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// Bytes that are read at once.
const CHUNK_BYTES: usize = 128 * 1024;

/// A proxy that ends with its runtime's task.
pub(crate) struct Proxy {
    /// Where it listens.
    pub(crate) port: u16,
    passed: Arc<AtomicU64>,
    open: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<()>,
}

impl Proxy {
    /// Listens at a port, at any free one for 0, and passes on to another. It is shut at first.
    pub(crate) async fn start(port: u16, to: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let port = listener.local_addr()?.port();
        let (passed, open) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let task = tokio::spawn(accept(listener, to, Arc::clone(&passed), Arc::clone(&open)));
        Ok(Self {
            port,
            passed,
            open,
            task,
        })
    }

    /// Lets connections through from now on.
    pub(crate) fn open(&self) {
        self.open.store(true, Ordering::Relaxed);
    }

    /// Bytes that have passed.
    pub(crate) fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, to: u16, passed: Arc<AtomicU64>, open: Arc<AtomicBool>) {
    while let Ok((near, _)) = listener.accept().await {
        if !open.load(Ordering::Relaxed) {
            continue;
        }
        let Ok(far) = TcpStream::connect(("127.0.0.1", to)).await else {
            continue;
        };
        // It only makes what follows faster.
        let _ = near.set_nodelay(true).and(far.set_nodelay(true));
        let (near_read, near_write) = near.into_split();
        let (far_read, far_write) = far.into_split();
        tokio::spawn(pass(near_read, far_write, Arc::clone(&passed)));
        tokio::spawn(pass(far_read, near_write, Arc::clone(&passed)));
    }
}

/// Passes one direction on until it ends.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, passed: Arc<AtomicU64>) {
    let mut chunk = vec![0; CHUNK_BYTES];
    while let Ok(read @ 1..) = from.read(&mut chunk).await {
        passed.fetch_add(read as u64, Ordering::Relaxed);
        if to.write_all(&chunk[..read]).await.is_err() {
            return;
        }
    }
    // The end is passed on too; the other side may have ended first.
    let _ = to.shutdown().await;
}
