//! One byte form of a whole signed charter, for the wire and for a node's store.
//!
//! ```text
//! 8 bytes   "CMchart1"
//! u16       number of files
//! each file, sorted by path, no path twice:
//!   u8      bytes of the path
//!   …       path
//!   u32     bytes of the content
//!   …       content
//! ```
//!
//! Numbers are big-endian. There is one encoding for one set of files: what does not encode to the
//! same bytes is refused. Decoding copies from the input and never allocates more than it.

use crdt_model::limits::{CHARTER_BYTES_MAX, CHARTER_FILES_MAX};
use crdt_model::text;
use crdt_model::text::{Explain, Text};

use crate::reading::files::CharterFiles;
use crate::signing::manifest::{ManifestError, PATH_BYTES_MAX, check_path};

const MAGIC: &[u8; 8] = b"CMchart1";

/// Why bytes are not a bundle, or files do not make one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text().en)]
pub enum BundleError {
    /// More files or bytes than a charter may have.
    TooLarge {
        /// How many files.
        files: usize,
        /// How many bytes in all.
        bytes: usize,
    },
    /// A path that a charter's file may not have.
    Path(#[from] ManifestError),
    /// Not a bundle of this format.
    Magic,
    /// The bytes end before they should.
    Truncated {
        /// Where something was expected.
        at: usize,
    },
    /// Files out of order, a file twice, or bytes after the last file.
    NotCanonical,
}

impl Explain for BundleError {
    fn text(&self) -> Text {
        match self {
            Self::TooLarge { files, bytes } => text!(
                "{files} 个文件、{bytes} 字节；章程连同路径最多 {CHARTER_FILES_MAX} 个文件、\
                 {CHARTER_BYTES_MAX} 字节；请删减文件",
                "{files} files and {bytes} bytes, where a charter has at most {CHARTER_FILES_MAX} files \
                 and {CHARTER_BYTES_MAX} bytes, paths included; remove or shorten files"
            ),
            Self::Path(problem) => problem.text(),
            Self::Magic => text!(
                "不是能识别的章程数据；请从其他节点获取章程",
                "not a charter bundle of a known format; get the charter from another node"
            ),
            Self::Truncated { at } => text!(
                "章程数据在第 {at} 字节处中断；请重新获取章程",
                "the charter bundle is cut off at byte {at}; get the charter again"
            ),
            Self::NotCanonical => text!(
                "章程数据的写法不合规定；请从其他节点获取章程",
                "the charter bundle is not in its one canonical form; get the charter from another node"
            ),
        }
    }
}

/// The bytes of these files.
pub fn encode(files: &CharterFiles) -> Result<Vec<u8>, BundleError> {
    let per_file = |(path, content): (&String, &Vec<u8>)| 1 + path.len() + 4 + content.len();
    let bytes = MAGIC.len() + 2 + files.files.iter().map(per_file).sum::<usize>();
    let too_large = BundleError::TooLarge {
        files: files.files.len(),
        bytes,
    };
    if files.files.len() > CHARTER_FILES_MAX || bytes > CHARTER_BYTES_MAX {
        return Err(too_large);
    }
    let Ok(count) = u16::try_from(files.files.len()) else {
        return Err(too_large);
    };
    let mut encoded = Vec::with_capacity(bytes);
    encoded.extend_from_slice(MAGIC);
    encoded.extend_from_slice(&count.to_be_bytes());
    for (path, content) in &files.files {
        check_path(path)?;
        let (Ok(path_bytes), Ok(content_bytes)) =
            (u8::try_from(path.len()), u32::try_from(content.len()))
        else {
            return Err(too_large);
        };
        encoded.push(path_bytes);
        encoded.extend_from_slice(path.as_bytes());
        encoded.extend_from_slice(&content_bytes.to_be_bytes());
        encoded.extend_from_slice(content);
    }
    Ok(encoded)
}

/// The files in these bytes.
pub fn decode(bytes: &[u8]) -> Result<CharterFiles, BundleError> {
    if bytes.len() > CHARTER_BYTES_MAX {
        return Err(BundleError::TooLarge {
            files: 0,
            bytes: bytes.len(),
        });
    }
    let mut reader = Reader { bytes, at: 0 };
    if reader.take(MAGIC.len())? != MAGIC {
        return Err(BundleError::Magic);
    }
    let count = usize::from(u16::from_be_bytes(reader.array()?));
    if count > CHARTER_FILES_MAX {
        return Err(BundleError::TooLarge {
            files: count,
            bytes: bytes.len(),
        });
    }
    let mut files = CharterFiles::default();
    for _ in 0..count {
        let [path_bytes] = reader.array()?;
        let path = std::str::from_utf8(reader.take(usize::from(path_bytes))?)
            .map_err(|_| BundleError::NotCanonical)?;
        check_path(path)?;
        let content_bytes = u32::from_be_bytes(reader.array()?);
        let content_bytes = usize::try_from(content_bytes).unwrap_or(usize::MAX);
        let content = reader.take(content_bytes)?;
        files.files.insert(path.to_owned(), content.to_vec());
    }
    if encode(&files)? == bytes {
        Ok(files)
    } else {
        Err(BundleError::NotCanonical)
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], BundleError> {
        let truncated = BundleError::Truncated { at: self.at };
        let Some(end) = self.at.checked_add(count) else {
            return Err(truncated);
        };
        let taken = self.bytes.get(self.at..end).ok_or(truncated)?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], BundleError> {
        let at = self.at;
        self.take(N)?
            .try_into()
            .map_err(|_| BundleError::Truncated { at })
    }
}

// A path's length fits its one byte, and the number of files its two.
const _: () = assert!(PATH_BYTES_MAX <= u8::MAX as usize);
const _: () = assert!(CHARTER_FILES_MAX <= u16::MAX as usize);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn files() -> impl Strategy<Value = CharterFiles> {
        let path = "[a-z]{1,6}(/[a-z0-9_-]{1,6}){0,2}";
        let content = proptest::collection::vec(any::<u8>(), 0..200);
        proptest::collection::btree_map(path, content, 0..12)
            .prop_map(|files| CharterFiles { files })
    }

    proptest! {
        #[test]
        fn every_bundle_round_trips(files in files()) {
            let bytes = encode(&files).expect("small");
            prop_assert_eq!(decode(&bytes), Ok(files));
        }

        #[test]
        fn every_cut_and_every_appendix_is_refused(files in files(), cut in any::<prop::sample::Index>()) {
            let mut bytes = encode(&files).expect("small");
            let at = cut.index(bytes.len());
            prop_assert!(decode(bytes.get(..at).expect("within")).is_err());
            bytes.push(0);
            prop_assert!(decode(&bytes).is_err());
        }

        #[test]
        fn a_flipped_bit_never_yields_the_same_files(
            files in files(), byte in any::<prop::sample::Index>(), bit in 0..8u32,
        ) {
            let mut bytes = encode(&files).expect("small");
            let at = byte.index(bytes.len());
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << bit;
            }
            if let Ok(other) = decode(&bytes) {
                prop_assert_ne!(&other, &files);
                prop_assert_eq!(encode(&other), Ok(bytes));
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = decode(&bytes);
            let mut with_magic = MAGIC.to_vec();
            with_magic.extend_from_slice(&bytes);
            let _ = decode(&with_magic);
        }
    }

    #[test]
    fn a_length_that_promises_more_than_there_is_allocates_nothing() {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&[0, 1, 1, b'a', 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(decode(&bytes), Err(BundleError::Truncated { at: 16 }));
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&[0xff, 0xff]);
        assert!(matches!(decode(&bytes), Err(BundleError::TooLarge { .. })));
    }

    #[test]
    fn paths_that_leave_the_folder_are_refused() {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&[0, 1, 4]);
        bytes.extend_from_slice(b"../a");
        bytes.extend_from_slice(&[0, 0, 0, 0]);
        assert!(matches!(decode(&bytes), Err(BundleError::Path(_))));
    }
}
