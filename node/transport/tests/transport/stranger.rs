//! A libp2p program that is not a node: it writes whatever bytes it likes.

use std::io;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, StreamExt};
use libp2p::request_response::{self, Codec, Event, Message, ProtocolSupport};
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, StreamProtocol, Swarm, SwarmBuilder, identity::Keypair, tcp, tls, yamux};
use tokio::sync::mpsc;

/// Writes and reads bytes as they are, prefix and all.
#[derive(Clone, Copy, Default)]
pub(crate) struct RawCodec;

async fn read_all<T: AsyncRead + Unpin + Send>(io: &mut T) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io.read_to_end(&mut bytes).await?;
    if bytes.is_empty() {
        Err(io::ErrorKind::UnexpectedEof.into())
    } else {
        Ok(bytes)
    }
}

async fn write_all<T: AsyncWrite + Unpin + Send>(io: &mut T, bytes: Vec<u8>) -> io::Result<()> {
    io.write_all(&bytes).await?;
    io.flush().await
}

impl Codec for RawCodec {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        read_all(io).await
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        read_all(io).await
    }

    async fn write_request<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write_all(io, bytes).await
    }

    async fn write_response<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write_all(io, bytes).await
    }
}

/// What happened to the stranger.
#[derive(Debug)]
pub(crate) enum Outcome {
    Connected,
    Closed,
    Answered(Vec<u8>),
    Unanswered,
}

/// Dials this address with this key, then sends all these requests at once, and answers whatever it
/// is asked with `answer`. Lives as long as the receiver does.
pub(crate) fn send_stranger(
    secret: [u8; 32],
    address: &str,
    requests: Vec<Vec<u8>>,
    answer: Vec<u8>,
) -> mpsc::Receiver<Outcome> {
    let mut swarm = build(secret);
    swarm
        .dial(address.parse::<Multiaddr>().expect("an address"))
        .expect("it dials");
    let (outcomes, receiver) = mpsc::channel(1024);
    tokio::spawn(async move {
        while !outcomes.is_closed() {
            let outcome = tokio::select! {
                () = outcomes.closed() => return,
                event = swarm.select_next_some() => match event {
                    SwarmEvent::ConnectionEstablished { peer_id, .. } => {
                        for bytes in &requests {
                            swarm.behaviour_mut().send_request(&peer_id, bytes.clone());
                        }
                        Outcome::Connected
                    }
                    SwarmEvent::ConnectionClosed { .. } => Outcome::Closed,
                    SwarmEvent::Behaviour(Event::Message {
                        message: Message::Request { channel, .. }, ..
                    }) => {
                        let _ = swarm.behaviour_mut().send_response(channel, answer.clone());
                        continue;
                    }
                    SwarmEvent::Behaviour(Event::Message {
                        message: Message::Response { response, .. }, ..
                    }) => Outcome::Answered(response),
                    SwarmEvent::Behaviour(Event::OutboundFailure { .. }) => Outcome::Unanswered,
                    _ => continue,
                },
            };
            if outcomes.send(outcome).await.is_err() {
                return;
            }
        }
    });
    receiver
}

fn build(secret: [u8; 32]) -> Swarm<request_response::Behaviour<RawCodec>> {
    let pair = Keypair::ed25519_from_bytes(secret).expect("a key");
    let protocol = StreamProtocol::new("/countymesh/sync/1");
    SwarmBuilder::with_existing_identity(pair)
        .with_tokio()
        .with_tcp(
            tcp::Config::default(),
            tls::Config::new,
            yamux::Config::default,
        )
        .expect("TLS works")
        .with_behaviour(|_| {
            request_response::Behaviour::new(
                [(protocol, ProtocolSupport::Full)],
                request_response::Config::default().with_max_concurrent_streams(1000),
            )
        })
        .expect("it is infallible")
        .build()
}

/// The next outcome.
pub(crate) async fn next(outcomes: &mut mpsc::Receiver<Outcome>) -> Outcome {
    let next = tokio::time::timeout(crate::harness::PATIENCE, outcomes.recv());
    next.await
        .expect("something happens")
        .expect("the stranger lives")
}

/// A frame as the wire has it.
pub(crate) fn framed(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("it fits");
    [&length.to_be_bytes(), bytes].concat()
}
