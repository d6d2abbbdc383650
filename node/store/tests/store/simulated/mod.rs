//! All of ours around the engine on a simulated disk: power cuts and failures at any step, full
//! disks, turned bits.
//!
//! An ordinary run tries a few steps of a few seeds. `SIMULATED_SEEDS=1000` tries every step of that
//! many, from `SIMULATED_FIRST` on.

mod disk;
mod log_engine;
mod play;
mod seed;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crdt_model::store::StoreError;
use node_store::{Disk, OpenError};

use play::{Play, Stopped};
use seed::Seed;

/// Steps that are tried of each seed in an ordinary run.
const FEW_STEPS: usize = 4;

/// Calls `what` with seeds and numbers of steps, and says which of them did not hold.
fn each_step(few_seeds: u64, what: impl Fn(u64, u64)) {
    let number = |name| Some(std::env::var(name).ok()?.parse::<u64>().unwrap());
    let (first, seeds) = (number("SIMULATED_FIRST"), number("SIMULATED_SEEDS"));
    let first = first.unwrap_or(0);
    for seed in first..first + seeds.unwrap_or(few_seeds) {
        let steps = steps(seed);
        let mut chance = Seed::new(seed);
        let few = (0..FEW_STEPS).map(|_| 1 + chance.below(steps as usize) as u64);
        let tried: Vec<u64> = match seeds {
            Some(_) => (1..=steps).collect(),
            None => few.collect(),
        };
        for step in tried {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| what(seed, step))) {
                eprintln!("seed {seed}, step {step}");
                resume_unwind(panic);
            }
        }
    }
}

/// Steps that the acts of a seed take when nothing goes wrong.
fn steps(seed: u64) -> u64 {
    let mut play = Play::new(seed);
    play.run(acts(seed)).expect("nothing goes wrong");
    play.disk.steps()
}

fn acts(seed: u64) -> usize {
    4 + Seed::new(seed).below(10)
}

/// The power goes off in the middle of a step and, in two cases of three, while the store is opened
/// afterwards.
fn power_goes_off(seed: u64, step: u64) {
    let mut play = Play::new(seed);
    play.disk.cut_at(Some(step));
    let stopped = play.run(acts(seed));
    if !play.disk.is_off() {
        stopped.expect("nothing but the power cut goes wrong");
    }
    play.close();
    play.disk.power_cycle();
    play.recover((step % 3) as usize);
    assert_eq!(play.mended(), Vec::<String>::new(), "no damage");
    play.goes_on();
}

#[test]
fn a_power_cut_at_any_step_loses_nothing_durable_and_brings_nothing_purged_back() {
    each_step(5, power_goes_off);
}

/// The process is killed in the middle of a step, and the power goes off later.
fn killed(seed: u64, step: u64) {
    let mut play = Play::new(seed);
    play.disk.cut_at(Some(step));
    let _ = play.run(acts(seed));
    play.close();
    play.disk.restart();
    play.recover(1 + (step % 3) as usize);
    assert_eq!(play.mended(), Vec::<String>::new(), "no damage");
    play.goes_on();
}

#[test]
fn a_process_that_is_killed_at_any_step_before_a_power_cut_loses_nothing_durable() {
    each_step(5, killed);
}

/// A step fails, the process ends, and in one case of two the power goes off then.
fn a_step_fails(seed: u64, step: u64) {
    let mut play = Play::new(seed);
    play.disk.fail_at(Some(step));
    let _ = play.run(acts(seed));
    play.close();
    if step.is_multiple_of(2) {
        play.disk.power_cycle();
    }
    play.recover((step % 3) as usize);
    assert_eq!(play.mended(), Vec::<String>::new(), "no damage");
    play.goes_on();
}

#[test]
fn a_step_that_fails_loses_nothing_durable_and_brings_nothing_purged_back() {
    each_step(5, a_step_fails);
}

/// The disk is full from an act on, and has room again later.
fn the_disk_is_full(seed: u64, step: u64) {
    let mut play = Play::new(seed);
    let acts = acts(seed);
    let before = Seed::new(step).below(acts);
    play.run(before).expect("nothing goes wrong yet");
    let room = Seed::new(!step).below(20_000);
    play.disk.set_capacity(Some(play.disk.taken() + room));
    if let Err(stopped) = play.go_on(acts - before) {
        assert!(says_full(&stopped), "{stopped:?}");
    }
    play.close();
    if let Err(stopped) = play.open_or_make() {
        assert!(says_full(&stopped), "{stopped:?}");
    }
    play.disk.set_capacity(None);
    play.recover(0);
    assert_eq!(play.mended(), Vec::<String>::new(), "no damage");
    play.goes_on();
}

fn says_full(stopped: &Stopped) -> bool {
    matches!(
        stopped,
        Stopped::Open(OpenError::Full) | Stopped::Store(StoreError::Full)
    )
}

#[test]
fn a_full_disk_loses_nothing_and_the_store_goes_on_once_there_is_room() {
    each_step(5, the_disk_is_full);
}

/// One bit of a file turns over, and the power goes off while that is mended.
fn a_bit_turns(seed: u64, step: u64) {
    let mut play = Play::new(seed);
    play.run(acts(seed)).expect("nothing goes wrong");
    play.draw(step);
    let what = play.flip_bit("");
    let mended = catch_unwind(AssertUnwindSafe(|| {
        play.checks();
        play.recover((step % 3) as usize);
        let set_aside = play.set_aside();
        play.close();
        play.disk.power_cycle();
        assert!(set_aside.is_none_or(|path| play.disk.is_dir(&path)));
        play.recover(0);
        assert_eq!(play.mended(), Vec::<String>::new(), "mended for good");
        play.goes_on();
    }));
    if let Err(panic) = mended {
        eprintln!("{what}");
        resume_unwind(panic);
    }
}

#[test]
fn a_bit_that_turns_in_one_file_loses_nothing_even_if_the_power_goes_off_over_mending() {
    each_step(4, a_bit_turns);
}

/// Bits of two files turn over: of both copies, or of one and the head file.
fn bits_turn(seed: u64, step: u64) {
    let mut play = Play::new(seed);
    play.run(acts(seed)).expect("nothing goes wrong");
    play.draw(step);
    let [one, other] =
        [["/db", "journal-"], ["/db", "head"], ["journal-", "head"]][step as usize % 3];
    let what = [one, other, one, other].map(|named| play.flip_bit(named));
    let opened = catch_unwind(AssertUnwindSafe(|| {
        play.open_or_accept();
        play.goes_on();
    }));
    if let Err(panic) = opened {
        eprintln!("{what:?}");
        resume_unwind(panic);
    }
}

#[test]
fn bits_that_turn_in_two_files_never_give_wrong_values_and_refusing_changes_nothing() {
    each_step(5, bits_turn);
}

/// What was found once, with the seed and the step that showed it.
#[test]
fn what_a_seed_has_shown_once_stays_mended() {
    // A store whose making was cut short was damaged, and could not be made again.
    power_goes_off(0, 6);
    // A hole in what nobody had acknowledged counted as a damaged journal.
    power_goes_off(1, 39);
    // A folder that was set aside came back after a purge.
    a_bit_turns(0, 3);
    // One that was to be kept was gone.
    a_bit_turns(0, 11);
    // The old generation was removed while the head file that names the new one was not durable.
    killed(1, 86);
    // A store was made in a folder whose own name was not durable.
    killed(5, 1);
    // After a purge one bit of the head file was enough for it to name a generation that is gone.
    a_bit_turns(215, 142);
    // A damaged half of the head file and a damaged engine lost what the journal had.
    bits_turn(3, 79);
}
