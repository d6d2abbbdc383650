//! Asks a node again and again, as a person's page does, and keeps how long each answer took. It speaks
//! the lines of the socket by itself, so that older programs can be measured too.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Between two questions of one kind.
const EVERY: Duration = Duration::from_millis(20);
/// A question that takes longer than this ends the measurement: nobody answers any more.
const PATIENCE: Duration = Duration::from_secs(300);

const STATUS: &str = r#"{"ask":"status"}"#;
const LIST: &str = r#"{"ask":"find","of":"device.public","limit":50}"#;

pub(crate) struct Probes {
    ended: Arc<AtomicBool>,
    threads: [JoinHandle<Vec<Duration>>; 2],
}

pub(crate) struct Answers {
    status: Vec<Duration>,
    list: Vec<Duration>,
}

impl Probes {
    pub(crate) fn start(socket: &Path) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let threads = [STATUS, LIST].map(|question| {
            let (socket, ended) = (socket.to_owned(), Arc::clone(&ended));
            std::thread::spawn(move || ask(&socket, question, &ended))
        });
        Self { ended, threads }
    }

    pub(crate) fn end(self) -> Answers {
        self.ended.store(true, Ordering::Relaxed);
        let [status, list] = self.threads.map(|thread| thread.join().expect("answers"));
        Answers { status, list }
    }
}

fn ask(socket: &Path, question: &str, ended: &AtomicBool) -> Vec<Duration> {
    let mut line = BufReader::new(UnixStream::connect(socket).expect("a node"));
    line.get_ref()
        .set_read_timeout(Some(PATIENCE))
        .expect("a socket");
    let mut took = Vec::new();
    let mut next = Instant::now();
    while !ended.load(Ordering::Relaxed) {
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        next += EVERY;
        let began = Instant::now();
        writeln!(line.get_mut(), "{question}").expect("a node");
        let mut answer = Vec::new();
        line.read_until(b'\n', &mut answer).expect("an answer");
        took.push(began.elapsed());
        assert!(
            !answer.starts_with(br#"{"answer":"problem""#),
            "{}",
            String::from_utf8_lossy(&answer)
        );
        next = next.max(Instant::now());
    }
    took
}

impl Answers {
    pub(crate) fn print(mut self, what: &str, took: Option<Duration>) {
        let asked = self.status.len() + self.list.len();
        let [status, list] = [&mut self.status, &mut self.list].map(|times| {
            times.sort();
            let at = |share: f64| {
                let place = (times.len() as f64 * share) as usize;
                let time = times.get(place.min(times.len() - 1)).expect("some");
                time.as_secs_f64() * 1e3
            };
            format!("{:.1} | {:.1} | {:.1}", at(0.5), at(0.99), at(1.0))
        });
        let took = took.map_or_else(
            || "—".to_owned(),
            |took| format!("{:.1}", took.as_secs_f64()),
        );
        println!("| {what} | {asked} | {status} | {list} | {took} |");
    }
}
