//! Bounds the handshakes under way of connections that others opened.
//!
//! It stands over a whole transport, the handshake included, so that it serves TCP and QUIC alike:
//! when there is no [`Room`], the oldest handshake ends, and its socket with it.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use libp2p::Multiaddr;
use libp2p::core::Transport;
use libp2p::core::transport::{Boxed, DialOpts, ListenerId, TransportError, TransportEvent};
use tokio::time::Instant;

use super::fault::Refusal;
use super::line::Switch;
use super::source::{MemberSources, Source};
use super::turned_away::TurnedAway;
use crate::room::{Place, Room};

/// A transport whose handshakes are bounded.
pub(super) struct Turnstile<O> {
    inner: Boxed<O>,
    under_way: Arc<Mutex<Room<Arc<Switch>>>>,
    members: MemberSources,
    turned_away: TurnedAway,
}

impl<O> Turnstile<O> {
    /// Bounds the handshakes of this transport.
    pub(super) fn new(inner: Boxed<O>, members: MemberSources, turned_away: TurnedAway) -> Self {
        Self {
            inner,
            under_way: Arc::default(),
            members,
            turned_away,
        }
    }

    fn admit(&self, from: &Multiaddr) -> Ticket {
        let source = Source::of(from);
        let known = self.members.contains(source);
        let switch = Arc::new(Switch::default());
        let mut room = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (place, gone) = room.enter(source, known, Arc::clone(&switch), Instant::now());
        drop(room);
        if let Some(gone) = gone {
            gone.what.sever();
            self.turned_away
                .count(Refusal::TooManyConnections, gone.source);
        }
        Ticket {
            place,
            switch,
            room: Arc::clone(&self.under_way),
        }
    }
}

/// A handshake's place in the room, given back when it is over.
struct Ticket {
    place: Place,
    switch: Arc<Switch>,
    room: Arc<Mutex<Room<Arc<Switch>>>>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        room.leave(self.place);
    }
}

/// A handshake that may have to give way.
pub(super) struct Handshake<O> {
    // Dropped, and its socket with it, when it is over.
    under_way: Option<(<Boxed<O> as Transport>::ListenerUpgrade, Ticket)>,
}

/// The handshake gave way to later ones.
#[derive(Debug)]
struct GaveWay;

impl fmt::Display for GaveWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the handshake gave way to later ones")
    }
}

impl Error for GaveWay {}

impl<O> Future for Handshake<O> {
    type Output = io::Result<O>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<O>> {
        let handshake = self.get_mut();
        let Some((upgrade, ticket)) = &mut handshake.under_way else {
            return Poll::Pending;
        };
        let done = match ticket.switch.is_severed(cx) {
            true => Poll::Ready(Err(io::Error::other(GaveWay))),
            false => Pin::new(upgrade).poll(cx),
        };
        if done.is_ready() {
            handshake.under_way = None;
        }
        done
    }
}

impl<O: 'static> Transport for Turnstile<O> {
    type Output = O;
    type Error = io::Error;
    type ListenerUpgrade = Handshake<O>;
    type Dial = <Boxed<O> as Transport>::Dial;

    fn listen_on(
        &mut self,
        id: ListenerId,
        address: Multiaddr,
    ) -> Result<(), TransportError<io::Error>> {
        self.inner.listen_on(id, address)
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.inner.remove_listener(id)
    }

    fn dial(
        &mut self,
        address: Multiaddr,
        options: DialOpts,
    ) -> Result<Self::Dial, TransportError<io::Error>> {
        self.inner.dial(address, options)
    }

    fn poll(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, io::Error>> {
        let turnstile = self.get_mut();
        Pin::new(&mut turnstile.inner).poll(cx).map(|event| {
            let ticket = match &event {
                TransportEvent::Incoming { send_back_addr, .. } => {
                    Some(turnstile.admit(send_back_addr))
                }
                _ => None,
            };
            event.map_upgrade(|upgrade| Handshake {
                under_way: ticket.map(|ticket| (upgrade, ticket)),
            })
        })
    }
}
