//! The figures as a person gets them: from a read model made of a replica.

use crdt_model::charter::Charter;
use crdt_model::ids::NodeId;
use crdt_model::label::Label;
use crdt_model::store::Store;
use node_readmodel::{Owner, ReadModel};
use policy::CedarCharter;

use super::{FROM_MS, Figures, UNTIL_MS, role};

/// Asks every measure of the charter as the leader at a node that holds this.
pub(super) fn figures(charter: &CedarCharter, node: NodeId, store: &dyn Store) -> Figures {
    let folder = tempfile::tempdir().expect("a folder");
    let owner = Owner {
        node,
        charter: charter.version(),
    };
    let opened = ReadModel::open(folder.path(), charter.kinds(), owner);
    let (mut model, _) = opened.expect("a read model");
    while model.catch_up(store, &mut |_, _| {}).expect("caught up") {}
    let may_read = |label: &Label| {
        let holds = label.home == node || charter.flow(label, node).allowed;
        holds && charter.read(label, node, role()).allowed
    };
    let mut figures = Figures::new();
    for measure in charter.measures() {
        let measured = model.measure(measure, FROM_MS, UNTIL_MS, &may_read);
        let cells = measured.expect("measured").cells.into_iter();
        let cells = cells.map(|one| (one.cell, (one.numerator, one.denominator)));
        figures.insert(measure.id.to_string(), cells.collect());
    }
    figures
}
