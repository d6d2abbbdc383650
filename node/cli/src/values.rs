//! Values on the command line, read once, with what is wrong with them in both languages.

use std::str::FromStr;

use crdt_model::code::{NoCode, RecordCode};
use crdt_model::ids::{CharterDigest, Name, NodeId, RecordId};
use jiff::civil::Date;

use crdt_model::text;
use crdt_model::text::Language;
use node_app::report::period::Cadence;
use node_import::decode::Named;
use node_machine::settings::{self, LogLevel};

/// Seconds that a command waits for a store which another process has open, if nothing is said.
pub(super) const WAIT_S: u64 = 30;
/// The same, at most.
pub(super) const WAIT_S_MAX: u64 = 3_600;
pub(super) use policy::command_line::values::Said;

/// A node's code.
pub(super) fn node(text: &str) -> Result<NodeId, Said> {
    settings::node_code(text).map_err(Said)
}

/// A file's encoding.
pub(super) fn encoding(text: &str) -> Result<Named, Said> {
    Named::of(text).ok_or_else(|| {
        let known = Named::ALL.map(|(known, _)| known).join(", ");
        let one_of = Named::ALL.map(|(known, _)| known).join("、");
        Said(text!(
            "没有“{text}”这种编码；可选：{one_of}",
            "`{text}` is none of {known}"
        ))
    })
}

/// An address to listen on.
pub(super) fn listen(text: &str) -> Result<String, Said> {
    settings::listen_address(text).map_err(Said)
}

/// Mebibytes of cache.
pub(super) fn cache_mib(text: &str) -> Result<u64, Said> {
    settings::cache_mib(text).map_err(Said)
}

/// Seconds that a command may wait for the store.
pub(super) fn wait_s(text: &str) -> Result<u64, Said> {
    let seconds = text.parse().ok().filter(|seconds| *seconds <= WAIT_S_MAX);
    seconds.ok_or_else(|| {
        Said(text!(
            "“{text}”不可用，应为 0 到 {WAIT_S_MAX} 的整数（秒）",
            "`{text}` is no number of seconds from 0 to {WAIT_S_MAX}"
        ))
    })
}

/// How much to log.
pub(super) fn log_level(text: &str) -> Result<LogLevel, Said> {
    settings::log_level(text).map_err(Said)
}

/// A language.
pub(super) fn language(text: &str) -> Result<Language, Said> {
    settings::language(text).map_err(Said)
}

/// A record's id.
pub(super) fn record(text: &str) -> Result<RecordId, Said> {
    text.parse().map_err(|_| {
        Said(text!(
            "“{text}”不是记录编号，应为 32 位十六进制数字",
            "`{text}` is not a record's id, which has 32 hexadecimal digits"
        ))
    })
}

/// A record as people name it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum RecordNamed {
    /// By its id.
    Id(RecordId),
    /// By its code.
    Code(RecordCode),
}

/// A record's code or id.
pub(super) fn record_named(text: &str) -> Result<RecordNamed, Said> {
    if let Ok(id) = text.parse() {
        return Ok(RecordNamed::Id(id));
    }
    text.parse().map(RecordNamed::Code).map_err(|no_code| {
        Said(match no_code {
            NoCode::Form => text!(
                "“{text}”不是记录编号，应写作 101201-7K3M-Q2F9-C，或 32 位十六进制编码",
                "`{text}` is no record: a code is written like 101201-7K3M-Q2F9-C, an id has 32 hexadecimal digits"
            ),
            NoCode::Check => text!(
                "编号“{text}”的校验位不符：有字符写错或颠倒",
                "the check character of `{text}` does not fit: a character is wrong, or two have changed places"
            ),
        })
    })
}

/// A charter's digest.
pub(super) fn digest(text: &str) -> Result<CharterDigest, Said> {
    text.parse().map_err(|_| {
        Said(text!(
            "“{text}”不是章程摘要，应为 64 位十六进制数字",
            "`{text}` is not a charter's digest, which has 64 hexadecimal digits"
        ))
    })
}

/// A name that the charter declares: a kind, facet, role, sensitivity or level.
pub(super) fn name(text: &str) -> Result<Name, Said> {
    text.parse().map_err(|_| {
        Said(text!(
            "“{text}”不是章程中的名称，只能用小写字母、数字、点和短横，以字母开头，不超过 31 个字符",
            "`{text}` is not a name of the charter: 1 to 31 of a-z, 0-9, `.` and `-`, starting with \
             a letter"
        ))
    })
}

/// How long a period is.
pub(super) fn cadence(text: &str) -> Result<Cadence, Said> {
    let found = Cadence::ALL.into_iter().find(|(word, _)| *word == text);
    found.map(|(_, cadence)| cadence).ok_or_else(|| {
        Said(text!(
            "“{text}”不是周期，可选：`day`、`week`、`month`、`quarter`",
            "`{text}` is not a period: day, week, month or quarter"
        ))
    })
}

/// A day.
pub(super) fn day(text: &str) -> Result<Date, Said> {
    text.parse().map_err(|_| {
        Said(text!(
            "“{text}”不是日期，应写作 2026-11-27",
            "`{text}` is not a day, such as 2026-11-27"
        ))
    })
}

/// Which page to show, from 1.
pub(super) fn page(text: &str) -> Result<u64, Said> {
    let number = u64::from_str(text).ok().filter(|number| *number > 0);
    number.ok_or_else(|| {
        Said(text!(
            "“{text}”不是页码，应为从 1 起的整数",
            "`{text}` is not a page: a whole number from 1"
        ))
    })
}

/// How many entries to show.
pub(super) fn limit(text: &str) -> Result<usize, Said> {
    let most = node_app::door::line::PAGE_ENTRIES_MAX;
    let number = usize::from_str(text)
        .ok()
        .filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| {
        Said(text!(
            "“{text}”不是 1 到 {most} 之间的整数",
            "`{text}` is not a number from 1 to {most}"
        ))
    })
}
