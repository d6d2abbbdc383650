//! From a file's bytes to text: byte order mark, then strict UTF-8, then GB18030.
//!
//! GB2312 and GBK are subsets of GB18030. Headers are not believed against the bytes: cameras write
//! UTF-8 under a GB2312 header and the reverse. Where the bytes allow both, what they say in Chinese
//! decides, then the header: `ҽԺ` is 医院 in GBK. A person who names the encoding has the last word.
//! What cannot be decoded is refused with its offset; no byte ever becomes `?` or U+FFFD.

use std::borrow::Cow;
use std::io::Read;

use encoding_rs::{DecoderResult, Encoding, GB18030, UTF_16BE, UTF_16LE};
use serde::{Deserialize, Serialize};

use crate::limits::FILE_BYTES_MAX;
use crdt_model::text;
use crdt_model::text::{Problem, Text};

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

/// An encoding as a person or a header names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Named {
    /// UTF-8.
    #[serde(rename = "utf-8")]
    Utf8,
    /// GB18030, or its subsets GBK and GB2312.
    #[serde(rename = "gb18030")]
    Gb18030,
    /// UTF-16, little end first.
    #[serde(rename = "utf-16le")]
    Utf16Le,
    /// UTF-16, big end first.
    #[serde(rename = "utf-16be")]
    Utf16Be,
}

impl Named {
    /// Every name that is understood, with what it means; the first of each is the usual one.
    pub const ALL: [(&'static str, Self); 7] = [
        ("utf-8", Self::Utf8),
        ("gb18030", Self::Gb18030),
        ("gbk", Self::Gb18030),
        ("gb2312", Self::Gb18030),
        ("utf-16le", Self::Utf16Le),
        ("utf-16be", Self::Utf16Be),
        ("utf8", Self::Utf8),
    ];

    /// The encoding of this name, in any case.
    pub fn of(name: &str) -> Option<Self> {
        let same = |(known, _): &&(&str, Self)| known.eq_ignore_ascii_case(name.trim());
        Some(Self::ALL.iter().find(same)?.1)
    }
}

/// A file's text, and what it was read as.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decoded<'a> {
    /// The text, without a byte order mark.
    pub text: Cow<'a, str>,
    /// What the bytes turned out to be.
    pub decoded_as: DecodedAs,
    /// Whether the bytes are good GB18030 too, and as UTF-8 are not Chinese.
    pub doubtful: bool,
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
                text!(error; "读不了文件：{error}", "the file cannot be read: {error}"),
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

/// Decodes a file's bytes; if somebody has named the encoding, as that and nothing else.
///
/// # Errors
/// The file is too large, or its bytes are not of the encoding.
pub fn decode(bytes: &[u8], named: Option<Named>) -> Result<Decoded<'_>, Problem> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(too_large());
    }
    let (marked, rest) = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => (Some((Named::Utf8, 3)), rest),
        [0xFF, 0xFE, rest @ ..] => (Some((Named::Utf16Le, 2)), rest),
        [0xFE, 0xFF, rest @ ..] => (Some((Named::Utf16Be, 2)), rest),
        rest => (None, rest),
    };
    let before = marked.map_or(0, |(_, mark)| mark);
    match (marked, named) {
        (Some((marked, _)), Some(named)) if marked != named => Err(marked_otherwise()),
        (Some((Named::Utf8, _)), _) => utf8(rest, before, DecodedAs::Utf8Bom),
        (_, Some(Named::Utf8)) => utf8(rest, before, DecodedAs::Utf8),
        (_, Some(Named::Gb18030)) => convert(rest, GB18030, DecodedAs::Gb18030, before),
        (Some((Named::Utf16Le, _)), _) | (_, Some(Named::Utf16Le)) => {
            convert(rest, UTF_16LE, DecodedAs::Utf16Le, before)
        }
        (Some((Named::Utf16Be, _)), _) | (_, Some(Named::Utf16Be)) => {
            convert(rest, UTF_16BE, DecodedAs::Utf16Be, before)
        }
        (Some((Named::Gb18030, _)) | None, None) => unmarked(rest),
    }
}

/// Decodes bytes of which nobody has said what they are.
fn unmarked(bytes: &[u8]) -> Result<Decoded<'_>, Problem> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if is_damaged_utf8(bytes) => {
            return Err(undecodable("UTF-8", error.valid_up_to()));
        }
        Err(_) => return convert(bytes, GB18030, DecodedAs::Gb18030, 0),
    };
    let read = decoded(text, DecodedAs::Utf8);
    if text.is_ascii() || is_chinese(text) {
        return Ok(read);
    }
    // Both are possible. Chinese in UTF-8 is sure to show itself, so this is GBK or another language.
    match convert(bytes, GB18030, DecodedAs::Gb18030, 0) {
        Ok(other) if declared(bytes) == Some(Named::Gb18030) => Ok(other),
        other => Ok(Decoded {
            doubtful: other.is_ok() && declared(bytes).is_none(),
            ..read
        }),
    }
}

/// The encoding that an XML header names.
fn declared(bytes: &[u8]) -> Option<Named> {
    let head = bytes.get(..HEADER_BYTES_MAX).unwrap_or(bytes);
    let head = String::from_utf8_lossy(head);
    Named::of(&declared_in(&head)?)
}

/// The name of an encoding in an XML header at the beginning of a text, as it is written there.
pub fn declared_in(text: &str) -> Option<String> {
    let head: String = text.chars().take(HEADER_BYTES_MAX).collect();
    let head = head.to_ascii_lowercase();
    let (_, rest) = head.split_once("<?xml")?;
    let (header, _) = rest.split_once("?>")?;
    let (_, rest) = header.split_once("encoding")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quoted = rest.get(1..).filter(|_| rest.starts_with(['"', '\'']))?;
    let name = quoted.split(['"', '\'']).next()?;
    Some(name.trim().to_owned())
}

/// Whether what is not ASCII in a text is mostly Chinese. Chinese that is read in a wrong encoding is
/// Cyrillic, Arabic or accented letters, two bytes each.
fn is_chinese(text: &str) -> bool {
    let chinese = |c: char| matches!(u32::from(c), 0x2E80..=0x9FFF | 0xF900..=0xFAFF | 0xFF00..=0xFFEF | 0x20000..=0x3FFFF);
    let (mut yes, mut no) = (0_usize, 0_usize);
    for c in text.chars().filter(|c| !c.is_ascii()).take(SAMPLE_CHARS) {
        match chinese(c) {
            true => yes += 1,
            false => no += 1,
        }
    }
    yes >= no
}

/// Bytes from the beginning in which an XML header is looked for.
const HEADER_BYTES_MAX: usize = 256;
/// Characters that are not ASCII by which a text's language is told.
const SAMPLE_CHARS: usize = 4096;

fn utf8(bytes: &[u8], before: usize, decoded_as: DecodedAs) -> Result<Decoded<'_>, Problem> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(decoded(text, decoded_as)),
        Err(error) => Err(undecodable("UTF-8", before + error.valid_up_to())),
    }
}

fn decoded(text: &str, decoded_as: DecodedAs) -> Decoded<'_> {
    Decoded {
        text: Cow::Borrowed(text),
        decoded_as,
        doubtful: false,
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
                doubtful: false,
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

fn marked_otherwise() -> Problem {
    Problem::new(
        "import-undecodable",
        text!(
            "文件开头的标记（BOM）与所指定的编码不符",
            "the mark at the beginning of the file (BOM) is that of another encoding than the one named"
        ),
        text!(
            "请去掉 `--encoding` 或列对应表中的 `encoding`，文件自己已经说明了编码",
            "leave out --encoding, or `encoding` in the mapping: the file says itself what it is"
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
        let decoded = decode(bytes, None).expect("decodable");
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
            let problem = decode(bytes, None).expect_err("undecodable");
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
        assert!(decode(&bytes, None).is_err());
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

    #[test]
    fn where_the_bytes_allow_both_a_header_decides_and_without_one_there_is_doubt() {
        let (gb, ..) = GB18030.encode("医院");
        assert_eq!(std::str::from_utf8(&gb), Ok("ҽԺ"));
        let headed = |encoding: &str, body: &[u8]| {
            let head = format!("<?xml version=\"1.0\" encoding='{encoding}' ?>\n<Name>");
            [head.as_bytes(), body, b"</Name>"].concat()
        };
        for encoding in ["GB2312", "gbk", "GB18030"] {
            let (text, decoded_as) = read(&headed(encoding, &gb));
            assert!(text.contains("医院"), "{text}");
            assert_eq!(decoded_as, DecodedAs::Gb18030);
        }
        // Cameras that write UTF-8 under such a header, also where the bytes are good GBK.
        for name in ["医院", "临泽", "沙河镇花园村"] {
            assert_eq!(read(&headed("GB2312", name.as_bytes())).1, DecodedAs::Utf8);
        }
        for bytes in [headed("UTF-8", &gb), headed("x", &gb), gb.to_vec()] {
            assert_eq!(read(&bytes).1, DecodedAs::Utf8);
        }
        let doubtful = |bytes: &[u8]| decode(bytes, None).expect("decodable").doubtful;
        assert!(doubtful(&gb) && !doubtful(&headed("UTF-8", &gb)));
        assert!(!doubtful("医院".as_bytes()) && !doubtful(b"plain"));
    }

    #[test]
    fn who_names_the_encoding_has_the_last_word() {
        let (gb, ..) = GB18030.encode("医院");
        let named = |bytes: &[u8], name: &str| {
            let decoded = decode(bytes, Named::of(name));
            decoded.map(|one| (one.text.into_owned(), one.doubtful))
        };
        assert_eq!(named(&gb, "GBK").ok(), Some(("医院".to_owned(), false)));
        assert_eq!(named(&gb, "utf-8").ok(), Some(("ҽԺ".to_owned(), false)));
        let wide: Vec<u8> = "医院".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(
            named(&wide, "UTF-16LE").ok(),
            Some(("医院".to_owned(), false))
        );
        let (other, ..) = GB18030.encode("编码");
        assert!(named(&other, "utf-8").is_err());
        let marked = [b"\xEF\xBB\xBF".as_slice(), "医院".as_bytes()].concat();
        assert!(named(&marked, "gbk").is_err());
        assert_eq!(
            named(&marked, "utf-8").ok(),
            Some(("医院".to_owned(), false))
        );
        assert_eq!(Named::of("latin-1"), None);
    }
}
