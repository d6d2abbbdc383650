//! `config`: every setting, with its value and where that comes from.

use serde_json::json;

use super::asking::Context;
use super::help::Words;
use super::output::Answer;
use super::output::Ended;
use super::run::SettingFlags;
use super::table::table;
use crdt_model::text;
use crdt_model::text::{Language, Text};
use node_machine::settings::{Origin, Settings, language_code};

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    settings: SettingFlags,
}

pub(super) fn words() -> Words {
    SettingFlags::words(Words::new(text!(
        "显示每项设置的值和来源。选项优先于环境变量，环境变量优先于 node.toml。",
        "Show every setting with its value and origin. Flags go before the environment, the environment \
         before node.toml."
    )))
    .after(text!(
        "环境变量：`COUNTYMESH_DATA`、`COUNTYMESH_LISTEN`（逗号分隔）、`COUNTYMESH_CACHE_MIB`、\
         `COUNTYMESH_LOG`、`COUNTYMESH_LANG`",
        "Environment: COUNTYMESH_DATA, COUNTYMESH_LISTEN (comma separated), COUNTYMESH_CACHE_MIB, \
         COUNTYMESH_LOG, COUNTYMESH_LANG"
    ))
}

pub(super) fn run(arguments: Arguments, context: &Context) -> Ended {
    let settings = context.settings(arguments.settings.into_flags())?;
    let data = context.data.value.display().to_string();
    let mut rows = vec![("data", data, &context.data.origin)];
    rows.extend(settings_rows(&settings));
    let language = context.output.language;
    let cells = |(name, value, origin): &(&str, String, &Origin)| {
        let origin = origin_text(origin).in_language(language).to_owned();
        vec![(*name).to_owned(), value.clone(), origin]
    };
    let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let header = match language {
        Language::Zh => ["设置", "值", "来源"],
        Language::En => ["setting", "value", "origin"],
    };
    let mut object = serde_json::to_value(&settings).unwrap_or_default();
    if let Some(object) = object.as_object_mut() {
        object.insert("data".to_owned(), json!(context.data));
    }
    let json = json!({ "answer": "config", "settings": object });
    Ok(Answer::done(table(&header, &rows, &[]), json))
}

fn settings_rows(settings: &Settings) -> [(&'static str, String, &Origin); 6] {
    let Settings {
        node,
        listen,
        cache_mib,
        log,
        lang,
        addresses: dialled,
    } = settings;
    let dialled_at = dialled
        .value
        .iter()
        .map(|(node, addresses)| format!("{node} {}", addresses.join(" ")));
    let dialled_at = match dialled.value.is_empty() {
        true => "-".to_owned(),
        false => dialled_at.collect::<Vec<_>>().join(", "),
    };
    let addresses = match listen.value.as_slice() {
        [] => "-".to_owned(),
        addresses => addresses.join(", "),
    };
    [
        ("node", node.value.to_string(), &node.origin),
        ("listen", addresses, &listen.origin),
        ("cache_mib", cache_mib.value.to_string(), &cache_mib.origin),
        ("log", log.value.as_str().to_owned(), &log.origin),
        ("lang", language_code(lang.value).to_owned(), &lang.origin),
        ("addresses", dialled_at, &dialled.origin),
    ]
}

fn origin_text(origin: &Origin) -> Text {
    match origin {
        Origin::Default => text!("默认值", "default"),
        Origin::File { path, line } => {
            let path = path.display();
            text!("{path} 第 {line} 行", "{path}, line {line}")
        }
        Origin::Environment { variable } => text!("环境变量 {variable}", "environment: {variable}"),
        Origin::Flag { flag } => text!("选项 {flag}", "flag {flag}"),
    }
}
