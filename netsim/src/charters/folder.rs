//! The files of a drawn charter, without schema, manifest and signatures.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crdt_model::charter::Standing;
use crdt_model::ids::{CharterVersion, NodeId, PublicKey};
use crdt_model::time::WallTime;
use policy::CharterFiles;

use super::cedar_text;
use super::drawn::{Drawn, Facet, Kind, LEVELS, SENSITIVITIES};
use super::generated::{CHOICE, CHOICES, GROWING, TEXT};
use super::reviewers::IN_FORCE;
use crate::seed::Seed;

/// What a drawn charter is written down with.
pub(super) struct Written<'a> {
    pub(super) county: NodeId,
    pub(super) version: CharterVersion,
    /// What tells it from others of the same version.
    pub(super) title: &'a str,
    pub(super) until: WallTime,
    /// How many townships must confirm it, if any.
    pub(super) cosigners: Option<usize>,
    pub(super) reviewers: &'a [(String, String)],
    pub(super) roster: &'a BTreeMap<NodeId, Standing>,
    pub(super) keys: &'a dyn Fn(NodeId) -> PublicKey,
}

impl Written<'_> {
    /// The files; `seed` decides how the rules are worded.
    pub(super) fn files(&self, drawn: &Drawn, seed: &mut Seed) -> CharterFiles {
        let mut files = CharterFiles::default();
        let mut put = |path: &str, text: String| {
            files.files.insert(path.to_owned(), text.into_bytes());
        };
        put("charter.toml", self.head(drawn.emergency.is_some()));
        put("roster.toml", self.roster());
        put(
            "checks/none.toml",
            "# Nothing is checked here.\n".to_owned(),
        );
        for kind in &drawn.kinds {
            put(&format!("kinds/{}.toml", kind.name), kind_text(kind));
        }
        for (path, text) in cedar_text::rules(drawn, seed) {
            put(path, text);
        }
        files
    }

    fn head(&self, emergency: bool) -> String {
        let mut text = format!(
            "county = \"{}\"\ntitle = {{ zh = \"章程\", en = \"{}\" }}\nversion = {}\n\
             accept_since = 1\nvalid_from = \"{}\"\nvalid_until = \"{}\"\nthreshold = 2\n",
            self.county,
            self.title,
            self.version,
            policy::signing::manifest::date(IN_FORCE.from).unwrap_or_default(),
            policy::signing::manifest::date(self.until).unwrap_or_default(),
        );
        if emergency {
            text.push_str("[emergency]\nthreshold = 1\nhours_max = 24\n");
        }
        if let Some(cosigners) = self.cosigners {
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "[freshness]\ncosigners = {cosigners}\nfresh_hours = 168\nnarrow_hours = 720\n"
            );
        }
        let words = |text: &mut String, list: &str, ids: &[&str]| {
            for id in ids {
                // Writing to a string cannot fail.
                let _ = write!(
                    text,
                    "\n[[{list}]]\nid = \"{id}\"\nzh = \"词\"\nen = \"{id}\"\n"
                );
            }
        };
        words(&mut text, "sensitivity", &SENSITIVITIES);
        words(&mut text, "level", &LEVELS);
        words(&mut text, "role", &["clerk"]);
        for (name, key) in self.reviewers {
            let _ = write!(text, "\n[[reviewer]]\nname = \"{name}\"\nkey = \"{key}\"\n");
        }
        text
    }

    fn roster(&self) -> String {
        let mut text = String::new();
        for (node, standing) in self.roster {
            let tier = match (node.parent(), node.township()) {
                (None, _) => "county",
                (_, Some(township)) if township == *node => "township",
                _ => "village",
            };
            let state = match standing {
                Standing::Active => "active",
                Standing::Expected => "expected",
                Standing::Revoked => "revoked",
            };
            let key = (self.keys)(*node);
            let _ = write!(
                text,
                "[[node]]\ncode = \"{node}\"\nname = \"{node}\"\ntier = \"{tier}\"\n\
                 state = \"{state}\"\nkey = \"{key}\"\n"
            );
            if let Some(parent) = node.parent() {
                let _ = writeln!(text, "parent = \"{parent}\"");
            }
            text.push('\n');
        }
        text
    }
}

fn kind_text(kind: &Kind) -> String {
    let mut text = format!(
        "kind = \"{}\"\ntitle = {{ zh = \"事项\", en = \"{}\" }}\nretention_days = 1095\n",
        kind.name, kind.name
    );
    for facet in &kind.facets {
        text.push_str(&facet_text(facet));
    }
    let word = |id: &&str| format!("{{ id = \"{id}\", zh = \"词\", en = \"{id}\" }}");
    let words: Vec<String> = CHOICES.iter().map(word).collect();
    let _ = write!(
        text,
        "\n[vocabularies]\n{CHOICE} = [{}]\n",
        words.join(", ")
    );
    text
}

fn facet_text(facet: &Facet) -> String {
    let field = |name: &str, rest: &str| {
        format!(
            "\n[[facet.field]]\nname = \"{name}\"\ntitle = {{ zh = \"内容\", en = \"{name}\" }}\n{rest}\n"
        )
    };
    let mut text = format!(
        "\n[[facet]]\nname = \"{}\"\ntitle = {{ zh = \"内容\", en = \"{}\" }}\naddressed = {}\n\
         sensitivities = {SENSITIVITIES:?}\nlevels = {LEVELS:?}\n",
        facet.name, facet.name, facet.addressed
    );
    text.push_str(&field(TEXT, "type = \"text\"\nbytes_max = 4000"));
    text.push_str(&field(
        GROWING,
        "type = \"text\"\ngrows = true\nbytes_max = 2000",
    ));
    text.push_str(&field(CHOICE, "type = \"vocabulary\""));
    text
}
