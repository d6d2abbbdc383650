//! `schema`: write the Cedar schema that the charter's words and kinds give.

use std::path::PathBuf;

use crdt_model::text;
use policy::command_line::help::Words;
use policy::reading::schema::FILE;
use policy::signing::sign::write_schema;
use serde_json::json;

use crate::output::{Answer, Exit, Failure, Output, sign_failure};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    dir: PathBuf,
}

pub(crate) fn words() -> Words {
    Words::new(text!(
        "按 `charter.toml` 和 `kinds/` 生成 `mesh.cedarschema`",
        "Write `mesh.cedarschema` as `charter.toml` and `kinds/` give it"
    ))
    .argument("dir", text!("章程目录", "the charter's folder"))
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let changed =
        write_schema(&arguments.dir).map_err(|error| sign_failure(error, &arguments.dir))?;
    let text = match changed {
        true => output.say(text!("已写入 `{FILE}`\n", "`{FILE}` was written\n")),
        false => output.say(text!("`{FILE}` 已是最新\n", "`{FILE}` is up to date\n")),
    };
    Ok(Answer::new(
        Exit::Clean,
        text,
        json!({ "file": FILE, "changed": changed }),
    ))
}
