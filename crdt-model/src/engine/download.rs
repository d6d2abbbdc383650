//! Fetching a charter version from a peer, part by part: the next one from a peer that has a later
//! one, and an older one that commits name and this node lacks.

use crate::ids::{CharterVersion, NodeId};
use crate::limits::CHARTER_BYTES_MAX;
use crate::time::Now;
use crate::wire::Request;

use super::peer::{CharterDownload, Purpose};
use super::{Engine, Output};

impl Engine {
    /// Begins to fetch the version after ours, unless it is on its way or was refused.
    pub(super) fn fetch_charter(&mut self, peer: NodeId) {
        let next = CharterVersion(self.charter().version().0 + 1);
        self.fetch_version(peer, next);
    }

    /// Begins to fetch the latest older version that is not here and that commits may name.
    pub(super) fn fetch_missing_charter(&mut self, peer: NodeId) {
        if let Some(missing) = self.charters.missing() {
            self.fetch_version(peer, missing);
        }
    }

    fn fetch_version(&mut self, peer: NodeId, next: CharterVersion) {
        if let Some(known) = self.peers.get_mut(&peer)
            && known.download.is_none()
            && known.refused_charter != Some(next)
        {
            known.download = Some(CharterDownload {
                version: next,
                bytes: Vec::new(),
            });
        }
    }

    pub(super) fn next_charter_part(
        &mut self,
        peer: NodeId,
        now: Now,
    ) -> Option<(Purpose, Request)> {
        let known = self
            .peers
            .get_mut(&peer)
            .filter(|known| !known.waits(now))?;
        let download = known.download.as_ref()?;
        let asking = known
            .in_flight
            .values()
            .any(|one| matches!(one, Purpose::Charter { .. }));
        let (version, offset) = (download.version, download.bytes.len());
        (!asking).then_some((
            Purpose::Charter { version },
            Request::Charter { version, offset },
        ))
    }

    pub(super) fn downloaded(
        &mut self,
        peer: NodeId,
        version: CharterVersion,
        total: usize,
        part: &[u8],
        now: Now,
        outputs: &mut Vec<Output>,
    ) {
        let Some(known) = self.peers.get_mut(&peer) else {
            return;
        };
        let Some(download) = known.download.as_mut().filter(|one| one.version == version) else {
            return;
        };
        download.bytes.extend_from_slice(part);
        let overlong = total > CHARTER_BYTES_MAX || download.bytes.len() > total;
        if part.is_empty() || overlong {
            known.download = None;
            known.back_off(now);
            known.doubt();
        } else if download.bytes.len() == total {
            let bundle = std::mem::take(&mut download.bytes);
            known.download = None;
            outputs.push(match version > self.charter().version() {
                true => Output::CharterOffered { peer, bundle },
                false => Output::CharterFound {
                    peer,
                    version,
                    bundle,
                },
            });
        }
    }
}
