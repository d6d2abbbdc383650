//! Every limit of the mesh, in one place, with its unit in its name and its relations asserted at
//! compile time.
//!
//! Nothing a peer or a person hands over reaches a parser, an allocator or a queue without one of
//! these bounds.

use crate::time::WallTime;

/// The earliest wall time that a clock can have shown, 2026-01-01T00:00Z: there was no mesh before.
pub const WALL_EARLIEST: WallTime = WallTime::from_ms(1_767_225_600_000);
/// Bytes of one encoded commit, signature included.
pub const COMMIT_BYTES_MAX: usize = 63 * 1024;
/// Operations in one commit.
pub const COMMIT_OPERATIONS_MAX: usize = 256;
/// Parents of one commit.
pub const COMMIT_PARENTS_MAX: usize = 16;
/// Operations that one operation may overwrite.
pub const OPERATION_OVERWRITES_MAX: usize = 64;
/// Bytes of one field's key, `timeline/<id>` included.
pub const FIELD_KEY_BYTES_MAX: usize = 64;
/// Bytes of one text value.
pub const VALUE_TEXT_BYTES_MAX: usize = 16 * 1024;
/// Commits of one facet. A facet that grows past this takes no further commit.
pub const FACET_COMMITS_MAX: usize = 4096;
/// Starts of a peer's program that are remembered, to notice two machines that run with one key.
pub const BOOTS_REMEMBERED_MAX: usize = 4;
/// Milliseconds after two machines with one key last took turns for which that is an alarm.
pub const TWO_MACHINES_MS: u64 = 10 * 60 * 1000;
/// Author epochs that one facet may hold.
pub const FACET_EPOCHS_MAX: usize = 256;

/// Bytes of a kind's, facet's, vocabulary's or label part's name.
pub const NAME_BYTES_MAX: usize = 31;
/// Nodes in a roster: the width of an audience.
pub const ROSTER_NODES_MAX: usize = 512;

/// Bytes of one request frame.
pub const REQUEST_BYTES_MAX: usize = 64 * 1024;
/// Bytes of one response frame.
pub const RESPONSE_BYTES_MAX: usize = 256 * 1024;
/// Bytes of a whole charter on the wire or on disk.
pub const CHARTER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of a charter that travel in one response.
pub const CHARTER_CHUNK_BYTES_MAX: usize = 192 * 1024;
/// Versions of one county's charter: every manifest lists all before it.
pub const CHARTER_VERSIONS_MAX: usize = 4096;
/// Bytes of a text of notes that is read.
pub const NOTE_BYTES_MAX: usize = 256 * 1024;
/// Signatures of one note.
pub const NOTE_SIGNATURES_MAX: usize = 256;
/// Townships whose signatures on the log of charters are kept.
pub const COSIGNERS_MAX: usize = 128;
/// Bytes of a declaration of an emergency with its signatures.
pub const DECLARATION_BYTES_MAX: usize = 16 * 1024;
/// Reports on emergencies that a node keeps.
pub const EMERGENCY_REPORTS_MAX: usize = 16;
/// Proofs kept that two histories of the charter are about: one for each two townships. With seven
/// townships there are at most 28.
pub const EVIDENCE_PAIRS_MAX: usize = 32;
/// Sizes of the log at which one signature is kept that bears it out.
pub const WITNESSED_SIZES_MAX: usize = 16;
/// Bytes of one signature on the log, at most.
pub const COSIGNATURE_BYTES_MAX: usize = 5 + 10 + 10 + 32 + 64;
/// Signatures in one frame that may be bad before the rest of it is left unread.
pub const BAD_COSIGNATURES_MAX: usize = 8;
/// New signatures of one township that are taken at once.
pub const COSIGNATURE_BURST_MAX: u32 = 16;
/// Milliseconds after which one more is taken.
pub const COSIGNATURE_REFILL_MS: u64 = 60_000;
/// Seconds after which a township signs its log again.
pub const COSIGN_INTERVAL_S: u64 = 24 * 3600;
/// The same when it has just started.
pub const COSIGN_START_S: u64 = 3600;
/// Seconds that a signature may be ahead of this node's clock.
pub const COSIGNATURE_AHEAD_S: u64 = 24 * 3600;
/// Milliseconds after which a charter that a township has signed should have arrived.
pub const FROZEN_AFTER_MS: u64 = 24 * 3_600_000;
/// Files in a charter folder.
pub const CHARTER_FILES_MAX: usize = 256;

/// Ranges compared in one reconciliation message.
pub const RECONCILE_RANGES_MAX: usize = 512;
/// Items listed in one reconciliation message, over all its ranges.
pub const RECONCILE_ITEMS_MAX: usize = 1024;
/// A range in which one side has at most this many items is listed and not split.
pub const RECONCILE_LIST_MAX: usize = 16;
/// Parts that a range which differs is split into, at most.
pub const RECONCILE_SPLIT: usize = 16;
/// Items of the parts that splitting is planned to end in.
pub const RECONCILE_PART_ITEMS: usize = 4;
/// Rounds of one reconciliation; what then is open is left for the next.
pub const RECONCILE_ROUNDS_MAX: u32 = 64;
/// Differences that one reconciliation collects; what lies after them is left for the next.
pub const RECONCILE_DIFFERENCES_MAX: usize = 4096;
/// Spans waiting to be compared within one reconciliation.
pub const RECONCILE_WORK_MAX: usize = 4096;
/// Bytes of one reconciliation request, within its frame.
pub const RECONCILE_REQUEST_BYTES_MAX: usize = REQUEST_BYTES_MAX - 512;
/// Bytes of one reconciliation response, within its frame.
pub const RECONCILE_RESPONSE_BYTES_MAX: usize = RESPONSE_BYTES_MAX - 512;

/// Facets that a charter takes away which are dropped in one write.
pub const PURGE_FACETS_MAX: usize = 4096;
/// Facets asked for in one fetch.
pub const FETCH_FACETS_MAX: usize = 256;
/// The same in the first fetch, as long as nothing is known of the line.
pub const FETCH_FACETS_FIRST: usize = 8;
/// Milliseconds that a fetch may take; one that takes longer is followed by smaller ones, so that what
/// has come is durable soon and little is on its way ahead of anything else.
pub const FETCH_PACE_MS: u64 = 3_000;
/// Bytes of what is found in one answer to a fetch. Small, so that what has come is durable soon.
pub const FETCHED_BYTES_MAX: usize = 112 * 1024;
/// Bytes of commits that are read before the engine comes to them: several answers or pushes.
pub const READ_AHEAD_BYTES_MAX: usize = 4 * RESPONSE_BYTES_MAX;
/// Commits in one push, or for one facet in the answer to a fetch.
pub const PUSH_COMMITS_MAX: usize = 1024;
/// Commits that the answer to one push may speak of: its own, and those of the pushes before it
/// that it finished.
pub const PUSH_OUTCOME_MAX: usize = 2 * FACET_COMMITS_MAX;
/// Bytes of unfinished facets that are kept for one peer until the rest has come.
pub const STAGED_BYTES_MAX: usize = 1024 * 1024;
/// Facets fetched and pushed whole, whatever the clocks say, after an exchange that moved nothing.
pub const THOROUGH_FACETS_MAX: usize = 16;
/// Requests one peer may have waiting for an answer from us.
pub const PEER_REQUESTS_IN_FLIGHT_MAX: usize = 4;
/// Fetches that one peer may have to answer at a time. Two: one is on its way while the other is asked
/// for, and there is room for pushes.
pub const PEER_FETCHES_IN_FLIGHT_MAX: usize = 2;
/// Pushes that one peer may have to acknowledge at a time: one of urgent facets and one of others. Each
/// request is a stream of its own, so two of them may arrive in the other order, and no facet is in both.
pub const PEER_PUSHES_IN_FLIGHT_MAX: usize = 2;
/// Commits queued for live push to one peer; past it the peer is reconciled instead.
pub const PEER_PUSH_QUEUE_MAX: usize = 1024;
/// Requests a peer may make in one second, on average.
pub const PEER_REQUESTS_PER_S_MAX: u32 = 200;
/// Requests a peer may make at once after a pause.
pub const PEER_REQUEST_BURST_MAX: u32 = 400;
/// Connections that one node keeps at once.
pub const CONNECTIONS_MAX: u32 = 600;

/// Commits waiting to become durable; past it no peer's commits are taken.
pub const UNDURABLE_COMMITS_MAX: usize = 8192;
/// Facets, answers and writes waiting to become durable; past it no peer's commits are taken.
pub const UNDURABLE_ENTRIES_MAX: usize = 16_384;
/// Commits or entries that one frame or write may bring once the two limits above are nearly
/// reached: they are looked at before it is taken.
pub const UNDURABLE_AT_ONCE_MAX: usize = 4096;
/// Labels whose audience is remembered; past it no label is learnt from a peer.
pub const LABELS_MAX: usize = 65_536;
/// Commits kept in quarantine, over all peers; the oldest gives way.
pub const QUARANTINE_ENTRIES_MAX: usize = 4096;
/// Commits of one peer kept in quarantine; the peer's oldest gives way.
pub const QUARANTINE_ENTRIES_PER_PEER_MAX: usize = 512;
/// Bytes of the commits kept in quarantine.
pub const QUARANTINE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of the reason in words that a refused commit is kept with.
pub const QUARANTINE_REASON_BYTES_MAX: usize = 2048;

/// Milliseconds after which an unanswered request counts as failed.
pub const REQUEST_TIMEOUT_MS: u64 = 30_000;
/// Milliseconds between two comparisons with a peer that seems equal.
pub const ANTI_ENTROPY_INTERVAL_MS: u64 = 300_000;
/// Milliseconds that the side which is dialled waits for a hello, at first and while the two
/// differ, before it sends one itself.
pub const GREETING_WAIT_MS: u64 = 10_000;
/// Milliseconds by which the wall clock moves against the monotonic one before it counts as set.
pub const CLOCK_JUMP_MS: u64 = 60_000;
/// Milliseconds that the confirmed time may lead this machine's wall clock before one of the two counts as
/// wrong.
pub const CONFIRMED_LEAD_MS: u64 = COSIGNATURE_AHEAD_S * 1000;
/// Milliseconds by which a wall clock that is set loses its credit for a while, so that nothing moves by
/// itself.
pub const CLOCK_DOUBT_JUMP_MS: u64 = 24 * 3_600_000;
/// Milliseconds since the confirmed time, at a start, after which the wall clock has to stand for a while
/// before anything moves by itself. Longer than any holidays.
pub const CLOCK_DOUBT_START_MS: u64 = 14 * 24 * 3_600_000;
/// Milliseconds that such a clock has to stand.
pub const CLOCK_DOUBT_MS: u64 = 3_600_000;
/// Milliseconds that another node's wrong clock is named after it was last seen.
pub const CLOCK_SIGHT_MS: u64 = 24 * 3_600_000;
/// Milliseconds between two looks at a wall clock by which the charter does not hold.
pub const CLOCK_LOOK_MS: u64 = 10_000;
/// Milliseconds between two looks at a wall clock by which nobody has confirmed the charter lately.
pub const LADDER_LOOK_MS: u64 = 20_000;
/// Milliseconds between two comparisons with a peer that leave everything as it is, at a node that
/// holds back what nobody has confirmed the charter for.
pub const LADDER_REST_MS: u64 = 3_600_000;
/// Milliseconds before the first retry after a failed exchange; it doubles from there.
pub const RETRY_FIRST_MS: u64 = 500;
/// Milliseconds at which the doubling of retries ends.
pub const RETRY_LAST_MS: u64 = 60_000;

// A request must be able to carry the largest commit, and a response the largest chunk and commit.
const _: () = assert!(COMMIT_BYTES_MAX + 512 <= REQUEST_BYTES_MAX);
const _: () = assert!(CHARTER_CHUNK_BYTES_MAX + 512 <= RESPONSE_BYTES_MAX);
const _: () = assert!(COMMIT_BYTES_MAX + 512 <= RESPONSE_BYTES_MAX);
// What is found of one facet always has room: its clock, of 24 bytes at most for each author's life,
// and one commit.
const _: () = assert!(FACET_EPOCHS_MAX * 24 + COMMIT_BYTES_MAX + 512 <= FETCHED_BYTES_MAX);
const _: () = assert!(FETCHED_BYTES_MAX <= RESPONSE_BYTES_MAX);
const _: () = assert!(FETCH_FACETS_FIRST <= FETCH_FACETS_MAX && FETCH_PACE_MS < REQUEST_TIMEOUT_MS);
const _: () =
    assert!(PEER_FETCHES_IN_FLIGHT_MAX + PEER_PUSHES_IN_FLIGHT_MAX <= PEER_REQUESTS_IN_FLIGHT_MAX);
// All signatures on the log go in one request, and in one response.
const _: () = assert!(
    (COSIGNERS_MAX + 2 * EVIDENCE_PAIRS_MAX) * COSIGNATURE_BYTES_MAX + DECLARATION_BYTES_MAX + 512
        <= REQUEST_BYTES_MAX
        && REQUEST_BYTES_MAX <= RESPONSE_BYTES_MAX
);
const _: () = assert!(COSIGN_START_S < COSIGN_INTERVAL_S && COSIGNERS_MAX <= ROSTER_NODES_MAX);
const _: () = assert!(COSIGNERS_MAX <= NOTE_SIGNATURES_MAX);
// One text value must leave room for the rest of its commit.
const _: () = assert!(VALUE_TEXT_BYTES_MAX * 2 < COMMIT_BYTES_MAX);
// What does not fit into a reconciliation message is asked again, but one split and one list must
// fit: a range without items is at most 280 bytes, an item at most 141.
const _: () = assert!(RECONCILE_SPLIT * 280 <= RECONCILE_REQUEST_BYTES_MAX);
const _: () = assert!(280 + RECONCILE_LIST_MAX * 141 <= RECONCILE_RESPONSE_BYTES_MAX);
const _: () = assert!(RECONCILE_SPLIT <= RECONCILE_RANGES_MAX && RECONCILE_SPLIT >= 2);
const _: () = assert!(RECONCILE_PART_ITEMS <= RECONCILE_LIST_MAX);
const _: () = assert!(RECONCILE_RANGES_MAX <= RECONCILE_WORK_MAX);
const _: () = assert!(RECONCILE_SPLIT * RECONCILE_LIST_MAX <= RECONCILE_ITEMS_MAX);
const _: () = assert!(QUARANTINE_ENTRIES_PER_PEER_MAX <= QUARANTINE_ENTRIES_MAX);
// No commit takes less than its signature.
const _: () = assert!(RESPONSE_BYTES_MAX / 64 <= UNDURABLE_AT_ONCE_MAX);
const _: () = assert!(STAGED_BYTES_MAX >= RESPONSE_BYTES_MAX);
const _: () =
    assert!(PUSH_COMMITS_MAX <= PUSH_OUTCOME_MAX && GREETING_WAIT_MS < REQUEST_TIMEOUT_MS);
const _: () = assert!(PEER_REQUESTS_PER_S_MAX <= PEER_REQUEST_BURST_MAX);
const _: () = assert!(RETRY_FIRST_MS < RETRY_LAST_MS);
