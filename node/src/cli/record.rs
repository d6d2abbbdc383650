//! `record`: adds, changes, shows and lists records.

use super::asking::Context;
use super::help::Words;
use super::{Ended, record_add, record_list, record_set, record_show};
use crate::text;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    Add(record_add::Arguments),
    Set(record_set::Arguments),
    Show(record_show::Arguments),
    List(record_list::Arguments),
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "新增、修改、查看和列出记录。",
        "Add, change, show and list records."
    ))
    .command("add", record_add::words())
    .command("set", record_set::words())
    .command("show", record_show::words())
    .command("list", record_list::words())
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Ended {
    match arguments.action {
        Action::Add(arguments) => record_add::run(arguments, context),
        Action::Set(arguments) => record_set::run(arguments, context),
        Action::Show(arguments) => record_show::run(arguments, context),
        Action::List(arguments) => record_list::run(&arguments, context),
    }
}
