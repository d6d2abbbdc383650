//! An engine that stands in for sled on a simulated disk: a log of batches, and all of it in memory.
//!
//! As with sled, a batch is visible at once and durable after a sync; a power cut may lose what was
//! not synced, in whole batches, and opening cuts the log off where it cannot be read.
//!
//! ```text
//! 0   4  "LOG\n"
//! 4   4  length of the body
//! 8   4  CRC-32 of the body
//! 12     changes: key length u32, key, 1, value length u32, value; or 0 for a delete
//! ```

use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::ops::{Bound, ControlFlow};
use std::path::Path;

use crdt_model::store::StoreError;
use node_store::{Changes, Disk, DiskFile, Engine, Found, Inspection, Salvaged, Visit};

const LOG_NAME: &str = "db";
const MARKER: &[u8] = b"LOG\n";
const FRONT_BYTES: usize = 12;

#[derive(Debug)]
pub(crate) struct LogEngine {
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
    file: Box<dyn DiskFile>,
    end: u64,
}

impl Engine for LogEngine {
    fn open(disk: &dyn Disk, folder: &Path, _: u64) -> Result<Self, StoreError> {
        let opened = open(disk, folder);
        opened.map_err(failed)
    }

    fn is_present(disk: &dyn Disk, folder: &Path) -> bool {
        disk.file_bytes(&folder.join(LOG_NAME)).is_ok()
    }

    fn inspect(
        disk: &dyn Disk,
        folder: &Path,
        first_key: &[u8],
        found: &mut Found<'_>,
    ) -> Result<Inspection, StoreError> {
        let log = read(disk, folder).map_err(failed)?;
        let mut inspection = Inspection {
            looked_for_values: true,
            ..Inspection::default()
        };
        let (mut end, mut all_durable) = (0, false);
        for (at, changes) in batches(&log) {
            if at > end {
                let problem = format!("the log cannot be read at byte {end}");
                match all_durable {
                    true => inspection.torn.push(problem),
                    false => inspection.damage.push(problem),
                }
            }
            end = at + FRONT_BYTES + body_bytes(&log, at);
            if let Some(Some(value)) = changes.get(first_key) {
                all_durable |= found(value);
            }
        }
        if end == 0 {
            inspection.damage.push("the log holds nothing".to_owned());
        }
        Ok(inspection)
    }

    fn salvage(disk: &dyn Disk, folder: &Path, _: u64) -> Result<Salvaged, StoreError> {
        let log = read(disk, folder).map_err(failed)?;
        let mut salvaged = Salvaged::new();
        batches(&log).for_each(|(_, changes)| apply(&mut salvaged, changes));
        Ok(salvaged)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.entries.get(key).cloned())
    }

    fn scan(&self, from: Bound<&[u8]>, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        for (key, value) in self.entries.range::<[u8], _>((from, Bound::Unbounded)) {
            if visit(key, value)? == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    fn write(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let bytes = encode(changes);
        self.file.write_all_at(&bytes, self.end).map_err(failed)?;
        self.end += bytes.len() as u64;
        apply(&mut self.entries, changes.clone());
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.file.sync_data().map_err(failed)
    }
}

fn open(disk: &dyn Disk, folder: &Path) -> io::Result<LogEngine> {
    let path = folder.join(LOG_NAME);
    let file = match disk.open_to_write(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => disk.create(&path, 0o600)?,
        other => other?,
    };
    let log = read_all(&*file)?;
    let (mut entries, mut end) = (BTreeMap::new(), 0);
    for (at, changes) in batches(&log) {
        if at > end {
            break;
        }
        end = at + FRONT_BYTES + body_bytes(&log, at);
        apply(&mut entries, changes);
    }
    if end < log.len() {
        file.set_len(end as u64)?;
    }
    file.sync_data()?;
    disk.sync_dir(folder)?;
    Ok(LogEngine {
        entries,
        file,
        end: end as u64,
    })
}

fn read(disk: &dyn Disk, folder: &Path) -> io::Result<Vec<u8>> {
    read_all(&*disk.open(&folder.join(LOG_NAME))?)
}

fn read_all(file: &dyn DiskFile) -> io::Result<Vec<u8>> {
    let mut log = vec![0; file.bytes()? as usize];
    file.read_exact_at(&mut log, 0)?;
    Ok(log)
}

fn encode(changes: &Changes) -> Vec<u8> {
    let mut body = Vec::new();
    let field = |body: &mut Vec<u8>, bytes: &[u8]| {
        body.extend((bytes.len() as u32).to_be_bytes());
        body.extend(bytes);
    };
    for (key, change) in changes {
        field(&mut body, key);
        body.push(u8::from(change.is_some()));
        change.iter().for_each(|value| field(&mut body, value));
    }
    let length = (body.len() as u32).to_be_bytes();
    let checksum = crc32fast::hash(&body).to_be_bytes();
    [MARKER, &length, &checksum, &body].concat()
}

/// The batches of a log that are whole, with their offsets.
fn batches(log: &[u8]) -> impl Iterator<Item = (usize, Changes)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < log.len() {
            let begun = at;
            if let Some(changes) = decode(&log[begun..]) {
                at += FRONT_BYTES + body_bytes(log, begun);
                return Some((begun, changes));
            }
            let mut rest = &log[begun + 1..];
            rest.skip_until(MARKER[0]).expect("bytes in memory");
            at = (log.len() - rest.len() - 1).max(begun + 1);
        }
        None
    })
}

fn body_bytes(log: &[u8], at: usize) -> usize {
    u32::from_be_bytes(log[at + 4..at + 8].try_into().unwrap()) as usize
}

/// The changes of the batch that begins here, if one does.
fn decode(log: &[u8]) -> Option<Changes> {
    if !log.starts_with(MARKER) || log.len() < FRONT_BYTES {
        return None;
    }
    let checksum = u32::from_be_bytes(log[8..FRONT_BYTES].try_into().unwrap());
    let body = log[FRONT_BYTES..].get(..body_bytes(log, 0))?;
    if crc32fast::hash(body) != checksum {
        return None;
    }
    let mut rest = body;
    let field = |rest: &mut &[u8]| {
        let (length, after) = rest.split_first_chunk::<4>().unwrap();
        let (bytes, after) = after.split_at(u32::from_be_bytes(*length) as usize);
        *rest = after;
        bytes.to_vec()
    };
    let mut changes = Changes::new();
    while !rest.is_empty() {
        let key = field(&mut rest);
        let (&is_put, after) = rest.split_first().unwrap();
        rest = after;
        changes.insert(key, (is_put == 1).then(|| field(&mut rest)));
    }
    Some(changes)
}

fn apply(entries: &mut BTreeMap<Vec<u8>, Vec<u8>>, changes: Changes) {
    for (key, change) in changes {
        match change {
            Some(value) => entries.insert(key, value),
            None => entries.remove(&key),
        };
    }
}

fn failed(error: io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull => StoreError::Full,
        _ => StoreError::Failed(error.to_string()),
    }
}
