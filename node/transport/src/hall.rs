//! Where TCP connections wait until the other end has said something.
//!
//! libp2p can refuse a connection whose handshake is under way, but it cannot end one. So a few
//! sockets that say nothing would keep everybody else out. Here they cost a socket each and nothing
//! else, they have a short deadline, and the oldest gives way when there is no [`Room`]. Only a
//! connection with bytes to read is handed on to the handshake.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::{self, Ready};
use libp2p::Multiaddr;
use libp2p::core::Transport;
use libp2p::core::transport::{DialOpts, ListenerId, TransportError, TransportEvent};
use libp2p::tcp::tokio::{TcpStream, Transport as Tcp};
use socket2::SockRef;
use tokio::io::ReadBuf;
use tokio::time::{Instant, Sleep, sleep};

use super::fault::Refusal;
use super::source::{MemberSources, Source};
use super::turned_away::TurnedAway;
use crate::room::Room;

/// Connections taken from the kernel before others of the node's tasks have a turn.
const ACCEPTED_AT_ONCE_MAX: usize = 64;

/// A connection that was accepted.
struct Accepted {
    listener_id: ListenerId,
    stream: TcpStream,
    local_addr: Multiaddr,
    send_back_addr: Multiaddr,
}

impl Accepted {
    /// Whether there is something to read, as the kernel knows it: tokio knows only what it was told
    /// the last time it waited.
    fn has_spoken(&self) -> bool {
        let socket = SockRef::from(&self.stream.0);
        matches!(socket.peek(&mut [MaybeUninit::uninit()]), Ok(1..))
    }

    /// Waits for the first byte. `Ok(false)` if the other end closed without one.
    fn poll_spoken(&self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut byte = [0];
        let peeked = self.stream.0.poll_peek(cx, &mut ReadBuf::new(&mut byte));
        peeked.map_ok(|bytes| bytes > 0)
    }
}

/// The TCP transport, with a hall at its door.
pub(super) struct Hall {
    tcp: Tcp,
    silent: Room<Accepted>,
    spoken: VecDeque<Accepted>,
    members: MemberSources,
    turned_away: TurnedAway,
    first_bytes: Duration,
    timer: Pin<Box<Sleep>>,
}

impl Hall {
    /// A hall in which a connection may be silent for `first_bytes`.
    pub(super) fn new(
        tcp: Tcp,
        members: MemberSources,
        turned_away: TurnedAway,
        first_bytes: Duration,
    ) -> Self {
        Self {
            tcp,
            silent: Room::default(),
            spoken: VecDeque::new(),
            members,
            turned_away,
            first_bytes,
            timer: Box::pin(sleep(first_bytes)),
        }
    }

    fn receive(&mut self, accepted: Accepted, now: Instant) {
        let source = Source::of(&accepted.send_back_addr);
        let known = self.members.contains(source);
        let (_, gone) = self.silent.enter(source, known, accepted, now);
        let Some(gone) = gone else {
            return;
        };
        if gone.what.has_spoken() {
            self.spoken.push_back(gone.what);
        } else {
            self.turned_away
                .count(Refusal::TooManyConnections, gone.source);
        }
    }

    /// Moves on whoever has spoken, and ends what has been silent for too long.
    fn look(&mut self, cx: &mut Context<'_>, now: Instant) {
        let mut leaving = Vec::new();
        for (place, guest) in self.silent.guests() {
            let overdue = now.duration_since(guest.since) >= self.first_bytes;
            match guest.what.poll_spoken(cx) {
                Poll::Ready(spoken) => leaving.push((place, spoken.unwrap_or(false))),
                Poll::Pending if overdue => {
                    self.turned_away.count(Refusal::Silent, guest.source);
                    leaving.push((place, false));
                }
                Poll::Pending => {}
            }
        }
        for (place, spoken) in leaving {
            let guest = self.silent.leave(place);
            self.spoken
                .extend(guest.filter(|_| spoken).map(|guest| guest.what));
        }
        let oldest = self.silent.guests().next();
        if let Some(oldest) = oldest.map(|(_, guest)| guest.since) {
            self.timer.as_mut().reset(oldest + self.first_bytes);
            if self.timer.as_mut().poll(cx).is_ready() {
                cx.waker().wake_by_ref();
            }
        }
    }
}

impl Transport for Hall {
    type Output = TcpStream;
    type Error = io::Error;
    type ListenerUpgrade = Ready<io::Result<TcpStream>>;
    type Dial = <Tcp as Transport>::Dial;

    fn listen_on(
        &mut self,
        id: ListenerId,
        address: Multiaddr,
    ) -> Result<(), TransportError<io::Error>> {
        self.tcp.listen_on(id, address)
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.tcp.remove_listener(id)
    }

    fn dial(
        &mut self,
        address: Multiaddr,
        options: DialOpts,
    ) -> Result<Self::Dial, TransportError<io::Error>> {
        self.tcp.dial(address, options)
    }

    fn poll(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, io::Error>> {
        let hall = self.get_mut();
        let now = Instant::now();
        let mut drained = false;
        for _ in 0..ACCEPTED_AT_ONCE_MAX {
            match Pin::new(&mut hall.tcp).poll(cx) {
                Poll::Ready(TransportEvent::Incoming {
                    listener_id,
                    upgrade,
                    local_addr,
                    send_back_addr,
                }) => {
                    // It is there already, and is no error.
                    if let Ok(stream) = upgrade.into_inner() {
                        let accepted = Accepted {
                            listener_id,
                            stream,
                            local_addr,
                            send_back_addr,
                        };
                        hall.receive(accepted, now);
                    }
                }
                Poll::Ready(event) => return Poll::Ready(event),
                Poll::Pending => {
                    drained = true;
                    break;
                }
            }
        }
        if !drained {
            cx.waker().wake_by_ref();
        }
        hall.look(cx, now);
        match hall.spoken.pop_front() {
            Some(accepted) => Poll::Ready(TransportEvent::Incoming {
                listener_id: accepted.listener_id,
                upgrade: future::ready(Ok(accepted.stream)),
                local_addr: accepted.local_addr,
                send_back_addr: accepted.send_back_addr,
            }),
            None => Poll::Pending,
        }
    }
}
