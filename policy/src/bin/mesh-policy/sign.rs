//! `sign`: sign the manifest as a reviewer.

use std::path::PathBuf;

use serde_json::json;

use crate::output::{Answer, Exit, Failure, Output, sign_failure};

/// Sign the manifest as a reviewer.
///
/// Refused unless the charter is valid, its own checks hold, every node has a key, and the manifest
/// says exactly what the files say. The manifest is never written here, so that what is signed is
/// what could be read before: run `mesh-policy manifest` first.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The charter's folder.
    dir: PathBuf,
    /// The reviewer's private key: OpenSSH, ed25519, without passphrase.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Whose key it must be. Without it, the key alone says who signs.
    #[arg(long, value_name = "NAME")]
    reviewer: Option<String>,
    /// The folder of the version before, for a reviewer whom this version no longer lists.
    #[arg(long, value_name = "DIR")]
    previous: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, _: &Output) -> Result<Answer, Failure> {
    let Arguments { dir, key, reviewer, previous } = arguments;
    let signed = policy::sign::sign(dir, key, reviewer.as_deref(), previous.as_deref())
        .map_err(|error| sign_failure(error, dir))?;
    let text = format!(
        "`{}` signed version {}, digest {}\nwritten to `{}`\n",
        signed.reviewer, signed.version, signed.digest, signed.path
    );
    let json = json!({
        "reviewer": signed.reviewer,
        "version": signed.version,
        "digest": signed.digest,
        "path": signed.path,
    });
    Ok(Answer::new(Exit::Clean, text, json))
}
