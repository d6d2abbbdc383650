//! `show`: what a charter says, on one page.

use std::collections::BTreeMap;
use std::path::PathBuf;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use crdt_model::charter::{Charter, Standing, Tier};
use crdt_model::ids::CharterDigest;
use crdt_model::text;
use crdt_model::text::{Explain, Text};
use crdt_model::time::WallTime;
use policy::command_line::help::Words;
use policy::review::practice::{Statement, practice};
use policy::review::words;
use policy::signing::board::{GoodSignature, SignatureFault, read_signatures, signature_path};
use policy::signing::manifest::{MANIFEST_PATH, Manifest, digest_of, moment};
use policy::signing::sshsig::SshKey;
use policy::{CedarCharter, CharterFiles};
use serde_json::{Value, json};

use crate::output::{Answer, Exit, Failure, Output, open};

#[derive(clap::Args)]
pub(crate) struct Arguments {
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
    /// What is wrong with the manifest, if it is not there or does not say what the files say.
    manifest: Option<Text>,
    reviewers: Vec<Reviewed>,
    bad: Vec<SignatureFault>,
}

pub(crate) fn words() -> Words {
    Words::new(text!("查看章程内容", "Show what a charter says"))
        .argument("dir", text!("章程目录", "the charter's folder"))
        .after(text!(
            "只列出每个签名的情况；签名是否足够，由 `mesh-policy verify` 说明。",
            "Signatures are listed with what each is worth; whether they suffice is what \
         `mesh-policy verify` says."
        ))
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
            manifest: state.err().map(|problem| problem.text()),
            reviewers: reviewers(charter, &good),
            bad: bad.into_iter().filter_map(Result::err).collect(),
        }
    }
}

fn text(charter: &CedarCharter, signing: &Signing, output: &Output) -> String {
    let mut text = head_text(charter, signing, output);
    text.push_str(&table(signing.reviewers.iter().map(|one| {
        let signed = if one.signed {
            output.say(text!("已签", "signed"))
        } else {
            output.say(text!("未签", "not signed"))
        };
        [one.name.clone(), signed, one.fingerprint.clone()]
    })));
    for fault in &signing.bad {
        text.push_str(&output.say(text!(fault; "  不能用：{fault}\n", "  bad: {fault}\n")));
    }
    text.push_str(&output.say(text!("\n数据类型与分项\n", "\nkinds and facets\n")));
    let facets = charter.kinds().iter().flat_map(|kind| kind.facets.iter());
    text.push_str(&table(facets.map(|facet| {
        let mut fields = output.say(text!("{} 个字段", "{} fields", facet.fields.len()));
        if facet.addressed {
            fields.push_str(&output.say(text!("，有收件单位", ", addressed")));
        }
        let title = output.title(&facet.title).to_owned();
        [facet.name.to_string(), title, fields]
    })));
    text.push_str(&output.say(text!("\n规则\n", "\nrules\n")));
    text.push_str(&table(charter.rules().map(|rule| {
        let does = if rule.permits {
            output.say(text!("允许", "allow"))
        } else {
            output.say(text!("禁止", "forbid"))
        };
        let reason = output.title(&rule.reason).to_owned();
        [rule.id.to_string(), does, reason]
    })));
    text.push_str(&practice_text(&practice(charter), output));
    text
}

/// How the county works, where no rule says it.
fn practice_text(said: &[Statement], output: &Output) -> String {
    let sections = said.chunk_by(|one, next| one.section == next.section);
    let sections = sections.map(|of_one| {
        let title = of_one
            .first()
            .map(|one| one.section.title())
            .unwrap_or_default();
        let rows = of_one.iter().map(|one| {
            let (side, says) = (output.title(&one.side), output.title(&one.says));
            [format!("`{}`", one.of), side.to_owned(), says.to_owned()]
        });
        format!("\n{}\n{}", output.title(&title), table(rows))
    });
    sections.collect()
}

/// What is said of a manifest that is right.
fn up_to_date() -> Text {
    text!("与文件一致", "up to date")
}

/// What governs, for how long, over which nodes, and how many must sign what follows it.
fn head_text(charter: &CedarCharter, signing: &Signing, output: &Output) -> String {
    let validity = charter.validity();
    let (title, county) = (&charter.head().title, charter.county());
    let name = words::node_with_code(charter, county).zh;
    let (from, until) = (moment(validity.from), moment(validity.until));
    let digest = match signing.digest {
        Some(digest) => text!("{digest}", "{digest}"),
        None => text!("无", "none"),
    };
    let manifest = signing.manifest.clone().unwrap_or_else(up_to_date);
    let version = charter.version();
    let mut text = output.say(text!(
        title, from, until, digest, manifest;
        "{title}\n县        {name}\n版本      第 {version} 版\n有效期    {from} 至 {until}\n摘要      {digest}\n\
         文件清单  {manifest}\n",
        "{title}\ncounty     {county}\nversion    {version}\nvalid      {from} to {until}\n\
         digest     {digest}\nmanifest   {manifest}\n"
    ));
    for term in terms(charter) {
        text.push_str(&format!("{}\n", output.title(&term)));
    }
    let counts = counts(charter).into_iter().map(|(what, count)| {
        let title = what.title();
        let what = output.title(&title);
        output.say(text!("{what} {count} 个", "{count} {what}"))
    });
    let counts: Vec<_> = counts.collect();
    let threshold = charter.threshold();
    text.push_str(&output.say(text!(
        "节点      {}\n\n审核人，须 {threshold} 人签名\n",
        "nodes      {}\n\nreviewers, {threshold} must sign\n",
        counts.join(&output.say(text!("，", ", "))),
    )));
    text
}

/// What is agreed for bad days.
fn terms(charter: &CedarCharter) -> [Text; 3] {
    let head = charter.head();
    let emergency = head.emergency.map(|terms| {
        let (threshold, hours) = (terms.threshold, terms.hours_max);
        text!(
            "应急共享  须 {threshold} 人签名，每次最长 {hours} 小时",
            "emergency  {threshold} must sign, for {hours} hours at most"
        )
    });
    let confirmed = head.freshness.map(|freshness| {
        let hours = |ms: u64| ms / 3_600_000;
        text!(
            "签认      须 {} 个乡镇签认；签认后 {} 小时内照常收发，其后至 {} 小时只向上级发送本节点的内容",
            "confirmed  by {} townships; all flows for {} hours after, a node's own for {}",
            freshness.cosigners,
            hours(freshness.fresh_ms),
            hours(freshness.narrow_ms)
        )
    });
    let recovery = head.recovery.as_ref().map(|recovery| {
        text!(
            "更换审核人  须 {holders} 把备用密钥中的 {threshold} 把",
            "recovery   {threshold} of {holders} sealed keys",
            threshold = recovery.threshold,
            holders = recovery.holder.len()
        )
    });
    [
        emergency.unwrap_or_else(|| text!("应急共享  无", "emergency  none")),
        confirmed.unwrap_or_else(|| text!("签认      无须签认", "confirmed  by nobody")),
        recovery.unwrap_or_else(|| text!("更换审核人  没有备用密钥", "recovery   none")),
    ]
}

fn object(charter: &CedarCharter, signing: &Signing) -> Value {
    let reviewers = signing.reviewers.iter().map(
        |one| json!({ "name": one.name, "fingerprint": one.fingerprint, "signed": one.signed }),
    );
    let rules = charter.rules().map(|rule| {
        json!({ "id": &*rule.id, "permits": rule.permits, "reason": rule.reason, "file": rule.file })
    });
    let counts = counts(charter).into_iter();
    let counts = counts.map(|(what, count)| (what.code(), count));
    json!({
        "title": charter.head().title,
        "county": charter.county(),
        "version": charter.version(),
        "accept_since": charter.accept_since(),
        "valid_from": date(charter.validity().from),
        "valid_until": date(charter.validity().until),
        "digest": signing.digest,
        "manifest": signing.manifest.clone().unwrap_or_else(up_to_date).en,
        "nodes": counts.collect::<BTreeMap<_, _>>(),
        "nodes_expected": charter.expected().count(),
        "threshold": charter.threshold(),
        "reviewers": reviewers.collect::<Vec<_>>(),
        "bad_signatures": signing.bad.iter().map(Explain::text).collect::<Vec<_>>(),
        "terms": terms(charter).iter().map(|term| term.en.as_str()).collect::<Vec<_>>(),
        "kinds": kinds_object(charter),
        "practice": practice(charter),
        "rules": rules.collect::<Vec<_>>(),
    })
}

fn reviewers(charter: &CedarCharter, good: &[GoodSignature]) -> Vec<Reviewed> {
    let reviewed = |reviewer: &policy::reading::head::Reviewer| {
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

/// What a member of the roster counts as.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Counted {
    County,
    Expected,
    Revoked,
    Township,
    Village,
}

impl Counted {
    fn code(self) -> &'static str {
        match self {
            Self::County => "county",
            Self::Expected => "expected",
            Self::Revoked => "revoked",
            Self::Township => "township",
            Self::Village => "village",
        }
    }

    fn title(self) -> Text {
        match self {
            Self::County => text!("县级", "county"),
            Self::Expected => text!("待加入（尚无密钥）", "expected (no key yet)"),
            Self::Revoked => text!("已撤销", "revoked"),
            Self::Township => text!("乡镇", "township"),
            Self::Village => text!("村（社区）", "village"),
        }
    }
}

fn counts(charter: &CedarCharter) -> BTreeMap<Counted, usize> {
    let mut counts = BTreeMap::new();
    for member in charter.roster().members() {
        let what = match (member.standing, member.tier) {
            (Standing::Revoked, _) => Counted::Revoked,
            (Standing::Expected, _) => Counted::Expected,
            (Standing::Active, Tier::County) => Counted::County,
            (Standing::Active, Tier::Township) => Counted::Township,
            (Standing::Active, Tier::Village) => Counted::Village,
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
