//! The records that every system sends: ledger rows of grid reports, invented, written and signed by
//! a village's own node.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::{Context, anyhow};
use crdt_model::draft::Draft;
use crdt_model::history::History;
use crdt_model::ids::{Name, RecordId};
use crdt_model::label::FacetId;
use crdt_model::replica;
use crdt_model::store::{Batch, Store};
use crdt_model::value::Value;
use node_machine::folder::Founding;
use node_machine::settings::{Environment, Flags, Settings};
use node_runtime::found;
use node_runtime::keeper::Keeper;
use node_store::{SledStore, StoreOptions};
use serde::{Deserialize, Serialize};

use crate::county::{County, told, village};

/// Records that are changed for the last measurement.
pub(crate) const CHANGED: usize = 10;
/// The field that is changed, and what it says then.
pub(crate) const CHANGE: (&str, &str) = ("state", "handling");

/// Records written at once.
const WRITTEN_AT_ONCE: usize = 500;
/// Bytes of the store's cache while records are written.
const CACHE_MIB: u64 = 64;

/// One record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Its id.
    pub(crate) id: RecordId,
    /// What it says.
    pub(crate) fields: BTreeMap<String, Value>,
    /// The same as a signed commit.
    pub(crate) commit: Vec<u8>,
}

/// Has a village write so many records, and keeps them in a file.
pub(crate) fn make(county: &County, count: usize, file: &Path) -> anyhow::Result<Vec<Record>> {
    let folder = tempfile::tempdir_in(file.parent().context("a folder")?)?;
    let county = county.copy(&folder.path().join("county"))?;
    let node = county.node(village());
    // Another life than that of the villages that will hold them.
    fs::remove_dir_all(node.store())?;
    let founding = Founding {
        node: village(),
        charter: folder.path().join("county/charter"),
        digest: None,
    };
    found(&node, &founding).map_err(told)?;
    let flags = Flags {
        cache_mib: Some(CACHE_MIB),
        ..Flags::default()
    };
    let settings = Settings::load(&node, &Environment::default(), &flags).map_err(told)?;
    let mut keeper = Keeper::open(&node, &settings).map_err(told)?;
    let numbers: Vec<usize> = (0..count).collect();
    let mut records = Vec::new();
    for numbers in numbers.chunks(WRITTEN_AT_ONCE) {
        let drafts: Vec<Draft> = numbers.iter().map(|number| draft(*number)).collect();
        write(&mut keeper, drafts.clone())?;
        for draft in drafts {
            records.push(written(&keeper, draft)?);
        }
    }
    let lines: Result<Vec<String>, _> = records.iter().map(serde_json::to_string).collect();
    fs::write(file, lines?.join("\n"))?;
    Ok(records)
}

/// The first records of a file.
pub(crate) fn read(file: &Path, count: usize) -> anyhow::Result<Vec<Record>> {
    let text = fs::read_to_string(file)?;
    let lines = text.lines().take(count);
    Ok(lines.map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// Puts records into the store of a node that does not run, as if they had come to it.
pub(crate) fn put_into(county: &County, holder: &Path, records: &[Record]) -> anyhow::Result<()> {
    let key = node_machine::folder::public_key(&county.node(village()).read_secret().map_err(told)?);
    let options = StoreOptions::new(holder.to_owned(), CACHE_MIB << 20);
    let mut store = SledStore::open(&options).map_err(|error| told(error.problem()))?;
    for records in records.chunks(WRITTEN_AT_ONCE) {
        let mut batch = Batch::default();
        for record in records {
            let commit = crdt_model::commit::Commit::decode(&record.commit)?;
            let actor = commit.body().actor(&key);
            let grade = commit.body().grade.context("a first commit has a grade")?;
            let mut history = History::new(commit.body().facet);
            history.insert(commit, actor)?;
            replica::put_commits(&mut batch, &history, 0, grade);
        }
        store.write(&batch)?;
    }
    Ok(store.sync()?)
}

/// The facet of a record.
fn facet(record: RecordId) -> FacetId {
    FacetId {
        record,
        facet: name("grid.summary"),
        home: village(),
        addressee: village(),
    }
}

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

fn draft(number: usize) -> Draft {
    // Ids are spread over their whole range, as random ones are.
    let id = |number: usize| {
        let spread = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835_u128;
        RecordId((number as u128 + 1).wrapping_mul(spread).to_be_bytes())
    };
    let text = |text: String| Some(Value::Text(text));
    // A report every seven minutes.
    let sent_ms = 1_790_000_000_000 + 420_000 * number as i64;
    let time = |after_ms: i64| Some(Value::Integer(sent_ms + after_ms));
    let category = ["environment", "safety", "facility"][number % 3];
    let fields = [
        ("code", text(format!("SL-WG-{number:06}"))),
        ("category", text(category.to_owned())),
        ("grid", text(format!("{}{:03}", village(), 1 + number % 9))),
        ("state", text("accepted".to_owned())),
        ("seen-time", time(-60_000)),
        ("sent-time", time(0)),
        ("accepted-time", time(3_600_000)),
        ("due-time", time(7 * 86_400_000)),
        ("case", text(id(number + 1_000_000).to_string())),
        ("merged-into", text(id(number + 2_000_000).to_string())),
    ];
    let fields = fields.map(|(key, value)| (key.to_owned(), value));
    Draft {
        facet: facet(id(number)),
        grade: None,
        fields: fields.into(),
    }
}

fn write(keeper: &mut Keeper, drafts: Vec<Draft>) -> anyhow::Result<()> {
    let refused = Arc::new(Mutex::new(None));
    let tell = Arc::clone(&refused);
    let then = move |outcome: Result<_, crdt_model::engine::WriteRefused>| {
        *tell.lock().expect("no panic while it is held") = outcome.err();
    };
    keeper.write(drafts, then).map_err(told)?;
    while keeper.make_durable().map_err(told)? {}
    let refused = refused.lock().expect("no panic while it is held").take();
    refused.map_or(Ok(()), |refused| Err(anyhow!("{refused}")))
}

fn written(keeper: &Keeper, draft: Draft) -> anyhow::Result<Record> {
    let history = replica::history(&keeper.store, &draft.facet)?;
    let (commit, _) = history.commits().next().context("it was written")?;
    let fields = draft.fields.into_iter();
    Ok(Record {
        id: draft.facet.record,
        fields: fields
            .filter_map(|(key, value)| Some((key, value?)))
            .collect(),
        commit: commit.encoded().to_vec(),
    })
}
