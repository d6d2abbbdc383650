//! How many instructions the hot paths take, counted by callgrind: unlike times, the same on a busy
//! machine. `accepted.txt` beside this file holds the numbers; what has grown past the tolerance is
//! named, and the program fails. `-- --accept` writes new ones.
//!
//! * `paths`: what is counted, on fixed input. `two_nodes`: two engines with nothing between them.
//! * `callgrind`: counting. `accepted`: comparing with what was accepted.

mod accepted;
mod callgrind;
mod paths;
mod two_nodes;

use std::io::Write;
use std::process::ExitCode;

/// Tells the program that it runs under callgrind.
const COUNTED: &str = "--counted";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let given = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if given(COUNTED) {
        let names = paths::run();
        println!("{}", names.join("\n"));
        return ExitCode::SUCCESS;
    }
    if !comparable() {
        println!("accepted counts are of x86-64 with AVX2: no instructions were counted");
        return ExitCode::SUCCESS;
    }
    let Some(counts) = callgrind::count() else {
        println!("valgrind is not installed: no instructions were counted");
        return ExitCode::SUCCESS;
    };
    let compared = match given("--accept") {
        true => accepted::accept(&counts),
        false => accepted::compare(&counts),
    };
    let (text, well) = compared;
    std::io::stdout()
        .write_all(text.as_bytes())
        .expect("somebody reads it");
    match well {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Whether this processor takes the paths that the accepted counts are of.
#[cfg(target_arch = "x86_64")]
fn comparable() -> bool {
    std::is_x86_feature_detected!("avx2")
}

#[cfg(not(target_arch = "x86_64"))]
fn comparable() -> bool {
    false
}
