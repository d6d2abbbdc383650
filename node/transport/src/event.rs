//! What goes in and what comes out: [`Command`] and [`Event`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use crdt_model::charter::Roster;
use crdt_model::ids::{NodeId, PublicKey};

use super::fault::{CloseReason, DialFault, Refusal, RequestFault};

/// Names a request of ours until it is answered or has failed. The caller chooses it, unique among
/// the requests that are under way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RequestId(pub u64);

/// Names a request of a peer until it is answered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct InboundId(pub(super) u64);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for InboundId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which lines are cut, for demonstrations and tests.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Cut {
    /// No line.
    #[default]
    Nothing,
    /// Every line.
    Everything,
    /// The lines to these nodes.
    LinesTo(BTreeSet<NodeId>),
}

impl Cut {
    /// Whether the line to this node is cut.
    pub fn covers(&self, node: NodeId) -> bool {
        match self {
            Cut::Nothing => false,
            Cut::Everything => true,
            Cut::LinesTo(nodes) => nodes.contains(&node),
        }
    }
}

/// Which members may link to this node at all, in either direction.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Allowed {
    /// Every active member of the roster.
    #[default]
    Members,
    /// Only these, as far as they are active members.
    Only(BTreeSet<NodeId>),
}

/// What the transport is told to do.
#[derive(Clone, Debug)]
pub enum Command {
    /// From now on this is the roster. Lines to nodes that are no longer active members, or have
    /// another key now, are severed.
    SetRoster(Arc<Roster>),
    /// From now on only these may link. Lines to others are severed.
    SetAllowed(Allowed),
    /// Keep lines to these nodes, dialling again whenever one is lost, until told otherwise. Lines
    /// to nodes that are no longer listed stay until they break.
    SetLinks(Vec<NodeId>),
    /// From now on these lines are cut: no byte is handed to the network or taken from it, nothing is
    /// dialled, and calls are refused. What is no longer cut is dialled again at once, kept or not,
    /// if the roster lists an address. A node that can only be dialled by its peer comes back when
    /// the peer's back-off allows; to have it back at once, cut and heal both ends.
    SetCut(Cut),
    /// Dial now, whatever the back-off says. Does nothing if the line is up.
    Dial {
        /// Whom.
        node: NodeId,
    },
    /// Close the line. A node that is kept by [`Command::SetLinks`] is dialled again after a pause.
    HangUp {
        /// To whom.
        node: NodeId,
    },
    /// Send a request. Exactly one [`Event::Response`] or [`Event::RequestFailed`] will follow.
    Request {
        /// To whom.
        node: NodeId,
        /// The caller's name for it.
        id: RequestId,
        /// 1 to `REQUEST_BYTES_MAX` bytes.
        bytes: Bytes,
    },
    /// Answer a request. Too late, or for a line that is gone, it is dropped and counted.
    Respond {
        /// Which request.
        id: InboundId,
        /// At most `RESPONSE_BYTES_MAX` bytes.
        bytes: Bytes,
    },
    /// Close all lines and end. The channel of events closes when that is done.
    Stop,
}

/// What the transport reports.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    /// The node can be reached here, as a multiaddress.
    Listening {
        /// Where.
        address: String,
    },
    /// The node can no longer be reached here.
    ListenerLost {
        /// Where.
        address: String,
    },
    /// A line is up. There is one at most for each node.
    Connected {
        /// To whom.
        node: NodeId,
        /// Whether this node dialled.
        we_dialled: bool,
        /// The other end, as a multiaddress.
        address: String,
    },
    /// A line is down. Requests on it have failed before this, each with its own event.
    Disconnected {
        /// To whom.
        node: NodeId,
        /// Why.
        why: CloseReason,
    },
    /// A member asks something.
    Request {
        /// Who.
        node: NodeId,
        /// For [`Command::Respond`].
        id: InboundId,
        /// The frame.
        bytes: Bytes,
    },
    /// A member answered.
    Response {
        /// Who.
        node: NodeId,
        /// Which request of ours.
        id: RequestId,
        /// The frame.
        bytes: Bytes,
    },
    /// A request of ours will not be answered.
    RequestFailed {
        /// By whom.
        node: NodeId,
        /// Which request of ours.
        id: RequestId,
        /// Why.
        why: RequestFault,
    },
    /// Something was turned away, and counted.
    Refused {
        /// Whose it was; `None` if it was turned away before the handshake, or if the key is not of
        /// the kind that rosters list.
        key: Option<PublicKey>,
        /// The node with that key, if the roster lists one.
        node: Option<NodeId>,
        /// The other end, as a multiaddress, if it is known.
        from: Option<String>,
        /// Why.
        why: Refusal,
    },
    /// Connections were turned away before anything could be proven on them, and counted. A flood makes
    /// thousands of them in a second, so they are reported together, at most once a second.
    TurnedAway {
        /// Why.
        why: Refusal,
        /// How many.
        count: u64,
        /// How many came from some of the addresses.
        from: BTreeMap<String, u64>,
    },
    /// The system did not let the node accept a connection.
    AcceptFailed {
        /// What the system said.
        cause: String,
    },
    /// No address of a node led to it.
    DialFailed {
        /// Whom.
        node: NodeId,
        /// Why, address by address.
        why: DialFault,
        /// After which pause it is dialled again; `None` if it is not.
        retry_in: Option<Duration>,
    },
}
