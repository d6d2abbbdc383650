//! The variables of the environment that settings come from, read once.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use super::origin::Origin;
use super::values::language;
use crdt_model::text;
use crdt_model::text::{Language, Problem, Text};

/// The locale's variables: the first that is set decides.
const LOCALE: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];
/// The variables of this program.
const OURS: [&str; 5] = [
    "COUNTYMESH_DATA",
    "COUNTYMESH_LISTEN",
    "COUNTYMESH_CACHE_MIB",
    "COUNTYMESH_LOG",
    "COUNTYMESH_LANG",
];

/// The variables that matter here. An empty one counts as not set.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<String, OsString>,
}

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Self {
        let names = LOCALE.into_iter().chain(OURS);
        names
            .filter_map(|name| std::env::var_os(name).map(|value| (name, value)))
            .collect()
    }

    /// The node's folder, where a variable says it.
    pub fn data(&self) -> Option<PathBuf> {
        self.set("COUNTYMESH_DATA").map(PathBuf::from)
    }

    /// The language that the locale asks for; Chinese where there is no locale.
    pub fn language_of_locale(&self) -> (Language, Origin) {
        let set = LOCALE
            .into_iter()
            .find_map(|name| Some((name, self.set(name)?)));
        match set {
            None => (Language::Zh, Origin::Default),
            Some((variable, locale)) => {
                let language = Language::of_locale(&locale.to_string_lossy());
                let language = language.unwrap_or(Language::En);
                (language, Origin::Environment { variable })
            }
        }
    }

    /// The value of one variable, read as a setting.
    pub(super) fn parsed<T>(
        &self,
        variable: &'static str,
        parse: impl Fn(&str) -> Result<T, Text>,
    ) -> Result<Option<T>, Problem> {
        let Some(value) = self.set(variable) else {
            return Ok(None);
        };
        let value = value
            .to_str()
            .ok_or_else(|| text!("不是 UTF-8 文本", "it is not UTF-8"));
        value.and_then(parse).map(Some).map_err(|Text { zh, en }| {
            Problem::new(
                "settings-environment",
                text!(
                    "环境变量 {variable}：{zh}",
                    "environment variable {variable}: {en}"
                ),
                text!("改正或取消该环境变量", "correct the variable, or unset it"),
            )
        })
    }

    fn set(&self, name: &str) -> Option<&OsString> {
        self.variables.get(name).filter(|value| !value.is_empty())
    }
}

impl<'a> FromIterator<(&'a str, OsString)> for Environment {
    fn from_iter<I: IntoIterator<Item = (&'a str, OsString)>>(variables: I) -> Self {
        let owned = |(name, value): (&str, OsString)| (name.to_owned(), value);
        Self {
            variables: variables.into_iter().map(owned).collect(),
        }
    }
}

/// The language of help, and of whatever goes wrong before the settings have been read: the flag,
/// then `COUNTYMESH_LANG`, then the locale.
pub fn language_before_settings(flag: Option<Language>, environment: &Environment) -> Language {
    // A wrong value is reported when the settings are read.
    let variable = || {
        environment
            .parsed("COUNTYMESH_LANG", language)
            .ok()
            .flatten()
    };
    flag.or_else(variable)
        .unwrap_or_else(|| environment.language_of_locale().0)
}
