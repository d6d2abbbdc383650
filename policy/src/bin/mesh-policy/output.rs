//! What every command gives back, and how it is written: text or one JSON object to stdout,
//! diagnostics to stderr, through writers that survive a closed pipe.

use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use crdt_model::text;
use crdt_model::text::{Explain, Language, Text};
use policy::reading::files::{CharterFiles, FilesError};
use policy::reading::finding;
use policy::review::enumeration::TooMany;
use policy::signing::key_files::KeyFileError;
use policy::signing::refusal::AdoptionRefused;
use policy::signing::sign::SignError;
use policy::{CedarCharter, Finding};
use serde_json::{Map, Value, json};

/// How the program ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Exit {
    Clean = 0,
    Findings = 1,
    /// A comparison shows that something opened.
    Wider = 2,
    CheckBroken = 3,
    Signature = 4,
    Usage = 64,
    Internal = 70,
}

impl Exit {
    /// All of them, with what they mean.
    pub(crate) fn all() -> [(Self, Text); 7] {
        [
            (Self::Clean, text!("没有问题，或允许", "clean, or allowed")),
            (
                Self::Findings,
                text!("有问题，或不允许", "findings, or denied"),
            ),
            (
                Self::Wider,
                text!(
                    "两版之间有放开的内容",
                    "something opened between two versions"
                ),
            ),
            (
                Self::CheckBroken,
                text!(
                    "章程自带的检查有未通过的",
                    "one of the charter's own checks does not hold"
                ),
            ),
            (
                Self::Signature,
                text!(
                    "文件清单或签名缺少、不对或已失效",
                    "a manifest or signature is missing, bad or stale"
                ),
            ),
            (
                Self::Usage,
                text!(
                    "用法不对，或文件、目录不能用",
                    "wrong usage, or a file or folder that cannot be used"
                ),
            ),
            (
                Self::Internal,
                text!("程序出错", "an error of this program"),
            ),
        ]
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What a command found out: the exit, text for people, and the same for programs.
pub(crate) struct Answer {
    pub(crate) exit: Exit,
    pub(crate) text: String,
    pub(crate) json: Map<String, Value>,
}

impl Answer {
    pub(crate) fn new(exit: Exit, text: String, json: Value) -> Self {
        let json = match json {
            Value::Object(json) => json,
            other => Map::from_iter([("value".to_owned(), other)]),
        };
        Self { exit, text, json }
    }
}

/// Why a command could not do what it was asked.
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) code: &'static str,
    pub(crate) message: Text,
    pub(crate) findings: Vec<Finding>,
    pub(crate) files: CharterFiles,
}

impl Failure {
    pub(crate) fn new(exit: Exit, code: &'static str, message: impl Explain) -> Self {
        let (findings, files) = (Vec::new(), CharterFiles::default());
        Self {
            exit,
            code,
            message: message.text(),
            findings,
            files,
        }
    }

    pub(crate) fn usage(message: impl Explain) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    /// A fault of this program, in the words of whatever met it.
    pub(crate) fn internal(code: &'static str, problem: &dyn std::fmt::Display) -> Self {
        Self::new(
            Exit::Internal,
            code,
            text!("程序出错（`{problem}`）；请联系技术支持", "{problem}"),
        )
    }

    /// A file or folder that cannot be written.
    pub(crate) fn unwritable(path: &Path, problem: &std::io::Error) -> Self {
        let path = path.display();
        Self::usage(text!(
            problem;
            "写不了 `{path}`：{problem}",
            "cannot write `{path}`: {problem}"
        ))
    }

    /// Findings in these files.
    pub(crate) fn findings(exit: Exit, findings: Vec<Finding>, files: &CharterFiles) -> Self {
        let count = findings.len();
        let plural = if count == 1 { "" } else { "s" };
        let message = text!("有 {count} 个问题", "{count} finding{plural}");
        Self {
            exit,
            code: "findings",
            message,
            findings,
            files: files.clone(),
        }
    }
}

impl From<FilesError> for Failure {
    fn from(error: FilesError) -> Self {
        Self::new(Exit::Usage, "unreadable", error)
    }
}

impl From<TooMany> for Failure {
    fn from(error: TooMany) -> Self {
        Self::new(Exit::Findings, "too-many-classes", with_hint(&error))
    }
}

fn with_hint(error: &TooMany) -> Text {
    let hint = TooMany::hint();
    text!(error, hint; "{error}；{hint}", "{error}; {hint}")
}

impl From<KeyFileError> for Failure {
    fn from(error: KeyFileError) -> Self {
        Self::new(Exit::Usage, "key-file", error)
    }
}

/// The charter in these files, if it opens.
pub(crate) fn open(files: &CharterFiles) -> Result<CedarCharter, Failure> {
    CedarCharter::open(files).map_err(|findings| Failure::findings(Exit::Findings, findings, files))
}

/// A refusal to sign, with the files that findings point into.
pub(crate) fn sign_failure(error: SignError, folder: &Path) -> Failure {
    let exit = match &error {
        SignError::Invalid(_) | SignError::Keyless | SignError::Bundle(_) => Exit::Findings,
        SignError::Board(_) => Exit::Findings,
        SignError::ChecksFail(_) => Exit::CheckBroken,
        SignError::Manifest(_) | SignError::Stale(_) | SignError::Signature(_) => Exit::Signature,
        SignError::PreviousManifest { .. } => Exit::Signature,
        SignError::NotReviewer { .. } | SignError::OtherReviewer { .. } => Exit::Signature,
        _ => Exit::Usage,
    };
    let message = error.text();
    match error {
        SignError::Invalid(findings) | SignError::ChecksFail(findings) => {
            let files = CharterFiles::read(folder).unwrap_or_default();
            Failure {
                message,
                ..Failure::findings(exit, findings, &files)
            }
        }
        SignError::Files(error) => error.into(),
        SignError::Key(error) => error.into(),
        _ => Failure::new(exit, "not-signed", message),
    }
}

/// A charter that a node would refuse.
pub(crate) fn refusal(refused: AdoptionRefused, files: &CharterFiles) -> Failure {
    let code = refused.code();
    let message = text!(
        refused;
        "节点不会采用本章程：{refused}",
        "a node would refuse this charter: {refused}"
    );
    let (exit, findings) = match refused {
        AdoptionRefused::Invalid(findings) => (Exit::Findings, findings),
        AdoptionRefused::Keyless | AdoptionRefused::Board(_) => (Exit::Findings, Vec::new()),
        _ => (Exit::Signature, Vec::new()),
    };
    Failure {
        exit,
        code,
        message,
        findings,
        files: files.clone(),
    }
}

/// Where and in which form a command's answer goes.
pub(crate) struct Output {
    json: bool,
    language: Language,
}

impl Output {
    pub(crate) fn new(json: bool, language: Option<Language>) -> Self {
        let language = language.unwrap_or_else(language_of_environment);
        Self { json, language }
    }

    /// Whether text on standard output may be coloured.
    pub(crate) fn colour(&self) -> bool {
        std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
    }

    /// The language asked for.
    pub(crate) fn language(&self) -> Language {
        self.language
    }

    /// A title in the language asked for.
    pub(crate) fn title<'a>(&self, title: &'a Text) -> &'a str {
        title.in_language(self.language)
    }

    /// A message in the language asked for.
    pub(crate) fn say(&self, text: Text) -> String {
        text.into_language(self.language)
    }

    /// Writes help, and says how to end.
    pub(crate) fn print(&self, text: &str) -> Exit {
        match write(&mut std::io::stdout().lock(), text) {
            true => Exit::Clean,
            false => Exit::Internal,
        }
    }

    /// Writes what a command gave back and says how to end.
    pub(crate) fn end(&self, result: Result<Answer, Failure>) -> Exit {
        let (exit, written) = match result {
            Ok(answer) if self.json => (answer.exit, self.object(answer.exit, answer.json)),
            Ok(answer) => (
                answer.exit,
                write(&mut std::io::stdout().lock(), &answer.text),
            ),
            Err(failure) if self.json => (
                failure.exit,
                self.object(failure.exit, self.failure_object(&failure)),
            ),
            Err(failure) => (failure.exit, self.diagnose(&failure)),
        };
        if written { exit } else { Exit::Internal }
    }

    fn object(&self, exit: Exit, mut object: Map<String, Value>) -> bool {
        object.insert("exit".to_owned(), json!(exit as u8));
        write(
            &mut std::io::stdout().lock(),
            &format!("{}\n", Value::Object(object)),
        )
    }

    fn failure_object(&self, failure: &Failure) -> Map<String, Value> {
        let findings = failure
            .findings
            .iter()
            .map(|finding| finding_object(finding, &failure.files));
        Map::from_iter([
            ("code".to_owned(), json!(failure.code)),
            ("message".to_owned(), json!(failure.message)),
            ("findings".to_owned(), findings.collect()),
        ])
    }

    fn diagnose(&self, failure: &Failure) -> bool {
        let stderr = std::io::stderr();
        let colour = stderr.is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let findings =
            finding::render_all(&failure.findings, &failure.files, colour, self.language);
        let (code, message) = (failure.code, self.title(&failure.message));
        let line = self.say(text!(
            "{message}（代码 {code}）\n",
            "error[{code}]: {message}\n"
        ));
        write(&mut stderr.lock(), &format!("{findings}{line}"))
    }
}

pub(crate) fn finding_object(finding: &Finding, files: &CharterFiles) -> Value {
    let (line, column) = finding.position(files).unzip();
    json!({
        "code": finding.code, "severity": finding.severity, "file": finding.file,
        "line": line, "column": column, "message": finding.message, "hint": finding.hint,
    })
}

/// Writes all of a text. A reader that went away, as `| head` does, is no error.
fn write(to: &mut impl Write, text: &str) -> bool {
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Ok(()) => true,
        Err(error) => error.kind() == ErrorKind::BrokenPipe,
    }
}

fn language_of_environment() -> Language {
    let set = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(set);
    locale
        .and_then(|locale| Language::of_locale(&locale))
        .unwrap_or(Language::En)
}
