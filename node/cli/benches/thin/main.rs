//! A village on a thin line, 256 kbit/s with 300 ms there and back and 5 % loss, measured with real
//! nodes over the kernel's own TCP: `cargo bench --workspace --bench thin`. `docs/performance.md` says
//! what came of it.
//!
//! * [`place`]: two network namespaces with a device in each; [`line`]: a program carries the packets
//!   between the two; [`packet`]: what TCP sent again
//! * [`mesh`]: the two nodes and what they hold; [`measure`]: who does what when

#![expect(
    clippy::disallowed_methods,
    reason = "it measures time, and is the line that takes it"
)]

mod line;
mod measure;
mod mesh;
mod packet;
mod place;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use crdt_model::text::Problem;

use line::{Line, Quality};
use measure::{Row, Scene};
use mesh::{Mesh, told};
use place::Place;

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Measured {
    /// A village that lost its disk fetches its share of a year.
    Cold,
    /// The line is dead for a minute when half has come.
    Cut,
    /// The village's process is killed when half has come.
    Killed,
    /// A notice goes down while the village fetches.
    Notice,
    /// A dispute goes up while the village gives what it has brought in.
    Dispute,
}

/// Measures the mesh on a thin line.
#[derive(Parser)]
struct Options {
    /// Kilobits in a second, each way.
    #[arg(long, default_value_t = 256)]
    kbit: u64,
    /// Milliseconds from one end to the other.
    #[arg(long, default_value_t = 150)]
    delay_ms: u64,
    /// Packets in a hundred that are lost.
    #[arg(long, default_value_t = 5.0)]
    loss: f64,
    /// Milliseconds that the modem's queue holds.
    #[arg(long, default_value_t = 1000)]
    queue_ms: u64,
    /// What decides which packets are lost.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How TCP takes losses: reno, cubic, bbr; as the system has it if not said.
    #[arg(long)]
    congestion: Option<String>,
    /// Years of the village's records.
    #[arg(long, default_value_t = 1.0)]
    years: f64,
    /// Which measurements.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "cold,cut,killed,notice,dispute"
    )]
    only: Vec<Measured>,
    /// Where the stores lie; a disk, for what is durable in memory costs nothing.
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    folder: PathBuf,
    /// Which build of the node, to measure one beside another.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_mesh-node"))]
    program: PathBuf,
    /// What cargo says to a benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    node_machine::private::new_files_only();
    let options = Options::parse();
    if !place::is_inside() {
        let problem = place::enter();
        cannot_run(&problem);
    }
    if let Err(problem) = measure_all(&options) {
        eprintln!("{}", told(&problem));
        std::process::exit(1);
    }
}

fn cannot_run(problem: &std::io::Error) -> ! {
    eprintln!(
        "the line cannot be made here: {problem}\nit needs /dev/net/tun, the programs unshare, nsenter, \
         ip and sysctl, and either root or namespaces for users"
    );
    std::process::exit(1);
}

fn measure_all(options: &Options) -> Result<(), Problem> {
    let quality = Quality {
        kbit_per_s: options.kbit,
        delay: Duration::from_millis(options.delay_ms),
        loss_percent: options.loss,
        queue: Duration::from_millis(options.queue_ms),
        seed: options.seed,
    };
    let made = Place::make(options.congestion.as_deref());
    let (place, upper, lower) = made.unwrap_or_else(|problem| cannot_run(&problem));
    let line = Line::start(upper, lower, quality);
    let folder = tempfile::tempdir_in(&options.folder).expect("a folder");
    let mesh = Mesh::make(&place, folder.path(), &options.program)?;
    let mut scene = Scene::make(&line, mesh, options.kbit, options.years)?;
    println!("\n| | |\n| --- | --- |");
    print(None, scene.limits());
    let years = (options.years, options.years * 2.0);
    for measured in &options.only {
        let rows = match measured {
            Measured::Cold => scene.cold()?,
            Measured::Cut => scene.interrupted(false)?,
            Measured::Killed => scene.interrupted(true)?,
            Measured::Notice => scene.notice()?,
            Measured::Dispute => scene.dispute(years)?,
        };
        print(measured.to_possible_value(), rows);
    }
    Ok(())
}

fn print(measured: Option<clap::builder::PossibleValue>, rows: Vec<Row>) {
    if let Some(measured) = measured {
        println!("| **{}** | |", measured.get_name());
    }
    for (what, figure) in rows {
        println!("| {what} | {figure} |");
    }
}
