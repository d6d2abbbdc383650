//! `schema`: write the Cedar schema that the charter's words and kinds give.

use std::path::PathBuf;

use policy::reading::schema::FILE;
use policy::signing::sign::write_schema;
use serde_json::json;

use crate::output::{Answer, Exit, Failure, Output, sign_failure};
use crate::text::say;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The charter's folder.
    dir: PathBuf,
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let changed =
        write_schema(&arguments.dir).map_err(|error| sign_failure(error, &arguments.dir))?;
    let text = match changed {
        true => say!(output, "已写入 `{FILE}`\n", "`{FILE}` was written\n"),
        false => say!(output, "`{FILE}` 已是最新\n", "`{FILE}` is up to date\n"),
    };
    Ok(Answer::new(
        Exit::Clean,
        text,
        json!({ "file": FILE, "changed": changed }),
    ))
}
