//! A disk in memory that knows what is durable and what is not, and whose power can go off.
//!
//! It promises what POSIX does and no more. A file's bytes are durable after a sync of the file, its
//! name after a sync of the folder; of whatever was not synced a power cut leaves any part, in any
//! order, down to pieces of a sector. Only a rename is never seen half done.
//!
//! Every call that changes or syncs something is a *step*. The power goes off in the middle of the
//! step that the test names, or that step fails and the machine goes on. What it does not show: a
//! sync that failed, after which the system forgets what it had not written.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use crdt_model::store::StoreError;
use node_store::{Disk, DiskFile, Identity, Item, Locked, Task};

use super::seed::Seed;

/// What a disk writes whole, in the best case.
const SECTOR_BYTES: usize = 512;
const ROOT: u64 = 1;

/// The disk. Clones are the same disk.
#[derive(Clone, Debug)]
pub(crate) struct SimDisk(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    seed: Seed,
    nodes: BTreeMap<u64, Node>,
    next_inode: u64,
    locked: BTreeSet<PathBuf>,
    now_ms: u64,
    steps: u64,
    /// The step in whose middle the power goes off.
    cut_at: Option<u64>,
    /// The step that fails.
    fail_at: Option<u64>,
    /// Bytes that fit on the disk.
    capacity: Option<usize>,
    is_off: bool,
    /// How often the power went off: files that were open then are so no more.
    cuts: u64,
}

#[derive(Clone, Debug)]
enum Node {
    File(FileNode),
    Folder(FolderNode),
}

#[derive(Clone, Debug, Default)]
struct FileNode {
    now: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
    changed_ms: u64,
    changed_durable_ms: u64,
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

type Names = BTreeMap<OsString, u64>;
/// Names and what they lead to from then on: all of them together or none.
type Renamed = Vec<(OsString, Option<u64>)>;

#[derive(Clone, Debug, Default)]
struct FolderNode {
    now: Names,
    durable: Names,
    unsynced: Vec<Renamed>,
}

/// How much of what was not synced survives a power cut.
#[derive(Clone, Copy, PartialEq)]
enum Survives {
    Nothing,
    All,
    /// So many of the oldest.
    Front,
    /// Any of it.
    Some,
}

impl Survives {
    fn any(seed: &mut Seed) -> Self {
        [Self::Nothing, Self::All, Self::Front, Self::Some][seed.below(4)]
    }

    /// Which of so many changes survive.
    fn of(self, count: usize, seed: &mut Seed) -> Vec<bool> {
        let front = seed.below(count + 1);
        let survives = (0..count).map(|at| match self {
            Self::Nothing => false,
            Self::All => true,
            Self::Front => at < front,
            Self::Some => seed.percent(50),
        });
        survives.collect()
    }
}

impl FileNode {
    fn apply(&mut self, change: Change, now_ms: u64) {
        change.to(&mut self.now);
        self.unsynced.push(change);
        self.changed_ms = now_ms;
    }

    fn sync(&mut self, with_time: bool) {
        let longer = self.now.len() != self.durable.len();
        self.durable.clone_from(&self.now);
        self.unsynced.clear();
        // A change of the length brings the time along.
        if with_time || longer {
            self.changed_durable_ms = self.changed_ms;
        }
    }

    fn cut(&mut self, seed: &mut Seed) {
        let survives = Survives::any(seed);
        let kept = survives.of(self.unsynced.len(), seed);
        let length = self.now.len();
        for (change, kept) in std::mem::take(&mut self.unsynced).into_iter().zip(kept) {
            match change {
                change if kept && survives != Survives::Some => change.to(&mut self.durable),
                Change::Length(_) if kept => change.to(&mut self.durable),
                Change::Write(at, bytes) if survives == Survives::Some => {
                    self.write_some(at, &bytes, seed);
                }
                _ => {}
            }
        }
        if survives == Survives::Some && self.durable.len() < length && seed.percent(25) {
            self.durable.resize(length, 0);
        }
        if seed.percent(50) {
            self.changed_durable_ms = self.changed_ms;
        }
        self.changed_ms = self.changed_durable_ms;
        self.now.clone_from(&self.durable);
    }

    /// Some sectors of a write, and pieces of some.
    fn write_some(&mut self, at: usize, bytes: &[u8], seed: &mut Seed) {
        let mut from = 0;
        while from < bytes.len() {
            let room = SECTOR_BYTES - (at + from) % SECTOR_BYTES;
            let end = bytes.len().min(from + room);
            let written = match seed.below(10) {
                0 => from + seed.below(end - from),
                1..6 => end,
                _ => from,
            };
            if written > from {
                let piece = bytes[from..written].to_vec();
                Change::Write(at + from, piece).to(&mut self.durable);
            }
            from = end;
        }
    }
}

impl Change {
    fn to(&self, file: &mut Vec<u8>) {
        match self {
            Self::Length(length) => file.resize(*length, 0),
            Self::Write(at, bytes) => {
                let end = at + bytes.len();
                file.resize(file.len().max(end), 0);
                file[*at..end].copy_from_slice(bytes);
            }
        }
    }
}

impl FolderNode {
    /// All names in it, now or in any way after a power cut.
    fn names(&self) -> impl Iterator<Item = (&OsStr, u64)> {
        let there = self.now.iter().chain(&self.durable);
        let there = there.map(|(name, inode)| (name.as_os_str(), *inode));
        let unsynced = self.unsynced.iter().flatten();
        there.chain(unsynced.filter_map(|(name, inode)| Some((name.as_os_str(), (*inode)?))))
    }

    fn apply(&mut self, renamed: Renamed) {
        rename(&mut self.now, &renamed);
        self.unsynced.push(renamed);
    }

    fn sync(&mut self) {
        self.durable.clone_from(&self.now);
        self.unsynced.clear();
    }

    fn cut(&mut self, seed: &mut Seed) {
        let kept = Survives::any(seed).of(self.unsynced.len(), seed);
        for (renamed, kept) in std::mem::take(&mut self.unsynced).iter().zip(kept) {
            if kept {
                rename(&mut self.durable, renamed);
            }
        }
        self.now.clone_from(&self.durable);
    }
}

fn rename(names: &mut Names, renamed: &Renamed) {
    for (name, inode) in renamed {
        match inode {
            Some(inode) => names.insert(name.clone(), *inode),
            None => names.remove(name),
        };
    }
}

impl State {
    /// Begins a step. Whether the power goes off in it.
    fn step(&mut self) -> io::Result<bool> {
        self.alive()?;
        self.steps += 1;
        self.now_ms += 1;
        if self.fail_at == Some(self.steps) {
            return Err(io::Error::other("injected"));
        }
        Ok(self.cut_at == Some(self.steps))
    }

    fn alive(&self) -> io::Result<()> {
        match self.is_off {
            true => Err(io::Error::other("the power is off")),
            false => Ok(()),
        }
    }

    /// Ends a step.
    fn stepped(&mut self, is_last: bool) -> io::Result<()> {
        self.is_off |= is_last;
        self.alive()
    }

    fn find(&self, path: &Path) -> io::Result<u64> {
        let mut inode = ROOT;
        let names = path.components().skip(1);
        for name in names {
            let found = self.folder(inode)?.now.get(name.as_os_str());
            inode = *found.ok_or(io::ErrorKind::NotFound)?;
        }
        Ok(inode)
    }

    /// The folder of a path, and its name there.
    fn place<'a>(&self, path: &'a Path) -> io::Result<(u64, &'a OsStr)> {
        let (above, name) = (path.parent(), path.file_name());
        let above = above.ok_or(io::ErrorKind::InvalidInput)?;
        Ok((self.find(above)?, name.ok_or(io::ErrorKind::InvalidInput)?))
    }

    fn folder(&self, inode: u64) -> io::Result<&FolderNode> {
        match self.nodes.get(&inode) {
            Some(Node::Folder(folder)) => Ok(folder),
            _ => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn folder_mut(&mut self, inode: u64) -> io::Result<&mut FolderNode> {
        match self.nodes.get_mut(&inode) {
            Some(Node::Folder(folder)) => Ok(folder),
            _ => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn file(&self, inode: u64) -> io::Result<&FileNode> {
        match self.nodes.get(&inode) {
            Some(Node::File(file)) => Ok(file),
            _ => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    fn file_mut(&mut self, inode: u64) -> io::Result<&mut FileNode> {
        match self.nodes.get_mut(&inode) {
            Some(Node::File(file)) => Ok(file),
            _ => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    /// Makes a file or a folder under a name that is free.
    fn make(&mut self, path: &Path, node: Node) -> io::Result<u64> {
        let (folder, name) = self.place(path)?;
        if self.folder(folder)?.now.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let is_last = self.step()?;
        let inode = self.next_inode;
        self.next_inode += 1;
        self.nodes.insert(inode, node);
        let renamed = vec![(name.to_owned(), Some(inode))];
        self.folder_mut(folder)?.apply(renamed);
        self.stepped(is_last)?;
        Ok(inode)
    }

    fn create(&mut self, path: &Path) -> io::Result<u64> {
        match self.find(path) {
            Ok(inode) => {
                self.change(inode, Change::Length(0))?;
                Ok(inode)
            }
            Err(_) => self.make(path, Node::File(FileNode::default())),
        }
    }

    fn change(&mut self, inode: u64, mut change: Change) -> io::Result<()> {
        self.alive()?;
        let mut outcome = self.step();
        if let Change::Write(at, bytes) = &mut change {
            let room = self.room(inode, *at)?;
            if outcome.is_err() {
                bytes.truncate(self.seed.below(bytes.len()));
            } else if bytes.len() > room {
                bytes.truncate(room);
                outcome = Err(io::ErrorKind::StorageFull.into());
            }
        } else if outcome.is_err() {
            return outcome.map(drop);
        }
        let now_ms = self.now_ms;
        self.file_mut(inode)?.apply(change, now_ms);
        self.stepped(outcome?)
    }

    /// Bytes that a file may be written from an offset on.
    fn room(&self, inode: u64, offset: usize) -> io::Result<usize> {
        let taken: usize = self.files().map(|file| file.now.len()).sum();
        let own = self.file(inode)?.now.len().saturating_sub(offset);
        let left = self.capacity.map(|all| all.saturating_sub(taken) + own);
        Ok(left.unwrap_or(usize::MAX))
    }

    fn sync_file(&mut self, inode: u64, with_time: bool) -> io::Result<()> {
        let is_last = self.step()?;
        self.stepped(is_last)?;
        self.file_mut(inode)?.sync(with_time);
        Ok(())
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        let (folder, name) = self.place(path)?;
        let is_last = self.step()?;
        let removed = vec![(name.to_owned(), None)];
        self.folder_mut(folder)?.apply(removed);
        self.stepped(is_last)
    }

    fn remove_all(&mut self, path: &Path) -> io::Result<()> {
        let inode = self.find(path)?;
        let names: Vec<OsString> = self.folder(inode)?.now.keys().cloned().collect();
        for name in names {
            let path = path.join(name);
            match self.folder(self.find(&path)?) {
                Ok(_) => self.remove_all(&path)?,
                Err(_) => self.remove(&path)?,
            }
        }
        self.remove(path)
    }

    fn files(&self) -> impl Iterator<Item = &FileNode> {
        self.nodes.values().filter_map(|node| match node {
            Node::File(file) => Some(file),
            Node::Folder(_) => None,
        })
    }

    /// Forgets what no name leads to, now or in any way after a power cut.
    fn forget_nameless(&mut self) {
        let (mut open, mut named) = (vec![ROOT], BTreeSet::new());
        while let Some(inode) = open.pop() {
            if named.insert(inode)
                && let Ok(folder) = self.folder(inode)
            {
                open.extend(folder.names().map(|(_, inode)| inode));
            }
        }
        self.nodes.retain(|inode, _| named.contains(inode));
    }
}

impl SimDisk {
    /// An empty disk with a folder `/node`.
    pub(crate) fn new(seed: u64) -> Self {
        let mut names = FolderNode::default();
        names.apply(vec![("node".into(), Some(ROOT + 1))]);
        names.sync();
        let folders = [names, FolderNode::default()].map(Node::Folder);
        Self(Arc::new(Mutex::new(State {
            seed: Seed::new(seed),
            nodes: (ROOT..).zip(folders).collect(),
            next_inode: ROOT + 2,
            locked: BTreeSet::new(),
            now_ms: 1_700_000_000_000,
            steps: 0,
            cut_at: None,
            fail_at: None,
            capacity: None,
            is_off: false,
            cuts: 0,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Steps so far.
    pub(crate) fn steps(&self) -> u64 {
        self.state().steps
    }

    /// The power goes off in the middle of this step, counted from the first of all.
    pub(crate) fn cut_at(&self, step: Option<u64>) {
        self.state().cut_at = step;
    }

    /// This step fails.
    pub(crate) fn fail_at(&self, step: Option<u64>) {
        self.state().fail_at = step;
    }

    /// So many bytes fit on the disk.
    pub(crate) fn set_capacity(&self, bytes: Option<usize>) {
        self.state().capacity = bytes;
    }

    /// Bytes of all files.
    pub(crate) fn taken(&self) -> usize {
        self.state().files().map(|file| file.now.len()).sum()
    }

    pub(crate) fn pass_time(&self, ms: u64) {
        self.state().now_ms += ms;
    }

    pub(crate) fn is_off(&self) -> bool {
        self.state().is_off
    }

    /// The power goes off, if it has not yet, and on again.
    pub(crate) fn power_cycle(&self) {
        let mut guard = self.state();
        let state = &mut *guard;
        for node in state.nodes.values_mut() {
            match node {
                Node::File(file) => file.cut(&mut state.seed),
                Node::Folder(folder) => folder.cut(&mut state.seed),
            }
        }
        state.forget_nameless();
        drop(guard);
        self.restart();
    }

    /// The process ended and the machine went on: what was written is there, durable or not.
    pub(crate) fn restart(&self) {
        let state = &mut *self.state();
        state.locked.clear();
        state.is_off = false;
        state.cut_at = None;
        state.cuts += 1;
    }

    /// Calls `visit` with all bytes that are on the disk or may be after a power cut, and with the path
    /// that they are found at.
    pub(crate) fn each_byte_string(&self, mut visit: impl FnMut(&Path, &[u8])) {
        let state = &*self.state();
        let mut open = vec![(PathBuf::from("/"), ROOT)];
        while let Some((path, inode)) = open.pop() {
            match &state.nodes[&inode] {
                Node::Folder(folder) => {
                    open.extend(folder.names().map(|(name, inode)| (path.join(name), inode)));
                }
                Node::File(file) => {
                    visit(&path, &file.now);
                    if file.durable != file.now {
                        visit(&path, &file.durable);
                    }
                    for change in &file.unsynced {
                        if let Change::Write(_, bytes) = change {
                            visit(&path, bytes);
                        }
                    }
                }
            }
        }
    }

    /// The names and bytes of all files, as a program sees them.
    pub(crate) fn image(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = self.files_below(Path::new("/")).into_iter();
        let state = &*self.state();
        let read = |path: PathBuf| {
            let bytes = state.file(state.find(&path).unwrap()).unwrap().now.clone();
            (path, bytes)
        };
        files.map(|(path, _)| read(path)).collect()
    }

    /// Turns over one bit of one file below a folder whose path holds `named`, durably, and says which. Empty files have
    /// none.
    pub(crate) fn flip_bit(&self, folder: &Path, named: &str, seed: &mut Seed) -> String {
        let mut files = self.files_below(folder);
        files.retain(|(path, _)| path.to_string_lossy().contains(named));
        let (path, length) = &files[seed.below(files.len())];
        let (at, bit) = (seed.below(*length), seed.below(8));
        let state = &mut *self.state();
        let inode = state.find(path).unwrap();
        let file = state.file_mut(inode).unwrap();
        file.now[at] ^= 1 << bit;
        file.durable.clone_from(&file.now);
        file.unsynced.clear();
        format!("bit {bit} of byte {at} of {}", path.display())
    }

    /// The files below a folder that are not empty, with their lengths.
    fn files_below(&self, folder: &Path) -> Vec<(PathBuf, usize)> {
        let mut found = Vec::new();
        for item in self.read_dir(folder).unwrap() {
            let path = folder.join(item.name);
            match item.is_dir {
                true => found.extend(self.files_below(&path)),
                false => found.push((path.clone(), self.file_bytes(&path).unwrap() as usize)),
            }
        }
        found.retain(|(_, bytes)| *bytes > 0);
        found
    }

    fn opened(&self, inode: u64, to_write: bool) -> Box<dyn DiskFile> {
        Box::new(SimFile {
            disk: self.clone(),
            inode,
            to_write,
            cuts: self.state().cuts,
        })
    }

    fn open_any(&self, path: &Path, to_write: bool) -> io::Result<Box<dyn DiskFile>> {
        let state = self.state();
        state.alive()?;
        let inode = state.find(path)?;
        state.file(inode)?;
        drop(state);
        Ok(self.opened(inode, to_write))
    }
}

impl Disk for SimDisk {
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.open_any(path, false)
    }

    fn open_to_write(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.open_any(path, true)
    }

    fn create(&self, path: &Path, _: u32) -> io::Result<Box<dyn DiskFile>> {
        let inode = self.state().create(path)?;
        Ok(self.opened(inode, true))
    }

    fn copy(&self, from: &Path, to: &Path) -> io::Result<()> {
        let state = &mut *self.state();
        let from = state.find(from)?;
        let bytes = state.file(from)?.now.clone();
        let to = state.make(to, Node::File(FileNode::default()))?;
        state.change(to, Change::Write(0, bytes))?;
        state.sync_file(to, true)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let state = &mut *self.state();
        let inode = state.find(from)?;
        let ((folder, old), (same, new)) = (state.place(from)?, state.place(to)?);
        assert_eq!(folder, same, "a store renames within its folder");
        let is_last = state.step()?;
        let renamed = vec![(old.to_owned(), None), (new.to_owned(), Some(inode))];
        state.folder_mut(folder)?.apply(renamed);
        state.stepped(is_last)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let state = &mut *self.state();
        state.file(state.find(path)?)?;
        state.remove(path)
    }

    fn create_dir(&self, path: &Path, _: u32) -> io::Result<()> {
        let made = Node::Folder(FolderNode::default());
        self.state().make(path, made).map(drop)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.state().remove_all(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let state = &mut *self.state();
        let inode = state.find(path)?;
        let is_last = state.step()?;
        state.stepped(is_last)?;
        state.folder_mut(inode)?.sync();
        Ok(())
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<Item>> {
        let state = self.state();
        state.alive()?;
        let names = &state.folder(state.find(path)?)?.now;
        let items = names.iter().map(|(name, inode)| Item {
            name: name.clone(),
            is_dir: state.folder(*inode).is_ok(),
        });
        Ok(items.collect())
    }

    fn is_dir(&self, path: &Path) -> bool {
        let state = self.state();
        state
            .find(path)
            .is_ok_and(|inode| state.folder(inode).is_ok())
    }

    fn file_bytes(&self, path: &Path) -> io::Result<u64> {
        let state = self.state();
        state.alive()?;
        Ok(state.file(state.find(path)?)?.now.len() as u64)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Locked>> {
        let mut state = self.state();
        if state.find(path).is_err() {
            state.create(path)?;
        }
        let lock = SimLock {
            disk: self.clone(),
            path: path.to_owned(),
            cuts: state.cuts,
        };
        let is_free = state.locked.insert(path.to_owned());
        drop(state);
        // Dropping the lock would take it from whoever has it.
        Ok(match is_free {
            true => Some(Box::new(lock)),
            false => {
                std::mem::forget(lock);
                None
            }
        })
    }

    fn now_ms(&self) -> u64 {
        self.state().now_ms
    }

    fn sync_both(&self, one: Task<'_>, other: Task<'_>) -> [Result<(), StoreError>; 2] {
        if self.state().seed.percent(50) {
            return [one(), other()];
        }
        let other = other();
        [one(), other]
    }
}

#[derive(Debug)]
struct SimLock {
    disk: SimDisk,
    path: PathBuf,
    cuts: u64,
}

impl Drop for SimLock {
    fn drop(&mut self) {
        let state = &mut *self.disk.state();
        if state.cuts == self.cuts {
            state.locked.remove(&self.path);
        }
    }
}

#[derive(Debug)]
struct SimFile {
    disk: SimDisk,
    inode: u64,
    to_write: bool,
    cuts: u64,
}

impl SimFile {
    fn state(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.disk.state();
        match state.cuts == self.cuts {
            true => state.alive().map(|()| state),
            false => Err(io::Error::other("it was open when the power went off")),
        }
    }

    fn change(&self, change: Change) -> io::Result<()> {
        assert!(self.to_write, "it was opened to read");
        self.state()?.change(self.inode, change)
    }
}

impl DiskFile for SimFile {
    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let state = self.state()?;
        let file = state.file(self.inode)?.now.get(offset as usize..);
        let found = file.and_then(|file| file.get(..bytes.len()));
        bytes.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.change(Change::Write(offset as usize, bytes.to_vec()))
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.change(Change::Length(bytes as usize))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.state()?.sync_file(self.inode, false)
    }

    fn sync_all(&self) -> io::Result<()> {
        self.state()?.sync_file(self.inode, true)
    }

    fn bytes(&self) -> io::Result<u64> {
        Ok(self.state()?.file(self.inode)?.now.len() as u64)
    }

    fn identity(&self) -> io::Result<Identity> {
        Ok(Identity {
            inode: self.inode,
            changed_ms: self.state()?.file(self.inode)?.changed_ms as i64,
        })
    }
}
