//! A replica in memory under Linze's kinds, written to by two authors, and its read model.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crdt_model::commit::{Commit, CommitBody, actor_of};
use crdt_model::document::Document;
use crdt_model::history::History;
use crdt_model::ids::{ActorId, CharterVersion, Epoch, Name, NodeId, PublicKey, RecordId, Seq};
use crdt_model::kind::{Kind, Kinds};
use crdt_model::label::{FacetId, Grade};
use crdt_model::replica;
use crdt_model::store::{Batch, MemoryStore, Store};
use crdt_model::time::WallTime;
use crdt_model::value::{Operation, Value};
use ed25519_dalek::SigningKey;
use node_machine::clock::Clock;
use node_readmodel::{Owner, ReadModel, ReadModelError};
use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, OpenFlags};

pub(crate) const VILLAGE: &str = "620723101201";
pub(crate) const TOWNSHIP: &str = "620723101000";

pub(crate) fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

pub(crate) fn node(code: &str) -> NodeId {
    code.parse().expect("a node code")
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(crate) fn record(number: u8) -> RecordId {
    RecordId([number; 16])
}

/// Linze's kinds, with a change in their text.
pub(crate) fn kinds_with(change: impl Fn(&str) -> String) -> Kinds {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/linze/charter/kinds");
    let mut kinds: Vec<Kind> = Vec::new();
    for file in ["case", "device", "grid", "handoff", "inspection", "notice"] {
        let text = std::fs::read_to_string(folder.join(format!("{file}.toml"))).expect("a kind");
        kinds.push(toml::from_str(&change(&text)).expect("a kind"));
    }
    Kinds::new(kinds)
}

pub(crate) fn kinds() -> Kinds {
    kinds_with(ToOwned::to_owned)
}

/// A facet of a village's record.
pub(crate) fn facet(record: RecordId, facet: &str) -> FacetId {
    FacetId {
        record,
        facet: name(facet),
        home: node(VILLAGE),
        addressee: node(VILLAGE),
    }
}

pub(crate) fn grade(sensitivity: &str, level: &str) -> Grade {
    Grade {
        sensitivity: name(sensitivity),
        level: name(level),
    }
}

pub(crate) fn normal() -> Grade {
    grade("normal", "village")
}

/// A signed commit of this node on top of a history.
pub(crate) fn commit(
    base: &History,
    author: &str,
    wall_ms: u64,
    to: Option<Grade>,
    fields: &[(&str, Option<Value>)],
) -> (Commit, ActorId) {
    let author = node(author);
    let key = SigningKey::from_bytes(&[(author.code() % 251) as u8; 32]);
    let public = PublicKey(key.verifying_key().to_bytes());
    let (facet, epoch) = (*base.facet(), Epoch(1));
    let document = Document::build(base).expect("a document");
    let life = (author, epoch);
    let parents = base.parents_for(life);
    let operations = fields
        .iter()
        .filter_map(|(field, value)| document.operation(field, value.clone()));
    let mut operations: Vec<Operation> = operations.collect();
    operations.sort_by(|one, other| one.key.cmp(&other.key));
    let body = CommitBody {
        facet,
        author,
        epoch,
        seq: Seq(base.last_of(life).map_or(0, |(seq, _)| seq.0) + 1),
        start: base.next_counter(&parents),
        wall: WallTime::from_ms(wall_ms),
        charter: CharterVersion(1),
        parents,
        grade: to,
        operations,
    };
    let actor = actor_of(&public, &facet, epoch);
    (body.sign(&key).expect("a commit"), actor)
}

/// Adds commits to what a store has of a facet, which then has this grade.
pub(crate) fn put(
    store: &mut dyn Store,
    facet: &FacetId,
    commits: Vec<(Commit, ActorId)>,
    grade: Grade,
) {
    let mut history = replica::history(store, facet).expect("a history");
    let position = history.len();
    for (commit, actor) in commits {
        history.insert(commit, actor).expect("a good commit");
    }
    let mut batch = Batch::default();
    replica::put_commits(&mut batch, &history, position, grade);
    store.write(&batch).expect("memory");
}

/// Nobody else wants to know of what is read.
pub(crate) fn unseen(_: &FacetId, _: Option<&replica::Held>) {}

/// A replica and its read model.
pub(crate) struct Held {
    pub(crate) store: MemoryStore,
    pub(crate) kinds: Kinds,
    pub(crate) model: Option<ReadModel>,
    folder: tempfile::TempDir,
    changed: BTreeSet<FacetId>,
    clock_ms: u64,
}

impl Held {
    pub(crate) fn new() -> Self {
        let mut held = Self {
            store: MemoryStore::default(),
            kinds: kinds(),
            model: None,
            folder: tempfile::tempdir().expect("a folder"),
            changed: BTreeSet::new(),
            clock_ms: 1_790_000_000_000,
        };
        held.open();
        held
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("readmodel")
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.path().join("readmodel.sqlite")
    }

    pub(crate) fn owner() -> Owner {
        Owner {
            node: node(VILLAGE),
            charter: CharterVersion(1),
        }
    }

    pub(crate) fn model(&self) -> &ReadModel {
        self.model.as_ref().expect("an open read model")
    }

    /// Whether the file is what was written, as a question asks that is put now.
    pub(crate) fn verify(&mut self) -> Result<(), ReadModelError> {
        let now = Clock::start().now();
        self.model.as_mut().expect("an open read model").verify(now)
    }

    pub(crate) fn close(&mut self) {
        self.model = None;
    }

    pub(crate) fn open(&mut self) -> node_readmodel::Opened {
        self.model = None;
        let opened = ReadModel::open(&self.path(), &self.kinds, Self::owner());
        let (model, opened) = opened.expect("a read model");
        self.model = Some(model);
        opened
    }

    /// Writes as a node on top of everything that is held.
    pub(crate) fn write(&mut self, author: &str, facet: FacetId, fields: &[(&str, Value)]) {
        let history = replica::history(&self.store, &facet).expect("a history");
        let held = replica::facet_entry(&self.store, &facet).expect("an entry");
        let given = held.is_none().then(normal);
        self.write_on(&history, author, facet, given, fields);
    }

    /// Writes as a node that has seen no more than this history.
    pub(crate) fn write_on(
        &mut self,
        seen: &History,
        author: &str,
        facet: FacetId,
        to: Option<Grade>,
        fields: &[(&str, Value)],
    ) {
        self.clock_ms += 1_000;
        let fields: Vec<_> = fields
            .iter()
            .map(|(key, value)| (*key, Some(value.clone())))
            .collect();
        let commit = commit(seen, author, self.clock_ms, to, &fields);
        let held = replica::facet_entry(&self.store, &facet).expect("an entry");
        let grade = to.or(held.map(|entry| entry.grade)).expect("a grade");
        put(&mut self.store, &facet, vec![commit], grade);
        self.changed.insert(facet);
    }

    pub(crate) fn history(&self, facet: &FacetId) -> History {
        replica::history(&self.store, facet).expect("a history")
    }

    /// Drops a facet as the engine does; the read model hears of no facet by name.
    pub(crate) fn drop_facet(&mut self, facet: &FacetId) {
        let entry = replica::facet_entry(&self.store, facet).expect("an entry");
        let mut batch = Batch::default();
        let commits = entry.expect("it is held").commits as usize;
        replica::delete_facet(&mut batch, facet, commits);
        self.store.write(&batch).expect("memory");
        self.changed.remove(facet);
    }

    /// What changed goes into the read model, as after a sync.
    pub(crate) fn follow(&mut self) {
        let changed = std::mem::take(&mut self.changed);
        let model = self.model.as_mut().expect("an open read model");
        model
            .follow(&self.store, &changed, &mut unseen)
            .expect("followed");
    }

    pub(crate) fn catch_up(&mut self) {
        let model = self.model.as_mut().expect("an open read model");
        while model.catch_up(&self.store, &mut unseen).expect("caught up") {}
    }

    pub(crate) fn purge(&mut self) {
        let model = self.model.as_mut().expect("an open read model");
        model.purge(&self.store).expect("purged");
    }

    /// All that another program can read in the file, whatever numbers things have.
    pub(crate) fn dump(&self) -> Vec<String> {
        dump(&self.file())
    }

    /// What a read model has that is made now from the same replica.
    pub(crate) fn dump_of_a_new_one(&self) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut model, _) =
            ReadModel::open(folder.path(), &self.kinds, Self::owner()).expect("a read model");
        while model.catch_up(&self.store, &mut unseen).expect("caught up") {}
        dump(model.path())
    }
}

/// A connection as another program has it.
pub(crate) fn reader(file: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(file, flags).expect("a file to read")
}

/// Every row of every table, without the numbers of facets and labels; the index with the facet that
/// each row is of.
pub(crate) fn dump(file: &Path) -> Vec<String> {
    let connection = reader(file);
    let mut tables = connection
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'search%' \
             AND name NOT LIKE 'sqlite%'",
        )
        .expect("tables");
    let tables: Vec<String> = tables
        .query_map([], |row| row.get(0))
        .expect("tables")
        .collect::<Result<_, _>>()
        .expect("names");
    let mut lines = Vec::new();
    for table in tables {
        let query = match table.as_str() {
            "label" => "SELECT * FROM label WHERE id IN (SELECT label FROM facet)".to_owned(),
            _ => format!("SELECT * FROM \"{table}\""),
        };
        lines.extend(rows(&connection, &table, &query));
    }
    let index = "SELECT facet.record, facet.facet, text, fields FROM search \
                 JOIN facet ON facet.id = search.rowid";
    lines.extend(rows(&connection, "search", index));
    let orphans = "SELECT count(*) FROM search WHERE rowid NOT IN (SELECT id FROM facet)";
    lines.extend(rows(&connection, "index without a facet", orphans));
    lines.sort();
    lines
}

fn rows(connection: &Connection, table: &str, query: &str) -> Vec<String> {
    let mut statement = connection.prepare(query).expect(query);
    let names: Vec<String> = statement.column_names().map(ToOwned::to_owned).collect();
    let line = |row: &rusqlite::Row<'_>| {
        let mut line = format!("{table}:");
        for (at, name) in names.iter().enumerate() {
            if !["id", "facet_id", "label"].contains(&name.as_str()) {
                let value: SqlValue = row.get(at)?;
                line.push_str(&format!(" {name}={value:?}"));
            }
        }
        Ok(line)
    };
    let lines = statement.query_map([], line).expect("rows");
    lines.collect::<Result<_, _>>().expect("rows")
}

/// A dispute's ledger row.
pub(crate) fn summary(code: &str, step: &str, registered_ms: i64) -> Vec<(&'static str, Value)> {
    vec![
        ("code", text(code)),
        ("category", text("water")),
        ("channel", text("visit")),
        ("step", text(step)),
        ("registered-time", Value::Integer(registered_ms)),
    ]
}
