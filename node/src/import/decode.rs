//! From a file's bytes to text: byte order mark, then strict UTF-8, then GB18030.
//!
//! GB2312 and GBK are subsets of GB18030. Headers are not believed: cameras write UTF-8 under a
//! GB2312 header and the reverse. What cannot be decoded is refused with its offset; no byte ever
//! becomes `?` or U+FFFD.

use std::borrow::Cow;
use std::io::Read;

use encoding_rs::{DecoderResult, Encoding, GB18030, UTF_16BE, UTF_16LE};
use serde::{Deserialize, Serialize};

use crate::import::limits::FILE_BYTES_MAX;
use crate::text;
use crate::text::{Problem, Text};

/// What a file's bytes turned out to be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecodedAs {
    /// UTF-8 without a byte order mark; plain ASCII counts as this.
    Utf8,
    /// UTF-8 with a byte order mark.
    Utf8Bom,
    /// GB18030, or its subsets GBK and GB2312.
    Gb18030,
    /// UTF-16, little end first, as Excel's "Unicode text".
    Utf16Le,
    /// UTF-16, big end first.
    Utf16Be,
}

impl DecodedAs {
    /// The encoding's usual name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf8Bom => "UTF-8 (BOM)",
            Self::Gb18030 => "GB18030",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
        }
    }
}

/// A file's text, and what it was read as.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decoded<'a> {
    /// The text, without a byte order mark.
    pub text: Cow<'a, str>,
    /// What the bytes turned out to be.
    pub decoded_as: DecodedAs,
}

/// Reads all of `source`, but never more than [`FILE_BYTES_MAX`].
pub fn read_bounded(source: impl Read) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(FILE_BYTES_MAX)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    source
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| {
            Problem::new(
                "import-unreadable",
                text!("文件读取失败：{error}", "the file cannot be read: {error}"),
                text!(
                    "检查文件是否存在、是否有读取权限",
                    "check that the file exists and may be read"
                ),
            )
        })?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(too_large());
    }
    Ok(bytes)
}

/// Decodes a file's bytes.
pub fn decode(bytes: &[u8]) -> Result<Decoded<'_>, Problem> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(too_large());
    }
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => match std::str::from_utf8(rest) {
            Ok(text) => Ok(decoded(text, DecodedAs::Utf8Bom)),
            Err(error) => Err(undecodable("UTF-8", 3 + error.valid_up_to())),
        },
        [0xFF, 0xFE, rest @ ..] => convert(rest, UTF_16LE, DecodedAs::Utf16Le, 2),
        [0xFE, 0xFF, rest @ ..] => convert(rest, UTF_16BE, DecodedAs::Utf16Be, 2),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(decoded(text, DecodedAs::Utf8)),
            Err(error) if is_damaged_utf8(bytes) => Err(undecodable("UTF-8", error.valid_up_to())),
            Err(_) => convert(bytes, GB18030, DecodedAs::Gb18030, 0),
        },
    }
}

fn decoded(text: &str, decoded_as: DecodedAs) -> Decoded<'_> {
    Decoded {
        text: Cow::Borrowed(text),
        decoded_as,
    }
}

/// Whether bytes that are not UTF-8 are so nearly UTF-8 that reading them as GB18030 would turn
/// every name into other characters. Chinese in GB18030 hardly ever looks like three-byte UTF-8.
fn is_damaged_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| c.len_utf8() >= 3).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good >= 4 && good > 2 * bad
}

fn convert(
    bytes: &[u8],
    encoding: &'static Encoding,
    decoded_as: DecodedAs,
    bytes_before: usize,
) -> Result<Decoded<'static>, Problem> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let capacity = decoder
        .max_utf8_buffer_length_without_replacement(bytes.len())
        .ok_or_else(too_large)?;
    let mut text = String::with_capacity(capacity);
    match decoder.decode_to_string_without_replacement(bytes, &mut text, true) {
        (DecoderResult::InputEmpty, _) => {
            text.shrink_to_fit();
            Ok(Decoded {
                text: Cow::Owned(text),
                decoded_as,
            })
        }
        (DecoderResult::Malformed(sequence, after), read) => {
            let back = usize::from(sequence) + usize::from(after);
            Err(undecodable(
                decoded_as.name(),
                bytes_before + read.saturating_sub(back),
            ))
        }
        // The buffer has the decoder's own upper bound, so it cannot fill up.
        (DecoderResult::OutputFull, read) => {
            Err(undecodable(decoded_as.name(), bytes_before + read))
        }
    }
}

/// Whether a text bears the marks of a conversion that destroyed characters before it came here:
/// U+FFFD, or its UTF-8 bytes read as GBK.
pub fn is_damaged(text: &str) -> bool {
    text.contains('\u{FFFD}') || text.contains("锟斤拷")
}

/// Why a damaged text is refused.
pub fn damaged() -> Text {
    text!(
        "文字在之前的转换中已经损坏（出现 U+FFFD 或“锟斤拷”），请从原系统重新导出",
        "the text was damaged by an earlier conversion (U+FFFD or `锟斤拷`): export it again from \
         where it came from"
    )
}

fn undecodable(encoding: &str, offset_bytes: usize) -> Problem {
    Problem::new(
        "import-undecodable",
        text!(
            "第 {offset_bytes} 字节处不是有效的 {encoding} 编码",
            "the byte at offset {offset_bytes} is not valid {encoding}"
        ),
        text!(
            "请将文件另存为 UTF-8 或 GB18030 后重试；文件可能不完整，或混用了多种编码",
            "save the file as UTF-8 or GB18030 and try again; it may be cut off, or mix encodings"
        ),
    )
}

fn too_large() -> Problem {
    let mebibytes = FILE_BYTES_MAX / (1024 * 1024);
    Problem::new(
        "import-too-large",
        text!(
            "文件超过 {mebibytes} MiB",
            "the file is larger than {mebibytes} MiB"
        ),
        text!("请拆分成几个文件", "split it into several files"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (String, DecodedAs) {
        let decoded = decode(bytes).expect("decodable");
        (decoded.text.into_owned(), decoded.decoded_as)
    }

    #[test]
    fn each_encoding_is_told_from_the_bytes_alone() {
        let name = "临泽县沙河镇";
        let (gb, ..) = GB18030.encode(name);
        assert_eq!(read(name.as_bytes()), (name.to_owned(), DecodedAs::Utf8));
        assert_eq!(read(&gb), (name.to_owned(), DecodedAs::Gb18030));
        let bom = [b"\xEF\xBB\xBF", name.as_bytes()].concat();
        assert_eq!(read(&bom), (name.to_owned(), DecodedAs::Utf8Bom));
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let wide = [b"\xFF\xFE".as_slice(), &wide].concat();
        assert_eq!(read(&wide), (name.to_owned(), DecodedAs::Utf16Le));
    }

    #[test]
    fn what_cannot_be_decoded_is_refused_with_its_offset() {
        for (bytes, offset) in [
            (b"abc\xFFdef".as_slice(), "3"),
            (b"\xEF\xBB\xBFab\xFF", "5"),
            (b"\xC1\xD9\xD4\xF3\x81", "4"),
        ] {
            let problem = decode(bytes).expect_err("undecodable");
            assert_eq!(problem.code, "import-undecodable");
            assert!(
                problem.what.en.contains(&format!("offset {offset} ")),
                "{problem}"
            );
        }
    }

    #[test]
    fn one_broken_byte_in_utf8_is_not_read_as_gb18030() {
        let mut bytes = "沙河镇花园村综治中心".as_bytes().to_vec();
        if let Some(byte) = bytes.get_mut(13) {
            *byte = b' ';
        }
        assert!(decode(&bytes).is_err());
    }

    #[test]
    fn characters_beyond_gb2312_and_gbk_survive() {
        for name in ["㙟", "漷县村", "𠮷", "\u{E5E5}", "镕"] {
            let (gb, _, lost) = GB18030.encode(name);
            if !lost && gb.as_ref() != name.as_bytes() {
                assert_eq!(read(&gb).0, name);
            }
            assert_eq!(read(name.as_bytes()).0, name);
        }
    }
}
