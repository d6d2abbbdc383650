//! Seeds that are tried again with every change: those that once showed a bug, and those that between
//! them try every fault.

use crate::stage::LINZE_NODES;

/// A seed, and why it is kept.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// The seed.
    pub seed: u64,
    /// Nodes of its county.
    pub nodes: usize,
    /// What it showed, or what it tries that few others do.
    pub why: &'static str,
}

/// Nodes of the small counties.
const SMALL: usize = 12;
/// Nodes of Linze County.
const WHOLE: usize = LINZE_NODES;

const fn small(seed: u64, why: &'static str) -> Kept {
    Kept {
        seed,
        nodes: SMALL,
        why,
    }
}

const fn whole(seed: u64, why: &'static str) -> Kept {
    Kept {
        seed,
        nodes: WHOLE,
        why,
    }
}

/// All of them.
pub const KEPT: &[Kept] = &[
    small(
        30,
        "a charter refused by a wrong clock was not asked for again when the clock was set",
    ),
    small(
        99,
        "what was written under a wrong clock waited for minutes after the clock was set",
    ),
    small(
        6,
        "a node that lost an older charter refused for good what was written under it",
    ),
    small(
        49,
        "a crash between a purge and the rewrite of the disk left the purged bytes there",
    ),
    small(
        228,
        "an old hello that came late hid from a node that its peer had the new charter",
    ),
    small(
        123,
        "the quarantine kept the bytes of a commit that its author never signed",
    ),
    small(
        1109,
        "a facet that was purged while its next grade waited for the disk stayed in the index alone",
    ),
    small(
        1369,
        "a push was forgotten while its facet waited for a new grade to become durable",
    ),
    small(
        1353,
        "who opened a facet to a node with a new grade never compared it, and missed its commits",
    ),
    small(
        2120,
        "the names of refused commits stayed in the quarantine when a charter took their facet away",
    ),
    small(
        5217,
        "a peer set back to an old backup never got again what it had just sent and was not durable",
    ),
    small(
        5587,
        "signatures that came while a clock was days behind were asked for again only after minutes",
    ),
    small(
        5811,
        "the status named a declaration that waited for the disk while the one before it counted",
    ),
    small(
        8105,
        "what a hostile node forged in a revoked node's name was kept as that node's",
    ),
    small(
        18895,
        "a clock that was set right was noticed minutes later, and signatures were asked for then",
    ),
    small(
        17974,
        "a hostile node that said that an emergency counts was held to be told too much",
    ),
    small(
        796_074_099_695,
        "signatures of the future, told again and again, left no room for evidence of two charters",
    ),
    small(
        796_074_103_095,
        "a node whose clock was behind held no evidence of two charters",
    ),
    small(
        777_173,
        "a charter that one village alone had was lost with its disk, and what it wrote under it with it",
    ),
    small(
        777_003_046,
        "commits that waited for a slow disk were held to be taken after their author was revoked",
    ),
    small(
        3_141_593_194,
        "a node whose disk lost the charter that revokes took what it took to be held by that charter",
    ),
    small(
        1798,
        "a facet found damaged while a charter took it away left the mark of a new life on it behind",
    ),
    small(33, "a township is cut off for thirty days"),
    small(40, "an old backup is put back"),
    small(
        46,
        "an emergency runs out, and another one is signed by nobody",
    ),
    small(48, "a clone takes over"),
    small(52, "a clone takes over, once more"),
    small(106, "sectors are reordered"),
    small(120, "an emergency is called off"),
    whole(
        1,
        "what was asked at the very end of an emergency was answered by its rules",
    ),
    whole(
        8,
        "a facet damaged while it was being purged left its name on the disk",
    ),
    whole(
        120,
        "notes on a damaged disk were held to be lost by the node",
    ),
    whole(
        142,
        "bad signatures in a township's name used up what that township may have taken",
    ),
    whole(
        796_094_246_327,
        "signatures held from before a clock was set back used up what a township may have taken",
    ),
    whole(
        251,
        "hostile villages kept a county from confirming its charter",
    ),
];
