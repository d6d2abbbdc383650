//! A command line that cannot be read, said in the language of whoever typed it.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::values::Said;
use crdt_model::text;
use crdt_model::text::{Language, Problem, Text};

/// What became of a command line that is not carried out.
#[derive(Debug)]
pub enum Unread {
    /// Somebody asked for help or for the version; this is it.
    Asked(String),
    /// It is wrong.
    Wrong(Problem),
}

/// The language and whether JSON is wanted, which decide how to answer even if the command line turns
/// out to be wrong.
pub fn look_ahead(arguments: &[OsString]) -> (Option<Language>, bool) {
    let before_end = || {
        arguments
            .iter()
            .skip(1)
            .take_while(|argument| *argument != "--")
    };
    let after_flag = before_end()
        .skip_while(|argument| *argument != "--lang")
        .nth(1);
    let joined = before_end().find_map(|argument| argument.to_str()?.strip_prefix("--lang="));
    let language = joined.or_else(|| after_flag?.to_str());
    let language = language.and_then(|word| word.parse().ok());
    (language, before_end().any(|argument| argument == "--json"))
}

/// Reads clap's verdict.
pub fn unread(error: &clap::Error, language: Language) -> Unread {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let text = error.render().to_string();
            Unread::Asked(match language {
                Language::Zh => in_chinese(&text),
                Language::En => text,
            })
        }
        _ => Unread::Wrong(Problem::new("usage", what(error), next(error))),
    }
}

/// What the library writes by itself, in Chinese.
fn in_chinese(help: &str) -> String {
    let words = [
        ("[OPTIONS]", "[选项]"),
        ("[default: ", "[默认："),
        ("[possible values: ", "[可选："),
        ("\n命令:\n", "\n命令：\n"),
        ("\n参数:\n", "\n参数：\n"),
        ("\n选项:\n", "\n选项：\n"),
    ];
    words
        .into_iter()
        .fold(help.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// What is wrong with a command line.
fn what(error: &clap::Error) -> Text {
    let context = |kind| error.get(kind).map(plain).unwrap_or_default();
    let argument = context(ContextKind::InvalidArg);
    let value = context(ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::UnknownArgument => {
            text!("多出的内容：{argument}", "unexpected: `{argument}`")
        }
        ErrorKind::InvalidSubcommand => {
            let name = context(ContextKind::InvalidSubcommand);
            text!("没有命令 {name}", "there is no command `{name}`")
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            text!("没有写要执行哪个命令", "no command is given")
        }
        ErrorKind::MissingRequiredArgument => {
            let zh = argument.replace(", ", "、");
            text!("还缺少：{zh}", "missing: {argument}")
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            text!("{argument} 后面没有写内容", "{argument} needs a value")
        }
        ErrorKind::NoEquals | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            text!(
                "{argument} 后面内容的个数不对",
                "{argument} has the wrong number of values"
            )
        }
        ErrorKind::ArgumentConflict => {
            let prior = context(ContextKind::PriorArg);
            match prior.is_empty() || prior == argument {
                true => text!("{argument} 只能写一次", "{argument} can be given only once"),
                false => text!(
                    "{argument} 不能与 {prior} 同时使用",
                    "{argument} cannot be used with {prior}"
                ),
            }
        }
        ErrorKind::InvalidUtf8 => text!("命令行中有不是 UTF-8 的文字", "an argument is not UTF-8"),
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            let Text { zh, en } = said(error, &value);
            text!("{argument}：{zh}", "{argument}: {en}")
        }
        _ => {
            let message = error.to_string();
            let first = message.lines().next().unwrap_or_default();
            text!("{first}", "{first}")
        }
    }
}

/// What the reader of the value said about it.
fn said(error: &clap::Error, value: &str) -> Text {
    let source = std::error::Error::source(error);
    match source.and_then(|source| source.downcast_ref::<Said>()) {
        Some(Said(text)) => text.clone(),
        None => text!("不能是“{value}”", "it cannot be `{value}`"),
    }
}

fn next(error: &clap::Error) -> Text {
    let suggested = [
        ContextKind::SuggestedArg,
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedValue,
        ContextKind::ValidValue,
    ];
    let suggestion = suggested
        .into_iter()
        .find_map(|kind| error.get(kind))
        .map(plain);
    let help = help(error);
    match suggestion.filter(|suggestion| !suggestion.is_empty()) {
        Some(suggestion) => {
            let zh = suggestion.replace(", ", "、");
            text!(
                "是不是要写 {zh}？查看写法：{help}",
                "did you mean {suggestion}? how to write it: {help}"
            )
        }
        None => text!("查看写法：{help}", "how to write it: {help}"),
    }
}

/// The line that shows how to write the command: its name as the usage begins, and the flag.
fn help(error: &clap::Error) -> String {
    let usage = error.get(ContextKind::Usage).map(plain).unwrap_or_default();
    let named = usage
        .split_whitespace()
        .skip_while(|word| !word.starts_with("mesh-"))
        .take_while(|word| word.starts_with(|first: char| first.is_ascii_lowercase()));
    let named: Vec<&str> = named.chain(["--help"]).collect();
    named.join(" ")
}

fn plain(value: &ContextValue) -> String {
    match value {
        ContextValue::String(text) => text.clone(),
        ContextValue::Strings(texts) => texts.join(", "),
        ContextValue::StyledStr(text) => text.to_string(),
        ContextValue::StyledStrs(texts) => texts
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
        ContextValue::Number(number) => number.to_string(),
        _ => String::new(),
    }
}
