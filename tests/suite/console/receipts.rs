//! What a list of receipts mentions.

use netsim::secrecy::Mentions;
use node_app::use_cases::record_receipts::{ReceiptLine, Receipts};

use super::replies::{List, free};

pub(super) fn receipts(receipts: &Receipts, to: &mut List) {
    let Receipts {
        code,
        nodes,
        catching_up: _,
    } = receipts;
    free(code, to);
    for ReceiptLine {
        node,
        name,
        has: _,
        shown: _,
    } in nodes
    {
        node.list(to);
        free(name, to);
    }
}
