//! `record`: adds, changes, shows, lists and searches records.

use super::asking::Context;
use super::help::Words;
use super::output::Ended;
use super::{
    record_add, record_duplicates, record_left_out, record_list, record_receipts, record_search,
    record_set, record_show,
};
use crdt_model::text;

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
    Receipts(record_receipts::Arguments),
    Duplicates(record_duplicates::Arguments),
    LeftOut(record_left_out::Arguments),
    Search(record_search::Arguments),
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "新增、修改、查看、列出和查找记录。",
        "Add, change, show, list and search records"
    ))
    .command("add", record_add::words())
    .command("set", record_set::words())
    .command("show", record_show::words())
    .command("list", record_list::words())
    .command("receipts", record_receipts::words())
    .command("duplicates", record_duplicates::words())
    .command("left-out", record_left_out::words())
    .command("search", record_search::words())
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Ended {
    match arguments.action {
        Action::Add(arguments) => record_add::run(arguments, context),
        Action::Set(arguments) => record_set::run(arguments, context),
        Action::Show(arguments) => record_show::run(arguments, context),
        Action::List(arguments) => record_list::run(arguments, context),
        Action::Receipts(arguments) => record_receipts::run(arguments, context),
        Action::Duplicates(arguments) => record_duplicates::run(&arguments, context),
        Action::LeftOut(arguments) => record_left_out::run(arguments, context),
        Action::Search(arguments) => record_search::run(arguments, context),
    }
}
