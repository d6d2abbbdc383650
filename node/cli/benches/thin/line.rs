//! The line: carries IP packets between two devices as a thin line would, with a rate, a queue of
//! bounded length, a delay and random loss, and counts them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use tappers::Tun;

use crate::packet::Streams;

/// Bytes of a packet, at most.
const PACKET_BYTES_MAX: usize = 64 * 1024;

/// What a line is like, in each direction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quality {
    pub(crate) kbit_per_s: u64,
    pub(crate) delay: Duration,
    pub(crate) loss_percent: f64,
    /// How long a packet waits at most until it is sent; the modem drops what would wait longer.
    pub(crate) queue: Duration,
    pub(crate) seed: u64,
}

/// What has entered one direction while the line was thin.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Passed {
    /// Bytes of IP packets.
    pub(crate) bytes: u64,
    /// The part of them that is TCP content which was sent before.
    pub(crate) repeated: u64,
    pub(crate) packets: u64,
    /// Packets that chance took.
    pub(crate) lost: u64,
    /// Packets that found the queue full.
    pub(crate) dropped: u64,
}

impl std::ops::Sub for Passed {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            bytes: self.bytes - before.bytes,
            repeated: self.repeated - before.repeated,
            packets: self.packets - before.packets,
            lost: self.lost - before.lost,
            dropped: self.dropped - before.dropped,
        }
    }
}

/// Both directions together.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Traffic {
    pub(crate) down: Passed,
    pub(crate) up: Passed,
}

impl std::ops::Sub for Traffic {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            down: self.down - before.down,
            up: self.up - before.up,
        }
    }
}

/// A line that carries.
pub(crate) struct Line {
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    thin: AtomicBool,
    cut: AtomicBool,
    traffic: Mutex<Traffic>,
}

impl Line {
    /// Carries between the upper end and the lower end from now on, without any bound until it is
    /// made thin.
    pub(crate) fn start(upper: Tun, lower: Tun, quality: Quality) -> Self {
        let state = Arc::new(State::default());
        let (upper, lower) = (Arc::new(upper), Arc::new(lower));
        let ways: [(&Arc<Tun>, &Arc<Tun>, Pick); 2] = [
            (&upper, &lower, |traffic| &mut traffic.down),
            (&lower, &upper, |traffic| &mut traffic.up),
        ];
        for (number, (from, to, pick)) in ways.into_iter().enumerate() {
            let (out, due) = channel();
            let way = Way {
                state: Arc::clone(&state),
                pick,
                quality,
                chance: ChaCha8Rng::seed_from_u64(quality.seed + number as u64),
                free_at: Instant::now(),
                streams: Streams::default(),
                out,
            };
            let (from, to) = (Arc::clone(from), Arc::clone(to));
            std::thread::spawn(move || way.enter(&from));
            let state = Arc::clone(&state);
            std::thread::spawn(move || leave(&state, &to, &due));
        }
        Self { state }
    }

    /// Makes it thin, or as good as the machine lets it be.
    pub(crate) fn thin(&self, thin: bool) {
        self.state.thin.store(thin, Ordering::Relaxed);
    }

    /// Lets nothing through in either direction, or everything again. Nobody is told.
    pub(crate) fn cut(&self, cut: bool) {
        self.state.cut.store(cut, Ordering::Relaxed);
    }

    /// What has passed since it was started.
    pub(crate) fn traffic(&self) -> Traffic {
        *self.state.traffic.lock().expect("nobody panics with it")
    }
}

/// Which of the two directions.
type Pick = fn(&mut Traffic) -> &mut Passed;

/// The sending end of one direction.
struct Way {
    state: Arc<State>,
    pick: Pick,
    quality: Quality,
    chance: ChaCha8Rng,
    free_at: Instant,
    streams: Streams,
    out: Sender<(Instant, Vec<u8>)>,
}

impl Way {
    /// Takes what the device sends, until the device is gone.
    fn enter(mut self, from: &Tun) {
        let mut packet = vec![0; PACKET_BYTES_MAX];
        while let Ok(bytes) = from.recv(&mut packet) {
            let arrives = match self.state.thin.load(Ordering::Relaxed) {
                _ if self.state.cut.load(Ordering::Relaxed) => None,
                true => self.sent(&packet[..bytes]),
                false => Some(Instant::now()),
            };
            if let Some(at) = arrives
                && self.out.send((at, packet[..bytes].to_vec())).is_err()
            {
                return;
            }
        }
    }

    /// When a packet that is sent now arrives, if it does.
    fn sent(&mut self, packet: &[u8]) -> Option<Instant> {
        let now = Instant::now();
        let bits = packet.len() as f64 * 8.0;
        let takes = Duration::from_secs_f64(bits / (self.quality.kbit_per_s as f64 * 1000.0));
        let begins = self.free_at.max(now);
        let dropped = begins - now > self.quality.queue;
        let drawn = self.chance.next_u32() as f64 / f64::from(u32::MAX) * 100.0;
        let lost = drawn < self.quality.loss_percent;
        let mut traffic = self.state.traffic.lock().expect("nobody panics with it");
        let passed = (self.pick)(&mut traffic);
        if dropped {
            passed.dropped += 1;
            return None;
        }
        self.free_at = begins + takes;
        passed.packets += 1;
        passed.bytes += packet.len() as u64;
        passed.repeated += self.streams.repeated(packet);
        passed.lost += u64::from(lost);
        (!lost).then_some(self.free_at + self.quality.delay)
    }
}

/// Hands over what has come through, until nothing more can come.
fn leave(state: &State, to: &Tun, due: &Receiver<(Instant, Vec<u8>)>) {
    while let Ok((at, packet)) = due.recv() {
        std::thread::sleep(at.saturating_duration_since(Instant::now()));
        // A device that refuses a packet has lost it, as any line may.
        if !state.cut.load(Ordering::Relaxed) {
            let _ = to.send(&packet);
        }
    }
}
