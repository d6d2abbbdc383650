//! `checkpoint`: hold what townships have signed of the log of charters to a charter.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crdt_model::charter::{Charter, Member, Tier};
use crdt_model::checkpoint::Roots;
use crdt_model::checkpoint::note::{self, Note, NoteError, NoteSignature};
use crdt_model::ids::RootHash;
use crdt_model::limits::NOTE_BYTES_MAX;
use crdt_model::text;
use crdt_model::text::Text;
use policy::CharterFiles;
use policy::command_line::help::Words;
use policy::signing::adopt::{AdoptedCharter, restore};
use policy::signing::manifest::{Manifest, date};
use serde_json::{Value, json};

use crate::input::read_text;
use crate::output::{Answer, Exit, Failure, Output, refusal};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    file: PathBuf,
    #[arg(long, value_name = "DIR")]
    charter: PathBuf,
}

/// How a checkpoint stands to the charter's log.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Log {
    Same,
    Newer,
    Other,
    OtherCounty,
}

impl Log {
    fn code(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Newer => "newer",
            Self::Other => "other",
            Self::OtherCounty => "other-county",
        }
    }

    fn words(self) -> Text {
        match self {
            Self::Same => text!("与本章程的日志一致", "it is of this charter's log"),
            Self::Newer => text!(
                "比本章程新，不能比对",
                "it is of a newer charter than this one, which cannot tell",
            ),
            Self::Other => text!(
                "与本章程的日志不一致：有两份不同的历史",
                "it is NOT of this charter's log: there are two histories",
            ),
            Self::OtherCounty => text!("属于别的县", "it is another county's"),
        }
    }
}

/// What one signature is worth.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Worth {
    Good,
    NotATownship,
    Bad,
}

impl Worth {
    fn code(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::NotATownship => "not-a-township",
            Self::Bad => "bad",
        }
    }

    fn words(self) -> Text {
        match self {
            Self::Good => text!("签名有效", "good"),
            Self::NotATownship => text!(
                "不是本章程的乡镇，不计",
                "not a township of this charter: it does not count",
            ),
            Self::Bad => text!("签名无效", "BAD signature"),
        }
    }
}

/// Why a text is no note.
fn not_a_note(problem: &NoteError) -> Text {
    let zh = match problem {
        NoteError::TooLarge => "文件太大，或一份签认中的签名太多".to_owned(),
        NoteError::Line { line, .. } => format!("第 {line} 行的写法不合规定"),
    };
    Text {
        zh,
        en: problem.to_string(),
    }
}

/// One note with what it is worth.
struct Judged {
    note: Note,
    log: Log,
    signatures: Vec<(NoteSignature, Worth, String)>,
}

impl Judged {
    fn of(note: Note, charter: &dyn Charter, roots: &Roots) -> Self {
        let checkpoint = note.checkpoint;
        let own = charter.roster().members().first();
        let log = match roots.at(checkpoint.size) {
            _ if own.is_none_or(|own| own.node.county() != checkpoint.county) => Log::OtherCounty,
            None => Log::Newer,
            Some(root) if root == checkpoint.root => Log::Same,
            Some(_) => Log::Other,
        };
        let worth = |signature: &NoteSignature| {
            let member = charter.roster().member(signature.cosignature.cosigner);
            let member = member.filter(|member| member.tier == Tier::Township);
            let name = member.map_or_else(String::new, |member| member.name.clone());
            let good = |member: &Member| signature.made_by(&member.key);
            let worth = match member.map(good) {
                Some(true) => Worth::Good,
                Some(false) => Worth::Bad,
                None => Worth::NotATownship,
            };
            (*signature, worth, name)
        };
        Self {
            log,
            signatures: note.signatures.iter().map(worth).collect(),
            note,
        }
    }

    fn has(&self, worth: Worth) -> bool {
        self.signatures.iter().any(|(_, of, _)| *of == worth)
    }
}

pub(crate) fn words() -> Words {
    Words::new(text!(
        "离线核验 `mesh-node checkpoint` 输出的签认",
        "Verify checkpoints that `mesh-node checkpoint` printed, offline"
    ))
    .argument("file", text!("签认文件", "the file of notes"))
    .argument(
        "charter",
        text!(
            "已签署的章程目录，用最新的一版",
            "the charter's folder, signed: the newest that is known"
        ),
    )
    .after(text!(
        "逐份说明由章程中的哪些乡镇、在何时签认，是否属于这份章程的日志，以及能否证明章程有两份\
         不同的历史。",
        "Says for each which townships of the charter signed it and when, whether it is of this \
         charter's log, and whether it proves that two histories of the charter are about."
    ))
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let adopted = open(&arguments.charter)?;
    let notes = note::parse(&read_text(&arguments.file, NOTE_BYTES_MAX)?)
        .map_err(|error| Failure::new(Exit::Signature, "not-a-note", not_a_note(&error)))?;
    let charter = &**adopted.charter();
    let roots = Roots::of(&charter.log());
    let judged = notes.into_iter();
    let judged: Vec<_> = judged
        .map(|note| Judged::of(note, charter, &roots))
        .collect();
    let proved = proved(&judged);
    let exit = if !proved.is_empty() {
        Exit::Findings
    } else if judged
        .iter()
        .any(|one| one.has(Worth::Bad) || !one.has(Worth::Good))
    {
        Exit::Signature
    } else {
        Exit::Clean
    };
    let confirmed = confirmed(&judged, charter);
    let text = text(&judged, &proved, confirmed.as_deref(), output);
    let json = json!({
        "version": charter.version(),
        "root": roots.at(roots.size()),
        "checkpoints": judged.iter().map(object).collect::<Vec<_>>(),
        "split_view": proved,
        "confirmed": confirmed,
    });
    Ok(Answer::new(exit, text, json))
}

fn open(folder: &Path) -> Result<AdoptedCharter, Failure> {
    let files = CharterFiles::read(folder)?;
    let digest = Manifest::of(&files).and_then(|manifest| manifest.digest());
    digest
        .map_err(Into::into)
        .and_then(|digest| restore(&files, digest))
        .map_err(|refused| refusal(refused, &files))
}

/// The sizes at which well-signed checkpoints prove two histories: two of them differ, or one is
/// not of the charter's own log.
fn proved(judged: &[Judged]) -> Vec<u64> {
    let mut roots: BTreeMap<u64, Vec<RootHash>> = BTreeMap::new();
    for one in judged.iter().filter(|one| one.log != Log::OtherCounty) {
        let checkpoint = one.note.checkpoint;
        if one.has(Worth::Good) {
            let seen = roots.entry(checkpoint.size).or_default();
            seen.push(checkpoint.root);
            if one.log == Log::Other {
                // The charter's own root at that size.
                seen.push(RootHash([0; 32]));
            }
        }
    }
    let differ = |roots: &[RootHash]| roots.iter().any(|root| Some(root) != roots.first());
    let proved = roots.iter().filter(|(_, roots)| differ(roots));
    proved.map(|(size, _)| *size).collect()
}

/// The time that as many townships have confirmed as the charter asks for.
fn confirmed(judged: &[Judged], charter: &dyn Charter) -> Option<String> {
    let cosigners = charter.freshness()?.cosigners;
    let mut newest = BTreeMap::new();
    for one in judged.iter().filter(|one| one.log == Log::Same) {
        for (signature, worth, _) in &one.signatures {
            let active = charter.roster().active(signature.cosignature.cosigner);
            if *worth == Worth::Good && active.is_some() {
                let time = newest.entry(signature.cosignature.cosigner).or_insert(0);
                *time = signature.cosignature.time_s.max(*time);
            }
        }
    }
    let mut times: Vec<_> = newest.into_values().collect();
    times.sort_unstable_by(|one, other| other.cmp(one));
    let time_s = times.get(cosigners.checked_sub(1)?)?;
    moment(*time_s)
}

fn moment(time_s: u64) -> Option<String> {
    let time = crdt_model::time::WallTime::from_ms(time_s.saturating_mul(1000));
    date(time).ok()
}

fn text(judged: &[Judged], proved: &[u64], confirmed: Option<&str>, output: &Output) -> String {
    let mut text = String::new();
    for one in judged {
        let checkpoint = one.note.checkpoint;
        let (size, root) = (checkpoint.size, checkpoint.root);
        let words = one.log.words();
        let log = output.title(&words);
        text.push_str(&output.say(text!(
            "第 {size} 版，根 {root}：{log}\n",
            "version {size}, root {root}: {log}\n"
        )));
        for (signature, worth, name) in &one.signatures {
            let one = signature.cosignature;
            let when = moment(one.time_s).unwrap_or_else(|| one.time_s.to_string());
            let words = worth.words();
            let worth = output.title(&words);
            text.push_str(&format!("  {} {name} {when}  {worth}\n", one.cosigner));
        }
    }
    if let Some(confirmed) = confirmed {
        text.push_str(&output.say(text!(
            "已有足够的乡镇签认本章程，截至 {confirmed}\n",
            "enough townships have confirmed this charter as of {confirmed}\n"
        )));
    }
    for size in proved {
        text.push_str(&output.say(text!("证据：第 {size} 版章程有两份不同的历史；请保存此文件并交审核人\n",
            "EVIDENCE: there are two histories of version {size}; keep this file and give it to the \
             reviewers\n")));
    }
    text
}

fn object(one: &Judged) -> Value {
    let checkpoint = one.note.checkpoint;
    let signatures = one.signatures.iter().map(|(signature, worth, name)| {
        json!({
            "node": signature.cosignature.cosigner,
            "name": name,
            "time": moment(signature.cosignature.time_s),
            "worth": worth.code(),
        })
    });
    json!({
        "county": checkpoint.county,
        "size": checkpoint.size,
        "root": checkpoint.root,
        "log": one.log.code(),
        "signatures": signatures.collect::<Vec<_>>(),
        "other_signatures": one.note.others,
    })
}
