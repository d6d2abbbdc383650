//! Charters drawn from a seed, as a story: what one county's reviewers signed one after the other,
//! what they should not have signed, and what was passed around without enough signatures.

use std::collections::BTreeMap;

use crdt_model::charter::{Standing, Validity};
use crdt_model::ids::{CharterVersion, NodeId, PublicKey};
use crdt_model::time::WallTime;
use ed25519_dalek::SigningKey;

use super::Edition;
use super::drawn::Drawn;
pub use super::drawn::{LEVELS, SENSITIVITIES};
use super::folder::Written;
use super::reviewers::{IN_FORCE, Reviewers, Sealed, node_key};
use crate::seed::Seed;

/// The text field of every facet.
pub const TEXT: &str = "text";
/// The field of every facet that grows: its keys are `line/<id>`.
pub const GROWING: &str = "line";
/// The field of every facet that takes one of [`CHOICES`].
pub const CHOICE: &str = "state";
/// What the field [`CHOICE`] takes.
pub const CHOICES: [&str; 3] = ["open", "waiting", "closed"];

/// One county's charters.
#[derive(Clone, Debug)]
pub struct Family {
    of: County,
    nodes: Vec<NodeId>,
    first: Drawn,
    second: Drawn,
    third: Drawn,
    /// The first version.
    pub v1: Edition,
    /// The second: some flows are wider, some narrower.
    pub v2: Edition,
    /// The third, changed once more.
    pub v3: Edition,
    /// Another second version that reviewers signed: a fork.
    pub v2_fork: Edition,
    /// A second version that opens everything, signed by one reviewer, which is too few.
    pub v2_unsigned_enough: Edition,
}

impl Family {
    /// The charters of a seed over these nodes, which are one county with its townships and
    /// villages.
    pub fn generate(seed: u64, nodes: &[NodeId]) -> Self {
        let mut stream = Seed::new(seed);
        let first = Drawn::draw(nodes, &mut stream);
        let second = first.changed(&mut stream);
        let third = second.changed(&mut stream);
        let other = first.changed(&mut stream);
        let of = County {
            seed,
            // Whoever simulates a county has nodes in it.
            county: nodes.first().expect("a county has nodes").county(),
            reviewers: Reviewers::of(seed),
        };
        let roster = active(nodes);
        let plan = |title, follows| Plan::new(title, follows, &roster);
        let v1 = of.make(plan("first", None), &first);
        let v2 = of.make(plan("second", Some(&v1)).signed_by(&[1, 2]), &second);
        let v3 = of.make(plan("third", Some(&v2)), &third);
        let v2_fork = of.make(plan("fork", Some(&v1)).signed_by(&[0, 2]), &other);
        let open = plan("open", Some(&v1)).signed_by(&[2]);
        let v2_unsigned_enough = of.make(open, &first.wide_open());
        Self {
            of,
            nodes: nodes.to_vec(),
            first,
            second,
            third,
            v1,
            v2,
            v3,
            v2_fork,
            v2_unsigned_enough,
        }
    }

    /// A node's secret key, which all editions list the public half of.
    pub fn key(&self, node: NodeId) -> SigningKey {
        node_key(self.of.seed, node)
    }

    /// A third version that follows the second and trusts one node no more.
    pub fn v3_revoking(&self, node: NodeId) -> Edition {
        let mut roster = active(&self.nodes);
        roster.insert(node, Standing::Revoked);
        // Its villages reach one another no more by way of a revoked township.
        let drawn = self.third.clone().settled(Some(node) != node.township());
        self.of
            .make(Plan::new("revoking", Some(&self.v2), &roster), &drawn)
    }

    /// A first version that holds until `until`, and a second that follows it and holds longer.
    pub fn expiring(&self, until: WallTime) -> [Edition; 2] {
        let roster = active(&self.nodes);
        let mut first = Plan::new("expiring", None, &roster);
        first.until = until;
        let first = self.of.make(first, &self.first);
        let renewed = Plan::new("renewed", Some(&first), &roster);
        let renewed = self.of.make(renewed, &self.second);
        [first, renewed]
    }

    /// Three versions, of which only the third lists `newcomer`.
    pub fn onboarding(&self, newcomer: NodeId) -> [Edition; 3] {
        let roster = active(&self.nodes);
        let mut before = roster.clone();
        before.remove(&newcomer);
        let first = self
            .of
            .make(Plan::new("without", None, &before), &self.first);
        let second = Plan::new("still without", Some(&first), &before);
        let second = self.of.make(second, &self.second);
        let third = Plan::new("with", Some(&second), &roster);
        let third = self.of.make(third, &self.third);
        [first, second, third]
    }
}

fn active(nodes: &[NodeId]) -> BTreeMap<NodeId, Standing> {
    let active = nodes.iter().map(|node| (*node, Standing::Active));
    active.collect()
}

/// What all editions of one county have in common.
#[derive(Clone, Debug)]
struct County {
    seed: u64,
    county: NodeId,
    reviewers: Reviewers,
}

/// One version to be made.
struct Plan<'a> {
    /// What tells it from others of the same version.
    title: &'a str,
    follows: Option<&'a Edition>,
    until: WallTime,
    /// Positions of the reviewers who sign.
    signers: &'a [usize],
    roster: &'a BTreeMap<NodeId, Standing>,
}

impl<'a> Plan<'a> {
    fn new(
        title: &'a str,
        follows: Option<&'a Edition>,
        roster: &'a BTreeMap<NodeId, Standing>,
    ) -> Self {
        Self {
            title,
            follows,
            until: IN_FORCE.until,
            signers: &[0, 1],
            roster,
        }
    }

    fn signed_by(mut self, signers: &'a [usize]) -> Self {
        self.signers = signers;
        self
    }
}

impl County {
    /// In every second county two townships must confirm the charter, where it has two.
    fn cosigners(&self, roster: &BTreeMap<NodeId, Standing>) -> Option<usize> {
        let townships = roster.keys().filter(|node| node.township() == Some(**node));
        (self.seed.is_multiple_of(2) && townships.count() >= 2).then_some(2)
    }

    fn make(&self, plan: Plan<'_>, drawn: &Drawn) -> Edition {
        let drawn = drawn.clone().over(plan.roster);
        let before = plan.follows.map_or(0, |edition| edition.version.0);
        let version = CharterVersion(before + 1);
        let written = Written {
            county: self.county,
            version,
            title: plan.title,
            until: plan.until,
            cosigners: self.cosigners(plan.roster),
            reviewers: &self.reviewers.listed(),
            roster: plan.roster,
            keys: &|node| PublicKey(node_key(self.seed, node).verifying_key().to_bytes()),
        };
        // The same rules are worded anew under each title.
        let letters = plan.title.bytes().map(u64::from);
        let wording = letters.fold(self.seed, |seed, letter| seed.rotate_left(5) ^ letter);
        let files = written.files(&drawn, &mut Seed::new(wording));
        let sealed = Sealed {
            county: self.county,
            version,
            follows: plan.follows,
            validity: Validity {
                from: IN_FORCE.from,
                until: plan.until,
            },
            signers: plan.signers,
        };
        let table = drawn.permissions(plan.roster.clone());
        let emergency = drawn.in_emergency(plan.roster);
        // Whatever is drawn is a charter: a test opens hundreds of them.
        self.reviewers
            .seal(files, &sealed, table, emergency)
            .expect("what is drawn can be signed")
    }
}
