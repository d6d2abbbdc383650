//! What people read, in Simplified Chinese and English, written side by side so that neither can
//! drift from the other.

use std::fmt;
use std::io::ErrorKind;
use std::str::FromStr;

/// A language of the county.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Language {
    /// Simplified Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

impl Language {
    /// The word that people type for it: `zh` or `en`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }

    /// The language of a locale such as `zh_CN.UTF-8`, if it is one of the two.
    pub fn of_locale(locale: &str) -> Option<Self> {
        [Self::Zh, Self::En]
            .into_iter()
            .find(|language| locale.starts_with(language.code()))
    }
}

impl FromStr for Language {
    type Err = Text;

    fn from_str(word: &str) -> Result<Self, Text> {
        match word {
            "zh" => Ok(Self::Zh),
            "en" => Ok(Self::En),
            _ => Err(crate::text!(
                "没有“{word}”这种语言；可选：`zh`、`en`",
                "`{word}` is not a language; choose zh or en"
            )),
        }
    }
}

/// One message in both languages.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Simplified Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Text {
    /// The message in one language.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.zh,
            Language::En => &self.en,
        }
    }

    /// The message in one language, where the other is not needed any more.
    pub fn into_language(self, language: Language) -> String {
        match language {
            Language::Zh => self.zh,
            Language::En => self.en,
        }
    }
}

impl std::error::Error for Text {}

/// What can be said to people in both languages, such as an error. Logs have the English text
/// (`Display`), people have one of the two.
pub trait Explain {
    /// It in both languages.
    fn text(&self) -> Text;
}

impl Explain for Text {
    fn text(&self) -> Text {
        self.clone()
    }
}

impl<T: Explain + ?Sized> Explain for &T {
    fn text(&self) -> Text {
        (**self).text()
    }
}

impl<T: Explain + ?Sized> Explain for Box<T> {
    fn text(&self) -> Text {
        (**self).text()
    }
}

impl From<&Self> for Text {
    fn from(lent: &Self) -> Self {
        lent.clone()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}", self.zh, self.en)
    }
}

/// `text!("中文 {x}", "English {x}")`: both languages from the same arguments.
///
/// `text!(why; "中文：{why}", "English: {why}")`: what stands before the semicolon is a variable with
/// something that explains itself ([`Explain`](crate::text::Explain)); each language takes its own
/// half of it.
#[macro_export]
macro_rules! text {
    ($zh:literal, $en:literal $(, $($argument:tt)*)?) => {
        $crate::text::Text {
            zh: format!($zh $(, $($argument)*)?),
            en: format!($en $(, $($argument)*)?),
        }
    };
    ($($part:ident),+; $zh:literal, $en:literal $(, $($argument:tt)*)?) => {{
        $(let $part = $crate::text::Explain::text(&$part);)+
        $crate::text::Text {
            zh: {
                $(let $part = &$part.zh;)+
                format!($zh $(, $($argument)*)?)
            },
            en: {
                $(let $part = &$part.en;)+
                format!($en $(, $($argument)*)?)
            },
        }
    }};
}

/// `explained!(A, B)`: `Display` of errors that explain themselves, which is their English text.
#[macro_export]
macro_rules! explained {
    ($($error:ty),+ $(,)?) => {
        $(
            impl ::std::fmt::Display for $error {
                fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    f.write_str(&$crate::text::Explain::text(self).en)
                }
            }

            impl ::std::error::Error for $error {}
        )+
    };
}

/// What the operating system says, in English as it says it, and in Chinese by its kind.
impl Explain for std::io::Error {
    fn text(&self) -> Text {
        let said = match self.kind() {
            ErrorKind::NotFound => "找不到文件或目录",
            ErrorKind::PermissionDenied => "没有权限",
            ErrorKind::AlreadyExists => "已经存在",
            ErrorKind::StorageFull => "磁盘已满",
            ErrorKind::QuotaExceeded => "磁盘配额已用完",
            ErrorKind::ReadOnlyFilesystem => "磁盘是只读的",
            ErrorKind::FileTooLarge => "文件太大",
            ErrorKind::IsADirectory => "是目录，不是文件",
            ErrorKind::NotADirectory => "不是目录",
            ErrorKind::DirectoryNotEmpty => "目录不是空的",
            ErrorKind::InvalidData => "内容读不懂，或不是 UTF-8 文本",
            ErrorKind::InvalidInput => "名称或参数不能用",
            ErrorKind::UnexpectedEof => "内容不完整",
            ErrorKind::ResourceBusy | ErrorKind::ExecutableFileBusy => "正被其他程序使用",
            ErrorKind::TooManyLinks => "链接过多",
            ErrorKind::CrossesDevices => "两处不在同一个磁盘上",
            ErrorKind::OutOfMemory => "内存不足",
            ErrorKind::TimedOut => "等待超时",
            ErrorKind::Interrupted => "操作被中断",
            ErrorKind::WouldBlock => "暂时不能完成",
            ErrorKind::Unsupported => "操作系统不支持这项操作",
            ErrorKind::ConnectionRefused => "对方没有接受连接",
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => "连接断开",
            ErrorKind::NotConnected => "没有连接",
            ErrorKind::BrokenPipe => "接收的一方已经关闭",
            ErrorKind::AddrInUse => "地址已被占用",
            ErrorKind::AddrNotAvailable => "本机没有这个地址",
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "网络不通",
            ErrorKind::NetworkDown => "网络没有开启",
            _ => "操作系统没有完成这项操作",
        };
        let number = self.raw_os_error();
        let number = number.map_or(String::new(), |number| format!("（os error {number}）"));
        Text {
            zh: format!("{said}{number}"),
            en: self.to_string(),
        }
    }
}

/// What a library says, in English alone: in backticks in Chinese.
#[derive(Clone, Copy, Debug)]
pub struct Quoted<Said>(pub Said);

impl<Said: fmt::Display> Explain for Quoted<Said> {
    fn text(&self) -> Text {
        let said = &self.0;
        crate::text!("`{said}`", "{said}")
    }
}

/// A word as a shell reads it.
pub fn shell_word(word: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "/._-+:,@=".contains(char);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// What went wrong, and what to do about it.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Problem {
    /// A stable word that programs can test, such as `store-locked`.
    pub code: String,
    /// What happened.
    pub what: Text,
    /// What to do next.
    pub next: Text,
}

impl Problem {
    /// A problem with its code, what happened and what to do next.
    pub fn new(code: &str, what: Text, next: Text) -> Self {
        Self {
            code: code.to_owned(),
            what,
            next,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.code, self.what, self.next)
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::{Explain, Language, Text, shell_word};

    #[test]
    fn each_language_takes_its_own_half_of_what_a_text_is_about() {
        let why = text!("没有权限", "no permission");
        let said =
            text!(why; "没有保存 {file}：{why}", "{file} was not saved: {why}", file = "a.csv");
        assert_eq!(said.zh, "没有保存 a.csv：没有权限");
        assert_eq!(said.en, "a.csv was not saved: no permission");
    }

    #[test]
    fn what_the_operating_system_says_has_no_english_in_chinese() {
        let missing = std::fs::read("/no/such/folder").expect_err("it is not there");
        assert_eq!(missing.text().zh, "找不到文件或目录（os error 2）");
        assert_eq!(missing.text().en, missing.to_string());
        let unknown = std::io::Error::other("anything");
        assert_eq!(unknown.text().zh, "操作系统没有完成这项操作");
        let uncommon = std::io::Error::from_raw_os_error(74);
        assert_eq!(
            uncommon.text().zh,
            "操作系统没有完成这项操作（os error 74）"
        );
    }

    #[test]
    fn languages_are_read_as_they_are_written() {
        for language in [Language::Zh, Language::En] {
            assert_eq!(language.code().parse(), Ok(language));
        }
        assert!(
            "fr".parse::<Language>()
                .is_err_and(|said: Text| said.zh.contains("`zh`、`en`"))
        );
        assert_eq!(Language::of_locale("zh_CN.UTF-8"), Some(Language::Zh));
        assert_eq!(Language::of_locale("en_GB.UTF-8"), Some(Language::En));
        assert_eq!(Language::of_locale("C"), None);
    }

    #[test]
    fn a_path_is_quoted_only_where_a_shell_would_split_it() {
        assert_eq!(shell_word("/var/lib/county-1"), "/var/lib/county-1");
        assert_eq!(shell_word("my county"), "'my county'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
        assert_eq!(shell_word(""), "''");
    }
}
