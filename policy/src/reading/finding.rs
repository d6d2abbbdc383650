//! Findings: everything that is wrong with a charter, each with its place, what is wrong there and
//! what to do about it. All of them are collected, so that one run shows a reviewer all the work.

use std::fmt;
use std::ops::Range;

use crdt_model::text;
use crdt_model::text::{Explain, Language, Text};
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource};
use serde::Serialize;

use crate::reading::characters::{LINE_CHARACTERS_MAX, visible};
use crate::reading::files::CharterFiles;
use crate::reading::translation;

/// How what renders findings announces advice.
const ADVICE: &str = "help: ";
/// Findings that are shown with the lines they are about.
const SHOWN_MAX: usize = 50;

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The charter is refused.
    Error,
    /// The charter holds, but a reviewer should not sign it like this.
    Warning,
    /// The charter holds, and a reviewer should know this.
    Note,
}

/// One thing that is wrong with a charter.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    /// A stable name of the kind of finding, such as `kinds::unknown-vocabulary`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The file, by its path in the charter folder.
    pub file: String,
    /// The bytes of the file that it is about.
    pub span: Option<Range<usize>>,
    /// What is wrong: no full stop, input in backticks; in English in lower case.
    pub message: Text,
    /// What to do about it.
    pub hint: Option<Text>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", visible(&self.file), visible(&self.message.en))
    }
}

impl std::error::Error for Finding {}

impl Explain for Finding {
    fn text(&self) -> Text {
        let file = visible(&self.file);
        let Text { zh, en } = &self.message;
        let (zh, en) = (visible(zh), visible(en));
        text!("{file}：{zh}", "{file}: {en}")
    }
}

impl Finding {
    /// An error in a file.
    pub fn error(code: &'static str, file: &str, message: Text) -> Self {
        Self {
            code,
            severity: Severity::Error,
            file: file.to_owned(),
            span: None,
            message,
            hint: None,
        }
    }

    /// What a reviewer should not sign.
    pub fn warning(code: &'static str, file: &str, message: Text) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, file, message)
        }
    }

    /// What a reviewer should know.
    pub fn note(code: &'static str, file: &str, message: Text) -> Self {
        Self {
            severity: Severity::Note,
            ..Self::error(code, file, message)
        }
    }

    /// An error that a parser or validator reported, with its place and its advice.
    pub(crate) fn from_diagnostic(
        code: &'static str,
        file: &str,
        problem: &dyn Diagnostic,
    ) -> Self {
        let label = problem.labels().and_then(|mut labels| labels.next());
        let span = label.map(|label| label.offset()..label.offset() + label.len());
        let message = problem.to_string();
        let message = translation::of_cedar(message.trim_end_matches('.'));
        Self {
            hint: problem
                .help()
                .map(|help| translation::of_help(&help.to_string())),
            ..Self::error(code, file, message).at(span)
        }
    }

    /// The same finding at these bytes of its file.
    #[must_use]
    pub fn at(mut self, span: Option<Range<usize>>) -> Self {
        self.span = span;
        self
    }

    /// The same finding with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: Text) -> Self {
        self.hint = Some(hint);
        self
    }

    /// Line and column, both from 1, where the finding begins.
    pub fn position(&self, files: &CharterFiles) -> Option<(usize, usize)> {
        let content = files.files.get(&self.file)?;
        let before = content.get(..self.span.as_ref()?.start)?;
        let before = String::from_utf8_lossy(before);
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .map_or(0, |last| last.chars().count())
            + 1;
        Some((line, column))
    }

    /// The finding as text, with the lines it is about and a caret under the place.
    pub fn render(&self, files: &CharterFiles, colour: bool, language: Language) -> String {
        let theme = if colour {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        let handler = GraphicalReportHandler::new_themed(theme).with_links(false);
        let shown = Shown {
            source: self.source(files),
            position: self.position(files),
            finding: self,
            language,
        };
        let mut text = String::new();
        match (handler.render_report(&mut text, &shown), language) {
            (Ok(()), Language::En) => text,
            (Ok(()), Language::Zh) => with_chinese_advice(text),
            (Err(_), _) => format!("{}\n", self.text().in_language(language)),
        }
    }

    /// The text that the finding is in, as it can be shown: what a reader would not see is marked,
    /// and a text with lines that fill the screen is left out.
    fn source(&self, files: &CharterFiles) -> Option<NamedSource<String>> {
        let content = std::str::from_utf8(files.files.get(&self.file)?).ok()?;
        let too_long = |line: &str| line.chars().count() > LINE_CHARACTERS_MAX;
        if content.lines().any(too_long) {
            return None;
        }
        let language = if self.file.ends_with(".cedar") {
            "cedar"
        } else {
            "toml"
        };
        Some(NamedSource::new(visible(&self.file), visible(content)).with_language(language))
    }
}

/// A rendered finding whose advice is not announced in English.
fn with_chinese_advice(text: String) -> String {
    match text.rsplit_once(ADVICE) {
        Some((before, after)) => format!("{before}建议：{after}"),
        None => text,
    }
}

/// All findings as one text; of very many the first ones, and how many more there are.
pub fn render_all(
    findings: &[Finding],
    files: &CharterFiles,
    colour: bool,
    language: Language,
) -> String {
    let shown = findings.iter().take(SHOWN_MAX);
    let mut text: String = shown
        .map(|finding| finding.render(files, colour, language))
        .collect();
    if let Some(more) = findings
        .len()
        .checked_sub(SHOWN_MAX)
        .filter(|more| *more > 0)
    {
        let rest = text!(
            "另有 {more} 个问题；请先改正以上各项\n",
            "and {more} more; mend these first\n"
        );
        text.push_str(rest.in_language(language));
    }
    text
}

/// A finding together with the text it points into, as miette wants it.
#[derive(Debug)]
struct Shown<'a> {
    finding: &'a Finding,
    source: Option<NamedSource<String>>,
    position: Option<(usize, usize)>,
    language: Language,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = visible(self.finding.message.in_language(self.language));
        match self.position {
            Some(_) if self.source.is_some() => f.write_str(&message),
            Some((line, column)) => {
                write!(
                    f,
                    "{}:{line}:{column}: {message}",
                    visible(&self.finding.file)
                )
            }
            None => f.write_str(self.finding.text().in_language(self.language)),
        }
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.finding.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.finding.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let hint = self.finding.hint.as_ref()?;
        Some(Box::new(hint.in_language(self.language)))
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.finding.span.as_ref()?;
        self.source
            .as_ref()
            .map(|source| source as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.finding.span.clone()?;
        Some(Box::new(std::iter::once(LabeledSpan::underline(span))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> CharterFiles {
        let mut files = CharterFiles::default();
        files
            .files
            .insert("charter.toml".into(), "a = 1\n名 = 二\n".into());
        files
    }

    #[test]
    fn a_finding_shows_file_place_and_hint() {
        let message = text!("没有 `名` 这个键", "unknown key `名`");
        let finding = Finding::error("charter::unknown-key", "charter.toml", message)
            .at(Some(6..9))
            .hint(text!("请删去", "remove it"));
        assert_eq!(finding.position(&files()), Some((2, 1)));
        let chinese = finding.render(&files(), false, Language::Zh);
        assert!(chinese.contains("建议：请删去"), "{chinese}");
        let text = finding.render(&files(), false, Language::En);
        for part in [
            "charter::unknown-key",
            "charter.toml:2:1",
            "unknown key `名`",
            "remove it",
        ] {
            assert!(text.contains(part), "{part} is missing from\n{text}");
        }
    }

    #[test]
    fn a_finding_about_a_missing_file_still_names_it() {
        let message = text!("缺少这个文件", "the file is missing");
        let finding = Finding::error("charter::missing-file", "roster.toml", message);
        for (language, said) in [
            (Language::En, "roster.toml: the file is missing"),
            (Language::Zh, "roster.toml：缺少这个文件"),
        ] {
            let shown = finding.render(&files(), false, language);
            assert!(shown.contains(said), "{shown}");
        }
    }
}
