//! Counting: the program runs itself under callgrind, which counts within [`counted`] and nowhere else
//! and writes a file whenever that ends.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;

use crate::COUNTED;

/// Within what instructions are counted, and after what they are written down. Callgrind takes only one
/// of two options with the same pattern.
const TOGGLE: &str = "--toggle-collect=*callgrind::counted*";
const DUMP: &str = "--dump-after=instructions::callgrind::counted*";

/// Runs a path, and is what callgrind looks for.
#[inline(never)]
pub(crate) fn counted<T>(path: impl FnOnce() -> T) -> T {
    black_box(path())
}

/// How many instructions each path takes; `None` where there is no valgrind.
pub(crate) fn count() -> Option<Vec<(String, u64)>> {
    Command::new("valgrind").arg("--version").output().ok()?;
    let folder = std::env::temp_dir().join(format!("instructions-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let out = folder.join("out");
    let own = std::env::current_exe().expect("this program");
    let ran = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no"])
        .args([TOGGLE, DUMP])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(own)
        .arg(COUNTED)
        .output()
        .expect("valgrind runs");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(
        ran.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let names = said.lines().enumerate();
    let counts = names.map(|(index, name)| {
        let file = format!("{}.{}", out.display(), index + 1);
        (name.to_owned(), instructions(Path::new(&file)))
    });
    let counts = counts.collect();
    std::fs::remove_dir_all(&folder).expect("nobody else uses it");
    Some(counts)
}

/// The sum that stands in a file of callgrind's.
fn instructions(file: &Path) -> u64 {
    let text = std::fs::read_to_string(file).expect("a file for each path");
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    total
        .and_then(|count| count.trim().parse().ok())
        .expect("a sum")
}
