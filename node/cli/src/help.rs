//! Help in two languages. The commands are declared once, without words; each file of a command
//! brings its words, both languages side by side, and they are put in before the command line is
//! read.

use clap::{Arg, ArgAction, Command};

use super::exit::Exit;
use crdt_model::text;
use crdt_model::text::{Language, Text};

/// The words of one command: what it does, its arguments, its own commands.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    about: Text,
    after: Option<Text>,
    arguments: Vec<(&'static str, Text)>,
    commands: Vec<(&'static str, Words)>,
}

impl Words {
    /// A command that does this.
    pub(super) fn new(about: Text) -> Self {
        Self {
            about,
            ..Self::default()
        }
    }

    /// With an argument.
    #[must_use]
    pub(super) fn argument(mut self, id: &'static str, text: Text) -> Self {
        self.arguments.push((id, text));
        self
    }

    /// With the argument `role` of those who look.
    #[must_use]
    pub(super) fn role(self) -> Self {
        self.argument(
            "role",
            text!(
                "查看人的岗位（默认为章程列出的第一个）",
                "the role of whoever looks (default: the first of the charter)"
            ),
        )
    }

    /// With the argument `period` of what covers one.
    #[must_use]
    pub(super) fn period(self) -> Self {
        self.argument(
            "period",
            text!(
                "周期：day 日、week 周（周一至周日）、month 月、quarter 季",
                "day, week (Monday to Sunday), month or quarter"
            ),
        )
    }

    /// With a command of its own.
    #[must_use]
    pub(super) fn command(mut self, name: &'static str, words: Self) -> Self {
        self.commands.push((name, words));
        self
    }

    /// With something to be said at the end.
    #[must_use]
    pub(super) fn after(mut self, text: Text) -> Self {
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
pub(super) fn speak(command: Command, words: &Words, language: Language) -> Command {
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
            let argument = argument.help_heading(heading);
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
pub(super) fn help_and_version(language: Language) -> [Arg; 2] {
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
pub(super) fn exit_codes() -> Text {
    let line = |exit: Exit, text: &str| format!("  {:>2}  {text}\n", exit as u8);
    let (mut zh, mut en) = ("退出码：\n".to_owned(), "Exit codes:\n".to_owned());
    for (exit, meaning) in Exit::all() {
        zh.push_str(&line(exit, &meaning.zh));
        en.push_str(&line(exit, &meaning.en));
    }
    Text {
        zh: zh.trim_end().to_owned(),
        en: en.trim_end().to_owned(),
    }
}

/// What is left without words, as `command argument`; nothing, if all is well.
#[cfg(test)]
pub(super) fn wordless(command: &Command, words: &Words) -> Vec<String> {
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
