//! Reading what is left where some of the store is damaged.

use super::{
    COMMITS, FACETS, FacetEntry, Key, ReplicaError, SCAN_AT_ONCE, add_stored, facet_key,
    facet_of_key,
};
use crate::history::History;
use crate::label::FacetId;
use crate::store::{Store, StoreError};

/// Calls `visit` for every entry whose key begins with `prefix`, in order, with its value or with
/// what is wrong with it.
///
/// A scan that meets a damaged value fails as a whole: then it goes on one by one until it is past
/// that value.
pub(crate) fn for_each_entry(
    store: &dyn Store,
    prefix: &[u8],
    mut visit: impl FnMut(&[u8], Result<&[u8], &str>) -> Result<(), ReplicaError>,
) -> Result<(), ReplicaError> {
    let mut after: Option<Vec<u8>> = None;
    let mut at_once = SCAN_AT_ONCE;
    loop {
        match store.scan(prefix, after.as_deref(), at_once) {
            Ok(entries) => {
                for (key, value) in &entries {
                    visit(key, Ok(value))?;
                }
                if entries.len() < at_once {
                    return Ok(());
                }
                after = entries.last().map(|(key, _)| key.clone());
                at_once = (at_once * 2).min(SCAN_AT_ONCE);
            }
            Err(StoreError::Damaged { .. }) if at_once > 1 => at_once = 1,
            Err(StoreError::Damaged { key, problem }) => {
                let ahead = |found: &Vec<u8>| {
                    found.starts_with(prefix) && after.as_ref().is_none_or(|after| found > after)
                };
                match hex::decode(&key).ok().filter(ahead) {
                    Some(found) => {
                        visit(&found, Err(&problem))?;
                        after = Some(found);
                    }
                    // Where the damage ends is not known.
                    None => return Err(StoreError::Damaged { key, problem }.into()),
                }
            }
            Err(other) => return Err(other.into()),
        }
    }
}

/// The facet that a damaged entry of the store belongs to, if it belongs to one: the engine mends
/// that ([`crate::engine::Input::Damaged`]).
pub fn damaged_facet(error: &StoreError) -> Option<FacetId> {
    let StoreError::Damaged { key, .. } = error else {
        return None;
    };
    facet_of_entry(&hex::decode(key).ok()?)
}

/// The facet that an entry of the store belongs to, if it belongs to one.
pub fn facet_of_entry(key: &[u8]) -> Option<FacetId> {
    match Key::decode(key).ok()? {
        Key::Commit(facet, _) | Key::Facet(facet) | Key::Life(facet) => Some(facet),
        Key::Mark(_)
        | Key::Charter(_)
        | Key::Quarantine(_)
        | Key::Emergency(_)
        | Key::Cosignatures(_) => None,
    }
}

/// Calls `visit` for every facet of the replica, with what it keeps about it or with what is wrong
/// with that.
pub(crate) fn for_each_facet_or_damage(
    store: &dyn Store,
    mut visit: impl FnMut(FacetId, Result<FacetEntry, String>),
) -> Result<(), ReplicaError> {
    for_each_entry(store, &[FACETS], |key, value| {
        let facet = facet_of_key(key).map_err(|problem| ReplicaError::entry("a facet", problem))?;
        let value = value.map_err(ToOwned::to_owned);
        let entry =
            value.and_then(|value| FacetEntry::decode(value).map_err(|why| why.to_string()));
        visit(facet, entry);
        Ok(())
    })
}

/// What is left of the commits of a facet: as many of the first as are whole, for a history is one
/// at every length; and the keys of the others.
pub(crate) fn rescue(
    store: &dyn Store,
    facet: &FacetId,
) -> Result<(History, Vec<Vec<u8>>), ReplicaError> {
    let mut history = History::new(*facet);
    let mut lost = Vec::new();
    for_each_entry(store, &facet_key(COMMITS, facet), |key, value| {
        let whole = lost.is_empty()
            && value.is_ok_and(|value| add_stored(&mut history, key, value).is_ok());
        if !whole {
            lost.push(key.to_vec());
        }
        Ok(())
    })?;
    Ok((history, lost))
}
