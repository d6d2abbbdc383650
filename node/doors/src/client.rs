//! The asking end of the control socket: blocking, for command lines and tests.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use node_app::asked::protocol::{LINE_BYTES_MAX, Reply, Request};

/// Seconds that an answer may take: an import of a whole year is the longest.
const ANSWER_TIMEOUT_S: u64 = 600;
/// The same of what a node answers at once unless it is at something long.
const SHORT_ANSWER_TIMEOUT_S: u64 = 60;
/// Seconds after which whoever asked is told, again and again.
const WAITING_S: u64 = 3;

/// A connection to a running node.
pub struct Client {
    stream: BufReader<UnixStream>,
}

impl Client {
    /// Connects to the node whose socket this is.
    pub fn connect(socket: &Path) -> std::io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(Duration::from_secs(WAITING_S)))?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    fn send(&mut self, line: &[u8], request: &Request) -> std::io::Result<()> {
        let stream = self.stream.get_mut();
        stream.write_all(line)?;
        let mut attached = request.attached().into_iter();
        attached.try_for_each(|file| stream.write_all(&file.bytes))
    }

    /// Asks, and waits for the answer.
    pub fn ask(&mut self, request: &Request) -> std::io::Result<Reply> {
        self.ask_telling(request, |_| {})
    }

    /// The same; `waits` is told now and then for how many seconds there has been no answer.
    pub fn ask_telling(
        &mut self,
        request: &Request,
        mut waits: impl FnMut(u64),
    ) -> std::io::Result<Reply> {
        let mut line = serde_json::to_vec(request).map_err(std::io::Error::other)?;
        line.push(b'\n');
        let sent = self.send(&line, request);
        // A node that does not want all of it says why before it closes the line.
        if let Err(error) = sent
            && error.kind() != ErrorKind::BrokenPipe
        {
            return Err(error);
        }
        let mut answer = Vec::new();
        let patience_s = match request {
            Request::Status | Request::Stop => SHORT_ANSWER_TIMEOUT_S,
            _ => ANSWER_TIMEOUT_S,
        };
        let mut waited_s = 0;
        loop {
            let room = (LINE_BYTES_MAX as u64).saturating_sub(answer.len() as u64);
            let before = answer.len();
            match (&mut self.stream).take(room).read_until(b'\n', &mut answer) {
                Ok(_) => break,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    waited_s = match answer.len() > before {
                        true => 0,
                        false => waited_s + WAITING_S,
                    };
                    if waited_s >= patience_s {
                        return Err(ErrorKind::TimedOut.into());
                    }
                    waits(waited_s);
                }
                Err(error) => return Err(error),
            }
        }
        if answer.last() != Some(&b'\n') {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        serde_json::from_slice(&answer).map_err(std::io::Error::other)
    }
}
