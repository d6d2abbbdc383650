//! Two real nodes: a township at the upper end of the line and a village at the lower, with keys, the
//! signed charter of Linze, TLS and stores on the disk; and what they hold.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crdt_model::engine::LinkState;
use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::label::FacetId;
use crdt_model::replica;
use crdt_model::text::{Language, Problem};
use crdt_model::value::Value;
use node_app::door::attached::Attached;
use node_app::door::caller::{Caller, WayIn};
use node_app::door::use_case::UseCase;
use node_app::drafts::NewFacet;
use node_app::use_cases::import::ImportRequest;
use node_app::use_cases::inventory::InventoryRequest;
use node_app::use_cases::read_model::ReadModelRequest;
use node_app::use_cases::record_add::AddRequest;
use node_app::use_cases::record_show::ShowRequest;
use node_app::use_cases::status::{NodeStatus, StatusRequest};
use node_app::use_cases::stop::StopRequest;
use node_demo::folder::CountyFolder;
use node_demo::members::Members;
use node_demo::options::{CountyOptions, SMALL_COUNTY, Scale};
use node_demo::progress::Silent;
use node_demo::sample::{Counts, Write, sample};
use node_demo::setup;
use node_doors::client::Client;
use node_machine::folder::Founding;
use node_runtime::found;
use node_store::{SledStore, StoreOptions};

use crate::place::{ADDRESSES, Place};

/// Milliseconds between two looks at a node.
const LOOK_MS: u64 = 20;
/// Seconds that anything may take.
const PATIENCE_S: u64 = 600;
const CACHE_BYTES: u64 = 16 << 20;

/// One of the two ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum End {
    Township,
    Village,
}

impl End {
    fn node(self) -> NodeId {
        let code = match self {
            Self::Township => SMALL_COUNTY[1],
            Self::Village => SMALL_COUNTY[2],
        };
        code.parse().expect("a code")
    }

    fn other(self) -> Self {
        match self {
            Self::Township => Self::Village,
            Self::Village => Self::Township,
        }
    }
}

/// A county's folder with two of its nodes.
pub(crate) struct Mesh<'a> {
    place: &'a Place,
    program: &'a Path,
    folder: CountyFolder,
    members: Members,
    running: BTreeMap<End, (Child, Client)>,
}

impl<'a> Mesh<'a> {
    /// Makes a county whose nodes are dialled over the line.
    pub(crate) fn make(place: &'a Place, path: &Path, program: &'a Path) -> Result<Self, Problem> {
        let mut options = CountyOptions::new(path, "");
        options.only = SMALL_COUNTY
            .map(|code| code.parse().expect("a code"))
            .into();
        options.host = ADDRESSES[0].parse().expect("an address");
        let folder = CountyFolder::open(path)?;
        let members = setup::set_up(&options, &folder, &Silent)?;
        Ok(Self {
            place,
            program,
            folder,
            members,
            running: BTreeMap::new(),
        })
    }

    /// Starts an end, and waits until it answers.
    pub(crate) fn start(&mut self, end: End) {
        let node = self.folder.node(end.node());
        let mut command = match end {
            End::Township => Command::new(self.program),
            End::Village => self.place.below(self.program),
        };
        let mut log = std::fs::File::options();
        let log = log.create(true).append(true).open(node.path().join("log"));
        command.args(["run", "--stop-with-parent", "--data"]);
        command.arg(node.path()).stdin(Stdio::piped());
        command.stdout(log.expect("a log"));
        let child = command.spawn().expect("the node starts");
        let client = until("the node answers", || Client::connect(&node.socket()).ok());
        self.running.insert(end, (child, client));
    }

    /// Waits until an end has found again all that it held.
    pub(crate) fn come_round(&mut self, end: End) {
        until("the read model has caught up", || {
            let status = self.ask(end, &ReadModelRequest { rebuild: false });
            let catching_up = status.expect("its status").catching_up;
            catching_up.is_none().then_some(())
        });
    }

    /// Ends an end in good order.
    pub(crate) fn stop(&mut self, end: End) {
        // It ends in any case.
        let _ = self.ask(end, &StopRequest {});
        let (mut child, _) = self.running.remove(&end).expect("it runs");
        child.wait().expect("it ends");
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self, end: End) {
        let (mut child, _) = self.running.remove(&end).expect("it runs");
        child.kill().expect("it runs");
        child.wait().expect("it ends");
    }

    /// Takes everything from an end that does not run but its key and the charter.
    pub(crate) fn lose_disk(&self, end: End) -> Result<(), Problem> {
        let node = self.folder.node(end.node());
        std::fs::remove_dir_all(node.store()).expect("its store");
        let founding = Founding {
            node: end.node(),
            charter: self.folder.charter(),
            digest: None,
        };
        found(&node, &founding)
    }

    fn ask<U: UseCase>(&mut self, end: End, asked: &U) -> Result<U::Answer, Problem> {
        self.ask_as(end, None, asked)
    }

    fn ask_as<U: UseCase>(
        &mut self,
        end: End,
        role: Option<Name>,
        asked: &U,
    ) -> Result<U::Answer, Problem> {
        let caller = Caller {
            role,
            ..Caller::at(WayIn::Socket)
        };
        let (_, client) = self.running.get_mut(&end).expect("it runs");
        client.ask(&caller, asked).expect("an answer")
    }

    pub(crate) fn status(&mut self, end: End) -> NodeStatus {
        self.ask(end, &StatusRequest {}).expect("a status")
    }

    /// Whether an end knows that it is equal to the other.
    pub(crate) fn in_sync(&mut self, end: End) -> bool {
        let other = end.other().node();
        let peers = self.status(end).peers;
        let link = peers.iter().find(|peer| peer.status.node == other);
        link.is_some_and(|peer| peer.status.link == LinkState::InSync)
    }

    /// Waits until both know that they are equal.
    pub(crate) fn settle(&mut self) {
        for end in [End::Township, End::Village] {
            until("both are equal", || self.in_sync(end).then_some(()));
        }
    }

    /// How many facets an end holds.
    pub(crate) fn facets(&mut self, end: End) -> u64 {
        self.status(end).facets
    }

    /// The facets that an end holds.
    pub(crate) fn held(&mut self, end: End) -> BTreeSet<FacetId> {
        let mut all = BTreeSet::new();
        loop {
            let request = InventoryRequest {
                after: all.last().copied(),
                own_only: false,
            };
            let page = self.ask(end, &request).expect("an inventory");
            all.extend(page.facets.into_iter().map(|held| held.facet));
            if !page.more {
                return all;
            }
        }
    }

    /// Bytes of the commits of every facet in the store of an end that does not run.
    pub(crate) fn commit_bytes(&self, end: End) -> BTreeMap<FacetId, u64> {
        let options = StoreOptions::new(self.folder.node(end.node()).store(), CACHE_BYTES);
        let store = SledStore::open(&options).expect("a store");
        let mut facets = Vec::new();
        let visited = replica::for_each_facet(&store, |facet, _| facets.push(facet));
        visited.expect("a store that is whole");
        let bytes = |facet: &FacetId| {
            let history = replica::history(&store, facet).expect("a facet");
            let commits = history.commits().map(|(one, _)| one.encoded().len() as u64);
            commits.sum()
        };
        facets.iter().map(|facet| (*facet, bytes(facet))).collect()
    }

    /// Has an end bring in its share of so many years' records, beyond what it brought in before.
    pub(crate) fn bring_in(&mut self, end: End, from: f64, to: f64) -> Result<(), Problem> {
        let villages = self
            .members
            .of_tier(crdt_model::charter::Tier::Village)
            .len();
        let counts = |years: f64| match years {
            0.0 => Ok(Counts::default()),
            years => Scale::new(years).map(|scale| Counts::at(scale, villages)),
        };
        let mut sample = sample(&self.members, &counts(from)?, &counts(to)?)?;
        let Some(share) = sample.remove(&end.node()) else {
            return Ok(());
        };
        for file in share.files {
            let mapping = file.mapping.map(|name| self.folder.mappings().join(name));
            let mapping = mapping.map(|path| Attached::read(&path, 1 << 20).expect("a mapping"));
            let import = ImportRequest {
                files: vec![Attached::new(file.name, file.bytes)],
                mapping,
                home: file.home,
                placement: None,
                encoding: None,
                apply: true,
            };
            self.ask(end, &import).expect("imported");
        }
        for write in share.courses.iter().flat_map(|course| &course.requests) {
            let written = match write {
                Write::Add(add) => self.ask(end, add),
                Write::Set(set, role) => self.ask_as(end, *role, set),
            };
            written.expect("written");
        }
        Ok(())
    }

    /// Writes a notice to all villages, or a dispute, and says how long it takes to be durable at the
    /// other end.
    pub(crate) fn tell(&mut self, from: End) -> Duration {
        let facets = vec![match from {
            End::Township => notice(),
            End::Village => dispute(),
        }];
        let request = AddRequest {
            record: None,
            home: None,
            facets,
        };
        let began = Instant::now();
        let record = self.ask(from, &request).expect("written").record;
        until("it is there", || {
            self.has(from.other(), record).then_some(())
        });
        began.elapsed()
    }

    fn has(&mut self, end: End, record: RecordId) -> bool {
        self.ask(end, &ShowRequest { record }).is_ok()
    }
}

fn notice() -> NewFacet {
    let text = |text: &str| Value::Text(text.to_owned());
    facet(
        "notice.content",
        [
            ("kind", text("warning")),
            ("title", text("暴雨橙色预警")),
            ("text", text("预计今晚有暴雨，请转移低洼处住户。（演示）")),
            ("severity", text("orange")),
            ("issue-time", Value::Integer(1_790_000_000_000)),
            ("valid-until", Value::Integer(1_790_090_000_000)),
        ],
    )
}

fn dispute() -> NewFacet {
    let text = |text: &str| Value::Text(text.to_owned());
    facet(
        "case.summary",
        [
            ("category", text("neighbour")),
            ("channel", text("visit")),
            ("step", text("registered")),
            ("registered-time", Value::Integer(1_790_000_000_000)),
        ],
    )
}

fn facet<const N: usize>(name: &str, fields: [(&str, Value); N]) -> NewFacet {
    NewFacet {
        facet: Name::new(name).expect("a name"),
        addressee: None,
        sensitivity: None,
        level: None,
        fields: fields.map(|(key, value)| (key.to_owned(), value)).into(),
    }
}

/// Looks again and again until there is something to see.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        let waited = began.elapsed();
        assert!(
            waited < Duration::from_secs(PATIENCE_S),
            "waited for: {what}"
        );
        std::thread::sleep(Duration::from_millis(LOOK_MS));
    }
}

/// For whoever runs the measurement.
pub(crate) fn told(problem: &Problem) -> &str {
    problem.what.in_language(Language::En)
}
