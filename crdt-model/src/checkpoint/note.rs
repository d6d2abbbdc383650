//! Checkpoints as text.
//!
//! ```text
//! countymesh/620723000000/charter                      origin
//! 3                                                    size, decimal
//! CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=         root, base 64
//!
//! — 620723101000.countymesh …                          key id, u64 be seconds, signature; base 64
//! ```
//!
//! A file holds one note or several, with an empty line between two. Names and numbers have one
//! spelling, and all else is refused; signatures of keys that are no township's are let be, as
//! `signed-note` wants it.
//!
//! Sources: C2SP `tlog-checkpoint`, `signed-note`, `tlog-cosignature` v1.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64ct::{Base64, Encoding};

use super::cosignature::{key_id, key_name};
use super::{Checkpoint, Cosignature, origin};
use crate::ids::{NodeId, PublicKey, RootHash};
use crate::limits::{NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX};

/// What a signature line begins with: an em dash and a space.
const DASH: &str = "\u{2014} ";

/// One note, read. What its signatures are worth is not known yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// What was signed.
    pub checkpoint: Checkpoint,
    /// Signatures under names of nodes of this county.
    pub signatures: Vec<NoteSignature>,
    /// Signatures under other names, which say nothing here.
    pub others: usize,
}

/// One signature line of a township.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoteSignature {
    /// The signature, as the township gave it.
    pub cosignature: Cosignature,
    key_id: [u8; 4],
}

impl NoteSignature {
    /// Whether this key made it.
    pub fn made_by(&self, key: &PublicKey) -> bool {
        let cosigner = self.cosignature.cosigner;
        self.key_id == key_id(&key_name(cosigner), key) && self.cosignature.signed_by(key)
    }
}

/// Why a text is no note.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// More than is read.
    #[error(
        "more than {NOTE_BYTES_MAX} bytes, or more than {NOTE_SIGNATURES_MAX} signatures in one note"
    )]
    TooLarge,
    /// A line that is not what must stand there.
    #[error("line {line}: {needed}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What must stand there.
        needed: &'static str,
    },
}

/// The text of these cosignatures: one note for each checkpoint, the smallest first. `key_of` says
/// with which key a township signs at a size; whoever has none is left out.
pub fn print<'a>(
    cosignatures: impl IntoIterator<Item = &'a Cosignature>,
    key_of: impl Fn(u64, NodeId) -> Option<PublicKey>,
) -> String {
    let mut notes: BTreeMap<(u64, RootHash), Vec<&Cosignature>> = BTreeMap::new();
    for one in cosignatures {
        notes.entry((one.size, one.root)).or_default().push(one);
    }
    let mut texts = Vec::new();
    for mut signed in notes.into_values() {
        signed.sort_by_key(|one| (one.cosigner, one.time_s));
        signed.dedup();
        let lines: String = signed
            .iter()
            .filter_map(|one| Some(line(one, &key_of(one.size, one.cosigner)?)))
            .collect();
        if let Some(first) = signed.first().filter(|_| !lines.is_empty()) {
            texts.push(format!("{}\n{lines}", first.checkpoint().body()));
        }
    }
    texts.join("\n")
}

fn line(one: &Cosignature, key: &PublicKey) -> String {
    let name = key_name(one.cosigner);
    let id = key_id(&name, key);
    let blob = [&id[..], &one.time_s.to_be_bytes(), &one.signature].concat();
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{DASH}{name} {}", Base64::encode_string(&blob));
    text
}

/// The notes in a text, in their order.
pub fn parse(text: &str) -> Result<Vec<Note>, NoteError> {
    if text.len() > NOTE_BYTES_MAX {
        return Err(NoteError::TooLarge);
    }
    let mut lines = Lines::new(text)?;
    let mut notes = vec![lines.note()?];
    while lines.rest.peek().is_some() {
        if !lines.next().is_empty() {
            return Err(lines.fault("a signature, or an empty line before the next note"));
        }
        notes.push(lines.note()?);
    }
    Ok(notes)
}

/// The lines not yet read, with the number of the last one taken.
struct Lines<'a> {
    rest: std::iter::Peekable<std::str::Split<'a, char>>,
    line: usize,
}

impl<'a> Lines<'a> {
    /// Of a text that ends in a newline, as every note does.
    fn new(text: &'a str) -> Result<Self, NoteError> {
        let whole = text.strip_suffix('\n').ok_or(NoteError::Line {
            line: text.split('\n').count(),
            needed: "a newline at the end",
        })?;
        Ok(Self {
            rest: whole.split('\n').peekable(),
            line: 0,
        })
    }

    fn fault(&self, needed: &'static str) -> NoteError {
        let line = self.line;
        NoteError::Line { line, needed }
    }

    fn next(&mut self) -> &'a str {
        self.line += 1;
        self.rest.next().unwrap_or("")
    }

    fn note(&mut self) -> Result<Note, NoteError> {
        let checkpoint = self.checkpoint()?;
        if !self.next().is_empty() {
            return Err(self.fault("an empty line between the checkpoint and its signatures"));
        }
        let mut note = Note {
            checkpoint,
            signatures: Vec::new(),
            others: 0,
        };
        while self.rest.peek().is_some_and(|line| line.starts_with(DASH)) {
            match self.signature(&checkpoint)? {
                Some(signature) => note.signatures.push(signature),
                None => note.others += 1,
            }
            if note.signatures.len() + note.others > NOTE_SIGNATURES_MAX {
                return Err(NoteError::TooLarge);
            }
        }
        if note.signatures.is_empty() && note.others == 0 {
            self.line += 1;
            return Err(self.fault("a signature: an em dash, a name and base 64"));
        }
        Ok(note)
    }

    fn checkpoint(&mut self) -> Result<Checkpoint, NoteError> {
        let line = self.next();
        let code = line.split('/').nth(1).and_then(|code| code.parse().ok());
        let county =
            code.filter(|county: &NodeId| *county == county.county() && origin(*county) == line);
        let county = county.ok_or(self.fault("`countymesh/<county code>/charter`"))?;
        let line = self.next();
        let size = line.parse().ok();
        let size = size.filter(|size: &u64| *size > 0 && size.to_string() == line);
        let size = size.ok_or(self.fault("the number of versions, from 1"))?;
        let root = Base64::decode_vec(self.next())
            .ok()
            .and_then(|root| root.try_into().ok());
        let root = root.ok_or(self.fault("the root: 32 bytes in base 64"))?;
        Ok(Checkpoint {
            county,
            size,
            root: RootHash(root),
        })
    }

    /// The signature on the next line, if it is under the name of a node of this county.
    fn signature(&mut self, checkpoint: &Checkpoint) -> Result<Option<NoteSignature>, NoteError> {
        let line = self.next();
        let words = line
            .strip_prefix(DASH)
            .and_then(|line| line.split_once(' '));
        let (name, blob) = words.ok_or(self.fault("an em dash, a name and base 64"))?;
        let plain = |letter: char| !letter.is_whitespace() && !letter.is_control() && letter != '+';
        if name.is_empty() || !name.chars().all(plain) {
            return Err(self.fault("a name without spaces and plus signs"));
        }
        let blob = Base64::decode_vec(blob).ok().filter(|blob| blob.len() > 4);
        let blob = blob.ok_or(self.fault("a key id and a signature in base 64"))?;
        let code = name.strip_suffix(".countymesh");
        let cosigner = code.and_then(|code| code.parse::<NodeId>().ok());
        let Some(cosigner) =
            cosigner.filter(|node| node.county() == checkpoint.county && key_name(*node) == name)
        else {
            return Ok(None);
        };
        let (key_id, rest) = blob.split_first_chunk().ok_or(self.fault("a key id"))?;
        let Some((time, signature)) = rest.split_first_chunk() else {
            return Ok(None);
        };
        // Another kind of signature under a name that we know is another key's.
        let Ok(signature) = signature.try_into() else {
            return Ok(None);
        };
        let cosignature = Cosignature {
            time_s: u64::from_be_bytes(*time),
            size: checkpoint.size,
            root: checkpoint.root,
            cosigner,
            signature,
        };
        let key_id = *key_id;
        Ok(Some(NoteSignature {
            cosignature,
            key_id,
        }))
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;

    /// Made with another implementation of ed25519 and SHA-256, from the secret key of 32 bytes 7.
    const GOLDEN: &str = include_str!("golden.note");

    fn township() -> NodeId {
        "620723101000".parse().expect("a code")
    }

    fn keys(_: u64, node: NodeId) -> Option<PublicKey> {
        let key = SigningKey::from_bytes(&[7; 32]);
        (node == township()).then(|| PublicKey(key.verifying_key().to_bytes()))
    }

    fn signed(size: u64, root: u8) -> Cosignature {
        let checkpoint = Checkpoint {
            county: township().county(),
            size,
            root: RootHash([root; 32]),
        };
        let key = SigningKey::from_bytes(&[7; 32]);
        Cosignature::sign(&checkpoint, township(), 1_793_491_200, &key)
    }

    #[test]
    fn a_note_is_exactly_this_text() {
        let cosignature = signed(3, 9);
        assert_eq!(print([&cosignature], keys), GOLDEN);
        let notes = parse(GOLDEN).expect("it is one");
        let [note] = notes.as_slice() else {
            panic!("{notes:?}");
        };
        assert_eq!(note.checkpoint, cosignature.checkpoint());
        let [signature] = note.signatures.as_slice() else {
            panic!("{note:?}");
        };
        assert_eq!(signature.cosignature, cosignature);
        assert!(signature.made_by(&keys(3, township()).expect("a key")));
        assert!(!signature.made_by(&PublicKey([3; 32])));
    }

    #[test]
    fn two_notes_of_one_size_stay_two() {
        let (one, other) = (signed(3, 9), signed(3, 8));
        let text = print([&one, &other, &one], keys);
        let notes = parse(&text).expect("they are");
        let roots: Vec<_> = notes.iter().map(|note| note.checkpoint.root).collect();
        assert_eq!(roots, [other.root, one.root]);
        assert!(notes.iter().all(|note| note.signatures.len() == 1));
    }

    #[test]
    fn signatures_of_strangers_are_let_be() {
        let stranger = "\u{2014} example.com/w1 jWbPPwAAAABkGFDL\n";
        let notes = parse(&format!("{GOLDEN}{stranger}")).expect("it is one");
        assert_eq!((notes[0].signatures.len(), notes[0].others), (1, 1));
    }

    #[test]
    fn any_other_text_is_refused() {
        let others = [
            (
                "countymesh/620723000000/charter",
                "countymesh/620723101000/charter",
            ),
            (
                "countymesh/620723000000/charter",
                "countymesh/620723000000/charter ",
            ),
            ("countymesh/620723000000/charter", "countymesh/620723000000"),
            ("\n3\n", "\n03\n"),
            ("\n3\n", "\n0\n"),
            ("\n3\n", "\n+3\n"),
            ("\n3\n", "\n3\r\n"),
            ("CQkJCQk", "CQkJCQ"),
            ("CQk=\n", "CQl=\n"),
            ("\n\n", "\n"),
            ("\n\n", "\nmore\n\n"),
            ("\n\n", "\n\n\n"),
            ("\u{2014} ", "- "),
            ("\u{2014} ", "\u{2014}  "),
            (".countymesh ", ".countymesh"),
            (".countymesh ", ".county+mesh "),
            ("==\n", "=\n"),
            ("==\n", "==\n\n"),
            ("==\n", "==\nmore\n"),
            ("==\n", "=="),
        ];
        for (from, to) in others {
            let changed = GOLDEN.replacen(from, to, 1);
            assert_ne!(changed, GOLDEN, "{from}");
            assert!(parse(&changed).is_err(), "{from} -> {to}");
        }
        let signature = "jWbPPwAAAABkGFDL";
        assert!(parse(&format!("{GOLDEN}\u{2014} example.com/w1 {signature}\n")).is_ok());
        for blob in [
            "", "Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg===", "====", "Z===", "Zg==Zg==", "Zm9v\r",
            "Zm-v", " Zm9v", "Zm9v=", "Zm9v==", "Zm9v====", "=m9v", "Z=9v", "Zm=v", "Zm\u{e9}",
        ] {
            for blob in [blob.to_owned(), format!("{signature}{blob}")] {
                let text = format!("{GOLDEN}\u{2014} example.com/w1 {blob}\n");
                assert_eq!(parse(&text).is_ok(), blob == signature, "{blob}");
            }
        }
        assert!(parse("").is_err());
        assert!(parse(&"\n".repeat(NOTE_BYTES_MAX + 1)).is_err());
    }
}
