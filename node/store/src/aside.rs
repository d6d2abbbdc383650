//! Setting a damaged store aside: a copy of its folder as it was, for whoever can get more out of it.

use std::io;
use std::path::{Path, PathBuf};

use crdt_model::store::StoreError;

use super::disk::Disk;
use super::error::at_path;

/// Folders that are kept beside a store, at most: the oldest goes first.
pub const SET_ASIDE_MAX: usize = 3;

/// Copies a store's folder beside it, durably, readable by its owner only. Returns where it lies.
pub(super) fn set_aside(disk: &dyn Disk, store: &Path) -> Result<PathBuf, StoreError> {
    let present = present(disk, store)?;
    let number = present.last().map_or(1, |(number, _)| number + 1);
    let path = store.with_file_name(format!("{}{number}", prefix(store)));
    let copied = copy(disk, store, &path);
    if let Err(error) = copied.and_then(|()| disk.sync_dir(above(store))) {
        // Half a copy helps nobody, and takes room where there may be none.
        let _ = disk.remove_dir_all(&path);
        return Err(at_path(&path)(error));
    }
    let too_many = (present.len() + 1).saturating_sub(SET_ASIDE_MAX);
    for (_, oldest) in present.iter().take(too_many) {
        disk.remove_dir_all(oldest).map_err(at_path(oldest))?;
    }
    Ok(path)
}

/// The folders that were set aside from this store, the oldest first.
pub(super) fn list(disk: &dyn Disk, store: &Path) -> Result<Vec<PathBuf>, StoreError> {
    Ok(present(disk, store)?
        .into_iter()
        .map(|(_, path)| path)
        .collect())
}

/// Removes all of them, durably, and those of an earlier call that failed over it.
pub(super) fn remove_all(disk: &dyn Disk, store: &Path) -> Result<(), StoreError> {
    for path in list(disk, store)? {
        disk.remove_dir_all(&path).map_err(at_path(&path))?;
    }
    let above = above(store);
    disk.sync_dir(above).map_err(at_path(above))
}

/// The folder that a store's folder lies in.
fn above(store: &Path) -> &Path {
    match store.parent() {
        Some(above) if above.as_os_str().is_empty() => Path::new("."),
        Some(above) => above,
        None => store,
    }
}

fn prefix(store: &Path) -> String {
    let name = store.file_name().unwrap_or_default().to_string_lossy();
    format!("{name}.damaged-")
}

fn present(disk: &dyn Disk, store: &Path) -> Result<Vec<(u64, PathBuf)>, StoreError> {
    let above = above(store);
    let prefix = prefix(store);
    let mut found = Vec::new();
    for item in disk.read_dir(above).map_err(at_path(above))? {
        let digits = item.name.to_str();
        let digits = digits.and_then(|name| name.strip_prefix(&prefix));
        if let Some(number) = digits.and_then(|digits| digits.parse().ok()) {
            found.push((number, above.join(item.name)));
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn copy(disk: &dyn Disk, from: &Path, to: &Path) -> io::Result<()> {
    disk.create_dir(to, 0o700)?;
    for item in disk.read_dir(from)? {
        let (from, to) = (from.join(&item.name), to.join(&item.name));
        match item.is_dir {
            true => copy(disk, &from, &to)?,
            false => disk.copy(&from, &to)?,
        }
    }
    disk.sync_dir(to)
}

/// Copies one folder of a store, to be tried.
pub(super) fn copy_for_trial(disk: &dyn Disk, from: &Path, to: &Path) -> Result<(), StoreError> {
    copy(disk, from, to).map_err(at_path(to))
}
