//! What a county's node takes that holds one year of facets, ten, a hundred: memory, disk, time and
//! messages, and how each grows. Printed and not judged:
//! `cargo bench --workspace --locked --bench scale -- --years 1,3,10`.
//!
//! `--years`: how many years, each measured by itself. `--only`: some of the measurements.
//! `--idle-s`: seconds for which a village's node is watched that has nothing to do; 0 leaves it out.
//! `--folder`: where the counties are made, and kept for another run.

mod county;
mod engines;
mod figures;
mod measure;
mod process;
mod year;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use county::County;
use figures::Figures;

/// The measurements of engines, each in a process of its own. The last leaves another charter behind.
const MEASUREMENTS: [&str; 5] = ["open", "decide", "meet", "change", "adopt"];
/// Years up to which it is waited until the read model has caught up.
const SETTLED_YEARS: u64 = 10;

struct Options {
    years: Vec<u64>,
    only: Vec<String>,
    idle_s: u64,
    folder: Option<PathBuf>,
}

fn main() {
    node_machine::private::new_files_only();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [measured, which, folder] = arguments.as_slice()
        && measured == "--measure"
    {
        return measure::run(which, &County::at(Path::new(folder)));
    }
    let options = options(&arguments);
    let made = tempfile::tempdir().expect("a folder");
    let root = options.folder.as_deref().unwrap_or(made.path());
    let mut all = Figures::default();
    for years in &options.years {
        let figures = of_years(&options, &root.join(years.to_string()), *years);
        eprintln!("{years}: {figures:?}");
        all.add(*years, figures);
    }
    all.print();
}

fn options(arguments: &[String]) -> Options {
    let value = |flag: &str| {
        let at = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(at + 1).cloned()
    };
    let list = |text: Option<String>, default: &str| -> Vec<String> {
        let text = text.unwrap_or_else(|| default.to_owned());
        text.split(',').map(ToOwned::to_owned).collect()
    };
    let number = |text: String| text.parse().expect("a number");
    Options {
        years: list(value("--years"), "1,3,10")
            .into_iter()
            .map(number)
            .collect(),
        only: list(value("--only"), "start,open,decide,meet,change,adopt,idle"),
        idle_s: value("--idle-s").map_or(120, number),
        folder: value("--folder").map(PathBuf::from),
    }
}

/// All figures of so many years.
fn of_years(options: &Options, folder: &Path, years: u64) -> BTreeMap<String, f64> {
    let mut figures = filled(folder, years);
    let wanted = |which: &str| options.only.iter().any(|only| only == which);
    if wanted("start") {
        // One process at a time has the county open.
        let of = County::at(folder);
        let settle = years <= SETTLED_YEARS;
        for name in ["first", "again"] {
            let started = process::start(&of, settle);
            let told = [
                ("ready-ms", started.ready_ms),
                ("ready-cpu-ms", started.ready_cpu_ms),
                ("ready-rss-mib", started.ready_rss_mib),
                ("settled-ms", started.settled_ms),
                ("settled-cpu-ms", started.settled_cpu_ms),
                ("settled-rss-mib", started.settled_rss_mib),
                ("hwm-mib", started.hwm_mib),
                ("read-model-bytes", started.read_model_bytes),
            ];
            figures.extend(told.map(|(what, value)| (format!("{name}-{what}"), value)));
        }
    }
    if wanted("idle") && options.idle_s > 0 && years == 1 {
        let [resident_mib, own_mib, share] = process::idle(&County::at(folder), options.idle_s);
        figures.insert("idle-rss-mib".to_owned(), resident_mib);
        figures.insert("idle-own-mib".to_owned(), own_mib);
        figures.insert("idle-cpu-percent".to_owned(), share * 100.0);
    }
    for which in MEASUREMENTS.into_iter().filter(|which| wanted(which)) {
        figures.extend(measured(which, folder));
    }
    figures
}

/// Fills a county unless it was filled before, and says with what.
fn filled(folder: &Path, years: u64) -> BTreeMap<String, f64> {
    let told = folder.join("filled");
    if let Ok(text) = std::fs::read_to_string(&told) {
        return figures(&text);
    }
    let filled = County::at(folder).fill(years);
    let text = format!(
        "facets {}\ncommit-bytes {}\ntownship-facets {}\nvillage-facets {}\n",
        filled.facets, filled.commit_bytes, filled.township, filled.village,
    );
    std::fs::write(&told, &text).expect("a file");
    figures(&text)
}

/// Runs one measurement in a process of its own.
fn measured(which: &str, folder: &Path) -> BTreeMap<String, f64> {
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command
        .arg("--measure")
        .arg(which)
        .arg(folder)
        .stderr(std::process::Stdio::inherit());
    let told = command.output().expect("a process");
    assert!(told.status.success(), "the measurement `{which}` failed");
    figures(&String::from_utf8_lossy(&told.stdout))
}

fn figures(text: &str) -> BTreeMap<String, f64> {
    let figure = |line: &str| {
        let (name, value) = line.split_once(' ')?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    text.lines().filter_map(figure).collect()
}
