//! All wall clocks wrong for a while, on real processes, and right again. A small library in C that is
//! built here and loaded before the program moves the clocks.
//!
//! `CLOCKS_WRONG_S=60 cargo test --workspace --test cli --test suite clocks` has them wrong for longer.

use std::path::{Path, PathBuf};
use std::process::Command;

use crdt_model::engine::LinkState;
use crdt_model::ids::RecordId;
use node_app::use_cases::record_show::{RecordView, ShowRequest};
use node_app::use_cases::status::NodeStatus;
use node_machine::clock::Clock;

use super::harness::{COUNTY, Mesh, TOWNSHIP, VILLAGE, adding, comes, dispute, name, node};

/// How long the clocks are wrong in the ordinary tests.
const WRONG_S: u64 = 5;
const YEARS_AHEAD_S: u64 = 10 * 365 * 86_400;
const ALL: [&str; 3] = [COUNTY, TOWNSHIP, VILLAGE];

/// The clocks of all nodes that were started with it.
struct Clocks {
    library: PathBuf,
    ahead: PathBuf,
}

impl Clocks {
    fn of(mesh: &Mesh) -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("suite/mesh/wall_clock.c");
        let library = mesh.place("wall_clock.so");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&library, &source])
            .status();
        assert!(built.expect("a C compiler").success());
        let clocks = Self {
            library,
            ahead: mesh.place("ahead"),
        };
        clocks.set_ahead(0);
        clocks
    }

    fn set_ahead(&self, seconds: u64) {
        std::fs::write(&self.ahead, seconds.to_string()).expect("written");
    }

    /// What a shell is to do before it starts the program.
    fn limits(&self) -> String {
        let (library, ahead) = (self.library.display(), self.ahead.display());
        format!("export LD_PRELOAD='{library}' WALL_CLOCK_AHEAD='{ahead}'")
    }
}

fn of_the_clock(status: &NodeStatus) -> bool {
    let mut warnings = status.warnings.iter();
    warnings.any(|one| one.code.starts_with("clock-"))
}

fn in_sync(status: &NodeStatus) -> bool {
    let peers = status.peers.iter().map(|one| &one.status);
    let mut running = peers.filter(|one| ALL.map(node).contains(&one.node));
    running.all(|one| one.link == LinkState::InSync)
}

fn shown(mesh: &Mesh, code: &str, record: RecordId) -> Option<RecordView> {
    mesh.ask(code, &ShowRequest { record }).ok()
}

#[test]
fn all_clocks_are_wrong_for_a_while_and_nothing_is_lost_or_moves_by_itself() {
    let seconds = std::env::var("CLOCKS_WRONG_S").map_or(WRONG_S, |s| s.parse().expect("seconds"));
    let mut mesh = Mesh::start(&ALL);
    let clocks = Clocks::of(&mesh);
    for code in ALL {
        mesh.stop(code);
        mesh.run_limited(code, &clocks.limits());
    }
    let record = mesh.add(VILLAGE, dispute("BEFORE", "invented"));
    mesh.wait_for_facets(TOWNSHIP, "case.summary", 1);
    let before = shown(&mesh, VILLAGE, record);
    assert!(before.is_some());

    clocks.set_ahead(YEARS_AHEAD_S);
    let (mut written, mut refused) = (Vec::new(), 0);
    let clock = Clock::start();
    while clock.now().instant.ms < seconds * 1_000 {
        let number = written.len();
        let add = adding(dispute(&format!("WHILE-{number}"), "invented"));
        match mesh.ask(VILLAGE, &add) {
            Ok(one) => written.push(one.record),
            Err(_) => refused += 1,
        }
        std::thread::park_timeout(std::time::Duration::from_millis(200));
    }
    for code in ALL {
        mesh.wait_for(code, "word of its clock", of_the_clock);
    }

    clocks.set_ahead(0);
    written.push(mesh.add(VILLAGE, dispute("AFTER", "invented")));
    for record in &written {
        let come = |view: RecordView| {
            let mut facets = view.facets.iter();
            facets.any(|one| one.facet == name("case.summary"))
        };
        let come = || shown(&mesh, TOWNSHIP, *record).is_some_and(come);
        assert!(comes(come), "{record} never came");
    }
    for code in ALL {
        mesh.wait_for(code, "all equal", in_sync);
    }
    assert_eq!(shown(&mesh, VILLAGE, record), before, "it moved by itself");
    println!(
        "clocks wrong for {seconds} s: {} written, none lost, {refused} refused",
        written.len()
    );
}
