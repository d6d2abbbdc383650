//! How keys and values lie in the engine.
//!
//! ```text
//! 00                                        tag  stamp (48 bytes, see `stamp`)
//! 01 key                                    tag  00  value                     at most 3072 bytes
//! 01 key                                    tag  01  length u32  SHA-256       a longer value
//! 02 key length u16  key  piece number u32  the piece's bytes, 3072 but for the last
//! ```
//!
//! Integers are big-endian. A tag is the first 8 bytes of SHA-256 over a domain, the length of the
//! engine's key, that key and everything after the tag, so that a value which was changed, cut off
//! or moved to another key does not pass. A piece carries no tag of its own: the SHA-256 of the
//! whole value stands beside its length, under the tag.

use crdt_model::store::StoreError;
use sha2::{Digest, Sha256};

use super::engine::Changes;
use super::stamp::take;

/// Bytes of a key.
pub const KEY_BYTES_MAX: usize = 256;
/// Bytes of a value.
pub const VALUE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of a value, or of a piece of one, that the engine is given in one.
pub const PIECE_BYTES_MAX: usize = 3072;

// A leaf of sled holds at most 17 entries and 10 changes, and spills to a file of its own, which
// sled never syncs, when it passes a quarter of its 512 KiB segment.
const _: () = assert!(27 * (PIECE_BYTES_MAX + KEY_BYTES_MAX + 64) < 512 * 1024 / 4 - 1024);
const _: () = assert!(VALUE_BYTES_MAX <= u32::MAX as usize);

const VALUE_DOMAIN: &[u8] = b"countymesh store value\0";
pub(super) const STAMP_KEY: &[u8] = &[0];
pub(super) const ENTRY_KEYS: u8 = 1;
const PIECE_KEYS: u8 = 2;
const SHORT: u8 = 0;
const LONG: u8 = 1;

/// What stands in the engine for a value in pieces.
struct Long {
    length: usize,
    digest: [u8; 32],
}

impl Long {
    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let length = u32::from_be_bytes(take(&mut rest)?) as usize;
        let digest = take(&mut rest)?;
        (rest.is_empty() && length <= VALUE_BYTES_MAX).then_some(Self { length, digest })
    }

    fn piece_names(&self, name: &[u8]) -> impl Iterator<Item = Vec<u8>> + use<> {
        let prefix = piece_prefix(user_key(name));
        (0..self.length.div_ceil(PIECE_BYTES_MAX)).map(move |number| piece_key(&prefix, number))
    }
}

/// Puts the pieces of a value, if it is long, into `changes`, and returns what stands at its key.
pub(super) fn seal_value(name: &[u8], value: &[u8], changes: &mut Changes) -> Vec<u8> {
    let mut body = Vec::with_capacity(1 + value.len().min(PIECE_BYTES_MAX));
    if value.len() <= PIECE_BYTES_MAX {
        body.push(SHORT);
        body.extend(value);
        return seal(name, &body);
    }
    let prefix = piece_prefix(user_key(name));
    for (number, piece) in value.chunks(PIECE_BYTES_MAX).enumerate() {
        changes.insert(piece_key(&prefix, number), Some(piece.to_vec()));
    }
    body.push(LONG);
    body.extend((value.len() as u32).to_be_bytes());
    body.extend(digest_of(value));
    seal(name, &body)
}

/// Reads what stands at the key of a piece.
pub(super) type ReadPiece<'a> = dyn Fn(&[u8]) -> Result<Option<Vec<u8>>, StoreError> + 'a;

/// The value that a sealed one stands for; `piece` reads the pieces of a long one.
pub(super) fn open_value(
    name: &[u8],
    sealed: &[u8],
    piece: &ReadPiece<'_>,
) -> Result<Vec<u8>, StoreError> {
    let body = unseal(name, sealed)?;
    let long = match body.split_first() {
        Some((&SHORT, value)) => return Ok(value.to_vec()),
        Some((&LONG, long)) => {
            Long::decode(long).ok_or_else(|| damaged(name, "it has a wrong length"))?
        }
        _ => return Err(damaged(name, "it is of an unknown kind")),
    };
    let mut value = Vec::with_capacity(long.length.min(VALUE_BYTES_MAX));
    for number in long.piece_names(name) {
        let bytes = piece(&number)?;
        value.extend(bytes.ok_or_else(|| damaged(name, "a piece of it is missing"))?);
    }
    if value.len() != long.length || digest_of(&value) != long.digest {
        return Err(damaged(name, "its pieces do not make up what was written"));
    }
    Ok(value)
}

/// The length of the value that stands at a key, unchecked.
pub(super) fn value_bytes(sealed: &[u8]) -> usize {
    match sealed.get(8..).and_then(|body| body.split_first()) {
        Some((&LONG, long)) => Long::decode(long).map_or(0, |long| long.length),
        Some((_, value)) => value.len(),
        None => 0,
    }
}

/// The pieces that belong to what stands at a key.
pub(super) fn piece_names(
    name: &[u8],
    sealed: &[u8],
) -> Result<impl Iterator<Item = Vec<u8>> + use<>, StoreError> {
    let long = match sealed.get(8..).and_then(|body| body.split_first()) {
        Some((&LONG, _)) => match unseal(name, sealed)?.split_first() {
            Some((_, long)) => Long::decode(long),
            None => None,
        },
        _ => None,
    };
    Ok(long
        .map(|long| long.piece_names(name))
        .into_iter()
        .flatten())
}

pub(super) fn entry_key(key: &[u8]) -> Vec<u8> {
    [&[ENTRY_KEYS], key].concat()
}

/// The user's key of an entry's name.
pub(super) fn user_key(name: &[u8]) -> &[u8] {
    name.get(1..).unwrap_or_default()
}

fn piece_prefix(key: &[u8]) -> Vec<u8> {
    let length = (key.len() as u16).to_be_bytes();
    [&[PIECE_KEYS], length.as_slice(), key].concat()
}

fn piece_key(prefix: &[u8], number: usize) -> Vec<u8> {
    [prefix, (number as u32).to_be_bytes().as_slice()].concat()
}

pub(super) fn check_lengths(key: &[u8], value: Option<&[u8]>) -> Result<(), StoreError> {
    if key.len() > KEY_BYTES_MAX {
        return Err(StoreError::Failed(format!(
            "a key has {} bytes, and at most {KEY_BYTES_MAX} are allowed",
            key.len()
        )));
    }
    match value {
        Some(value) if value.len() > VALUE_BYTES_MAX => Err(StoreError::Failed(format!(
            "a value has {} bytes, and at most {VALUE_BYTES_MAX} are allowed",
            value.len()
        ))),
        _ => Ok(()),
    }
}

pub(super) fn seal(name: &[u8], body: &[u8]) -> Vec<u8> {
    [tag(name, body).as_slice(), body].concat()
}

pub(super) fn unseal<'a>(name: &[u8], sealed: &'a [u8]) -> Result<&'a [u8], StoreError> {
    let mut body = sealed;
    let found: [u8; 8] = take(&mut body).ok_or_else(|| damaged(name, "it is cut off"))?;
    if found != tag(name, body) {
        return Err(damaged(name, "its checksum does not match"));
    }
    Ok(body)
}

/// The tag that stands before a sealed value, unchecked.
pub(super) fn tag_of(name: &[u8], sealed: &[u8]) -> Result<[u8; 8], StoreError> {
    sealed
        .first_chunk::<8>()
        .copied()
        .ok_or_else(|| damaged(name, "it is cut off"))
}

fn tag(name: &[u8], body: &[u8]) -> [u8; 8] {
    let digest: [u8; 32] = Sha256::new()
        .chain_update(VALUE_DOMAIN)
        .chain_update((name.len() as u32).to_be_bytes())
        .chain_update(name)
        .chain_update(body)
        .finalize()
        .into();
    digest.first_chunk::<8>().copied().unwrap_or_default()
}

fn digest_of(value: &[u8]) -> [u8; 32] {
    Sha256::digest(value).into()
}

pub(super) fn damaged(name: &[u8], problem: &str) -> StoreError {
    StoreError::Damaged {
        key: hex::encode(user_key(name)),
        problem: problem.to_owned(),
    }
}
