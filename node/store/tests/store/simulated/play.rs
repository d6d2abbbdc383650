//! A store on a simulated disk, what is done to it, and what it must hold then.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crdt_model::store::{Batch, Store, StoreError};
use node_store::{DiskStore, OpenError, StoreOptions};

use super::disk::SimDisk;
use super::log_engine::LogEngine;
use super::seed::Seed;

pub(crate) const FOLDER: &str = "/node/store";
/// Stands before the number of a value, again and again, so that any piece of the value shows it.
const MARKER: &[u8; 4] = b"\xffval";
/// Turns a number into what stands behind it.
const CHECK: u32 = 0x5a5a_5a5a;
const KEYS: usize = 12;

/// Keys with their values, and what a store holds after one write after another.
type Content = BTreeMap<Vec<u8>, Vec<u8>>;
type SimStore = DiskStore<LogEngine>;

/// What is done next.
#[derive(Debug)]
enum Act {
    /// Keys, each with the length of its new value or with a delete.
    Write(Vec<(usize, Option<usize>)>),
    Sync,
    /// Deletes and overwrites, and sees to it that nothing is left of what went.
    Purge(Vec<(usize, Option<usize>)>),
    Reopen,
    Check,
    Settle,
    Pause(u64),
}

impl Act {
    fn any(seed: &mut Seed) -> Self {
        match seed.below(100) {
            0..50 => Self::Write(changes(seed, 60)),
            50..68 => Self::Sync,
            68..80 => Self::Purge(changes(seed, 30)),
            80..90 => Self::Reopen,
            90..93 => Self::Check,
            93..95 => Self::Settle,
            _ => Self::Pause(seed.below(10_000) as u64),
        }
    }
}

fn changes(seed: &mut Seed, puts_percent: usize) -> Vec<(usize, Option<usize>)> {
    let count = 1 + seed.below(5);
    let change = |_| {
        let length = match seed.below(40) {
            0 => 70_000,
            1..5 => 3000 + seed.below(7000),
            _ => seed.below(700),
        };
        let is_put = seed.percent(puts_percent);
        (seed.below(KEYS), is_put.then_some(length))
    };
    (0..count).map(change).collect()
}

/// Why an act came to an end before its end.
#[derive(Debug)]
pub(crate) enum Stopped {
    Open(OpenError),
    Store(StoreError),
}

impl From<OpenError> for Stopped {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

pub(crate) struct Play {
    pub(crate) disk: SimDisk,
    options: StoreOptions,
    seed: Seed,
    store: Option<SimStore>,
    /// Whether the making of the store was reported done.
    is_made: bool,
    /// What the store held when it was last durable, and after each write since.
    maybe: Vec<Content>,
    values: u32,
    /// Numbers of values that must not be on the disk any more.
    purged: BTreeSet<u32>,
}

impl Play {
    pub(crate) fn new(seed: u64) -> Self {
        let disk = SimDisk::new(seed);
        let mut options = StoreOptions::new(FOLDER, 0);
        options.disk = Arc::new(disk.clone());
        Self {
            disk,
            options,
            seed: Seed::new(!seed),
            store: None,
            is_made: false,
            maybe: vec![Content::new()],
            values: 0,
            purged: BTreeSet::new(),
        }
    }

    /// Makes the store and does one thing after another; stops when something fails.
    pub(crate) fn run(&mut self, acts: usize) -> Result<(), Stopped> {
        self.create()?;
        self.go_on(acts)
    }

    pub(crate) fn go_on(&mut self, acts: usize) -> Result<(), Stopped> {
        for _ in 0..acts {
            let act = Act::any(&mut self.seed);
            self.act(act)?;
        }
        Ok(())
    }

    fn create(&mut self) -> Result<(), Stopped> {
        self.store = Some(DiskStore::create(&self.options)?);
        self.is_made = true;
        Ok(())
    }

    fn store(&mut self) -> &mut SimStore {
        self.store.as_mut().expect("an open store")
    }

    fn act(&mut self, act: Act) -> Result<(), Stopped> {
        match act {
            Act::Write(changes) => self.write(&changes)?,
            Act::Sync => self.sync()?,
            Act::Purge(changes) => {
                self.write(&changes)?;
                self.sync()?;
                self.store().scrub()?;
                self.purge();
            }
            Act::Reopen => {
                self.close();
                self.open()?;
            }
            Act::Check => {
                self.sync()?;
                self.close();
                let checked = SimStore::check(&self.options)?;
                assert_eq!(checked.problems, Vec::<String>::new());
                assert_eq!(checked.entries, self.now().len() as u64);
                self.open()?;
            }
            Act::Settle => self.store().settle()?,
            Act::Pause(ms) => self.disk.pass_time(ms),
        }
        self.agrees();
        Ok(())
    }

    fn write(&mut self, changes: &[(usize, Option<usize>)]) -> Result<(), StoreError> {
        let (mut batch, mut content) = (Batch::default(), self.now().clone());
        for (key, length) in changes {
            let key = format!("key {key:02}").into_bytes();
            match length {
                Some(length) => {
                    self.values += 1;
                    let value = value(self.values, *length);
                    content.insert(key.clone(), value.clone());
                    batch.put(key, value);
                }
                None => {
                    content.remove(&key);
                    batch.delete(key);
                }
            }
        }
        self.maybe.push(content);
        self.store().write(&batch)
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.store().sync()?;
        self.durable();
        Ok(())
    }

    /// What is there now is durable.
    fn durable(&mut self) {
        self.maybe.drain(..self.maybe.len() - 1);
    }

    /// Nothing is to be left of what is not there now.
    fn purge(&mut self) {
        self.durable();
        let there: BTreeSet<u32> = self
            .now()
            .values()
            .flat_map(|value| numbers(value))
            .collect();
        self.purged = (1..=self.values)
            .filter(|number| !there.contains(number))
            .collect();
        self.nothing_purged_is_left();
    }

    fn nothing_purged_is_left(&self) {
        let mut left = BTreeSet::new();
        self.disk.each_byte_string(|name, bytes| {
            let found = numbers(bytes);
            let found = found.intersection(&self.purged);
            left.extend(found.map(|number| (name.to_owned(), *number)));
        });
        assert!(
            left.is_empty(),
            "values that were purged are left: {left:?}"
        );
    }

    fn now(&self) -> &Content {
        self.maybe.last().expect("one at least")
    }

    fn agrees(&self) {
        if let Some(store) = &self.store {
            assert!(
                content(store) == *self.now(),
                "the store differs from the model"
            );
        }
    }

    /// The process ends.
    pub(crate) fn close(&mut self) {
        self.store = None;
    }

    /// Opens the store, which must hold all that was durable, in whole batches.
    fn open(&mut self) -> Result<(), OpenError> {
        let store = SimStore::open(&self.options)?;
        let found = content(&store);
        let at = self.maybe.iter().rposition(|content| *content == found);
        let at = at.expect("it holds what was never there, or lacks what was durable");
        self.maybe = vec![self.maybe.swap_remove(at)];
        self.store = Some(store);
        Ok(())
    }

    /// Opens the store after a power cut or a failure, over which the power may go off again.
    pub(crate) fn recover(&mut self, cuts: usize) {
        self.close();
        for _ in 0..cuts {
            let step = self.disk.steps() + 1 + self.seed.below(30) as u64;
            self.disk.cut_at(Some(step));
            let opened = self.open_or_make();
            self.close();
            if !self.disk.is_off() {
                opened.expect("it opens");
            }
            self.disk.power_cycle();
        }
        self.open_or_make().expect("it opens");
        self.nothing_purged_is_left();
    }

    pub(crate) fn open_or_make(&mut self) -> Result<(), Stopped> {
        match self.open() {
            Err(OpenError::Missing(_)) if !self.is_made => self.create(),
            other => Ok(other?),
        }
    }

    /// Draws from another stream from now on.
    pub(crate) fn draw(&mut self, seed: u64) {
        self.seed = Seed::new(seed);
    }

    /// Syncs and closes the store, and turns one bit of one of its files over whose path holds `named`.
    /// Says which.
    pub(crate) fn flip_bit(&mut self, named: &str) -> String {
        if self.store.is_some() {
            self.sync().expect("nothing goes wrong");
        }
        self.close();
        self.disk.flip_bit(Path::new(FOLDER), named, &mut self.seed)
    }

    /// A look at the store says how many entries it has, and changes nothing.
    pub(crate) fn checks(&self) {
        let before = self.disk.image();
        let checked = SimStore::check(&self.options).expect("all of it is there");
        assert_eq!(checked.entries, self.now().len() as u64);
        assert!(self.disk.image() == before, "a look changed something");
    }

    /// Opens a store of which both copies are damaged: it holds what it held, or refuses, changes
    /// nothing, and then holds nothing that was never written to the same key.
    pub(crate) fn open_or_accept(&mut self) {
        let before = self.disk.image();
        match self.open() {
            Ok(()) => return,
            Err(OpenError::Damaged(_) | OpenError::RolledBack(_)) => {}
            Err(other) => panic!("{other}"),
        }
        assert!(self.disk.image() == before, "a refusal changed something");
        let (store, accepted) = SimStore::accept_rollback(&self.options).expect("what is left");
        let left = content(&store);
        assert_eq!(accepted.entries, left.len() as u64);
        for (key, found) in &left {
            let number = numbers(found).first().copied();
            let written = number.map(|number| value(number, found.len()));
            assert!(
                written.is_none_or(|written| written == *found),
                "key {key:?}"
            );
        }
        self.maybe = vec![left];
        self.store = Some(store);
    }

    /// Where the store was set aside when it was opened last.
    pub(crate) fn set_aside(&self) -> Option<PathBuf> {
        let mended = self.store.as_ref().and_then(|store| store.mended());
        mended.and_then(|mended| mended.set_aside.clone())
    }

    /// What was mended when the store was opened last.
    pub(crate) fn mended(&self) -> Vec<String> {
        let mended = self.store.as_ref().and_then(|store| store.mended());
        mended.map_or(Vec::new(), |mended| mended.problems.clone())
    }

    /// The store goes on as if nothing had been.
    pub(crate) fn goes_on(&mut self) {
        let acts = [
            Act::Write(vec![(0, Some(40)), (1, Some(4000)), (2, None)]),
            Act::Sync,
            Act::Purge(vec![(0, None), (1, Some(50))]),
            Act::Check,
            Act::Write(vec![(3, Some(40))]),
            Act::Sync,
        ];
        for act in acts {
            self.act(act).expect("it goes on");
        }
        self.close();
        self.disk.power_cycle();
        self.open().expect("it opens");
        self.agrees();
        self.nothing_purged_is_left();
    }
}

fn value(number: u32, length: usize) -> Vec<u8> {
    let (number, check) = (number.to_be_bytes(), (number ^ CHECK).to_be_bytes());
    let pattern = [*MARKER, number, check].concat();
    pattern.into_iter().cycle().take(length).collect()
}

/// The numbers of the values that bytes are of.
fn numbers(bytes: &[u8]) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    let mut rest = bytes;
    while rest.skip_until(MARKER[0]).expect("bytes in memory") > 0 {
        let at = bytes.len() - rest.len() - 1;
        let place = bytes.get(at..at + 12);
        let Some(place) = place.filter(|place| place.starts_with(MARKER)) else {
            continue;
        };
        let field = |at: usize| u32::from_be_bytes(place[at..at + 4].try_into().unwrap());
        if field(4) == field(8) ^ CHECK {
            found.insert(field(4));
        }
    }
    found
}

fn content(store: &SimStore) -> Content {
    let entries = store.scan(b"", None, usize::MAX).expect("a whole store");
    entries.into_iter().collect()
}
