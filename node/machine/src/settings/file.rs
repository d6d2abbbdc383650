//! `node.toml`: reading it, with the line of everything in it, and writing the first one.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use crdt_model::ids::NodeId;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::values::{
    DialAddresses, LogLevel, cache_mib, dial_address, few_enough, language, listen_address,
    log_level, node_code,
};
use crate::folder::NodeFolder;
use crdt_model::text;
use crdt_model::text::{Explain, Language, Problem, Text};

/// Bytes of a settings file, at most.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// What a settings file may set.
const FIELDS: [&str; 6] = ["node", "listen", "cache_mib", "log", "lang", "addresses"];

/// A value, with the line it stands on, from 1.
#[derive(Debug)]
pub(super) struct InFile<T> {
    pub(super) value: T,
    pub(super) line: usize,
}

/// What the file sets.
#[derive(Debug)]
pub(super) struct FileSettings {
    pub(super) node: InFile<NodeId>,
    pub(super) listen: Option<InFile<Vec<String>>>,
    pub(super) cache_mib: Option<InFile<u64>>,
    pub(super) log: Option<InFile<LogLevel>>,
    pub(super) lang: Option<InFile<Language>>,
    pub(super) addresses: Option<InFile<DialAddresses>>,
}

/// Reads a settings file.
pub(super) fn read(path: &Path) -> Result<FileSettings, Problem> {
    let text = text_of(path)?;
    let file = File { path, text: &text };
    let table = DeTable::parse(&text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let what = error.message().trim_end().replace('\n', "; ");
        file.wrong(
            "settings-syntax",
            start,
            &text!("语法错误：{what}", "{what}"),
        )
    })?;
    let table = table.into_inner();
    for key in table.keys() {
        file.check_known(key)?;
    }
    let node = file.field(&table, "node", |value| node_code(string(value)?))?;
    Ok(FileSettings {
        node: node.ok_or_else(|| file.without_node())?,
        listen: file.listen(&table)?,
        cache_mib: file.field(&table, "cache_mib", |value| cache_mib(&integer(value)?))?,
        log: file.field(&table, "log", |value| log_level(string(value)?))?,
        lang: file.field(&table, "lang", |value| language(string(value)?))?,
        addresses: file.addresses(&table, node_code)?,
    })
}

/// Writes the settings of a new node, all of the file or nothing. False if there is a file already;
/// that one is left as it is.
pub fn write_new(folder: &NodeFolder, node: NodeId, listen: &[String]) -> Result<bool, Problem> {
    let path = folder.settings();
    if path.exists() {
        return Ok(false);
    }
    let addresses: Vec<String> = listen
        .iter()
        .map(|address| format!("\"{address}\""))
        .collect();
    let addresses = addresses.join(", ");
    let text = format!(
        "# 节点设置。同名的环境变量（COUNTYMESH_…）和命令行选项优先于此文件；mesh-node config 显示\n\
         # 每项设置的值和来源。\n\
         # The settings of this node. Environment variables (COUNTYMESH_…) and flags go before this\n\
         # file; mesh-node config shows every setting with its origin.\n\
         \n\
         # 本节点的 12 位统计用区划代码 / this node's 12-digit division code\n\
         node = \"{node}\"\n\
         # 监听地址，只主动拨出的节点留空 / where to listen; empty for a node that only dials\n\
         listen = [{addresses}]\n\
         # 存储缓存（MiB） / cache of the store (MiB)\n\
         # cache_mib = 8\n\
         # 日志级别 / log level: error, warn, info, debug, trace\n\
         # log = \"info\"\n\
         # 语言 / language: zh, en\n\
         # lang = \"zh\"\n\
         # 相邻节点的新地址，优先于名册中的地址 / where neighbours can be dialled now, instead of what the\n\
         # roster says\n\
         # [addresses]\n\
         # \"620723000000\" = \"/ip4/10.0.0.2/tcp/7070\"\n"
    );
    let draft = folder.path().join("node.toml.new");
    let written = std::fs::File::create(&draft).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&draft, &path)
    });
    written
        .map(|()| true)
        .map_err(|error| unusable(&path, &error))
}

fn text_of(path: &Path) -> Result<String, Problem> {
    let shown = path.display();
    let size = match std::fs::metadata(path) {
        Ok(found) => found.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Problem::new(
                "settings-missing",
                text!("没有设置文件 {shown}", "there is no settings file {shown}"),
                text!(
                    "新节点先执行 mesh-node init --node 代码；已有节点用 --data 指明其目录",
                    "a new node begins with mesh-node init --node CODE; for an existing one say \
                     where it is with --data"
                ),
            ));
        }
        Err(error) => return Err(unusable(path, &error)),
    };
    if size > FILE_BYTES_MAX {
        return Err(unusable(
            path,
            &text!(
                "超过 {FILE_BYTES_MAX} 字节",
                "it has more than {FILE_BYTES_MAX} bytes"
            ),
        ));
    }
    let bytes = std::fs::read(path).map_err(|error| unusable(path, &error))?;
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let line = 1 + error
            .as_bytes()
            .iter()
            .take(good)
            .filter(|byte| **byte == b'\n')
            .count();
        Problem::new(
            "settings-syntax",
            text!(
                "{shown} 第 {line} 行：文件不是 UTF-8 编码",
                "{shown}, line {line}: the file is not UTF-8"
            ),
            text!("用编辑器另存为 UTF-8", "save it as UTF-8"),
        )
    })
}

fn unusable(path: &Path, error: &dyn Explain) -> Problem {
    let path = path.display();
    Problem::new(
        "settings-unusable",
        text!(
            error; "不能使用设置文件 {path}：{error}",
            "cannot use the settings file {path}: {error}"
        ),
        text!("检查路径和权限", "check the path and its permissions"),
    )
}

type Entry<'a> = Spanned<DeValue<'a>>;

/// A settings file as it is read.
struct File<'a> {
    path: &'a Path,
    text: &'a str,
}

impl File<'_> {
    fn line(&self, offset: usize) -> usize {
        1 + self
            .text
            .bytes()
            .take(offset)
            .filter(|byte| *byte == b'\n')
            .count()
    }

    fn wrong(&self, code: &str, offset: usize, what: &Text) -> Problem {
        let (path, line, Text { zh, en }) = (self.path.display(), self.line(offset), what);
        Problem::new(
            code,
            text!("{path} 第 {line} 行：{zh}", "{path}, line {line}: {en}"),
            text!(
                "改正该行后重试；各项设置见 mesh-node config --help",
                "correct that line and try again; mesh-node config --help tells about settings"
            ),
        )
    }

    fn check_known(&self, key: &Spanned<std::borrow::Cow<'_, str>>) -> Result<(), Problem> {
        let (name, start) = (key.get_ref(), key.span().start);
        if FIELDS.contains(&name.as_ref()) {
            return Ok(());
        }
        let (zh, en) = (FIELDS.join("、"), FIELDS.join(", "));
        let what = text!(
            "没有名为 {name} 的设置，可用：{zh}",
            "there is no setting `{name}`: one of {en}"
        );
        Err(self.wrong("settings-unknown", start, &what))
    }

    fn without_node(&self) -> Problem {
        let path = self.path.display();
        Problem::new(
            "settings-value",
            text!("{path}：缺少 `node`", "{path}: `node` is missing"),
            text!(
                "请加上一行：`node = \"本节点的 12 位代码\"`",
                "add a line node = \"the 12 digits of this node's code\""
            ),
        )
    }

    fn field<T>(
        &self,
        table: &DeTable<'_>,
        name: &'static str,
        parse: impl Fn(&DeValue<'_>) -> Result<T, Text>,
    ) -> Result<Option<InFile<T>>, Problem> {
        table
            .get(name)
            .map(|entry| self.value(name, entry, parse))
            .transpose()
    }

    fn value<T>(
        &self,
        name: &str,
        entry: &Entry<'_>,
        parse: impl Fn(&DeValue<'_>) -> Result<T, Text>,
    ) -> Result<InFile<T>, Problem> {
        let start = entry.span().start;
        let value = parse(entry.get_ref()).map_err(|Text { zh, en }| {
            self.wrong(
                "settings-value",
                start,
                &text!("{name}：{zh}", "`{name}`: {en}"),
            )
        })?;
        Ok(InFile {
            value,
            line: self.line(start),
        })
    }

    /// Where neighbours can be dialled, by their codes: one address or a list.
    fn addresses(
        &self,
        table: &DeTable<'_>,
        code: impl Fn(&str) -> Result<NodeId, Text>,
    ) -> Result<Option<InFile<DialAddresses>>, Problem> {
        let Some(entry) = table.get("addresses") else {
            return Ok(None);
        };
        let start = entry.span().start;
        let DeValue::Table(listed) = entry.get_ref() else {
            let what = text!(
                "`addresses`：应为 `[addresses]` 一节，每行写 `\"节点代码\" = \"地址\"`",
                "`addresses`: a section [addresses] is needed, with lines \"code\" = \"address\""
            );
            return Err(self.wrong("settings-value", start, &what));
        };
        let mut addresses = BTreeMap::new();
        for (key, entry) in listed {
            let node = code(key.get_ref())
                .map_err(|what| self.wrong("settings-value", key.span().start, &what))?;
            let one = |entry: &Entry<'_>| {
                let address = self.value("addresses", entry, |value| dial_address(string(value)?));
                address.map(|address| address.value)
            };
            let found = match entry.get_ref() {
                DeValue::Array(array) => array.iter().map(one).collect::<Result<Vec<_>, _>>()?,
                _ => vec![one(entry)?],
            };
            let few = |_: &DeValue<'_>| few_enough(found.clone());
            addresses.insert(node, self.value("addresses", entry, few)?.value);
        }
        let line = self.line(start);
        Ok(Some(InFile {
            value: addresses,
            line,
        }))
    }

    /// The addresses, each with its own line if it is wrong.
    fn listen(&self, table: &DeTable<'_>) -> Result<Option<InFile<Vec<String>>>, Problem> {
        let Some(entry) = table.get("listen") else {
            return Ok(None);
        };
        let DeValue::Array(array) = entry.get_ref() else {
            let what = text!(
                "`listen`：应为数组，如 `[\"/ip4/…\"]`",
                "`listen`: a list is needed, such as [\"/ip4/…\"]"
            );
            return Err(self.wrong("settings-value", entry.span().start, &what));
        };
        let one = |entry| self.value("listen", entry, |value| listen_address(string(value)?));
        let addresses: Vec<InFile<String>> = array.iter().map(one).collect::<Result<_, _>>()?;
        let addresses = addresses.into_iter().map(|address| address.value).collect();
        let few = |_: &DeValue<'_>| few_enough(Vec::clone(&addresses));
        self.value("listen", entry, few).map(Some)
    }
}

fn string<'a>(value: &'a DeValue<'_>) -> Result<&'a str, Text> {
    match value {
        DeValue::String(text) => Ok(text),
        _ => Err(text!("应为带引号的文本", "a text in quotes is needed")),
    }
}

fn integer(value: &DeValue<'_>) -> Result<String, Text> {
    match value {
        DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
        _ => Err(text!(
            "应为整数，不加引号",
            "a whole number without quotes is needed"
        )),
    }
}
