//! Tells in the packets of TCP what was sent before: what the line made it send again.

use std::collections::BTreeMap;

const IPV4: u8 = 4;
const TCP: u8 = 6;

/// The streams that were seen, by addresses and ports, with where each has come to.
#[derive(Default)]
pub(crate) struct Streams {
    next: BTreeMap<Vec<u8>, u32>,
}

impl Streams {
    /// Bytes of content in a packet that were sent before.
    pub(crate) fn repeated(&mut self, packet: &[u8]) -> u64 {
        let Some((stream, sequence, content)) = parsed(packet) else {
            return 0;
        };
        if content == 0 {
            return 0;
        }
        let end = sequence.wrapping_add(content);
        let next = self.next.entry(stream).or_insert(sequence);
        // Sequence numbers go round: what is less than half of the circle ahead lies ahead.
        let ahead = |from: u32, to: u32| (to.wrapping_sub(from) as i32).max(0) as u32;
        let new = ahead(*next, end).min(content);
        if new > 0 {
            *next = end;
        }
        u64::from(content - new)
    }
}

/// Addresses and ports, the sequence number and the bytes of content of a TCP packet.
fn parsed(packet: &[u8]) -> Option<(Vec<u8>, u32, u32)> {
    if packet.first()? >> 4 != IPV4 || *packet.get(9)? != TCP {
        return None;
    }
    let length = u32::from(u16::from_be_bytes(packet.get(2..4)?.try_into().ok()?));
    let ip_bytes = usize::from(packet.first()? & 15) * 4;
    let tcp = packet.get(ip_bytes..)?;
    let tcp_bytes = u32::from(tcp.get(12)? >> 4) * 4;
    let stream = [packet.get(12..20)?, tcp.get(..4)?].concat();
    let sequence = u32::from_be_bytes(tcp.get(4..8)?.try_into().ok()?);
    Some((
        stream,
        sequence,
        length.checked_sub(ip_bytes as u32 + tcp_bytes)?,
    ))
}
