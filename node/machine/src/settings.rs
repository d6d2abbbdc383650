//! The settings of a node, and where each of them comes from: a flag goes before the environment,
//! the environment before `node.toml`, `node.toml` before the default.
//!
//! | setting | flag | environment | `node.toml` | default |
//! | --- | --- | --- | --- | --- |
//! | node | | | `node` | none: it must be given |
//! | listen | `--listen` | `COUNTYMESH_LISTEN`, comma separated | `listen` | nowhere: the node only dials |
//! | cache_mib | `--cache-mib` | `COUNTYMESH_CACHE_MIB` | `cache_mib` | 8 |
//! | log | `--log` | `COUNTYMESH_LOG` | `log` | `info` |
//! | lang | `--lang` | `COUNTYMESH_LANG` | `lang` | by the locale, else `zh` |
//! | addresses | | | `[addresses]`, by code | none: neighbours are dialled where the roster says |
//!
//! No setting is a secret: all of them may be shown.

mod environment;
mod file;
mod origin;
mod values;

use std::collections::BTreeMap;

use crdt_model::ids::NodeId;
use serde::Serialize;

pub use self::environment::{Environment, language_before_settings};
pub use self::file::write_new;
pub use self::origin::Origin;
pub use self::values::{
    CACHE_MIB_MAX, DialAddresses, LISTEN_ADDRESSES_MAX, LogLevel, cache_mib, language,
    language_code, listen_address, log_level, node_code,
};

use self::file::{InFile, read};
use self::values::{DEFAULT_CACHE_MIB, listen_addresses};
use crate::folder::NodeFolder;
use crdt_model::text::{Language, Problem};

/// The value of one setting, with its origin.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where the value comes from.
    pub origin: Origin,
}

/// What the command line sets. A field is `None` or empty where the command line sets nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Flags {
    /// Where to listen.
    pub listen: Vec<String>,
    /// Mebibytes of the store's cache.
    pub cache_mib: Option<u64>,
    /// The log level.
    pub log: Option<LogLevel>,
    /// The language.
    pub lang: Option<Language>,
}

/// The settings of a node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Settings {
    /// The node's code.
    pub node: Setting<NodeId>,
    /// The multiaddresses that the node listens on. Empty for a node that only dials.
    pub listen: Setting<Vec<String>>,
    /// Mebibytes of the store's cache.
    pub cache_mib: Setting<u64>,
    /// The log level.
    pub log: Setting<LogLevel>,
    /// The language of the node's messages.
    #[serde(serialize_with = "language_word")]
    pub lang: Setting<Language>,
    /// Addresses of neighbours that replace those in the roster.
    pub addresses: Setting<DialAddresses>,
}

fn language_word<S: serde::Serializer>(
    setting: &Setting<Language>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let Setting { value, origin } = setting;
    let value = language_code(*value);
    Setting {
        value,
        origin: origin.clone(),
    }
    .serialize(serializer)
}

impl Settings {
    /// Reads the settings of the node in this folder.
    ///
    /// # Errors
    /// The settings file is missing, or a value is wrong. The problem names the file, the line and
    /// the field, or the environment variable.
    pub fn load(
        folder: &NodeFolder,
        environment: &Environment,
        flags: &Flags,
    ) -> Result<Self, Problem> {
        let path = folder.settings();
        let file = read(&path)?;
        let from_environment = FromEnvironment::read(environment)?;
        let FromEnvironment {
            listen,
            cache_mib,
            log,
            lang,
        } = from_environment;
        let flagged = (!flags.listen.is_empty()).then(|| flags.listen.clone());
        let origin = |line| Origin::File {
            path: path.clone(),
            line,
        };
        let (locale, locale_origin) = environment.language_of_locale();
        let node = Setting {
            value: file.node.value,
            origin: origin(file.node.line),
        };
        Ok(Self {
            node,
            listen: Sources {
                flag: flagged.map(|value| (value, "--listen")),
                variable: listen.map(|value| (value, "COUNTYMESH_LISTEN")),
                file: file.listen,
                default: (Vec::new(), Origin::Default),
            }
            .settle(origin),
            cache_mib: Sources {
                flag: flags.cache_mib.map(|value| (value, "--cache-mib")),
                variable: cache_mib.map(|value| (value, "COUNTYMESH_CACHE_MIB")),
                file: file.cache_mib,
                default: (DEFAULT_CACHE_MIB, Origin::Default),
            }
            .settle(origin),
            log: Sources {
                flag: flags.log.map(|value| (value, "--log")),
                variable: log.map(|value| (value, "COUNTYMESH_LOG")),
                file: file.log,
                default: (LogLevel::default(), Origin::Default),
            }
            .settle(origin),
            lang: Sources {
                flag: flags.lang.map(|value| (value, "--lang")),
                variable: lang.map(|value| (value, "COUNTYMESH_LANG")),
                file: file.lang,
                default: (locale, locale_origin),
            }
            .settle(origin),
            addresses: Sources {
                flag: None,
                variable: None,
                file: file.addresses,
                default: (BTreeMap::new(), Origin::Default),
            }
            .settle(origin),
        })
    }

    /// The node's code.
    pub fn node(&self) -> NodeId {
        self.node.value
    }

    /// Where it listens, as multiaddresses.
    pub fn listen(&self) -> &[String] {
        &self.listen.value
    }

    /// Bytes of the store's cache.
    pub fn cache_bytes(&self) -> u64 {
        self.cache_mib.value << 20
    }
}

/// All places that one setting may come from. A flag overrides a variable, which overrides the file.
struct Sources<T> {
    flag: Option<(T, &'static str)>,
    variable: Option<(T, &'static str)>,
    file: Option<InFile<T>>,
    default: (T, Origin),
}

impl<T> Sources<T> {
    fn settle(self, file: impl Fn(usize) -> Origin) -> Setting<T> {
        let (value, origin) = match (self.flag, self.variable, self.file) {
            (Some((value, flag)), _, _) => (value, Origin::Flag { flag }),
            (None, Some((value, variable)), _) => (value, Origin::Environment { variable }),
            (None, None, Some(InFile { value, line })) => (value, file(line)),
            (None, None, None) => self.default,
        };
        Setting { value, origin }
    }
}

/// What the environment sets.
struct FromEnvironment {
    listen: Option<Vec<String>>,
    cache_mib: Option<u64>,
    log: Option<LogLevel>,
    lang: Option<Language>,
}

impl FromEnvironment {
    fn read(environment: &Environment) -> Result<Self, Problem> {
        Ok(Self {
            listen: environment.parsed("COUNTYMESH_LISTEN", listen_addresses)?,
            cache_mib: environment.parsed("COUNTYMESH_CACHE_MIB", cache_mib)?,
            log: environment.parsed("COUNTYMESH_LOG", log_level)?,
            lang: environment.parsed("COUNTYMESH_LANG", language)?,
        })
    }
}
