//! Where the value of a setting comes from.

use std::path::PathBuf;

use serde::Serialize;

/// Where a value comes from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The settings file.
    File {
        /// The file's path.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// An environment variable.
    Environment {
        /// The variable's name.
        variable: &'static str,
    },
    /// The command line.
    Flag {
        /// The flag's name, with the dashes.
        flag: &'static str,
    },
}
