//! Reconciliation: how two nodes find out in which facets they differ, without telling each other
//! all they have.
//!
//! What they compare is the set of facets whose label both may hold. [`Index`] keeps all facets of
//! a replica, ordered by [`Position`] and summed as they come and go; [`Shared`] is the view of it
//! that one pair has. Equal sets have equal [`Shared::digest`]s, whatever their size.
//!
//! If the digests differ, one side asks and the other answers (range-based set reconciliation):
//! 1. [`Initiator::request`] cuts what differs into spans that hold equally many facets, and sends
//!    the [`Fingerprint`] of each.
//! 2. [`respond`] keeps nothing and passes over equal spans. Of each other span it lists the facets
//!    if one side has at most [`RECONCILE_LIST_MAX`] there, and otherwise cuts it further and
//!    answers with fingerprints.
//! 3. [`Initiator::receive`] compares the lists with its own, and goes on with the spans that still
//!    differ.
//!
//! Requests hold only fingerprints: as only the asking side collects, a list from it would cost
//! bytes and tell the answering side nothing that it has to know.
//!
//! # What the other side learns
//! [`Shared`] refers to the facets of its labels and to nothing else, so an answer is a function of
//! the request and of facets that the asker may hold. A bound may name any label; it is a place in
//! the order, and the answer does not tell whether anything stands there.
//!
//! # What a hostile peer can do
//! It can lie about its own facets, which it could as well withhold. It cannot make the other side
//! spend more than the limits say: messages, rounds, work and differences are all bounded, and what
//! a limit cuts off is named, so that the next comparison begins there.
//!
//! # What a hostile author can do
//! A span's sum is the sum of its items' SHA-256 digests modulo 2^256. Such sums are cheap to
//! maintain, but they are no collision-resistant hash of a set. Whoever authors very many facets
//! can choose their commits so that two sets of equally many facets have the same sum: with
//! Wagner's generalised birthday algorithm (CRYPTO 2002) 2^15 facets cost in the order of 2^31
//! hashes, 2^10 of them about 2^33, 2^7 about 2^39, 16 about 2^55; with fewer, the 16 bytes of a
//! [`Fingerprint`] set the price at 2^64. Neither the count nor the hash of the sum adds to this.
//!
//! If such an author also gets one set to one node and the other set to its neighbour, the two
//! believe that they are equal. What the author gains is that these two do not even out **these**
//! facets by comparing: all of the contrived sets have to lie in the span, so any span that cuts
//! through them differs and is repaired, and any other difference between the two nodes leads them
//! to cut. Facets that are not part of the sets are never hidden, unless the author may write to
//! them and did so in the contrived way; commits that arrive while nodes are connected are pushed
//! without any comparison; nothing false is ever accepted, for commits are signed and named by
//! their own hashes. Against the rest there is [`Initiator::cut_at`]: a comparison cut at random,
//! made from time to time between nodes that seem equal, finds contrived sets with a probability of
//! about their share of all facets.
//!
//! Record ids are chosen by authors too. That does not matter here: spans are cut by rank and not
//! by the value of ids, and the tree's depth depends on counts only. Ids with long common prefixes
//! make bounds longer, up to 16 bytes instead of two or three.
//!
//! [`RECONCILE_LIST_MAX`]: crate::limits::RECONCILE_LIST_MAX

mod budget;
mod fingerprint;
mod index;
mod initiate;
mod message;
mod node;
mod position;
mod respond;
mod split;
mod tree;
mod wire;

pub use fingerprint::{Fingerprint, ItemDigest, ShortDigest, Total};
pub use index::{Index, Shared};
pub use initiate::{Differences, Initiator};
pub use message::{Item, Question, Range, RangeContent, ReconcileFault, Request, Response};
pub use position::{Bound, Position, Span};
pub use respond::respond;
pub use tree::{Iter, Tree};
