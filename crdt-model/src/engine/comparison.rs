//! Finding out in which facets this node and a peer differ.

use crate::ids::NodeId;
use crate::planted::{self, Plant};
use crate::reconcile::{self, Differences, Position, ReconcileFault};
use crate::time::Now;
use crate::wire::Request;

use super::peer::{Lacks, Purpose, Queue};
use super::{Engine, Output};

impl Engine {
    pub(super) fn next_comparison(&mut self, peer: NodeId) -> Option<(Purpose, Request)> {
        let charter = self.mark_with(peer);
        let known = self.peers.get(&peer)?;
        let asking = known
            .in_flight
            .values()
            .any(|one| matches!(one, Purpose::Compare));
        if asking {
            return None;
        }
        let mut initiator = self
            .peers
            .get_mut(&peer)?
            .session
            .as_mut()?
            .comparing
            .take()?;
        let Some(questions) = initiator.request(&self.shared_with(peer)) else {
            self.exchange_what_differs(peer, initiator.finish());
            return None;
        };
        self.session(peer)?.comparing = Some(initiator);
        let questions = questions.encode();
        Some((Purpose::Compare, Request::Compare { charter, questions }))
    }

    /// Queues what a comparison has found.
    fn exchange_what_differs(&mut self, peer: NodeId, found: Differences) {
        let place = |position: &Position| {
            let facet = position.facet();
            (self.turn(&facet), facet)
        };
        let fetch = found.need.iter().chain(&found.differ).map(place);
        let fetch: Queue<usize> = fetch.map(|place| (place, 0)).collect();
        let offers = found.offer.iter().map(place);
        let offers = offers.filter(|_| !planted::is(Plant::OffersForgotten));
        let offers: Queue<Lacks> = offers.map(|place| (place, Lacks::default())).collect();
        if let Some(known) = self.peers.get_mut(&peer) {
            known.resume = found.resume;
            if let Some(session) = known.session.as_mut() {
                session.fetch.extend(fetch);
                session.offers.extend(offers);
            }
        }
    }

    pub(super) fn compared(
        &mut self,
        peer: NodeId,
        answer: &[u8],
        now: Now,
        outputs: &mut Vec<Output>,
    ) {
        let outcome = match reconcile::Response::decode(answer) {
            Ok(answer) => self
                .take_comparison(peer, &answer)
                .map_err(|fault| fault.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(fault) = outcome {
            self.start_over(peer, now);
            self.misbehaved(peer, "bad-comparison", fault, outputs);
        }
    }

    fn take_comparison(
        &mut self,
        peer: NodeId,
        answer: &reconcile::Response,
    ) -> Result<(), ReconcileFault> {
        // A label that is new here may be one that the link carries.
        for label in answer.labels() {
            self.learn_label(peer, label);
        }
        let session = self
            .peers
            .get_mut(&peer)
            .and_then(|known| known.session.as_mut());
        let Some(mut initiator) = session.and_then(|session| session.comparing.take()) else {
            return Ok(());
        };
        initiator.receive(&self.shared_with(peer), answer)?;
        if let Some(session) = self
            .peers
            .get_mut(&peer)
            .and_then(|known| known.session.as_mut())
        {
            session.comparing = Some(initiator);
        }
        Ok(())
    }
}
