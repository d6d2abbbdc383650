//! Whether a node answers while it is at something long: how long `status` and a page of a list take at a
//! county's node that holds a year, idle and while it imports, draws up reports, serves a first exchange
//! and adopts a charter that closes a flow. Printed and not judged:
//! `cargo bench --workspace --locked --bench responsive -- --folder FOLDER`.
//!
//! `--folder`: where the county is made; what is there is used again. `--program`: the `mesh-node` that
//! is measured, another one than that which was just built. `--only`: some of `idle,import,report,serve,
//! adopt,notice,rows`. `--rows`: rows of the large imports, such as `100000,500000`.

#![expect(
    clippy::disallowed_methods,
    reason = "it measures time, and looks at processes that tell nobody"
)]

#[path = "../scale/county.rs"]
#[expect(dead_code, reason = "the other benchmark uses the rest")]
mod county;
mod probes;
mod process;
mod rows;
#[path = "../scale/year.rs"]
mod year;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use county::{County, close_parties, county, township, village};
use probes::Probes;
use process::Running;

/// Seconds for which an idle node is asked.
const IDLE_S: u64 = 10;
/// Rows of the import beside which is asked: the county's own year of devices.
const ROWS: usize = 37_000;
/// Reviews that are drawn up one after the other.
const REPORTS: usize = 5;
/// Notices that are followed from the township to the village.
const NOTICES: usize = 40;

struct Options {
    folder: PathBuf,
    program: PathBuf,
    only: Vec<String>,
    rows: Vec<usize>,
}

fn main() {
    node_machine::private::new_files_only();
    let options = options();
    let of = County::at(&options.folder);
    if !options.folder.join("filled").exists() {
        of.fill(1);
        std::fs::write(options.folder.join("filled"), "1").expect("a file");
    }
    let wanted = |what: &str| options.only.iter().any(|only| only == what);
    println!(
        "| while | asked | status p50, ms | p99 | most | list p50, ms | p99 | most | it took, s |"
    );
    println!("| --- | --: | --: | --: | --: | --: | --: | --: | --: |");
    if wanted("idle") || wanted("import") || wanted("report") || wanted("adopt") {
        at_the_county(&options, &of, &wanted);
    }
    if wanted("serve") {
        serve(&options, &of);
    }
    if wanted("notice") {
        notices(&options, &of);
    }
    if wanted("rows") {
        large_imports(&options, &of);
    }
}

fn options() -> Options {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |flag: &str| {
        let at = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(at + 1).cloned()
    };
    let list = |text: String| -> Vec<String> { text.split(',').map(ToOwned::to_owned).collect() };
    let program = value("--program").unwrap_or_else(|| env!("CARGO_BIN_EXE_mesh-node").to_owned());
    let all = "idle,import,report,adopt,serve,notice,rows";
    let rows = list(value("--rows").unwrap_or_else(|| "100000,500000".to_owned()));
    Options {
        folder: PathBuf::from(value("--folder").expect("--folder FOLDER")),
        program: PathBuf::from(program),
        only: list(value("--only").unwrap_or_else(|| all.to_owned())),
        rows: rows
            .iter()
            .map(|rows| rows.parse().expect("a number"))
            .collect(),
    }
}

/// Does something while the node is asked, and prints how long its answers took.
fn beside(what: &str, running: &Running, work: impl FnOnce()) {
    let probes = Probes::start(running.socket());
    let began = Instant::now();
    work();
    let took = began.elapsed();
    probes.end().print(what, Some(took));
}

fn at_the_county(options: &Options, of: &County, wanted: &dyn Fn(&str) -> bool) {
    let running = Running::start(&options.program, &of.node(county()));
    running.settle();
    if wanted("idle") {
        let probes = Probes::start(running.socket());
        std::thread::sleep(Duration::from_secs(IDLE_S));
        probes.end().print("idle", None);
    }
    if wanted("import") {
        let file = options.folder.join("devices.csv");
        rows::write(&file, village(), ROWS, 1);
        beside("37,000 rows are imported", &running, || {
            import(options, of, &file, county());
        });
        let held = running.facets("device.public");
        assert!(held >= ROWS as u64, "all rows are there: {held}");
    }
    if wanted("report") {
        beside("reports and all measures", &running, || {
            for _ in 0..REPORTS {
                let out = options.folder.join("reports");
                std::fs::create_dir_all(&out).expect("a folder");
                let out = out.display().to_string();
                let ask = |arguments: &[&str]| {
                    process::command(&options.program, &of.node(county()), arguments);
                };
                ask(&["report", "--period", "month", "--out", &out]);
                ask(&["measure", "--from", "2026-11-01", "--until", "2026-12-01"]);
            }
        });
    }
    if wanted("adopt") {
        of.next_charter(1, close_parties);
        let next = options.folder.join("charter-2").display().to_string();
        beside("a charter that closes a flow is adopted", &running, || {
            process::command(&options.program, &of.node(county()), &["offer", &next]);
            running.settle();
        });
    }
    running.stop();
}

fn import(options: &Options, of: &County, file: &Path, at: crdt_model::ids::NodeId) {
    let mapping = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../deploy/linze/mappings/devices.toml")
        .display()
        .to_string();
    let file = file.display().to_string();
    let arguments = ["import", &file, "--mapping", &mapping, "--yes"];
    process::command(&options.program, &of.node(at), &arguments);
}

/// The township's node has lost its disk, and gets from the county's what it may hold.
fn serve(options: &Options, of: &County) {
    let giver = Running::start(&options.program, &of.node(county()));
    giver.settle();
    let folder = of.node(township());
    std::fs::remove_dir_all(folder.store()).expect("a store");
    std::fs::remove_dir_all(folder.read_model()).ok();
    process::found(&folder, &options.folder.join("charter"));
    let wanted = giver.facets_within(township());
    beside(
        &format!("{wanted} facets are served to a node that is new"),
        &giver,
        || {
            let taker = Running::start(&options.program, &folder);
            taker.wait_for_facets(wanted);
            taker.stop();
        },
    );
    giver.stop();
}

/// How long an urgent notice takes from the township until it is durable at the village: idle, and while
/// the village imports.
fn notices(options: &Options, of: &County) {
    let above = Running::start(&options.program, &of.node(township()));
    let below = Running::start(&options.program, &of.node(village()));
    below.settle();
    below.wait_for_sync();
    let follow = |number: usize| {
        let began = Instant::now();
        let record = above.notice(village(), number);
        below.wait_for_record(&record);
        began.elapsed()
    };
    let mut idle: Vec<Duration> = (0..NOTICES).map(follow).collect();
    let file = options.folder.join("village.csv");
    rows::write(&file, village(), ROWS, 500_001);
    let mut busy = Vec::new();
    std::thread::scope(|scope| {
        let importing = scope.spawn(|| import(options, of, &file, village()));
        while !importing.is_finished() {
            busy.push(follow(busy.len()));
        }
    });
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1e3
    };
    let (idle, count) = (median(&mut idle), busy.len());
    let busy = median(&mut busy);
    println!(
        "\nurgent notice, township to village, durable: {idle:.1} ms idle, {busy:.1} ms while the village \
         imports ({count} notices), {:.2} times",
        busy / idle
    );
    above.stop();
    below.stop();
}

/// Large imports: how long they take, and how much memory the node ever had.
fn large_imports(options: &Options, of: &County) {
    println!(
        "\n| rows | it took, s | rows a second | most memory, MiB |\n| --: | --: | --: | --: |"
    );
    for (number, rows) in options.rows.iter().enumerate() {
        let running = Running::start(&options.program, &of.node(county()));
        running.settle();
        let before = running.facets("device.public");
        let file = options.folder.join("large.csv");
        rows::write(&file, village(), *rows, 1_000_000 * (number + 1));
        let began = Instant::now();
        import(options, of, &file, county());
        let took = began.elapsed().as_secs_f64();
        let written = running.facets("device.public") - before;
        assert_eq!(written, *rows as u64, "all rows were written");
        let most = running.most_memory_mib();
        println!(
            "| {rows} | {took:.1} | {:.0} | {most:.0} |",
            *rows as f64 / took
        );
        running.stop();
    }
}
