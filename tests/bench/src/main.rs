//! The mesh beside its peers: samod, iroh-docs and the raw limit get the same records, on this
//! machine, in one run. `docs/performance.md` says what came of it.
//!
//! * [`county`], [`records`]: what is sent: commits of a village, as a node signs them.
//! * [`peer`]: a process for each end, one file for each system.
//! * [`proxy`]: counts what passes between them. [`measure`]: who does what when, and how long it
//!   takes.
//! * [`figures`]: medians and spread; [`table`]: what a person reads; [`targets`]: what is aimed at.

mod county;
mod figures;
mod measure;
mod peer;
mod proxy;
mod records;
mod table;
mod targets;

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use figures::Figures;
use measure::Scene;
use peer::Place;

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum System {
    /// One TCP stream and one flush of sled, unsigned, unencrypted, unchecked.
    Raw,
    /// The mesh: a village that lost its disk fetches its records from its township.
    Ours,
    /// The mesh: a township that lost its disk is given them by the village.
    OursPushed,
    /// iroh-docs, with contents.
    IrohDocs,
    /// samod, one document for each record.
    Samod,
}

impl System {
    /// As it is called in tables and on the command line.
    fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Ours => "ours",
            Self::OursPushed => "ours-pushed",
            Self::IrohDocs => "iroh-docs",
            Self::Samod => "samod",
        }
    }

    fn is_ours(self) -> bool {
        matches!(self, Self::Ours | Self::OursPushed)
    }
}

/// Measures the mesh beside samod, iroh-docs and the raw limit.
#[derive(Parser)]
struct Options {
    /// How many facets.
    #[arg(long, value_delimiter = ',', default_value = "1000,3000,10000")]
    facets: Vec<usize>,
    /// How often each is measured.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Which systems.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "raw,ours,ours-pushed,iroh-docs,samod"
    )]
    only: Vec<System>,
    /// Seconds after which a transfer counts as not finished.
    #[arg(long, default_value_t = 60)]
    timeout_s: u64,
    /// Where the stores lie; a disk, for what is durable in memory costs nothing.
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    folder: PathBuf,
    /// Every single measurement as JSON instead of tables.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    peer: Option<Hidden>,
}

#[derive(Subcommand)]
enum Hidden {
    /// One end of a transfer; the program starts it by itself.
    #[command(hide = true)]
    Peer(Place),
}

fn main() -> anyhow::Result<()> {
    node_machine::private::new_files_only();
    let options = Options::parse();
    let runtime = tokio::runtime::Runtime::new()?;
    match options.peer {
        Some(Hidden::Peer(place)) => runtime.block_on(peer::serve(&place)),
        None => runtime.block_on(measure_all(&options)),
    }
}

async fn measure_all(options: &Options) -> anyhow::Result<()> {
    let folder = tempfile::tempdir_in(&options.folder)?;
    let most = options.facets.iter().copied().max().unwrap_or(0);
    eprintln!("making {most} records");
    let scene = Scene::make(folder.path(), most, Duration::from_secs(options.timeout_s))?;
    let mut figures = Figures::default();
    for facets in &options.facets {
        for run in 0..options.runs {
            for system in &options.only {
                // What did not finish once is not waited for again.
                if figures.gave_up(*system, *facets) {
                    continue;
                }
                eprintln!("{facets} facets, run {}, {}", run + 1, system.name());
                let samples = scene.run(*system, *facets).await?;
                figures.add(*system, *facets, samples);
            }
        }
    }
    let text = match options.json {
        true => serde_json::to_string_pretty(&figures)? + "\n",
        false => table::of(&figures, &scene) + &targets::of(&figures, &scene),
    };
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}
