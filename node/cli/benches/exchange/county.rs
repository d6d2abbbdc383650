//! A small county with keys and a signed charter, and records of a village in it.

use std::path::Path;

use crdt_model::draft::Draft;
use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::label::FacetId;
use crdt_model::value::Value;
use node_demo::folder::CountyFolder;
use node_demo::options::{CountyOptions, SMALL_COUNTY};
use node_demo::progress::Silent;
use node_demo::setup;
use node_machine::folder::Founding;
use node_machine::settings::{Environment, Flags, Settings};
use node_readmodel::{Owner, ReadModel};
use node_runtime::found;
use node_runtime::keeper::Keeper;

const CACHE_MIB: u64 = 64;
/// Records written at once.
const WRITTEN_AT_ONCE: usize = 500;

/// A county's folder.
pub(crate) struct County(CountyFolder);

impl County {
    pub(crate) fn make(folder: &Path) -> Self {
        let path = folder.join("county");
        let mut options = CountyOptions::new(&path, "");
        let codes = SMALL_COUNTY.iter().map(|code| code.parse());
        options.only = codes.collect::<Result<_, _>>().expect("codes");
        let folder = CountyFolder::open(&path).expect("a folder");
        setup::set_up(&options, &folder, &Silent).expect("a county");
        Self(folder)
    }

    /// Takes everything from a node but its key and the charter.
    pub(crate) fn lose_disk(&self, node: NodeId) {
        let folder = self.0.node(node);
        std::fs::remove_dir_all(folder.store()).expect("its store");
        let founding = Founding {
            node,
            charter: self.0.charter(),
            digest: None,
        };
        found(&folder, &founding).expect("a node");
    }

    pub(crate) fn village(&self) -> NodeId {
        SMALL_COUNTY[2].parse().expect("a code")
    }

    pub(crate) fn township(&self) -> NodeId {
        SMALL_COUNTY[1].parse().expect("a code")
    }

    pub(crate) fn open(&self, node: NodeId) -> Keeper {
        let folder = self.0.node(node);
        let flags = Flags {
            cache_mib: Some(CACHE_MIB),
            ..Flags::default()
        };
        let settings = Settings::load(&folder, &Environment::default(), &flags);
        Keeper::open(&folder, &settings.expect("settings")).expect("a node")
    }
}

/// An empty read model for what a node holds.
pub(crate) fn read_model(keeper: &Keeper, folder: &Path) -> ReadModel {
    let charter = keeper.engine.charter();
    let owner = Owner {
        node: keeper.node(),
        charter: charter.version(),
    };
    let opened = ReadModel::open(folder, charter.kinds(), owner);
    opened.expect("a read model").0
}

/// Has a village write so many records.
pub(crate) fn fill(keeper: &mut Keeper, village: NodeId, count: usize) {
    let numbers: Vec<usize> = (0..count).collect();
    for numbers in numbers.chunks(WRITTEN_AT_ONCE) {
        let drafts = numbers.iter().map(|number| draft(village, *number));
        let then = |outcome: Result<_, crdt_model::engine::WriteRefused>| {
            outcome.expect("lawful");
        };
        keeper.write(drafts.collect(), then).expect("a store");
        while keeper.make_durable().expect("a disk") {}
    }
}

/// A ledger row of a grid report, invented.
fn draft(village: NodeId, number: usize) -> Draft {
    // Ids are spread over their whole range, as random ones are.
    let id = |number: usize| {
        let spread = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835_u128;
        RecordId((number as u128 + 1).wrapping_mul(spread).to_be_bytes())
    };
    let text = |text: String| Some(Value::Text(text));
    let sent_ms = 1_790_000_000_000 + 420_000 * number as i64;
    let time = |after_ms: i64| Some(Value::Integer(sent_ms + after_ms));
    let category = ["environment", "safety", "facility"][number % 3];
    let fields = [
        ("code", text(format!("SL-WG-{number:06}"))),
        ("category", text(category.to_owned())),
        ("grid", text(format!("{village}{:03}", 1 + number % 9))),
        ("state", text("accepted".to_owned())),
        ("seen-time", time(-60_000)),
        ("sent-time", time(0)),
        ("accepted-time", time(3_600_000)),
        ("due-time", time(7 * 86_400_000)),
        ("case", text(id(number + 1_000_000).to_string())),
        ("merged-into", text(id(number + 2_000_000).to_string())),
    ];
    let facet = FacetId {
        record: id(number),
        facet: Name::new("grid.summary").expect("a name"),
        home: village,
        addressee: village,
    };
    Draft {
        facet,
        grade: None,
        fields: fields.map(|(key, value)| (key.to_owned(), value)).into(),
    }
}
