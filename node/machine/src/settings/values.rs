//! What each setting may be. One reader of each, for the file, the environment and the flags.

use std::collections::BTreeMap;

use crdt_model::ids::NodeId;
use multiaddr::Multiaddr;
use multiaddr::Protocol;
use serde::Serialize;

use crdt_model::text;
use crdt_model::text::{Language, Text};

/// Mebibytes of the store's cache where nobody says otherwise: a village node stays small with it.
pub(super) const DEFAULT_CACHE_MIB: u64 = 8;
/// Mebibytes that the store's cache may have.
pub const CACHE_MIB_MAX: u64 = 4_096;
/// Addresses that a node may listen on.
pub const LISTEN_ADDRESSES_MAX: usize = 16;

/// The multiaddresses at which neighbours are dialled, by node.
pub type DialAddresses = BTreeMap<NodeId, Vec<String>>;

/// How much is logged: everything that is at least this grave.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// What a person must look after.
    Error,
    /// What may need looking after.
    Warn,
    /// What happens.
    #[default]
    Info,
    /// Why it happens.
    Debug,
    /// Every step.
    Trace,
}

impl LogLevel {
    /// All of them, the gravest first.
    pub const ALL: [Self; 5] = [
        Self::Error,
        Self::Warn,
        Self::Info,
        Self::Debug,
        Self::Trace,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// Reads a node's code.
pub fn node_code(text: &str) -> Result<NodeId, Text> {
    text.parse().map_err(|_| {
        text!(
            "“{text}”不是节点代码，应为 12 位数字，例如 620723101201",
            "`{text}` is not a node's code, which has 12 digits, such as 620723101201"
        )
    })
}

/// Reads an address to listen on: TCP, or QUIC version 1, at a numeric host.
pub fn listen_address(text: &str) -> Result<String, Text> {
    let parts = text.parse::<Multiaddr>().map(|address| {
        let parts: Vec<_> = address.iter().collect();
        match parts.as_slice() {
            [host, Protocol::Tcp(_)] | [host, Protocol::Udp(_), Protocol::QuicV1] => {
                matches!(host, Protocol::Ip4(_) | Protocol::Ip6(_))
            }
            _ => false,
        }
    });
    if parts.unwrap_or(false) {
        return Ok(text.to_owned());
    }
    Err(text!(
        "“{text}”不是可监听的地址，应写作 /ip4/0.0.0.0/tcp/7070 或 /ip4/0.0.0.0/udp/7070/quic-v1",
        "`{text}` is not an address to listen on, such as /ip4/0.0.0.0/tcp/7070 or \
         /ip4/0.0.0.0/udp/7070/quic-v1"
    ))
}

/// Reads an address that a neighbour can be dialled at: as one to listen on, or with a host's name.
pub(super) fn dial_address(text: &str) -> Result<String, Text> {
    let named = text.parse::<Multiaddr>().map(|address| {
        let parts: Vec<_> = address.iter().collect();
        match parts.as_slice() {
            [host, Protocol::Tcp(_)] | [host, Protocol::Udp(_), Protocol::QuicV1] => {
                matches!(
                    host,
                    Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_)
                )
            }
            _ => false,
        }
    });
    if named.unwrap_or(false) || listen_address(text).is_ok() {
        return Ok(text.to_owned());
    }
    Err(text!(
        "“{text}”不是可连接的地址，应写作 /ip4/10.0.0.1/tcp/7070 或 /dns4/主机名/tcp/7070",
        "`{text}` is not an address to dial, such as /ip4/10.0.0.1/tcp/7070 or /dns4/host/tcp/7070"
    ))
}

/// Reads addresses to listen on, comma separated.
pub(super) fn listen_addresses(text: &str) -> Result<Vec<String>, Text> {
    let addresses = text.split(',').map(|part| listen_address(part.trim()));
    let addresses: Vec<String> = addresses.collect::<Result<_, _>>()?;
    few_enough(addresses)
}

/// Refuses more addresses than a node may listen on.
pub(super) fn few_enough(addresses: Vec<String>) -> Result<Vec<String>, Text> {
    if addresses.len() <= LISTEN_ADDRESSES_MAX {
        return Ok(addresses);
    }
    Err(text!(
        "监听地址最多 {LISTEN_ADDRESSES_MAX} 个",
        "a node listens on at most {LISTEN_ADDRESSES_MAX} addresses"
    ))
}

/// Reads the mebibytes of the store's cache.
pub fn cache_mib(text: &str) -> Result<u64, Text> {
    let number = text
        .parse()
        .ok()
        .filter(|number| (1..=CACHE_MIB_MAX).contains(number));
    number.ok_or_else(|| {
        text!(
            "“{text}”不是 1 到 {CACHE_MIB_MAX} 之间的整数（单位 MiB）",
            "`{text}` is not a whole number of MiB from 1 to {CACHE_MIB_MAX}"
        )
    })
}

/// Reads how much is logged.
pub fn log_level(text: &str) -> Result<LogLevel, Text> {
    let known = LogLevel::ALL
        .into_iter()
        .find(|level| level.as_str() == text);
    known.ok_or_else(|| {
        let all = LogLevel::ALL.map(LogLevel::as_str);
        let (zh, en) = (all.join("、"), all.join(", "));
        text!(
            "“{text}”不是日志级别，可用：{zh}",
            "`{text}` is not a log level: one of {en}"
        )
    })
}

/// Reads a language.
pub fn language(text: &str) -> Result<Language, Text> {
    text.parse()
}

/// The word for a language.
pub fn language_code(language: Language) -> &'static str {
    language.code()
}
