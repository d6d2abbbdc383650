//! A cable between two nodes that a test can pull: a relay that counts what passes and can fall
//! silent without closing anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub(crate) struct Relay {
    /// Where to dial instead.
    pub(crate) address: String,
    passed: Arc<AtomicU64>,
    pulled: watch::Sender<bool>,
}

impl Relay {
    /// A relay to a TCP multiaddress of the loopback interface.
    pub(crate) async fn to(address: &str) -> Self {
        let port: u16 = address
            .rsplit('/')
            .next()
            .and_then(|port| port.parse().ok())
            .expect("port");
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("a free port");
        let here = listener.local_addr().expect("an address").port();
        let passed = Arc::new(AtomicU64::new(0));
        let (pulled, watch) = watch::channel(false);
        let count = passed.clone();
        tokio::spawn(async move {
            while let Ok((from, _)) = listener.accept().await {
                let Ok(to) = TcpStream::connect(("127.0.0.1", port)).await else {
                    continue;
                };
                let (from_read, from_write) = from.into_split();
                let (to_read, to_write) = to.into_split();
                tokio::spawn(pass(from_read, to_write, count.clone(), watch.clone()));
                tokio::spawn(pass(to_read, from_write, count.clone(), watch.clone()));
            }
        });
        Self {
            address: format!("/ip4/127.0.0.1/tcp/{here}"),
            passed,
            pulled,
        }
    }

    /// From here on, nothing passes, and nobody is told.
    pub(crate) fn pull(&self) {
        self.pulled.send_replace(true);
    }

    /// Bytes that have passed, both ways.
    pub(crate) fn passed(&self) -> u64 {
        self.passed.load(Ordering::SeqCst)
    }
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    passed: Arc<AtomicU64>,
    mut pulled: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            _ = pulled.wait_for(|pulled| *pulled) => break,
            read = from.read(&mut buffer) => read.unwrap_or(0),
        };
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return;
        };
        passed.fetch_add(bytes.len() as u64, Ordering::SeqCst);
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
    // Both ends stay open, as with a pulled cable.
    std::future::pending::<()>().await;
}
