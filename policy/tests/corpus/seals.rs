//! A sound charter with manifest and signatures, offered to a node.

use crdt_model::charter::Charter;
use crdt_model::ids::CharterDigest;
use crdt_model::time::WallTime;
use policy::reading::finding::render_all;
use policy::signing::adopt::{AdoptedCharter, adopt, found};
use policy::signing::manifest::{MANIFEST_PATH, Manifest, Sha256Sum};
use policy::signing::refusal::AdoptionRefused;
use policy::signing::sshsig::sign;
use policy::{CedarCharter, CharterFiles};

use crate::draft::{Draft, NOW, key, tiny};
use crate::snapshot::Seen;

/// The manifest of a draft that follows another.
pub(crate) fn manifest(files: &CharterFiles, earlier: &[CharterDigest]) -> Manifest {
    let charter = CedarCharter::open(files).expect("the charter is valid");
    Manifest {
        county: charter.county(),
        version: charter.version(),
        earlier: earlier.to_vec(),
        validity: charter.validity(),
        decisions: Sha256Sum(charter.decision_digest()),
        files: Manifest::list(files).expect("good paths"),
    }
}

impl Draft {
    /// With its manifest, as version 1 has it.
    pub(crate) fn sealed(self) -> Self {
        self.sealed_after(&[])
    }

    /// With its manifest, as the version after another has it.
    pub(crate) fn sealed_after(self, earlier: &[CharterDigest]) -> Self {
        let text = manifest(&self.files, earlier).encode().expect("encodes");
        self.file(MANIFEST_PATH, text)
    }

    /// Signed by these people.
    pub(crate) fn signed(self, names: &[&str]) -> Self {
        names
            .iter()
            .fold(self, |draft, name| draft.signed_as(name, name))
    }

    /// Signed with the key of one, in the file of another.
    pub(crate) fn signed_as(self, name: &str, file: &str) -> Self {
        let manifest = self.files.files[MANIFEST_PATH].clone();
        let signature = sign(&key(name), &manifest).expect("signs");
        self.file(&format!("signatures/{file}.sig"), signature)
    }

    /// The digest of its manifest.
    pub(crate) fn digest(&self) -> CharterDigest {
        policy::signing::manifest::digest_of(&self.files.files[MANIFEST_PATH])
    }
}

/// Version 1, signed.
pub(crate) fn first() -> Draft {
    tiny().sealed().signed(&["li", "wang"])
}

/// Version 2, without its manifest.
pub(crate) fn second() -> Draft {
    tiny().with("charter.toml", "version = 1", "version = 2")
}

/// Version 2, signed.
pub(crate) fn second_signed() -> Draft {
    second()
        .sealed_after(&[first().digest()])
        .signed(&["li", "wang"])
}

/// A charter that a node is set up with, or that one is offered which holds another.
pub(crate) struct Offered {
    draft: Draft,
    held: Option<AdoptedCharter>,
    now: WallTime,
    expected: Option<CharterDigest>,
}

/// Brought to a new node.
pub(crate) fn brought(draft: Draft) -> Offered {
    Offered {
        draft,
        held: None,
        now: NOW,
        expected: None,
    }
}

/// Offered to a node that holds version 1.
pub(crate) fn offered(draft: Draft) -> Offered {
    let held = found(&first().files, NOW, None).expect("it is signed");
    Offered {
        held: Some(held),
        ..brought(draft)
    }
}

/// Offered to a node that holds versions 1 and then 2.
pub(crate) fn offered_late(draft: Draft) -> Offered {
    let first = found(&first().files, NOW, None).expect("it is signed");
    let held = adopt(&first, &second_signed().files, NOW).expect("it follows");
    Offered {
        held: Some(held),
        ..brought(draft)
    }
}

impl Offered {
    /// At another moment.
    pub(crate) fn at(mut self, time: &str) -> Self {
        let time: jiff::Timestamp = time.parse().expect("a time");
        self.now = WallTime::from_ms(time.as_millisecond().try_into().expect("after 1970"));
        self
    }

    /// Held to a digest that somebody said.
    pub(crate) fn expecting(mut self, digest: CharterDigest) -> Self {
        self.expected = Some(digest);
        self
    }

    fn verify(&self) -> Result<(), AdoptionRefused> {
        let adopted = match &self.held {
            Some(held) => adopt(held, &self.draft.files, self.now),
            None => found(&self.draft.files, self.now, self.expected),
        };
        adopted?.check_decisions()
    }
}

impl Seen for Offered {
    /// What `mesh-policy verify` says.
    fn seen(&self) -> String {
        let Err(refused) = self.verify() else {
            return String::new();
        };
        let told = match &refused {
            AdoptionRefused::Invalid(findings) => render_all(
                findings,
                &self.draft.files,
                false,
                crdt_model::text::Language::En,
            ),
            _ => String::new(),
        };
        let alarm = if refused.is_alarm() {
            "\nand raises an alarm\n"
        } else {
            ""
        };
        format!(
            "{told}error[{}]: a node would refuse this charter: {refused}\n{alarm}",
            refused.code()
        )
    }
}
