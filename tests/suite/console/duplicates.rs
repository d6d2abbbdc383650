//! What proposed pairs of reports mention.

use netsim::secrecy::Mentions;
use node_app::use_cases::record_duplicates::{Duplicates, Pair, Sent};

use super::replies::{List, bare, count, free, title};

pub(super) fn duplicates(duplicates: &Duplicates, to: &mut List) {
    let Duplicates {
        looked_at,
        more: _,
        pairs,
        catching_up: _,
    } = duplicates;
    count("reports looked at", None, *looked_at, to);
    for Pair {
        home,
        category,
        first,
        second,
        alike_percent: _,
    } in pairs
    {
        home.list(to);
        title(category, to);
        for Sent {
            record,
            code,
            sent_ms: _,
        } in [first, second]
        {
            bare(*record, to);
            free(code, to);
        }
    }
}
