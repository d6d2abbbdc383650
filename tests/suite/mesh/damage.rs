//! Damage to every file of a node's folder: no wrong answer without a word, nothing that was whole is
//! lost, and every message names the command that helps.
//!
//! `DAMAGE_ROUNDS=1000 DAMAGE_SEED=7 cargo test --release --workspace --locked --test suite
//! mesh::damage -- --nocapture` is the whole campaign.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use crdt_model::ids::RecordId;
use node_app::door::caller::{Caller, WayIn};
use node_app::offline::Offline;
use node_app::use_cases::read_model::ReadModelRequest;
use node_app::use_cases::record_find::{FindRequest, Found};
use node_app::use_cases::record_show::{RecordView, ShowRequest};
use node_machine::folder::NodeFolder;
use node_machine::settings::{Environment, Flags, Settings};
use node_runtime::founding;
use serde_json::Value;

use super::harness::{Mesh, TOWNSHIP, VILLAGE, copy_folder, dispute, name, program};

/// Rounds where nobody asks for more.
const ROUNDS: u64 = 30;
/// Rounds of which one damages both copies of the store.
const BOTH_COPIES_EVERY: u64 = 10;
/// Commands that a message may name one after another.
const COMMANDS_MAX: usize = 6;
/// Times that the read model is asked whether it has caught up.
const CATCHING_UP_MAX: usize = 100;
/// Where a command takes the folder of the charter.
const FOLDER: &str = "FOLDER";
/// What a message may tell a person to run.
const COMMANDS: [&[&str]; 5] = [
    &["init", "--charter", FOLDER],
    &["store", "repair"],
    &["store", "accept"],
    &["init", "--new-settings"],
    &["init", "--new-key"],
];

/// Numbers that follow from a seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33) as usize % bound.max(1)
    }
}

/// A village that has worked for a while, stopped in order, and what it said then.
struct Village {
    folder: NodeFolder,
    files: Vec<PathBuf>,
    truth: Truth,
    listed: Found,
}

/// What is shown of each record; none where the node has nothing of it.
type Truth = BTreeMap<RecordId, Option<RecordView>>;

#[derive(Default, Debug)]
struct Counts {
    /// Rounds in which the node answered at once, with or without mending itself.
    at_once: u64,
    /// Rounds in which a command that the message named was needed, by command.
    commands: BTreeMap<String, u64>,
    /// Rounds that needed more than that.
    hands: Vec<String>,
    /// Answers that were wrong and that nothing had said anything about.
    silent: Vec<String>,
    /// Records that lacked something after one file was damaged.
    lost: Vec<String>,
    /// The same after both copies were damaged; each was listed.
    lost_of_both: u64,
    /// Rounds in which lists were wrong after damage to the read model.
    lists: u64,
    /// Rounds in which the folder was run again beside its neighbour, and had all that is shared.
    healed: u64,
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn damage_to_any_file_is_said_and_loses_nothing_that_was_whole() {
    let (rounds, seed) = (number("DAMAGE_ROUNDS", ROUNDS), number("DAMAGE_SEED", 1));
    let mut mesh = Mesh::start(&[TOWNSHIP, VILLAGE]);
    let village = a_village_at_work(&mut mesh);
    let mut counts = Counts::default();
    for round in 0..rounds {
        let mut numbers = Numbers(seed.wrapping_mul(1_000_003) + round + 1);
        play(&village, &mut mesh, round, &mut numbers, &mut counts);
    }
    println!("{rounds} rounds: {counts:#?}");
    assert_eq!(counts.silent, Vec::<String>::new());
    assert_eq!(counts.hands, Vec::<String>::new());
    assert_eq!(counts.lost, Vec::<String>::new());
    assert_eq!(counts.lists, 0);
}

fn a_village_at_work(mesh: &mut Mesh) -> Village {
    let mut records = Vec::new();
    for part in 0..3 {
        for number in 0..12 {
            let code = format!("DAMAGE-{part}-{number}");
            let record = mesh.add(VILLAGE, dispute(&code, &"narrative ".repeat(40 + number)));
            mesh.set(
                VILLAGE,
                record,
                "case.narrative.text",
                &format!("{code}, told again"),
            );
            records.push(record);
        }
        mesh.wait_for_facets(TOWNSHIP, "case.summary", records.len() as u64);
        mesh.stop(VILLAGE);
        if part < 2 {
            mesh.run(VILLAGE);
        }
    }
    let folder = NodeFolder::new(mesh.place("whole"));
    copy_folder(mesh.node_folder(VILLAGE).path(), folder.path());
    let (truth, listed) = answers(&folder, &records).expect("a whole node");
    let files = files_below(folder.path());
    assert!(files.len() >= 9, "{files:?}");
    Village {
        folder,
        files,
        truth,
        listed,
    }
}

/// All files of a node's folder, relative to it.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    fn add(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => add(&path, found),
                false => found.push(path),
            }
        }
    }
    let mut found = Vec::new();
    add(folder, &mut found);
    // The test writes it, not the node.
    found.retain(|path| !path.ends_with("log"));
    let name = |path: PathBuf| path.strip_prefix(folder).expect("below it").to_owned();
    let mut names: Vec<_> = found.into_iter().map(name).collect();
    names.sort();
    names
}

/// What the node in a folder says of these records, and of all of them in a list.
fn answers(folder: &NodeFolder, records: &[RecordId]) -> Result<(Truth, Found), String> {
    let settings = Settings::load(folder, &Environment::default(), &Flags::default());
    let settings = settings.map_err(|problem| problem.code)?;
    let mut node = Offline::open(folder, &settings).map_err(|problem| problem.code)?;
    let caller = Caller {
        reason: Some("the damage campaign".to_owned()),
        ..Caller::at(WayIn::Folder)
    };
    let mut shown = BTreeMap::new();
    for record in records.iter().copied() {
        let view = match node.ask(caller.clone(), ShowRequest { record }) {
            Ok(view) => Some(view),
            Err(problem) if problem.code == "no-such-record" => None,
            Err(problem) => return Err(problem.code),
        };
        shown.insert(record, view);
    }
    // The read model has to catch up before what it says can be compared.
    for _ in 0..CATCHING_UP_MAX {
        let status = node.ask(caller.clone(), ReadModelRequest { rebuild: false });
        let status = status.map_err(|problem| problem.code)?;
        if status.catching_up.is_none() {
            break;
        }
    }
    let all = FindRequest {
        of: Some(name("case.summary")),
        limit: 100,
        ..FindRequest::default()
    };
    let found = node.ask(caller, all).map_err(|problem| problem.code)?;
    Ok((shown, found))
}

fn play(
    village: &Village,
    mesh: &mut Mesh,
    round: u64,
    numbers: &mut Numbers,
    counts: &mut Counts,
) {
    let place = mesh.place("damaged");
    let _ = std::fs::remove_dir_all(&place);
    copy_folder(village.folder.path(), &place);
    let every = number("DAMAGE_BOTH_EVERY", BOTH_COPIES_EVERY);
    let both = round % every == every - 1;
    let what = match both {
        true => {
            let copies = ["/db", "/journal-"].map(|name| {
                let file = chosen(village, numbers, |path| path.contains(name));
                damage(&place, &file, numbers)
            });
            copies.join(", ")
        }
        false => {
            let all = numbers.below(5) > 2;
            let file = chosen(village, numbers, |path| {
                all || path.contains("/db") || path.contains("/journal-")
            });
            damage(&place, &file, numbers)
        }
    };
    let what = format!("round {round}: {what}");
    let Some(said) = helped(mesh, &place, &what, counts) else {
        return;
    };
    let healthy = compare(village, &place, both, &what, &said, counts);
    if !healthy {
        run_beside_its_neighbour(village, mesh, &place);
        counts.healed += 1;
    }
}

/// Compares what the node says with what it said before. Whether nothing is lost.
fn compare(
    village: &Village,
    place: &Path,
    both: bool,
    what: &str,
    said: &Said,
    counts: &mut Counts,
) -> bool {
    let folder = NodeFolder::new(place);
    let records: Vec<RecordId> = village.truth.keys().copied().collect();
    let (shown, listed) = match answers(&folder, &records) {
        Ok(answered) => answered,
        Err(code) => {
            counts.hands.push(format!("{what}: {code} after all"));
            return true;
        }
    };
    let differ: Vec<&RecordId> = records
        .iter()
        .filter(|record| shown.get(record) != village.truth.get(record))
        .collect();
    for record in &differ {
        match (said.missing.contains(*record), both) {
            (false, _) => {
                let (before, now) = (&village.truth[*record], &shown[*record]);
                // Neither copy and no read model knows of it, and the repair said that there was more.
                match both && said.lost_writes {
                    true => counts.lost_of_both += 1,
                    false => counts
                        .silent
                        .push(format!("{what}: {record}: {before:?} became {now:?}")),
                }
            }
            (true, false) => counts.lost.push(format!("{what}: {record}")),
            (true, true) => counts.lost_of_both += 1,
        }
    }
    if listed != village.listed && differ.is_empty() {
        match what.contains("readmodel") {
            true => counts.lists += 1,
            false => counts.silent.push(format!("{what}: the list")),
        }
    }
    differ.is_empty()
}

/// One of the files that fit.
fn chosen(village: &Village, numbers: &mut Numbers, fits: impl Fn(&str) -> bool) -> PathBuf {
    let files: Vec<&PathBuf> = village
        .files
        .iter()
        .filter(|path| fits(&format!("/{}", path.display())))
        .collect();
    files[numbers.below(files.len())].clone()
}

/// Damages a file, and says how.
fn damage(place: &Path, name: &Path, numbers: &mut Numbers) -> String {
    let path = place.join(name);
    let mut bytes = std::fs::read(&path).expect("a file");
    let at = numbers.below(bytes.len());
    let shown = name.display();
    let kind = if bytes.is_empty() {
        0
    } else {
        numbers.below(6)
    };
    let mut clear = |length: usize| {
        let block = at / length * length;
        let cleared = bytes.iter_mut().skip(block).take(length);
        cleared.for_each(|byte| *byte = 0);
        format!("{shown}: {length} bytes cleared at {block}")
    };
    let done = match kind {
        0 => {
            std::fs::remove_file(&path).expect("a file");
            return format!("{shown}: deleted");
        }
        1 => {
            bytes.truncate(at);
            format!("{shown}: cut at {at}")
        }
        2 => clear(4096),
        3 => clear(512),
        _ => {
            bytes[at] ^= 1 << numbers.below(8);
            format!("{shown}: a bit flipped at {at}")
        }
    };
    std::fs::write(&path, &bytes).expect("a file");
    done
}

/// What a program says and how it ended.
fn run(place: &Path, arguments: &[&str]) -> (bool, Value) {
    let ended = Command::new(program())
        .args(["--json", "--data", &place.display().to_string()])
        .args(arguments)
        .env_remove("RUST_BACKTRACE")
        .output()
        .expect("it runs");
    let said = serde_json::from_slice(&ended.stdout).unwrap_or_default();
    (ended.status.success(), said)
}

/// Asks the node how it stands, and does what its messages name until it answers. Returns the records
/// that lack something by what was said; `None` if that did not help.
fn helped(mesh: &Mesh, place: &Path, what: &str, counts: &mut Counts) -> Option<Said> {
    let mut told = Said::default();
    let mut again = false;
    for step in 0..COMMANDS_MAX {
        let (answered, said) = run(place, &["status"]);
        if answered && std::mem::take(&mut again) {
            // The first repair said so.
            let (repaired, said) = run(place, &["store", "repair"]);
            assert!(repaired, "{what}: {said}");
            told.note(&said);
            continue;
        }
        if answered {
            counts.at_once += u64::from(step == 0);
            return Some(told);
        }
        let next = said["next"]["en"].as_str().unwrap_or_default();
        // `run` names the folder, too.
        let next = next.replace(&format!(" --data {}", place.display()), "");
        let named = COMMANDS
            .iter()
            .find(|command| next.contains(&format!("mesh-node {}", command.join(" "))));
        let Some(command) = named else {
            counts.hands.push(format!("{what}: {said}"));
            return None;
        };
        *counts.commands.entry(command.join(" ")).or_default() += 1;
        let charter = mesh.charter().display().to_string();
        let typed = command.iter().map(|word| match *word {
            FOLDER => charter.as_str(),
            word => word,
        });
        let mut typed: Vec<_> = typed.collect();
        // What the person knows from the reviewers.
        let files = policy::CharterFiles::read(&mesh.charter()).expect("the charter");
        let digest = founding::digest_of(&files).expect("a digest").to_string();
        if command.contains(&FOLDER) {
            typed.extend(["--digest", &digest]);
        }
        let (done, said) = run(place, &typed);
        if !done {
            counts
                .hands
                .push(format!("{what}: {}: {said}", command.join(" ")));
            return None;
        }
        again |= said["then"].is_object();
        told.note(&said);
    }
    counts.hands.push(format!("{what}: no end of commands"));
    None
}

/// What a repair said is lost.
#[derive(Default)]
struct Said {
    /// Records that lack something.
    missing: BTreeSet<RecordId>,
    /// Whether writes are lost of which nothing is known.
    lost_writes: bool,
}

impl Said {
    fn note(&mut self, said: &Value) {
        for one in said["missing"].as_array().into_iter().flatten() {
            let record = one["facet"]["record"].as_str().expect("a record");
            self.missing.insert(record.parse().expect("a record"));
        }
        self.lost_writes |= said["writes_lost"].as_u64() > Some(0);
    }
}

/// What is shared comes back from the township.
fn run_beside_its_neighbour(village: &Village, mesh: &mut Mesh, place: &Path) {
    let folder = mesh.node_folder(VILLAGE);
    std::fs::remove_dir_all(folder.path()).expect("a folder");
    copy_folder(place, folder.path());
    mesh.run(VILLAGE);
    mesh.wait_for_facets(VILLAGE, "case.summary", village.truth.len() as u64);
    mesh.stop(VILLAGE);
}
