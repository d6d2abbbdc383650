//! `show`: what a charter says, on one page.

use std::collections::BTreeMap;
use std::path::PathBuf;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use crdt_model::charter::{Charter, Standing, Tier};
use crdt_model::ids::CharterDigest;
use crdt_model::time::WallTime;
use policy::board::{GoodSignature, SignatureFault, read_signatures, signature_path};
use policy::manifest::{MANIFEST_PATH, Manifest, digest_of};
use policy::sshsig::SshKey;
use policy::{CedarCharter, CharterFiles};
use serde_json::{Value, json};

use crate::output::{Answer, Exit, Failure, Output, open};

/// Show what a charter says.
///
/// Signatures are listed with what each is worth; whether they suffice is what `verify` says.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The charter's folder.
    dir: PathBuf,
}

/// A reviewer with the state of their signature.
struct Reviewed {
    name: String,
    fingerprint: String,
    signed: bool,
}

/// What stands in the charter's folder, besides what the charter says.
struct Signing {
    digest: Option<CharterDigest>,
    /// Whether the manifest is there and says what the files say.
    manifest: String,
    reviewers: Vec<Reviewed>,
    bad: Vec<SignatureFault>,
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let files = CharterFiles::read(&arguments.dir)?;
    let charter = open(&files)?;
    let signing = Signing::of(&files, &charter);
    let text = text(&charter, &signing, output);
    Ok(Answer::new(Exit::Clean, text, object(&charter, &signing)))
}

impl Signing {
    fn of(files: &CharterFiles, charter: &CedarCharter) -> Self {
        let bytes = files.files.get(MANIFEST_PATH);
        let state = Manifest::of(files).and_then(|manifest| manifest.check_files(files));
        let signatures = bytes.map_or(Vec::new(), |bytes| read_signatures(files, bytes));
        let (good, bad): (Vec<_>, Vec<_>) = signatures.into_iter().partition(Result::is_ok);
        let good: Vec<GoodSignature> = good.into_iter().flatten().collect();
        Self {
            digest: bytes.map(|bytes| digest_of(bytes)),
            manifest: state
                .map_or_else(|problem| problem.to_string(), |()| "up to date".to_owned()),
            reviewers: reviewers(charter, &good),
            bad: bad.into_iter().filter_map(Result::err).collect(),
        }
    }
}

fn text(charter: &CedarCharter, signing: &Signing, output: &Output) -> String {
    let validity = charter.validity();
    let mut text = format!(
        "{}\ncounty     {}\nversion    {}\nvalid      {} to {}\ndigest     {}\nmanifest   {}\n",
        output.title(&charter.head().title),
        charter.county(),
        charter.version(),
        date(validity.from),
        date(validity.until),
        signing
            .digest
            .map_or("none".to_owned(), |digest| digest.to_string()),
        signing.manifest,
    );
    let counts = counts(charter)
        .into_iter()
        .map(|(what, count)| format!("{count} {what}"));
    text.push_str(&terms(charter));
    text.push_str(&format!(
        "nodes      {}, {} without a key\n\nreviewers, {} must sign\n",
        counts.collect::<Vec<_>>().join(", "),
        charter.keyless().len(),
        charter.threshold(),
    ));
    text.push_str(&table(signing.reviewers.iter().map(|one| {
        let signed = if one.signed { "signed" } else { "not signed" };
        [one.name.clone(), signed.to_owned(), one.fingerprint.clone()]
    })));
    for fault in &signing.bad {
        text.push_str(&format!("  bad: {fault}\n"));
    }
    text.push_str("\nkinds and facets\n");
    let facets = charter.kinds().iter().flat_map(|kind| kind.facets.iter());
    text.push_str(&table(facets.map(|facet| {
        let addressed = if facet.addressed { ", addressed" } else { "" };
        let fields = format!("{} fields{addressed}", facet.fields.len());
        [
            facet.name.to_string(),
            output.title(&facet.title).to_owned(),
            fields,
        ]
    })));
    text.push_str("\nrules\n");
    text.push_str(&table(charter.rules().map(|rule| {
        let does = if rule.permits { "permit" } else { "forbid" };
        [
            rule.id.to_string(),
            does.to_owned(),
            output.title(&rule.reason).to_owned(),
        ]
    })));
    text
}

/// What is agreed for bad days.
fn terms(charter: &CedarCharter) -> String {
    let head = charter.head();
    let emergency = head.emergency.map_or("none".to_owned(), |terms| {
        let (threshold, hours) = (terms.threshold, terms.hours_max);
        format!("{threshold} must sign, for {hours} hours at most")
    });
    let confirmed = head.freshness.map_or("by nobody".to_owned(), |freshness| {
        let hours = |ms: u64| ms / 3_600_000;
        format!(
            "by {} townships; all flows for {} hours after, a node's own for {}",
            freshness.cosigners,
            hours(freshness.fresh_ms),
            hours(freshness.narrow_ms)
        )
    });
    let recovery = head
        .recovery
        .as_ref()
        .map_or("none".to_owned(), |recovery| {
            format!(
                "{} of {} sealed keys",
                recovery.threshold,
                recovery.holder.len()
            )
        });
    format!("emergency  {emergency}\nconfirmed  {confirmed}\nrecovery   {recovery}\n")
}

fn object(charter: &CedarCharter, signing: &Signing) -> Value {
    let reviewers = signing.reviewers.iter().map(
        |one| json!({ "name": one.name, "fingerprint": one.fingerprint, "signed": one.signed }),
    );
    let rules = charter.rules().map(|rule| {
        json!({ "id": &*rule.id, "permits": rule.permits, "reason": rule.reason, "file": rule.file })
    });
    json!({
        "title": charter.head().title,
        "county": charter.county(),
        "version": charter.version(),
        "accept_since": charter.accept_since(),
        "valid_from": date(charter.validity().from),
        "valid_until": date(charter.validity().until),
        "digest": signing.digest,
        "manifest": signing.manifest,
        "nodes": counts(charter),
        "nodes_without_key": charter.keyless().len(),
        "threshold": charter.threshold(),
        "reviewers": reviewers.collect::<Vec<_>>(),
        "bad_signatures": signing.bad.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "terms": terms(charter).lines().collect::<Vec<_>>(),
        "kinds": kinds_object(charter),
        "rules": rules.collect::<Vec<_>>(),
    })
}

fn reviewers(charter: &CedarCharter, good: &[GoodSignature]) -> Vec<Reviewed> {
    let reviewed = |reviewer: &policy::head::Reviewer| {
        let key = SshKey::parse(&reviewer.key);
        let fingerprint = key
            .as_ref()
            .map_or_else(ToString::to_string, SshKey::fingerprint);
        let signed = key.is_ok_and(|key| {
            let path = signature_path(&reviewer.name, &key);
            good.iter()
                .any(|signature| signature.key == key && signature.path == path)
        });
        Reviewed {
            name: reviewer.name.clone(),
            fingerprint,
            signed,
        }
    };
    charter.reviewers().iter().map(reviewed).collect()
}

fn counts(charter: &CedarCharter) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for member in charter.roster().members() {
        let what = match (member.standing, member.tier) {
            (Standing::Revoked, _) => "revoked",
            (Standing::Active, Tier::County) => "county",
            (Standing::Active, Tier::Township) => "township",
            (Standing::Active, Tier::Village) => "village",
        };
        *counts.entry(what).or_default() += 1;
    }
    counts
}

fn kinds_object(charter: &CedarCharter) -> Value {
    let facet = |facet: &crdt_model::kind::Facet| {
        json!({
            "name": facet.name, "title": facet.title, "addressed": facet.addressed,
            "sensitivities": facet.sensitivities, "levels": facet.levels,
            "fields": facet.fields.iter().map(|field| field.name).collect::<Vec<_>>(),
        })
    };
    let kinds = charter.kinds().iter().map(|kind| {
        json!({
            "kind": kind.kind, "title": kind.title, "retention_days": kind.retention_days,
            "facets": kind.facets.iter().map(facet).collect::<Vec<_>>(),
        })
    });
    kinds.collect()
}

/// Rows in columns that align where characters are two columns wide.
fn table(rows: impl Iterator<Item = [String; 3]>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.add_rows(rows);
    let lines: Vec<_> = table
        .lines()
        .map(|line| format!(" {}\n", line.trim_end()))
        .collect();
    lines.concat()
}

fn date(time: WallTime) -> String {
    let ms = i64::try_from(time.ms).ok();
    let date = ms.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    date.map_or_else(|| time.to_string(), |date| date.to_string())
}
