//! What people read, in Simplified Chinese and English, written side by side so that neither can
//! drift from the other.

use std::fmt;

use crate::kind::Title;

/// A language of the county.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Language {
    /// Simplified Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

/// One message in both languages.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
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
}

impl From<&Title> for Text {
    fn from(title: &Title) -> Self {
        Self {
            zh: title.zh.clone(),
            en: title.en.clone(),
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}", self.zh, self.en)
    }
}

/// `text!("中文 {x}", "English {x}")`: both languages from the same arguments.
#[macro_export]
macro_rules! text {
    ($zh:literal, $en:literal $(, $($argument:tt)*)?) => {
        $crate::text::Text {
            zh: format!($zh $(, $($argument)*)?),
            en: format!($en $(, $($argument)*)?),
        }
    };
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
    use super::shell_word;

    #[test]
    fn a_path_is_quoted_only_where_a_shell_would_split_it() {
        assert_eq!(shell_word("/var/lib/county-1"), "/var/lib/county-1");
        assert_eq!(shell_word("my county"), "'my county'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
        assert_eq!(shell_word(""), "''");
    }
}
