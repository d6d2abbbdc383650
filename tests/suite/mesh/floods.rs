//! Strangers who hold the door: hundreds of connections that say nothing, or next to nothing, opened
//! again as soon as they are closed.
//!
//! The campaign, with more sockets, more rounds and more kinds, is run by hand:
//! `cargo test --workspace --locked --test suite floods -- --ignored --nocapture`, with
//! `FLOOD_SOCKETS` and `FLOOD_ROUNDS` in the environment where other sizes are wanted.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crdt_model::engine::LinkState;
use node_app::use_cases::status::NodeStatus;
use node_machine::clock::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use super::harness::{Mesh, TOWNSHIP, VILLAGE, comes, node};

/// Where the village comes from, too.
const OWN: &str = "127.0.0.1:0";
const ELSEWHERE: &str = "127.0.0.2:0";
/// What every dialler says first.
const HEADER: &[u8] = b"\x13/multistream/1.0.0\n";

/// Milliseconds in which a village that comes back has its line.
const LINE_MS_MAX: u64 = 2_000;
/// Lines that a node's log may have after a flood of seconds and a few starts of its neighbour.
const LOG_LINES_MAX: usize = 60;

/// Connections to one port that are held open, and opened again whenever they are closed.
struct Flood {
    stop: Arc<AtomicBool>,
    opened: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Flood {
    fn start(to: SocketAddr, from: &str, sockets: usize, says: &'static [u8]) -> Self {
        let from: SocketAddr = from.parse().expect("an address");
        let stop = Arc::new(AtomicBool::new(false));
        let opened = Arc::new(AtomicU64::new(0));
        let (stopped, count) = (stop.clone(), opened.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let mut all = tokio::task::JoinSet::new();
                for _ in 0..sockets {
                    all.spawn(hold(to, from, says, stopped.clone(), count.clone()));
                }
                while let Some(ended) = all.join_next().await {
                    ended.expect("no panic");
                }
            });
        });
        let flood = Self {
            stop,
            opened,
            thread: Some(thread),
        };
        assert!(comes(|| flood.opened() >= sockets as u64));
        flood
    }

    fn opened(&self) -> u64 {
        self.opened.load(Ordering::SeqCst)
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn hold(
    to: SocketAddr,
    from: SocketAddr,
    says: &'static [u8],
    stop: Arc<AtomicBool>,
    opened: Arc<AtomicU64>,
) {
    let mut buffer = [0; 64];
    while !stop.load(Ordering::SeqCst) {
        let connected = async {
            let socket = TcpSocket::new_v4()?;
            // No port stays taken after the end.
            socket.set_zero_linger()?;
            socket.bind(from)?;
            socket.connect(to).await
        };
        let Ok(mut socket) = connected.await else {
            tokio::task::yield_now().await;
            continue;
        };
        opened.fetch_add(1, Ordering::SeqCst);
        let _ = socket.write_all(says).await;
        while !stop.load(Ordering::SeqCst) {
            let read = tokio::time::timeout(Duration::from_millis(200), socket.read(&mut buffer));
            match read.await {
                Err(_) | Ok(Ok(1..)) => {}
                Ok(_) => break,
            }
        }
    }
}

/// Where a node's first address leads.
fn port_of(mesh: &Mesh, code: &str) -> SocketAddr {
    let settings = mesh.node_folder(code).settings();
    let settings = std::fs::read_to_string(settings).expect("the settings");
    let (_, port) = settings.split_once("/tcp/").expect("an address");
    let port = port.split('"').next().expect("a port");
    format!("127.0.0.1:{port}").parse().expect("an address")
}

fn has_line(status: &NodeStatus) -> bool {
    let to_township = status
        .peers
        .iter()
        .find(|peer| peer.status.node == node(TOWNSHIP));
    to_township.is_some_and(|peer| peer.status.link == LinkState::InSync)
}

/// Milliseconds from a start of the village to its line.
fn comes_back(mesh: &mut Mesh) -> u64 {
    mesh.kill(VILLAGE);
    mesh.run(VILLAGE);
    let clock = Clock::start();
    let line = comes(|| mesh.status(VILLAGE).is_some_and(|status| has_line(&status)));
    let took = clock.now().instant.ms;
    assert!(
        line,
        "no line: {:?}\nthe township: {:?}\n{}",
        mesh.status(VILLAGE).map(|status| status.peers),
        mesh.status(TOWNSHIP).map(|status| status.refused),
        log_of(mesh, TOWNSHIP)
    );
    took
}

fn log_of(mesh: &Mesh, code: &str) -> String {
    let log = mesh.node_folder(code).path().join("log");
    std::fs::read_to_string(log).expect("a log")
}

#[test]
fn a_village_comes_back_while_strangers_hold_five_hundred_silent_connections() {
    let mut mesh = Mesh::start(&[TOWNSHIP, VILLAGE]);
    mesh.wait_for(VILLAGE, "a line", has_line);
    let port = port_of(&mesh, TOWNSHIP);
    for from in [ELSEWHERE, OWN] {
        let flood = Flood::start(port, from, 500, b"");
        // The quickest of three: a busy machine is no flood.
        let quickest = (0..3).map(|_| comes_back(&mut mesh)).min();
        let quickest = quickest.expect("three tries");
        let opened = flood.opened();
        assert!(
            quickest <= LINE_MS_MAX,
            "{from}: {quickest} ms, {opened} opened"
        );
    }
    mesh.wait_for(TOWNSHIP, "counts of what was turned away", |status| {
        status.refused.get("too-many-connections").copied() > Some(100)
    });
    let log = log_of(&mesh, TOWNSHIP);
    assert!(log.contains("127.0.0.2"), "{log}");
    assert!(log.lines().count() <= LOG_LINES_MAX, "{log}");
}

#[test]
#[ignore = "a measurement"]
fn floods_of_every_kind() {
    let size = |name: &str, otherwise: usize| {
        let given = std::env::var(name).ok();
        given.map_or(otherwise, |given| given.parse().expect("a number"))
    };
    let (sockets, rounds) = (size("FLOOD_SOCKETS", 500), size("FLOOD_ROUNDS", 20));
    let mut mesh = Mesh::start(&[TOWNSHIP, VILLAGE]);
    mesh.wait_for(VILLAGE, "a line", has_line);
    let port = port_of(&mesh, TOWNSHIP);
    let mut late = 0;
    for says in [b"".as_slice(), HEADER] {
        for from in [ELSEWHERE, OWN] {
            for restarted in [false, true] {
                if restarted {
                    // It has forgotten where members come from.
                    mesh.kill(TOWNSHIP);
                    mesh.run(TOWNSHIP);
                }
                let clock = Clock::start();
                let flood = Flood::start(port, from, sockets, says);
                let mut took: Vec<_> = (0..rounds).map(|_| comes_back(&mut mesh)).collect();
                took.sort_unstable();
                late += took.iter().filter(|ms| **ms > LINE_MS_MAX).count();
                println!(
                    "{sockets} sockets that say {} bytes from {from}, township restarted: {restarted}: \
                     median {} ms, longest {} ms; {} opened in {} s; {} lines in the log",
                    says.len(),
                    took[rounds / 2],
                    took[rounds - 1],
                    flood.opened(),
                    clock.now().instant.ms / 1_000,
                    log_of(&mesh, TOWNSHIP).lines().count(),
                );
            }
        }
    }
    assert_eq!(late, 0, "lines that took longer than {LINE_MS_MAX} ms");
}
