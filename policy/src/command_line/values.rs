//! Values on the command line, read once, with what is wrong with them in both languages.

use std::fmt;
use std::str::FromStr;

use crdt_model::ids::{CharterDigest, Name, NodeId, PublicKey, RecordId};
use crdt_model::text;
use crdt_model::text::{Language, Text};

/// What is wrong with a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said(pub Text);

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Said {}

/// A language.
///
/// # Errors
/// It is none that there is.
pub fn language(text: &str) -> Result<Language, Said> {
    text.parse().map_err(Said)
}

/// A node's code.
///
/// # Errors
/// It is none.
pub fn node(text: &str) -> Result<NodeId, Said> {
    text.parse().map_err(|_| {
        Said(text!(
            "“{text}”不是节点代码，应为 12 位数字，如 620723101201",
            "`{text}` is not a node code: 12 digits are needed, such as 620723101201"
        ))
    })
}

/// A name that the charter declares: a facet, role, sensitivity or level.
///
/// # Errors
/// It is none.
pub fn name(text: &str) -> Result<Name, Said> {
    text.parse().map_err(|_| {
        Said(text!(
            "“{text}”不能作名称：只用小写字母、数字、点和短横，以字母开头，不超过 31 个字符",
            "`{text}` is not a name: 1 to 31 of a-z, 0-9, `.`, `-`, starting with a letter"
        ))
    })
}

/// A charter's digest.
///
/// # Errors
/// It is none.
pub fn digest(text: &str) -> Result<CharterDigest, Said> {
    hexadecimal(text)
}

/// A public key.
///
/// # Errors
/// It is none.
pub fn public_key(text: &str) -> Result<PublicKey, Said> {
    hexadecimal(text)
}

fn hexadecimal<T: FromStr>(text: &str) -> Result<T, Said> {
    text.parse().map_err(|_| {
        Said(text!(
            "“{text}”不是 64 位十六进制数字",
            "`{text}` is not 64 hexadecimal digits"
        ))
    })
}

/// A record's id.
///
/// # Errors
/// It is none.
pub fn record(text: &str) -> Result<RecordId, Said> {
    text.parse().map_err(|_| {
        Said(text!(
            "“{text}”不是记录的内部编码，应为 32 位十六进制数字",
            "`{text}` is not a record's id, which has 32 hexadecimal digits"
        ))
    })
}

/// A whole number.
///
/// # Errors
/// It is none, or too large.
pub fn number<T: FromStr>(text: &str) -> Result<T, Said> {
    text.parse()
        .map_err(|_| Said(text!("“{text}”不是整数", "`{text}` is not a whole number")))
}
