//! The asking end of the control socket: blocking, for command lines and tests.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use crdt_model::text::Problem;
use node_app::door::caller::Caller;
use node_app::door::line::{self, Asked, CALL_OFF, Envelope, LINE_BYTES_MAX, Told};
use node_app::door::task::Progress;
use node_app::door::use_case::UseCase;

/// Seconds without a word from the node after which it counts as gone, for what has no deadline.
const SILENCE_S: u64 = 600;
/// Seconds that an answer may come after its deadline.
const LATE_S: u64 = 30;
/// Milliseconds between two looks whether whoever asked still wants the answer.
const LOOK_MS: u64 = 200;

/// A connection to a running node.
pub struct Client {
    stream: BufReader<UnixStream>,
}

/// What whoever waits for an answer is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Meanwhile {
    /// For so many milliseconds nothing has come.
    Silence(u64),
    /// It has come so far.
    Progress(Progress),
}

/// What whoever waits wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wants {
    /// The answer.
    Answer,
    /// That it ends early, and what has come of it.
    End,
}

impl Client {
    /// Connects to the node whose socket this is.
    pub fn connect(socket: &Path) -> std::io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(Duration::from_millis(LOOK_MS)))?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Asks, and waits for the answer.
    pub fn ask<U: UseCase>(
        &mut self,
        caller: &Caller,
        asked: &U,
    ) -> std::io::Result<Result<U::Answer, Problem>> {
        self.send(caller, asked, false)?;
        self.answer::<U>(|_| Wants::Answer)
    }

    /// The same; `meanwhile` is told again and again what has come until now, and says whether the
    /// answer is still wanted.
    pub fn ask_watching<U: UseCase>(
        &mut self,
        caller: &Caller,
        asked: &U,
        meanwhile: impl FnMut(Meanwhile) -> Wants,
    ) -> std::io::Result<Result<U::Answer, Problem>> {
        self.send(caller, asked, true)?;
        self.answer::<U>(meanwhile)
    }

    fn send<U: UseCase>(&mut self, caller: &Caller, asked: &U, watch: bool) -> std::io::Result<()> {
        let envelope = Envelope::of(caller, Asked::new(asked), watch);
        let line = line::line(&envelope).map_err(std::io::Error::other)?;
        let stream = self.stream.get_mut();
        let sent = stream.write_all(&line).and_then(|()| {
            let mut attached = asked.attached().into_iter();
            attached.try_for_each(|file| stream.write_all(&file.bytes))
        });
        match sent {
            // A node that does not want all of it says why before it closes the line.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }

    fn answer<U: UseCase>(
        &mut self,
        mut meanwhile: impl FnMut(Meanwhile) -> Wants,
    ) -> std::io::Result<Result<U::Answer, Problem>> {
        let patience_ms = U::DEADLINE_S.map_or(SILENCE_S, |deadline| deadline + LATE_S) * 1_000;
        let mut ended_early = false;
        loop {
            let line = self.line(patience_ms, &mut |silent_ms, stream| {
                if meanwhile(Meanwhile::Silence(silent_ms)) == Wants::End {
                    call_off(stream, &mut ended_early);
                }
            })?;
            match line::told::<U>(&line).map_err(std::io::Error::other)? {
                Told::Answer(answer) => return Ok(answer),
                Told::Progress(progress) => {
                    if meanwhile(Meanwhile::Progress(progress)) == Wants::End {
                        call_off(self.stream.get_mut(), &mut ended_early);
                    }
                }
            }
        }
    }

    fn line(
        &mut self,
        patience_ms: u64,
        silence: &mut dyn FnMut(u64, &mut UnixStream),
    ) -> std::io::Result<Vec<u8>> {
        let mut line = Vec::new();
        let mut silent_ms = 0;
        loop {
            let room = (LINE_BYTES_MAX as u64).saturating_sub(line.len() as u64);
            let before = line.len();
            match (&mut self.stream).take(room).read_until(b'\n', &mut line) {
                Ok(_) if line.last() == Some(&b'\n') => return Ok(line),
                Ok(_) => return Err(ErrorKind::UnexpectedEof.into()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    silent_ms = match line.len() > before {
                        true => 0,
                        false => silent_ms + LOOK_MS,
                    };
                    if silent_ms >= patience_ms {
                        return Err(ErrorKind::TimedOut.into());
                    }
                    silence(silent_ms, self.stream.get_mut());
                }
                Err(error) => return Err(error),
            }
        }
    }
}

fn call_off(stream: &mut UnixStream, called: &mut bool) {
    if !std::mem::replace(called, true) {
        // If it cannot be told, the node is gone, and the next read says so.
        let _ = stream.write_all(CALL_OFF.as_bytes());
    }
}
