//! Broken and treacherous charters, each with what a reviewer sees of it: one entry for each way in
//! which a charter can be wrong, or look right and not be. Each is made from a sound charter by a
//! small edit, goes the way that `mesh-policy check` or `verify` goes, and must give the text under
//! `snapshots/`, less what is said of the sound charter too.
//!
//! After a change of what is said: `CORPUS_REWRITE=1 cargo test --workspace --test corpus`, then
//! read the difference as a reviewer would.

mod checks;
mod dates;
mod draft;
mod emergencies;
mod entries;
mod folders;
mod hidden;
mod keys;
mod kinds;
mod lines;
mod nodes;
mod rules;
mod seals;
mod signed;
mod sizes;
mod snapshot;
mod traps;
mod versions;

#[test]
fn every_snapshot_belongs_to_an_entry_and_there_are_enough() {
    let modules = [
        checks::NAMES,
        dates::NAMES,
        emergencies::NAMES,
        folders::NAMES,
        hidden::NAMES,
        keys::NAMES,
        kinds::NAMES,
        lines::NAMES,
        nodes::NAMES,
        rules::NAMES,
        signed::NAMES,
        sizes::NAMES,
        traps::NAMES,
        versions::NAMES,
    ];
    let names = modules.concat();
    assert!(names.len() >= 60, "{} entries", names.len());
    let kept = snapshot::names();
    let orphans: Vec<_> = kept
        .iter()
        .filter(|kept| !names.contains(&kept.as_str()))
        .collect();
    assert!(orphans.is_empty(), "{orphans:?}");
}
