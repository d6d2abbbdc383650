//! Frames: four bytes of length, big-endian, and that many bytes. Nothing else is on a stream.
//!
//! ```text
//! request  = length u32be (≤ REQUEST_BYTES_MAX)  bytes
//! response = length u32be (≤ RESPONSE_BYTES_MAX) bytes
//! ```
//!
//! The length is judged before a byte is set aside for it, and the buffer grows as bytes arrive, so
//! a peer that claims much and sends little costs little. A length over the limit is not an error of
//! the stream but a [`Frame::Oversized`]: that way it reaches the driver together with the peer it
//! came from, and can be counted against it.

use std::io;

use bytes::Bytes;
use crdt_model::limits::{REQUEST_BYTES_MAX, RESPONSE_BYTES_MAX};
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::StreamProtocol;
use libp2p::request_response::{self, Codec};

/// The one protocol that nodes speak.
pub(super) const PROTOCOL: StreamProtocol = StreamProtocol::new("/countymesh/sync/1");

const PREFIX_BYTES: usize = 4;

// A length must fit its prefix.
const _: () = assert!(REQUEST_BYTES_MAX <= u32::MAX as usize);
const _: () = assert!(RESPONSE_BYTES_MAX <= u32::MAX as usize);

/// What one stream carried in one direction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Frame {
    /// A frame within its limit.
    Whole(Bytes),
    /// A frame that claimed this many bytes, more than allowed; none of them were read.
    Oversized(u32),
}

/// Reads and writes [`Frame`]s within the limits of requests and responses.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct FrameCodec;

/// The behaviour that carries frames.
pub(super) type Frames = request_response::Behaviour<FrameCodec>;

impl Codec for FrameCodec {
    type Protocol = StreamProtocol;
    type Request = Frame;
    type Response = Frame;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Frame>
    where
        T: AsyncRead + Unpin + Send,
    {
        read_frame(io, REQUEST_BYTES_MAX).await
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Frame>
    where
        T: AsyncRead + Unpin + Send,
    {
        read_frame(io, RESPONSE_BYTES_MAX).await
    }

    async fn write_request<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        frame: Frame,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write_frame(io, frame, REQUEST_BYTES_MAX).await
    }

    async fn write_response<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        frame: Frame,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write_frame(io, frame, RESPONSE_BYTES_MAX).await
    }
}

async fn read_frame<T>(io: &mut T, bytes_max: usize) -> io::Result<Frame>
where
    T: AsyncRead + Unpin + Send,
{
    let mut prefix = [0; PREFIX_BYTES];
    io.read_exact(&mut prefix).await?;
    let claimed = u32::from_be_bytes(prefix);
    let length = usize::try_from(claimed).unwrap_or(usize::MAX);
    if length > bytes_max {
        return Ok(Frame::Oversized(claimed));
    }
    let mut bytes = Vec::new();
    io.take(u64::from(claimed)).read_to_end(&mut bytes).await?;
    if bytes.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    bytes.shrink_to_fit();
    Ok(Frame::Whole(bytes.into()))
}

async fn write_frame<T>(io: &mut T, frame: Frame, bytes_max: usize) -> io::Result<()>
where
    T: AsyncWrite + Unpin + Send,
{
    let Frame::Whole(bytes) = frame else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let length = u32::try_from(bytes.len())
        .ok()
        .filter(|_| bytes.len() <= bytes_max);
    let prefix = length.ok_or(io::ErrorKind::InvalidInput)?.to_be_bytes();
    // One write, so that prefix and bytes share a packet.
    let mut whole = Vec::with_capacity(PREFIX_BYTES + bytes.len());
    whole.extend_from_slice(&prefix);
    whole.extend_from_slice(&bytes);
    io.write_all(&whole).await?;
    io.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::io::Cursor;

    async fn read(bytes: &[u8], bytes_max: usize) -> io::Result<Frame> {
        read_frame(&mut Cursor::new(bytes), bytes_max).await
    }

    #[tokio::test]
    async fn what_is_written_is_read_back() {
        for length in [0, 1, 4096, REQUEST_BYTES_MAX] {
            let frame = Frame::Whole(vec![7; length].into());
            let mut wire = Vec::new();
            write_frame(&mut wire, frame.clone(), REQUEST_BYTES_MAX)
                .await
                .expect("it fits");
            assert_eq!(wire.len(), PREFIX_BYTES + length);
            assert_eq!(
                read(&wire, REQUEST_BYTES_MAX).await.expect("it is whole"),
                frame
            );
        }
    }

    #[tokio::test]
    async fn a_length_over_the_limit_is_told_apart_and_nothing_of_it_is_read() {
        let claimed = u32::try_from(REQUEST_BYTES_MAX).expect("it fits") + 1;
        let mut wire = claimed.to_be_bytes().to_vec();
        wire.extend_from_slice(b"more");
        let mut io = Cursor::new(&wire);
        let frame = read_frame(&mut io, REQUEST_BYTES_MAX)
            .await
            .expect("it is told apart");
        assert_eq!(frame, Frame::Oversized(claimed));
        assert_eq!(io.position(), PREFIX_BYTES as u64);
        let frame = read(&u32::MAX.to_be_bytes(), RESPONSE_BYTES_MAX)
            .await
            .expect("told apart");
        assert_eq!(frame, Frame::Oversized(u32::MAX));
    }

    #[tokio::test]
    async fn a_frame_that_ends_early_is_an_error() {
        for wire in [&b""[..], &[0, 0], &[0, 0, 0, 5, 1, 2, 3, 4]] {
            let error = read(wire, REQUEST_BYTES_MAX)
                .await
                .expect_err("it is cut short");
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }

    #[tokio::test]
    async fn a_frame_over_the_limit_is_never_written() {
        let frame = Frame::Whole(vec![0; REQUEST_BYTES_MAX + 1].into());
        let mut wire = Vec::new();
        assert!(
            write_frame(&mut wire, frame, REQUEST_BYTES_MAX)
                .await
                .is_err()
        );
        assert!(wire.is_empty());
    }
}
