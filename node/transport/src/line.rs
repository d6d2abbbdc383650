//! A multiplexed connection that can be severed.
//!
//! libp2p closes a connection politely: it flushes what streams had queued, says goodbye and waits
//! for the kernel to take it. On a line that is cut, or that leads to a peer that must get nothing
//! more, that is one flush too many, and on a line that died with a full send buffer it takes until
//! TCP gives up, a quarter of an hour. So every connection is wrapped: once severed, the multiplexer
//! is not polled again, which is the only way bytes reach the socket, and the polite close has a
//! deadline.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::task::AtomicWaker;
use libp2p::PeerId;
use libp2p::core::muxing::{StreamMuxer, StreamMuxerBox, StreamMuxerEvent};
use tokio::time::{Sleep, sleep};

/// A connection's switch: flipped once, never back.
#[derive(Default)]
pub(super) struct Switch {
    severed: AtomicBool,
    waker: AtomicWaker,
}

impl Switch {
    pub(super) fn is_severed(&self, cx: &Context<'_>) -> bool {
        // Register first, so that a flip in between is not missed.
        self.waker.register(cx.waker());
        self.severed.load(Ordering::Acquire)
    }

    pub(super) fn sever(&self) {
        self.severed.store(true, Ordering::Release);
        self.waker.wake();
    }
}

/// The switches of all lines, by the peer they lead to.
#[derive(Clone, Default)]
pub(super) struct Switchboard {
    switches: Arc<Mutex<BTreeMap<PeerId, Vec<Weak<Switch>>>>>,
}

impl Switchboard {
    /// Wraps a line to this peer, so that it can be severed.
    pub(super) fn attach(&self, peer: PeerId, muxer: StreamMuxerBox, close: Duration) -> Line {
        let switch = Arc::new(Switch::default());
        let mut switches = self.switches.lock().unwrap_or_else(PoisonError::into_inner);
        // Lines that are gone leave their entries behind; sweep them out on the way.
        switches.retain(|_, lines| {
            lines.retain(|line| line.strong_count() > 0);
            !lines.is_empty()
        });
        switches
            .entry(peer)
            .or_default()
            .push(Arc::downgrade(&switch));
        Line {
            muxer: Some(muxer),
            switch,
            close,
            closing: None,
        }
    }

    /// Severs every line to this peer that exists now: from here on no byte is read from or handed
    /// to its socket.
    pub(super) fn sever(&self, peer: PeerId) {
        let mut switches = self.switches.lock().unwrap_or_else(PoisonError::into_inner);
        for line in switches.remove(&peer).unwrap_or_default() {
            if let Some(switch) = line.upgrade() {
                switch.sever();
            }
        }
    }
}

/// A multiplexed connection with a switch and with a deadline for closing.
pub(super) struct Line {
    // Dropped, and its socket with it, when the line is severed.
    muxer: Option<StreamMuxerBox>,
    switch: Arc<Switch>,
    close: Duration,
    closing: Option<Pin<Box<Sleep>>>,
}

fn severed() -> io::Error {
    io::Error::new(
        io::ErrorKind::ConnectionAborted,
        "the line was severed here",
    )
}

impl Line {
    fn alive(&mut self, cx: &Context<'_>) -> io::Result<Pin<&mut StreamMuxerBox>> {
        if self.switch.is_severed(cx) {
            self.muxer = None;
        }
        self.muxer.as_mut().map(Pin::new).ok_or_else(severed)
    }
}

impl StreamMuxer for Line {
    type Substream = <StreamMuxerBox as StreamMuxer>::Substream;
    type Error = io::Error;

    fn poll_inbound(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, io::Error>> {
        self.get_mut().alive(cx)?.poll_inbound(cx)
    }

    fn poll_outbound(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, io::Error>> {
        self.get_mut().alive(cx)?.poll_outbound(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        let line = self.get_mut();
        let close = line.close;
        let deadline = line.closing.get_or_insert_with(|| Box::pin(sleep(close)));
        if deadline.as_mut().poll(cx).is_ready() {
            line.muxer = None;
        }
        match line.alive(cx) {
            Ok(muxer) => muxer.poll_close(cx),
            Err(_) => Poll::Ready(Ok(())),
        }
    }

    fn poll(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<StreamMuxerEvent, io::Error>> {
        self.get_mut().alive(cx)?.poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::poll_fn;
    use libp2p::core::muxing::SubstreamBox;

    /// A connection on which nothing ever happens, and that never finishes closing.
    struct Stuck;

    impl StreamMuxer for Stuck {
        type Substream = SubstreamBox;
        type Error = io::Error;
        fn poll_inbound(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<io::Result<SubstreamBox>> {
            Poll::Pending
        }
        fn poll_outbound(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<io::Result<SubstreamBox>> {
            Poll::Pending
        }
        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<StreamMuxerEvent>> {
            Poll::Pending
        }
    }

    fn peer() -> PeerId {
        libp2p::identity::Keypair::ed25519_from_bytes([1; 32])
            .expect("a key")
            .public()
            .to_peer_id()
    }

    #[tokio::test]
    async fn a_severed_line_wakes_its_owner_and_fails() {
        let board = Switchboard::default();
        let mut line = board.attach(peer(), StreamMuxerBox::new(Stuck), Duration::from_secs(2));
        let waiting = tokio::spawn(async move { poll_fn(|cx| Pin::new(&mut line).poll(cx)).await });
        tokio::task::yield_now().await;
        board.sever(peer());
        let error = waiting
            .await
            .expect("no panic")
            .expect_err("the line is gone");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
    }

    #[tokio::test]
    async fn closing_a_stuck_line_ends_at_the_deadline() {
        let board = Switchboard::default();
        let mut line = board.attach(
            peer(),
            StreamMuxerBox::new(Stuck),
            Duration::from_millis(20),
        );
        let before = tokio::time::Instant::now();
        poll_fn(|cx| Pin::new(&mut line).poll_close(cx))
            .await
            .expect("it gives up quietly");
        assert!(before.elapsed() >= Duration::from_millis(20));
    }
}
