//! Setting a damaged store aside: a copy of its folder as it was, for whoever can get more out of it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crdt_model::store::StoreError;

use super::error::at_path;
use super::folder::sync_folder;

/// Folders that are kept beside a store, at most: the oldest goes first.
pub const SET_ASIDE_MAX: usize = 3;

/// Copies a store's folder beside it, durably, readable by its owner only. Returns where it lies.
pub(super) fn set_aside(store: &Path) -> Result<PathBuf, StoreError> {
    let present = present(store)?;
    let number = present.last().map_or(1, |(number, _)| number + 1);
    let path = store.with_file_name(format!("{}{number}", prefix(store)));
    if let Err(error) = copy(store, &path) {
        // Half a copy helps nobody, and takes room where there may be none.
        let _ = fs::remove_dir_all(&path);
        return Err(at_path(&path)(error));
    }
    let too_many = (present.len() + 1).saturating_sub(SET_ASIDE_MAX);
    for (_, oldest) in present.iter().take(too_many) {
        fs::remove_dir_all(oldest).map_err(at_path(oldest))?;
    }
    Ok(path)
}

/// The folders that were set aside from this store, the oldest first.
pub(super) fn list(store: &Path) -> Result<Vec<PathBuf>, StoreError> {
    Ok(present(store)?.into_iter().map(|(_, path)| path).collect())
}

/// Removes all of them.
pub(super) fn remove_all(store: &Path) -> Result<(), StoreError> {
    for path in list(store)? {
        fs::remove_dir_all(&path).map_err(at_path(&path))?;
    }
    Ok(())
}

fn prefix(store: &Path) -> String {
    let name = store.file_name().unwrap_or_default().to_string_lossy();
    format!("{name}.damaged-")
}

fn present(store: &Path) -> Result<Vec<(u64, PathBuf)>, StoreError> {
    let above = match store.parent() {
        Some(above) if above.as_os_str().is_empty() => Path::new("."),
        Some(above) => above,
        None => return Ok(Vec::new()),
    };
    let prefix = prefix(store);
    let mut found = Vec::new();
    for entry in fs::read_dir(above).map_err(at_path(above))? {
        let entry = entry.map_err(at_path(above))?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(&prefix));
        if let Some(number) = number.and_then(|digits| digits.parse().ok()) {
            found.push((number, entry.path()));
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
            continue;
        }
        let mut target = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(target)?;
        io::copy(&mut File::open(entry.path())?, &mut target)?;
        target.sync_all()?;
    }
    sync_folder(to)
}

/// Copies one folder of a store, to be tried.
pub(super) fn copy_for_trial(from: &Path, to: &Path) -> Result<(), StoreError> {
    copy(from, to).map_err(at_path(to))
}
