//! The charter of Linze County, taken the whole way that a real county goes: node keys and reviewers
//! into a copy of the template, then signed, founded, followed by a second version and bundled.

use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use policy::signing::adopt::{adopt, found};
use policy::signing::sign::{SignError, sign, write_manifest};
use policy::{CedarCharter, CharterFiles};

use crate::tiny::{Tiny, read, reviewer};
use crdt_model::time::WallTime;

fn template() -> CharterFiles {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../deploy/linze/charter"]
        .iter()
        .collect();
    read(Path::new(&path))
}

/// 2027-01-15, within the template's validity.
const NOW: WallTime = WallTime {
    ms: 1_800_000_000_000,
};

/// The template with a key for every node, and three reviewers.
fn filled(tiny: &Tiny) {
    for (path, content) in template().files {
        let text = String::from_utf8(content).expect("text");
        let text = match path.as_str() {
            "roster.toml" => with_keys(&text),
            "charter.toml" => with_reviewers(tiny, &text),
            _ => text,
        };
        tiny.write(&format!("linze/{path}"), &text);
    }
}

fn with_keys(roster: &str) -> String {
    let mut seed = 0u8;
    let mut line = |text: &str| {
        if text.trim() != "[[node]]" {
            return format!("{text}\n");
        }
        seed += 1;
        let key = SigningKey::from_bytes(&[seed; 32])
            .verifying_key()
            .to_bytes();
        let key = hex::encode(key);
        format!("{text}\nkey = \"{key}\"\n")
    };
    roster.lines().map(&mut line).collect()
}

fn with_reviewers(tiny: &Tiny, charter: &str) -> String {
    let mut text = charter.to_owned();
    for name in ["reviewer-1", "reviewer-2", "reviewer-3"] {
        text.push_str(&reviewer(name, &tiny.make_key(name)));
    }
    text
}

#[test]
fn the_template_itself_cannot_be_signed() {
    let tiny = Tiny::new();
    for (path, content) in template().files {
        tiny.write(
            &format!("linze/{path}"),
            std::str::from_utf8(&content).expect("text"),
        );
    }
    write_manifest(&tiny.path("linze"), None).expect("the template is valid");
    let signed = sign(&tiny.path("linze"), &tiny.key("li"), None, None);
    assert!(matches!(signed, Err(SignError::Keyless)));
}

#[test]
fn a_charter_without_reviewers_or_without_any_key_is_a_template() {
    for (keys, reviewers) in [(false, false), (true, false), (false, true), (true, true)] {
        let tiny = Tiny::new();
        let mut files = template();
        let mut change = |file: &str, with: &dyn Fn(&str) -> String| {
            let content = files.files.get_mut(file).expect("the file is there");
            *content = with(std::str::from_utf8(content).expect("text")).into_bytes();
        };
        if keys {
            change("roster.toml", &with_keys);
        }
        if reviewers {
            change("charter.toml", &|text| with_reviewers(&tiny, text));
        }
        let charter = CedarCharter::open(&files).expect("it is a charter");
        assert_eq!(charter.is_template(), !(keys && reviewers));
        assert_eq!(charter.has_keys(), keys);
        assert_eq!(charter.reviewers().len(), if reviewers { 3 } else { 0 });
    }
}

#[test]
fn the_charter_of_linze_is_signed_adopted_and_followed() {
    let tiny = Tiny::new();
    filled(&tiny);
    let folder = tiny.path("linze");
    let written = write_manifest(&folder, None).expect("the charter is valid");
    tiny.sign("linze", &["reviewer-1", "reviewer-3"]);
    let files = tiny.files("linze");
    let first = found(&files, NOW, Some(written.digest)).expect("two of three signed");
    assert_eq!(first.check_decisions(), Ok(()));
    assert_eq!(
        crdt_model::charter::Charter::roster(&**first.charter())
            .members()
            .len(),
        84
    );

    tiny.next("linze", "linze-2");
    tiny.sign("linze-2", &["reviewer-2", "reviewer-3"]);
    let second = adopt(&first, &tiny.files("linze-2"), NOW).expect("it follows");
    let bytes = policy::signing::bundle::encode(second.files()).expect("it fits");
    assert_eq!(
        policy::signing::bundle::decode(&bytes).as_ref(),
        Ok(second.files())
    );
    println!("a bundle of the Linze charter has {} bytes", bytes.len());
}
