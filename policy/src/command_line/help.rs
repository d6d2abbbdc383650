//! Help in two languages. The commands are declared once, without words; each file of a command
//! brings its words, both languages side by side, and they are put in before the command line is
//! read.

use clap::{Arg, ArgAction, Command};

use crdt_model::text;
use crdt_model::text::{Language, Text};

/// The words of one command: what it does, its arguments, its own commands.
#[derive(Clone, Debug, Default)]
pub struct Words {
    about: Text,
    after: Option<Text>,
    arguments: Vec<(&'static str, Text)>,
    commands: Vec<(&'static str, Words)>,
}

impl Words {
    /// A command that does this.
    pub fn new(about: Text) -> Self {
        Self {
            about,
            ..Self::default()
        }
    }

    /// With an argument.
    #[must_use]
    pub fn argument(mut self, id: &'static str, text: Text) -> Self {
        self.arguments.push((id, text));
        self
    }

    /// With a command of its own.
    #[must_use]
    pub fn command(mut self, name: &'static str, words: Self) -> Self {
        self.commands.push((name, words));
        self
    }

    /// With something to be said at the end.
    #[must_use]
    pub fn after(mut self, text: Text) -> Self {
        self.after = Some(text);
        self
    }

    fn of_argument(&self, id: &str) -> Option<&Text> {
        self.arguments
            .iter()
            .find(|(known, _)| *known == id)
            .map(|(_, text)| text)
    }

    fn of_command(&self, name: &str) -> Option<&Self> {
        self.commands
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, words)| words)
    }
}

/// Puts the words into a command and all commands below it. What has no words keeps what it has.
pub fn speak(command: Command, words: &Words, language: Language) -> Command {
    let say = |text: Text| text.in_language(language).to_owned();
    let headings = headings(language);
    let command = command
        .about(words.about.in_language(language).to_owned())
        .disable_help_flag(true)
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .help_template(say(text!(
            "{{about-with-newline}}\n用法：{{usage}}\n\n{{all-args}}{{after-help}}",
            "{{about-with-newline}}\nUsage: {{usage}}\n\n{{all-args}}{{after-help}}"
        )))
        .subcommand_help_heading(headings.commands)
        .subcommand_value_name(headings.command)
        .mut_args(|argument| {
            let positional = argument.is_positional();
            let heading = if positional {
                headings.positionals
            } else {
                headings.options
            };
            let argument = in_words(argument.help_heading(heading), language);
            match words.of_argument(argument.get_id().as_str()) {
                Some(text) => argument.help(text.in_language(language).to_owned()),
                None => argument,
            }
        })
        .mut_subcommands(|command| match words.of_command(command.get_name()) {
            Some(words) => speak(command, words, language),
            None => command,
        });
    match &words.after {
        Some(after) => command.after_help(after.in_language(language).to_owned()),
        None => command,
    }
}

/// What stands for a value in help, in Chinese.
const VALUES: &[(&str, &str)] = &[
    ("ADDR", "地址"),
    ("ANY", "任意"),
    ("CHARTER", "章程目录"),
    ("CODE", "节点代码"),
    ("DATE", "日期"),
    ("DAY", "日期"),
    ("DIGEST", "摘要"),
    ("DIR", "目录"),
    ("ENCODING", "编码"),
    ("FACTOR", "倍数"),
    ("FIELD", "字段"),
    ("FIELD=VALUE", "字段=值"),
    ("FILE", "文件"),
    ("FILE.html", "网页文件"),
    ("FILE.pub", "公钥文件"),
    ("HEX", "公钥"),
    ("HOURS", "小时数"),
    ("ID", "内部编码"),
    ("KIND", "类型"),
    ("LEVEL", "级别"),
    ("MEASURE", "指标"),
    ("MIB", "MiB"),
    ("N", "数量"),
    ("NAME", "名称"),
    ("NEW", "新目录"),
    ("NODE", "节点代码"),
    ("OLD", "原目录"),
    ("PATH=TIME", "字段=时间"),
    ("PORT", "端口"),
    ("RECORD", "编号"),
    ("ROLE", "岗位"),
    ("SECONDS", "秒"),
    ("TEXT", "文字"),
    ("TIME", "时间"),
    ("[FACET=]CODE", "[分项=]代码"),
    ("[FACET=]WORD", "[分项=]词"),
];

/// An argument whose value has a name in the language.
fn in_words(argument: Arg, language: Language) -> Arg {
    let names = argument.get_value_names().unwrap_or_default();
    let unnamed = names.is_empty() && !argument.is_positional();
    if unnamed && argument.get_action().takes_values() && language == Language::Zh {
        return argument.value_name("值");
    }
    let [name] = names else { return argument };
    let known = VALUES.iter().find(|(known, _)| *known == name.as_str());
    match (known, language) {
        (Some((_, zh)), Language::Zh) => argument.value_name(*zh),
        _ => argument,
    }
}

/// What stands above the parts of help.
struct Headings {
    options: &'static str,
    positionals: &'static str,
    commands: &'static str,
    command: &'static str,
}

fn headings(language: Language) -> Headings {
    match language {
        Language::Zh => Headings {
            options: "选项",
            positionals: "参数",
            commands: "命令",
            command: "命令",
        },
        Language::En => Headings {
            options: "Options",
            positionals: "Arguments",
            commands: "Commands",
            command: "COMMAND",
        },
    }
}

/// The flags that every command has: help and version.
pub fn help_and_version(language: Language) -> [Arg; 2] {
    let say = |text: Text| text.in_language(language).to_owned();
    let heading = headings(language).options;
    [
        Arg::new("help")
            .short('h')
            .long("help")
            .action(ArgAction::Help)
            .global(true)
            .display_order(990)
            .help_heading(heading)
            .help(say(text!("显示帮助", "show this help"))),
        Arg::new("version")
            .short('V')
            .long("version")
            .action(ArgAction::Version)
            .display_order(991)
            .help_heading(heading)
            .help(say(text!("显示版本", "show the version"))),
    ]
}

/// The exit codes, as a list for people.
pub fn exit_codes(codes: impl IntoIterator<Item = (u8, Text)>) -> Text {
    let line = |code: u8, text: &str| format!("  {code:>2}  {text}\n");
    let (mut zh, mut en) = ("退出码：\n".to_owned(), "Exit codes:\n".to_owned());
    for (code, meaning) in codes {
        zh.push_str(&line(code, &meaning.zh));
        en.push_str(&line(code, &meaning.en));
    }
    Text {
        zh: zh.trim_end().to_owned(),
        en: en.trim_end().to_owned(),
    }
}

/// What is left without words, as `command argument`; nothing, if all is well.
pub fn wordless(command: &Command, words: &Words) -> Vec<String> {
    let name = command.get_name();
    let mut missing = Vec::new();
    for argument in command.get_arguments() {
        if words.of_argument(argument.get_id().as_str()).is_none() {
            missing.push(format!("{name} {}", argument.get_id()));
        }
    }
    for (id, _) in &words.arguments {
        if !command
            .get_arguments()
            .any(|argument| argument.get_id() == id)
        {
            missing.push(format!("{name} has no {id}"));
        }
    }
    for child in command.get_subcommands() {
        match words.of_command(child.get_name()) {
            Some(words) => missing.extend(wordless(child, words)),
            None => missing.push(format!("{name} {}", child.get_name())),
        }
    }
    missing
}
