//! A command line that cannot be read, said in the language of whoever typed it.

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
            text!(
                "没有选项或参数 {argument}",
                "there is no option or argument `{argument}`"
            )
        }
        ErrorKind::InvalidSubcommand => {
            let name = context(ContextKind::InvalidSubcommand);
            text!("没有命令 {name}", "there is no command `{name}`")
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            text!("缺少命令", "a command is missing")
        }
        ErrorKind::MissingRequiredArgument => {
            text!("缺少 {argument}", "{argument} is missing")
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            text!("{argument} 缺少值", "{argument} needs a value")
        }
        ErrorKind::NoEquals | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            text!(
                "{argument} 的值个数不对",
                "{argument} has the wrong number of values"
            )
        }
        ErrorKind::ArgumentConflict => {
            let prior = context(ContextKind::PriorArg);
            match prior.is_empty() || prior == argument {
                true => text!(
                    "{argument} 只能给出一次",
                    "{argument} can be given only once"
                ),
                false => text!(
                    "{argument} 不能与 {prior} 同时使用",
                    "{argument} cannot be used with {prior}"
                ),
            }
        }
        ErrorKind::InvalidUtf8 => text!("参数不是 UTF-8 文本", "an argument is not UTF-8"),
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
    match suggestion.filter(|suggestion| !suggestion.is_empty()) {
        Some(suggestion) => {
            let zh = suggestion.replace(", ", "、");
            text!(
                "是否想写 {zh}？加 `--help` 查看用法",
                "did you mean {suggestion}? --help shows the usage"
            )
        }
        None => text!("加 `--help` 查看用法", "--help shows the usage"),
    }
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
