//! Which charter a node may hold, and which may follow it. Pure functions over files: nothing is
//! written here, and a refusal changes nothing.
//!
//! A charter is trusted first because a person brought it ([`found`]). From then on each version
//! is trusted because the reviewers of the version before signed it ([`adopt`]), as the root role
//! of TUF 1.0 §5.3: exactly the next number, signed by the old reviewers and, where they or their
//! threshold change, by the new ones too. Where too many of their keys are lost, holders of sealed
//! keys may put others in place ([`crate::signing::recovery`]). So every charter that was ever adopted is also signed by
//! enough of its own reviewers, and [`restore`] can hold a stored one to that after a restart.
//!
//! Nothing but the manifest and the signatures is parsed before the signatures are verified.

use std::sync::Arc;

use crdt_model::charter::Charter;
use crdt_model::ids::{CharterDigest, CharterVersion};
use crdt_model::text;
use crdt_model::text::Text;
use crdt_model::time::WallTime;

use crate::deciding::charter::CedarCharter;
use crate::reading::files::CharterFiles;
use crate::signing::board::{Board, GoodSignature, SignatureFault, Tally, read_signatures};
use crate::signing::manifest::{MANIFEST_PATH, Manifest, ManifestError, Sha256Sum, digest_of};
use crate::signing::recovery;
use crate::signing::refusal::{AdoptionRefused, Whose};

/// A charter that a node holds: every file, opened, with the reviewers that may sign the next one.
#[derive(Clone, Debug)]
pub struct AdoptedCharter {
    files: Arc<CharterFiles>,
    charter: Arc<CedarCharter>,
    manifest: Manifest,
    digest: CharterDigest,
    board: Board,
    /// The reviewers whose signatures brought it in, where they were other ones.
    admitted_by: Option<Board>,
}

impl AdoptedCharter {
    /// Its files, as they were signed, with the signatures.
    pub fn files(&self) -> &CharterFiles {
        &self.files
    }

    /// The charter, able to decide.
    pub fn charter(&self) -> &Arc<CedarCharter> {
        &self.charter
    }

    /// Its manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// SHA-256 of its manifest.
    pub fn digest(&self) -> CharterDigest {
        self.digest
    }

    /// The digest of version 1: what all versions of one county's charter have in common.
    pub fn lineage(&self) -> CharterDigest {
        self.manifest.earlier.last().copied().unwrap_or(self.digest)
    }

    /// Its version.
    pub fn version(&self) -> CharterVersion {
        self.manifest.version
    }

    /// The reviewers that may sign the next version.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// The holders of sealed keys, if the charter names any.
    fn recovery_board(&self) -> Option<Board> {
        let recovery = self.charter.head().recovery.as_ref()?;
        let listed = recovery.holder.iter();
        let listed = listed.map(|holder| (holder.name.as_str(), holder.key.as_str()));
        Board::new(listed, recovery.threshold).ok()
    }

    /// Checks that the rules decide what the manifest says they decide. Reviewers' tools ask this;
    /// a node need not, because the reviewers did.
    pub fn check_decisions(&self) -> Result<(), AdoptionRefused> {
        let found = Sha256Sum(self.charter.decision_digest());
        let listed = self.manifest.decisions;
        agree(of_decisions(), &listed, &found)
    }
}

/// A charter whose manifest and signatures were read, and nothing else yet.
struct Offer<'a> {
    files: &'a CharterFiles,
    manifest: Manifest,
    digest: CharterDigest,
}

/// The charter that a node begins with: brought by a person, signed by enough of the reviewers that
/// it lists itself, and in force at `now`.
///
/// Where the person knows the digest from somewhere else, `expected` holds the charter to it; that
/// is what makes the reviewers in it more than a claim.
pub fn found(
    files: &CharterFiles,
    now: WallTime,
    expected: Option<CharterDigest>,
) -> Result<AdoptedCharter, AdoptionRefused> {
    let offer = Offer::read(files)?;
    if let Some(expected) = expected.filter(|expected| *expected != offer.digest) {
        return Err(AdoptionRefused::OtherDigest {
            expected,
            found: offer.digest,
        });
    }
    offer.check_in_force(now)?;
    offer.open_for_itself()
}

/// The charter that a node stored, held to its digest and to its own reviewers again. It may have
/// expired since: that narrows what the node does, and does not stop it.
pub fn restore(
    files: &CharterFiles,
    digest: CharterDigest,
) -> Result<AdoptedCharter, AdoptionRefused> {
    let offer = Offer::read(files)?;
    if offer.digest != digest {
        return Err(AdoptionRefused::OtherDigest {
            expected: digest,
            found: offer.digest,
        });
    }
    offer.open_for_itself()
}

/// The next version of a charter that a node holds, expired or not.
pub fn adopt(
    current: &AdoptedCharter,
    offered: &CharterFiles,
    now: WallTime,
) -> Result<AdoptedCharter, AdoptionRefused> {
    let offer = Offer::read(offered)?;
    offer.check_follows(current)?;
    offer.check_in_force(now)?;
    let signatures = offer.signatures()?;
    let tally = current.board.count(&signatures);
    let admitting = match current.recovery_board() {
        Some(holders) if !tally.reached() && holders.count(&signatures).reached() => {
            if let Some(path) = recovery::beyond(&current.files, offered) {
                return Err(AdoptionRefused::BeyondRecovery { path });
            }
            holders
        }
        _ => {
            enough(Whose::Previous, tally)?;
            current.board.clone()
        }
    };
    let mut adopted = offer.open()?;
    if adopted.board != admitting {
        enough(Whose::Own, adopted.board.count(&signatures))?;
    }
    refuse_strangers(&signatures, [&admitting, &current.board, &adopted.board])?;
    if adopted.board != admitting {
        adopted.admitted_by = Some(admitting);
    }
    Ok(adopted)
}

impl<'a> Offer<'a> {
    /// Reads the manifest and holds every file to it.
    fn read(files: &'a CharterFiles) -> Result<Self, AdoptionRefused> {
        files
            .check_bounds()
            .map_err(|_| AdoptionRefused::TooLarge)?;
        let manifest = Manifest::of(files)?;
        let digest = digest_of(manifest_bytes(files));
        manifest.check_files(files)?;
        Ok(Self {
            files,
            manifest,
            digest,
        })
    }

    fn check_follows(&self, current: &AdoptedCharter) -> Result<(), AdoptionRefused> {
        let Manifest {
            county, version, ..
        } = self.manifest;
        let (ours, county_held) = (current.version(), current.manifest.county);
        if county != county_held {
            return Err(AdoptionRefused::OtherCounty {
                ours: county_held,
                offered: county,
            });
        }
        if self.digest == current.digest {
            return Err(AdoptionRefused::AlreadyHeld { version });
        }
        if version == ours {
            return Err(self.fork_of(current));
        }
        if version < ours {
            return Err(AdoptionRefused::Older {
                ours,
                offered: version,
            });
        }
        if version.0 != ours.0.saturating_add(1) {
            return Err(AdoptionRefused::Gap {
                ours,
                offered: version,
            });
        }
        let follows = self.manifest.previous();
        if follows != Some(current.digest) {
            return Err(AdoptionRefused::NotSuccessor {
                ours: current.digest,
                follows,
            });
        }
        if self.manifest.earlier.get(1..) != Some(&current.manifest.earlier) {
            return Err(AdoptionRefused::OtherLog { version });
        }
        Ok(())
    }

    /// Another charter with the number of the current one. It is an alarm when reviewers signed
    /// it: those who brought the current one in, or those of the current one.
    fn fork_of(&self, current: &AdoptedCharter) -> AdoptionRefused {
        let good: Vec<_> = self.all_signatures().into_iter().flatten().collect();
        let boards = current.admitted_by.iter().chain([&current.board]);
        let signed = boards.into_iter().any(|board| board.count(&good).reached());
        AdoptionRefused::Fork {
            version: self.manifest.version,
            ours: current.digest,
            offered: self.digest,
            signed,
        }
    }

    fn check_in_force(&self, now: WallTime) -> Result<(), AdoptionRefused> {
        let validity = self.manifest.validity;
        if validity.expired(now) {
            return Err(AdoptionRefused::Expired {
                until: validity.until,
                now,
            });
        }
        if now < validity.from {
            return Err(AdoptionRefused::NotYet {
                from: validity.from,
                now,
            });
        }
        Ok(())
    }

    fn all_signatures(&self) -> Vec<Result<GoodSignature, SignatureFault>> {
        read_signatures(self.files, manifest_bytes(self.files))
    }

    /// All signatures; a file among them that proves nothing refuses the charter.
    fn signatures(&self) -> Result<Vec<GoodSignature>, AdoptionRefused> {
        let good: Vec<_> = self
            .all_signatures()
            .into_iter()
            .collect::<Result<_, _>>()?;
        if good.is_empty() {
            Err(AdoptionRefused::Unsigned)
        } else {
            Ok(good)
        }
    }

    /// Opens a charter that its own reviewers must have signed. Signatures of others are let be:
    /// where reviewers changed, they are those of the version before.
    fn open_for_itself(self) -> Result<AdoptedCharter, AdoptionRefused> {
        let signatures = self.signatures()?;
        let opened = self.open()?;
        enough(Whose::Own, opened.board.count(&signatures))?;
        Ok(opened)
    }

    /// Parses and validates the rest, and holds it to what the manifest says of it.
    fn open(self) -> Result<AdoptedCharter, AdoptionRefused> {
        let charter = CedarCharter::open_with_log(self.files, self.digest, &self.manifest.earlier)
            .map_err(AdoptionRefused::Invalid)?;
        agree_with(&self.manifest, &charter)?;
        if !charter.has_keys() {
            return Err(AdoptionRefused::Keyless);
        }
        let board = Board::of(&charter)?;
        Ok(AdoptedCharter {
            files: Arc::new(self.files.clone()),
            charter: Arc::new(charter),
            manifest: self.manifest,
            digest: self.digest,
            board,
            admitted_by: None,
        })
    }
}

fn manifest_bytes(files: &CharterFiles) -> &[u8] {
    files.files.get(MANIFEST_PATH).map_or(&[], Vec::as_slice)
}

fn enough(whose: Whose, tally: Tally) -> Result<(), AdoptionRefused> {
    if tally.reached() {
        Ok(())
    } else {
        Err(AdoptionRefused::TooFew { whose, tally })
    }
}

/// Refuses a signature that is nobody's who could sign.
fn refuse_strangers(
    signatures: &[GoodSignature],
    boards: [&Board; 3],
) -> Result<(), AdoptionRefused> {
    let [.., new] = boards;
    let counts = |board: &Board, one: &GoodSignature| {
        board.count(std::slice::from_ref(one)).others.is_empty()
    };
    let stranger = signatures
        .iter()
        .find(|one| !boards.iter().any(|board| counts(board, one)));
    match stranger.and_then(|one| new.count(std::slice::from_ref(one)).others.pop()) {
        Some(fault) => Err(AdoptionRefused::Signature(fault)),
        None => Ok(()),
    }
}

/// Checks that the manifest says of the charter what `charter.toml` says.
pub(crate) fn agree_with(
    manifest: &Manifest,
    charter: &CedarCharter,
) -> Result<(), AdoptionRefused> {
    let date = crate::signing::manifest_text::date;
    let (listed, found) = (manifest.validity, charter.validity());
    agree(
        text!("县", "the county"),
        &manifest.county,
        &charter.county(),
    )?;
    agree(
        text!("版本号", "the version"),
        &manifest.version,
        &charter.version(),
    )?;
    agree(
        text!("生效时间", "the first moment"),
        &date(listed.from)?,
        &date(found.from)?,
    )?;
    agree(
        text!("到期时间", "the last moment"),
        &date(listed.until)?,
        &date(found.until)?,
    )
}

/// What a manifest and its charter are held together by last.
pub(crate) fn of_decisions() -> Text {
    text!("全部判定的摘要", "the digest of all decisions")
}

fn agree<T: PartialEq + ToString>(
    what: Text,
    manifest: &T,
    charter: &T,
) -> Result<(), AdoptionRefused> {
    if manifest == charter {
        return Ok(());
    }
    let (manifest, charter) = (manifest.to_string(), charter.to_string());
    Err(AdoptionRefused::Disagrees {
        what,
        manifest,
        charter,
    })
}

impl From<ManifestError> for AdoptionRefused {
    fn from(error: ManifestError) -> Self {
        Self::Manifest(error)
    }
}

impl From<SignatureFault> for AdoptionRefused {
    fn from(fault: SignatureFault) -> Self {
        Self::Signature(fault)
    }
}
