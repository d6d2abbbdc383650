//! Reading a manifest's text, line by line. What passes here is still compared with the canonical
//! text by [`crate::signing::manifest::Manifest::parse`].

use std::collections::BTreeMap;
use std::str::{FromStr, Lines};

use crdt_model::charter::Validity;
use crdt_model::ids::{CharterDigest, CharterVersion};
use crdt_model::limits::{CHARTER_FILES_MAX, CHARTER_VERSIONS_MAX};
use crdt_model::text;
use crdt_model::text::Text;
use crdt_model::time::WallTime;

use crate::signing::manifest::{
    MANIFEST_PATH, Manifest, ManifestError, SIGNATURES_FOLDER, Sha256Sum, check_path,
};

pub(crate) const FIRST_LINE: &str = "countymesh charter manifest 1";
pub(crate) const NO_PREVIOUS: &str = "none";

/// The lines not yet read, with the number of the last one taken.
struct Reader<'a> {
    lines: Lines<'a>,
    line: usize,
}

pub(crate) fn parse(bytes: &[u8]) -> Result<Manifest, ManifestError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ManifestError::Line {
        line: 1,
        problem: text!("不是 UTF-8 文本", "not UTF-8 text"),
    })?;
    let mut reader = Reader {
        lines: text.lines(),
        line: 0,
    };
    if reader.next()? != FIRST_LINE {
        return Err(reader.fault(text!(
            "此处应为 `{FIRST_LINE}`",
            "`{FIRST_LINE}` must stand here"
        )));
    }
    let county = reader.value("county")?;
    let version: CharterVersion = CharterVersion(reader.value("version")?);
    let earlier = reader.earlier(version)?;
    let from = reader.time("from")?;
    let until = reader.time("until")?;
    if until <= from {
        return Err(reader.fault(text!(
            "`until` 应晚于 `from`",
            "`until` must be later than `from`"
        )));
    }
    let decisions = reader.digest_value("decisions")?;
    if !reader.next()?.is_empty() {
        return Err(reader.fault(text!("此处应为空行", "an empty line must stand here")));
    }
    let files = reader.files()?;
    Ok(Manifest {
        county,
        version,
        earlier,
        validity: Validity { from, until },
        decisions,
        files,
    })
}

/// A time as a manifest writes it: RFC 3339 in UTC, to the millisecond.
pub fn date(time: WallTime) -> Result<String, ManifestError> {
    let wrong = ManifestError::Time { ms: time.ms };
    let Ok(ms) = i64::try_from(time.ms) else {
        return Err(wrong);
    };
    match jiff::Timestamp::from_millisecond(ms) {
        Ok(time) => Ok(time.to_string()),
        Err(_) => Err(wrong),
    }
}

/// A moment as people read it: by Beijing's clock in Chinese, as RFC 3339 in English.
pub fn moment(time: WallTime) -> Text {
    let stamp = i64::try_from(time.ms).ok();
    let stamp = stamp.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let zh = stamp.and_then(|at| at.checked_add(jiff::SignedDuration::from_hours(8)).ok());
    let zh = zh.map(|at| format!("{}（北京时间）", at.strftime("%F %T")));
    Text {
        zh: zh.unwrap_or_else(|| time.to_string()),
        en: date(time).unwrap_or_else(|_| time.to_string()),
    }
}

impl<'a> Reader<'a> {
    fn fault(&self, problem: Text) -> ManifestError {
        ManifestError::Line {
            line: self.line,
            problem,
        }
    }

    fn next(&mut self) -> Result<&'a str, ManifestError> {
        self.line += 1;
        self.lines
            .next()
            .ok_or_else(|| self.fault(text!("内容到此中断", "the text ends too early")))
    }

    /// The word after `key` on the next line.
    fn word(&mut self, key: &str) -> Result<&'a str, ManifestError> {
        let line = self.next()?;
        line.strip_prefix(key)
            .and_then(|rest| rest.strip_prefix(' '))
            .ok_or_else(|| self.fault(text!("此处应为 `{key} …`", "`{key} …` must stand here")))
    }

    fn value<T: FromStr>(&mut self, key: &str) -> Result<T, ManifestError> {
        let word = self.word(key)?;
        word.parse().map_err(|_| {
            self.fault(text!(
                "`{word}` 不能作 `{key}`",
                "`{word}` is not a {key}",
                word = shown(word)
            ))
        })
    }

    fn digest_value(&mut self, key: &str) -> Result<Sha256Sum, ManifestError> {
        let word = self.word(key)?;
        self.digest(word)
    }

    fn digest(&self, word: &str) -> Result<Sha256Sum, ManifestError> {
        let digest: CharterDigest = word.parse().map_err(|_| {
            self.fault(text!(
                "`{}` 不是 SHA-256 摘要",
                "`{}` is not a SHA-256 digest",
                shown(word)
            ))
        })?;
        Ok(Sha256Sum(digest.0))
    }

    /// The digests of all earlier versions: as many lines as there are such.
    fn earlier(&mut self, version: CharterVersion) -> Result<Vec<CharterDigest>, ManifestError> {
        if version.0 == 0 {
            return Err(self.fault(text!("版本号从 1 开始", "versions count from 1")));
        }
        if version.0 > CHARTER_VERSIONS_MAX as u64 {
            return Err(self.fault(text!(
                "版本号最大为 {CHARTER_VERSIONS_MAX}",
                "versions end at {CHARTER_VERSIONS_MAX}"
            )));
        }
        if version.0 == 1 {
            return match self.word("previous")? {
                NO_PREVIOUS => Ok(Vec::new()),
                _ => Err(self.fault(text!("第 1 版没有上一版", "version 1 follows none"))),
            };
        }
        let mut earlier = Vec::new();
        for _ in 1..version.0 {
            match self.word("previous")? {
                NO_PREVIOUS => {
                    return Err(self.fault(text!(
                        "第 1 版以外的各版须列出之前的全部版本",
                        "every version but 1 names all before it"
                    )));
                }
                word => earlier.push(CharterDigest(self.digest(word)?.0)),
            }
        }
        Ok(earlier)
    }

    fn time(&mut self, key: &str) -> Result<WallTime, ManifestError> {
        let time: jiff::Timestamp = self.value(key)?;
        u64::try_from(time.as_millisecond())
            .map(WallTime::from_ms)
            .map_err(|_| {
                self.fault(text!(
                    "时间不能早于 1970 年",
                    "times before 1970 are not allowed"
                ))
            })
    }

    fn files(&mut self) -> Result<BTreeMap<String, Sha256Sum>, ManifestError> {
        let mut files = BTreeMap::new();
        while let Some(line) = self.lines.next() {
            self.line += 1;
            let (digest, path) = line.split_once("  ").ok_or_else(|| {
                self.fault(text!(
                    "此处应为 `<sha256>  <path>`",
                    "`<sha256>  <path>` must stand here"
                ))
            })?;
            check_path(path)?;
            if path == MANIFEST_PATH || path.starts_with(SIGNATURES_FOLDER) {
                return Err(self.fault(text!(
                    "文件清单和签名本身不列入",
                    "the manifest and the signatures are never listed"
                )));
            }
            if files.len() == CHARTER_FILES_MAX {
                return Err(self.fault(text!(
                    "超过 {CHARTER_FILES_MAX} 个文件",
                    "more than {CHARTER_FILES_MAX} files"
                )));
            }
            files.insert(path.to_owned(), self.digest(digest)?);
        }
        Ok(files)
    }
}

/// As much of a word as an error message may repeat.
fn shown(word: &str) -> String {
    word.chars()
        .take(80)
        .collect::<String>()
        .escape_debug()
        .to_string()
}
