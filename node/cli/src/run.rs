//! `run`: runs the node until it is stopped.

use serde_json::json;
use tracing_subscriber::EnvFilter;

use super::asking::Context;
use super::help::Words;
use super::output::Answer;
use super::output::Ended;
use super::values::{self, Said};
use crdt_model::text;
use crdt_model::text::Problem;
use node_machine::settings::{Flags, LogLevel};

/// Settings that can be given on the command line.
#[derive(clap::Args)]
pub(super) struct SettingFlags {
    #[arg(long, value_name = "ADDR", value_parser = values::listen, num_args = 1..)]
    listen: Vec<String>,
    #[arg(long, value_name = "MIB", value_parser = values::cache_mib)]
    cache_mib: Option<u64>,
    #[arg(long, value_name = "LEVEL", value_parser = values::log_level)]
    log: Option<LogLevel>,
}

impl SettingFlags {
    pub(super) fn into_flags(self) -> Flags {
        let Self {
            listen,
            cache_mib,
            log,
        } = self;
        Flags {
            listen,
            cache_mib,
            log,
            lang: None,
        }
    }

    pub(super) fn words(words: Words) -> Words {
        words
            .argument(
                "listen",
                text!(
                    "监听地址，如 /ip4/0.0.0.0/tcp/7070",
                    "where to listen, such as /ip4/0.0.0.0/tcp/7070"
                ),
            )
            .argument(
                "cache_mib",
                text!("数据存储的缓存，单位 MiB", "cache of the store, in MiB"),
            )
            .argument(
                "log",
                text!(
                    "日志级别：`error`、`warn`、`info`、`debug`、`trace`",
                    "how much to log: error, warn, info, debug, trace"
                ),
            )
    }
}

/// How log lines are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum LogFormat {
    Text,
    Json,
}

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    settings: SettingFlags,
    #[arg(long, value_name = "text|json", value_parser = log_format, default_value = "text", hide_default_value = true)]
    log_format: LogFormat,
    #[arg(long)]
    stop_with_parent: bool,
}

pub(super) fn words() -> Words {
    let words = Words::new(text!(
        "运行节点，直到收到 `mesh-node stop` 或终止信号。运行日志写到标准错误。",
        "Run the node until `stop` or a signal ends it. Logs go to stderr."
    ));
    SettingFlags::words(words)
        .argument(
            "log_format",
            text!(
                "日志格式：`text`（默认）或 `json`",
                "form of the log: text (default) or json"
            ),
        )
        .argument(
            "stop_with_parent",
            text!(
                "标准输入关闭时停止，供守护程序使用",
                "stop when stdin is closed, for a supervisor"
            ),
        )
}

fn log_format(text: &str) -> Result<LogFormat, Said> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(Said(text!(
            "“{text}”不是日志格式；可选：`text`、`json`",
            "`{text}` is not a log format: one of text, json"
        ))),
    }
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Ended {
    let settings = context.settings(arguments.settings.into_flags())?;
    log_to_stderr(settings.log.value, arguments.log_format)?;
    context.when_unlocked(|| {
        node_doors::run(&context.folder(), &settings, arguments.stop_with_parent)
    })?;
    let text = context
        .output
        .say(&text!("节点已停止\n", "the node has stopped\n"));
    Ok(Answer::done(text, json!({ "answer": "stopped" })))
}

/// Our own parts log as asked for. What they build on logs errors only, for of its warnings strangers
/// and peers can cause any number; and of QUIC packets nothing, for anybody can forge one.
fn log_to_stderr(level: LogLevel, format: LogFormat) -> Result<(), Problem> {
    let level = level.as_str();
    let filter = format!("error,quinn_proto=off,node={level},crdt_model={level},policy={level}");
    let builder = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        // Where a line cannot be written, saying so would end the program.
        .log_internal_errors(false)
        .with_env_filter(EnvFilter::new(filter));
    let started = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    started.map_err(|error| {
        Problem::new(
            "internal-log",
            text!("写不了运行日志（`{error}`）", "cannot log: {error}"),
            text!(
                "请把屏幕上的信息发给技术支持",
                "send what is on the screen to support"
            ),
        )
    })
}
