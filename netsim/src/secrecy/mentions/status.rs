//! What a node's outputs, alarms, status and quarantine mention to whoever runs it.

use crdt_model::engine::{
    Alarm, InboundId, LinkState, Output, PeerStatus, RequestId, SyncToken, Ticket, Withheld,
};
use crdt_model::ids::{CharterVersion, Epoch, NodeId, Seq};
use crdt_model::label::{FacetId, Grade};
use crdt_model::quarantine::{Quarantine, Refused};

use super::wire::commit;
use super::{Mention, Mentions, counted, text};

impl Mentions for Output {
    fn list(&self, to: &mut Vec<Mention>) {
        match self {
            // The frame is for the peer.
            Self::Request {
                peer,
                id: RequestId(_),
                bytes: _,
            }
            | Self::Respond {
                peer,
                id: InboundId(_),
                bytes: _,
            } => peer.list(to),
            Self::Sync {
                token: SyncToken(_),
            }
            | Self::Scrub => {}
            Self::Written {
                ticket: Ticket(_),
                outcome,
            } => match outcome {
                Ok(commits) => commits.list(to),
                Err(refused) => refused.list(to),
            },
            Self::CharterFound {
                peer,
                version,
                bundle,
            } => {
                peer.list(to);
                version.list(to);
                to.push(Mention::Free(bundle.clone()));
            }
            Self::CharterOffered { peer, bundle } => {
                peer.list(to);
                to.push(text(bundle));
            }
            Self::Changed {
                facet,
                label,
                from,
                wall: _,
            } => {
                to.push(Mention::Facet {
                    facet: *facet,
                    grade: Some(label.grade),
                });
                label.list(to);
                from.list(to);
            }
            Self::Dropped { facets } => to.push(counted("facets dropped", *facets)),
            Self::Alarm(alarm) => alarm.list(to),
        }
    }
}

impl Mentions for Alarm {
    fn list(&self, to: &mut Vec<Mention>) {
        match self {
            Self::CharterFork {
                peer,
                version,
                theirs,
            } => {
                peer.list(to);
                version.list(to);
                theirs.list(to);
            }
            Self::Equivocated {
                peer,
                facet,
                author,
                epoch: Epoch(_),
                seq: Seq(seq),
                commits,
            } => {
                peer.iter().for_each(|peer| peer.list(to));
                (*facet, None).list(to);
                to.push(counted("commits of an author on one facet", *seq));
                to.extend(commits.iter().map(|commit| Mention::Commit {
                    facet: *facet,
                    commit: *commit,
                    author: *author,
                }));
            }
            Self::TwoMachines { node, told_by } => {
                node.list(to);
                told_by.iter().for_each(|peer| peer.list(to));
            }
            Self::Damaged { facet, kept } => {
                (*facet, None).list(to);
                to.push(counted("commits of one facet", *kept));
            }
            Self::Refused {
                peer,
                commit,
                fault,
                quotable,
            } => {
                peer.list(to);
                commit.list(to);
                fault.list(to);
                to.push(text(fault.words(*quotable)));
            }
            Self::SplitView { size, one, other } => {
                (CharterVersion(*size), one, other).list(to);
            }
            Self::Frozen { cosigner, size, .. } => {
                (CharterVersion(*size), cosigner, &None).list(to);
            }
            // Moments and numbers, of nothing that is held.
            Self::ClockApart { .. } | Self::EmergencyBegins { .. } => {}
            Self::ClockAhead { node, ahead_ms: _ } => node.list(to),
            Self::EmergencyEnds { number: _, facets } => {
                to.push(counted("facets that flowed in an emergency", *facets));
            }
            Self::Misbehaved {
                peer,
                code: _,
                what,
            } => {
                peer.list(to);
                to.push(text(what));
            }
        }
    }
}

impl Mentions for (FacetId, Option<Grade>) {
    fn list(&self, to: &mut Vec<Mention>) {
        let (facet, grade) = *self;
        to.push(Mention::Facet { facet, grade });
    }
}

/// A version, and who signed it.
impl Mentions for (CharterVersion, &NodeId, &Option<NodeId>) {
    fn list(&self, to: &mut Vec<Mention>) {
        let (version, one, other) = self;
        version.list(to);
        one.list(to);
        other.list(to);
    }
}

impl Mentions for PeerStatus {
    fn list(&self, to: &mut Vec<Mention>) {
        let Self {
            node,
            link,
            two_machines,
            emergency: _,
            since: _,
            charter,
            have,
            missing,
            to_send,
            refused,
            withheld,
            commits_received,
            commits_sent,
            commits_refused_by_peer,
            bytes_received,
            bytes_sent,
        } = self;
        node.list(to);
        link.list(to);
        two_machines.iter().for_each(|node| node.list(to));
        charter.list(to);
        to.push(counted("facets shared with a peer", *have));
        to.push(counted("facets missing here", *missing));
        to.push(counted("facets queued for a peer", *to_send));
        for (code, count) in refused {
            to.push(text(code));
            to.push(counted("commits refused", *count));
        }
        withheld.list(to);
        to.push(counted("commits received", *commits_received));
        to.push(counted("commits sent", *commits_sent));
        to.push(counted(
            "commits refused by a peer",
            *commits_refused_by_peer,
        ));
        to.push(counted("bytes received", *bytes_received));
        to.push(counted("bytes sent", *bytes_sent));
    }
}

impl Mentions for LinkState {
    fn list(&self, _: &mut Vec<Mention>) {
        match self {
            Self::Disconnected
            | Self::Greeting
            | Self::PeerAdopting
            | Self::Adopting
            | Self::CharterFork
            | Self::Narrowed
            | Self::Holding
            | Self::Syncing
            | Self::TwoMachines
            | Self::InSync => {}
        }
    }
}

impl Mentions for Withheld {
    fn list(&self, to: &mut Vec<Mention>) {
        let Self {
            facet,
            rules,
            facets,
        } = self;
        to.push(Mention::Counted {
            what: "facets withheld from a peer",
            facet: Some(*facet),
            count: *facets,
        });
        to.extend(rules.iter().map(text));
    }
}

impl Mentions for Quarantine {
    fn list(&self, to: &mut Vec<Mention>) {
        self.entries().for_each(|refused| refused.list(to));
        for (peer, _, count) in self.counts() {
            peer.list(to);
            to.push(counted("refusals", count));
        }
    }
}

impl Mentions for Refused {
    fn list(&self, to: &mut Vec<Mention>) {
        let Self {
            peer,
            hash,
            wall: _,
            code: _,
            reason,
            encoded,
        } = self;
        peer.list(to);
        hash.list(to);
        to.push(text(reason));
        if let Some(encoded) = encoded {
            match commit(encoded) {
                Ok(commit) => commit.list(to),
                Err(_) => to.push(text(encoded)),
            }
        }
    }
}
