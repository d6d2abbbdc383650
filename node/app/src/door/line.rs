//! What programs on the same machine may ask of a running node, and what it answers: one JSON object
//! a line, each way, over a socket that only the node's own user can open. Files follow the line of
//! their request: see [`super::attached`].
//!
//! The command line, the demonstration county and the tests all go this way; so a person at the
//! keyboard and a program can do exactly the same.

use std::collections::BTreeMap;

use crdt_model::engine::{EmergencyStatus, LogStatus, PeerStatus};
use crdt_model::ids::{CharterVersion, CommitHash, Name, NodeId, RecordId};
use crdt_model::kind::Title;
use crdt_model::label::{FacetId, Grade, Label};
use crdt_model::time::WallTime;
use crdt_model::value::Value;
use policy::review::replay::Logged;
use serde::{Deserialize, Serialize};

use super::attached::Attached;
use super::due::{DueList, DueRequest};
use super::duplicates::{Duplicates, DuplicatesRequest};
use super::finding::{
    FindRequest, Found, Hits, LeftOutList, LeftOutRequest, ReadModelStatus, SearchRequest,
};
use super::importing::{ImportReport, ImportRequest};
use super::measuring::{Figures, MeasureRequest};
use super::receipts::{Receipts, ReceiptsRequest};
use super::report::{Report, ReportRequest};
use super::snapshotting::{Shown, SnapshotRequest};
use crdt_model::text::{Problem, Text};
pub use node_machine::room::DiskRoom;

/// Bytes of one line, at most.
pub const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Entries in one page of a list, at most.
pub const PAGE_ENTRIES_MAX: usize = 2_000;

/// What can be asked.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// How does the node stand?
    Status,
    /// Why does something not flow between this node and a neighbour?
    WhyPeer {
        /// The neighbour.
        peer: NodeId,
    },
    /// Why does, or does not, a record reach a node?
    WhyRecord {
        /// The record.
        record: RecordId,
        /// The node.
        node: NodeId,
    },
    /// Write a new record, or new facets of one: all of it or nothing.
    Add {
        /// The record; drawn at random if none is given.
        #[serde(default)]
        record: Option<RecordId>,
        /// The record's home; this node if none is given.
        #[serde(default)]
        home: Option<NodeId>,
        /// Its facets.
        facets: Vec<NewFacet>,
    },
    /// Change fields of facets that the node holds: all of it or nothing.
    Set {
        /// The record.
        record: RecordId,
        /// The changes, by facet.
        facets: Vec<ChangedFacet>,
        /// As a person in this role; the first that the charter lists if none is given. Some steps
        /// are for certain roles.
        #[serde(default)]
        role: Option<Name>,
    },
    /// Show a record as a person in this role may read it.
    Show {
        /// The record.
        record: RecordId,
        /// The role; the first that the charter lists if none is given.
        #[serde(default)]
        role: Option<Name>,
        /// Why restricted facets are looked at; written to the log.
        #[serde(default)]
        reason: Option<String>,
    },
    /// List records, in the order of their ids.
    List {
        /// Only of this kind.
        #[serde(default)]
        kind: Option<Name>,
        /// Only after this record.
        #[serde(default)]
        after: Option<RecordId>,
        /// At most this many, and never more than [`PAGE_ENTRIES_MAX`].
        limit: usize,
        /// As a person in this role may read them.
        #[serde(default)]
        role: Option<Name>,
    },
    /// Which time limits run, and which are up?
    Due(DueRequest),
    /// Who has a record that was meant for many?
    Receipts(ReceiptsRequest),
    /// Which grid reports may be one?
    Duplicates(DuplicatesRequest),
    /// Which records have this code?
    Locate {
        /// The code.
        code: String,
    },
    /// Filter and sort records by the fields of a facet.
    Find(Box<FindRequest>),
    /// What was written and does not count?
    LeftOut(Box<LeftOutRequest>),
    /// Search the texts of records.
    Search(Box<SearchRequest>),
    /// What do the county's figures come to?
    Measure(MeasureRequest),
    /// What came in during a period, and how does everything stand?
    Report(ReportRequest),
    /// What did a snapshot say?
    Snapshot(SnapshotRequest),
    /// Take the snapshot of a period at this node.
    TakeSnapshot(SnapshotRequest),
    /// How does the read model stand?
    ReadModel {
        /// Whether to make it anew first.
        #[serde(default)]
        rebuild: bool,
    },
    /// Every facet the node holds, without any content.
    Inventory {
        /// Only after this facet.
        #[serde(default)]
        after: Option<FacetId>,
        /// Only records whose home is this node.
        own_only: bool,
    },
    /// What the charter in force decides about everything that the node holds.
    Decisions {
        /// Only about labels after this one.
        #[serde(default)]
        after: Option<Label>,
    },
    /// Say what importing files would do; do it if `apply` is set.
    Import(ImportRequest),
    /// Adopt a signed charter, and pass it on.
    Offer {
        /// The charter, as a bundle.
        charter: Attached,
    },
    /// How does it stand with emergencies? With a declaration: take it, and pass it on.
    Emergency {
        /// The declaration, with its signatures.
        #[serde(default)]
        declaration: Option<Attached>,
    },
    /// Cut the lines to these nodes, for demonstrations and tests; none heals all.
    Cut {
        /// To whom; the node itself stands for all its lines.
        lines_to: Vec<NodeId>,
    },
    /// What was refused, newest last.
    Quarantine,
    /// What townships have signed of the log of charters.
    Checkpoint,
    /// Close everything in good order and end.
    Stop,
}

/// A facet to be created.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewFacet {
    /// Its full name.
    pub facet: Name,
    /// For whom it is meant; home if for nobody else.
    #[serde(default)]
    pub addressee: Option<NodeId>,
    /// Its grade; the facet's first sensitivity and level where none is given.
    #[serde(default)]
    pub sensitivity: Option<Name>,
    /// See `sensitivity`.
    #[serde(default)]
    pub level: Option<Name>,
    /// Its fields.
    pub fields: BTreeMap<String, Value>,
}

/// Changes to a facet.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangedFacet {
    /// Its full name.
    pub facet: Name,
    /// A new sensitivity.
    #[serde(default)]
    pub sensitivity: Option<Name>,
    /// A new level.
    #[serde(default)]
    pub level: Option<Name>,
    /// New values; `null` clears a field.
    #[serde(default)]
    pub fields: BTreeMap<String, Option<Value>>,
    /// The facet's [`FacetView::heads`] as the person saw it. If it is another by now, nothing is
    /// written: a value that nobody has seen is never replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
}

/// What is answered.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Reply {
    /// To `status`.
    Status(Box<NodeStatus>),
    /// To `why-peer` and `why-record`.
    Why(Why),
    /// To `add` and `set`, once durable.
    Written {
        /// The record.
        record: RecordId,
        /// Its code.
        code: String,
        /// The commits; none where nothing changed.
        commits: Vec<CommitHash>,
    },
    /// To `show`.
    Record(Box<RecordView>),
    /// To `list`.
    Records {
        /// The records.
        records: Vec<RecordLine>,
        /// Whether there are more after the last.
        more: bool,
    },
    /// To `due`.
    Due(Box<DueList>),
    /// To `receipts`.
    Receipts(Box<Receipts>),
    /// To `duplicates`.
    Duplicates(Box<Duplicates>),
    /// To `locate`.
    Located {
        /// The records; more than one only if two of one home begin alike.
        records: Vec<RecordId>,
    },
    /// To `find`.
    Found(Box<Found>),
    /// To `search`.
    Hits(Box<Hits>),
    /// To `measure`.
    Figures(Box<Figures>),
    /// To `report`.
    Report(Box<Report>),
    /// To `snapshot` and, once it is durable, to `take-snapshot`.
    Snapshot(Box<Shown>),
    /// To `read-model`.
    ReadModel(Box<ReadModelStatus>),
    /// To `inventory`.
    Inventory {
        /// The facets.
        facets: Vec<HeldFacet>,
        /// Whether there are more after the last.
        more: bool,
    },
    /// To `decisions`.
    Decisions {
        /// The decisions.
        decisions: Vec<Logged>,
        /// The last label of this page, if there are more after it.
        next: Option<Label>,
    },
    /// To `left-out`.
    LeftOut(Box<LeftOutList>),
    /// To `import`.
    Imported(Box<ImportReport>),
    /// To `offer`.
    Adopted {
        /// The version in force now.
        version: CharterVersion,
    },
    /// To `emergency`, once what was declared is durable.
    Emergency(Box<EmergencyStatus>),
    /// To `quarantine`.
    Quarantine {
        /// What was refused.
        refused: Vec<RefusedCommit>,
        /// How often something was refused since the start, by reason: some of it leaves no commit here.
        #[serde(default)]
        counts: BTreeMap<String, u64>,
    },
    /// To `checkpoint`.
    Checkpoint {
        /// All signatures held, evidence among them, as C2SP notes; empty if there are none.
        notes: String,
        /// What they come to.
        log: Box<LogStatus>,
    },
    /// Done; to `cut` and `stop`.
    Done,
    /// It was not done, and nothing was changed.
    Problem(Problem),
}

/// How a node stands.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct NodeStatus {
    /// The node.
    pub node: NodeId,
    /// What people call it.
    pub name: String,
    /// `county`, `township` or `village`.
    pub tier: String,
    /// Whether the process runs; a command that opens the store by itself says no.
    pub running: bool,
    /// The charter in force.
    pub charter: CharterVersion,
    /// When it runs out.
    pub charter_until: WallTime,
    /// Whether it has run out: the node then keeps its own work and sends nothing.
    pub charter_expired: bool,
    /// What a person should see to, the worst first.
    #[serde(default)]
    pub warnings: Vec<Problem>,
    /// How it stands with emergencies.
    pub emergency: EmergencyStatus,
    /// How it stands with the log of charters.
    pub log: LogStatus,
    /// Values that were written and do not count; none if the read model cannot say.
    #[serde(default)]
    pub left_out: Option<u64>,
    /// Facets held, in all.
    pub facets: u64,
    /// Facets held, by name.
    pub facets_by_name: BTreeMap<Name, u64>,
    /// Records whose home is here and that may not leave it, counted by facet.
    pub kept_home: BTreeMap<Name, u64>,
    /// How it stands with each neighbour.
    pub peers: Vec<PeerLine>,
    /// Refusals since the start that no neighbour is to blame for, by reason: strangers, revoked
    /// nodes, oversized frames.
    pub refused: BTreeMap<String, u64>,
    /// Lines that are cut on purpose.
    pub cut: Vec<NodeId>,
    /// Bytes of frames sent and received since the start.
    pub app_bytes: u64,
    /// Bytes the store takes on disk.
    pub disk_bytes: u64,
    /// How much room there is.
    #[serde(default)]
    pub disk: DiskRoom,
    /// Resident memory of the process, in bytes.
    pub resident_bytes: u64,
    /// Milliseconds since the process started.
    pub up_ms: u64,
    /// Milliseconds from a commit's wall time at its author to its being durable here, for the
    /// latest commits that came from elsewhere, oldest first; at most 256.
    pub latency_ms: Vec<u64>,
}

/// How a node stands with one neighbour.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PeerLine {
    /// What people call it.
    pub name: String,
    /// What the engine knows.
    #[serde(flatten)]
    pub status: PeerStatus,
    /// Why the last attempt to reach it failed.
    pub last_failure: Option<Text>,
    /// When the two were last known to be equal, before this start too; none if they never were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_equal: Option<WallTime>,
    /// Whether more facets are to be sent than `to_send` counts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more_to_send: bool,
}

/// A chain of causes, from what is seen to what explains it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Why {
    /// What was asked.
    pub question: Text,
    /// The causes, in order.
    pub because: Vec<Cause>,
}

/// One link of a chain of causes.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Cause {
    /// In words.
    pub text: Text,
    /// The rules that decided it, by id.
    pub rules: Vec<String>,
}

/// One record as a person may read it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RecordView {
    /// The record.
    pub record: RecordId,
    /// Its code.
    pub code: String,
    /// Its kind.
    pub kind: Name,
    /// Its facets that are held here.
    pub facets: Vec<FacetView>,
}

/// One facet as a person may read it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FacetView {
    /// Its name.
    pub facet: Name,
    /// What people call it.
    pub title: Title,
    /// Its label.
    pub label: Label,
    /// Its fields; empty where this person may not read it.
    pub fields: Vec<FieldView>,
    /// Whether it is shown; if not, by which rules.
    pub readable: bool,
    /// The rules that decided.
    pub rules: Vec<String>,
    /// How many commits it has.
    pub commits: u32,
    /// Stands for exactly this content, in hexadecimal digits: see [`ChangedFacet::seen`]. Empty where
    /// this person may not read it.
    #[serde(default)]
    pub heads: String,
    /// What was written and does not count, because two machines wrote as one node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOutView>,
    /// The steps that may be taken from here at this node; empty where this person may not read it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<NextStep>,
}

/// A value that does not count.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LeftOutView {
    /// The field, with the part that tells entries of a growing field apart.
    pub key: String,
    /// What people call the field.
    pub title: Title,
    /// The value; none where the field was cleared.
    pub value: Option<Value>,
    /// What people call it, if it is a word of a vocabulary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<Title>,
    /// The node that wrote it.
    pub author: NodeId,
    /// What its clock showed.
    pub wall: WallTime,
}

/// A step that may be taken.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct NextStep {
    /// The field that says the step.
    pub field: Name,
    /// The word that it leads to.
    pub to: Name,
    /// What people call that.
    pub title: Title,
    /// The fields that must have a value by then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Name>,
    /// The roles that take it; any if none is listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Name>,
}

/// One field with everything that is in force.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FieldView {
    /// Its key.
    pub key: String,
    /// What people call it.
    pub title: Title,
    /// Its values: more than one where they were written concurrently and nobody has settled it.
    pub values: Vec<ValueView>,
}

/// One value, with who wrote it and when.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ValueView {
    /// The value.
    pub value: Value,
    /// The word it stands for, for vocabularies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<Title>,
    /// The node that wrote it.
    pub author: NodeId,
    /// What that node's clock showed.
    pub wall: WallTime,
}

/// One record in a list.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RecordLine {
    /// The record.
    pub record: RecordId,
    /// Its kind.
    pub kind: Name,
    /// Its home.
    pub home: NodeId,
    /// The facets that are held here.
    pub facets: Vec<Name>,
    /// The settled fields of its first readable facet.
    pub fields: BTreeMap<String, Value>,
    /// The keys of that facet that are in conflict.
    pub conflicts: Vec<String>,
    /// The keys of that facet of which something does not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

/// One facet that a node holds, without content.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct HeldFacet {
    /// Which.
    pub facet: FacetId,
    /// Its grade.
    pub grade: Grade,
    /// How many commits it has.
    pub commits: u32,
    /// Who wrote commits, with the grade that each saw; the first commit of a facet counts as
    /// having seen the grade it gave.
    pub authors: Vec<(NodeId, Grade)>,
}

/// One refused commit.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RefusedCommit {
    /// Who sent it.
    pub peer: Option<NodeId>,
    /// Its name.
    pub commit: CommitHash,
    /// When.
    pub wall: WallTime,
    /// A stable word for the reason.
    pub code: String,
    /// The reason.
    pub reason: String,
    /// Whether its bytes were kept.
    pub kept: bool,
}
