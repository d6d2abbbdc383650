//! Those who write: each node's own work, in an order drawn from a seed. What a node did not
//! acknowledge because it stopped is looked for when it is back, and asked for again.

use std::collections::BTreeMap;
use std::sync::Arc;

use crdt_model::engine::{Ticket, WriteRefused};
use crdt_model::ids::NodeId;
use netsim::seed::Seed;
use netsim::world::{Happening, World};
use policy::CedarCharter;

use super::work::Course;

/// See the module.
pub(super) struct People {
    charter: Arc<CedarCharter>,
    courses: Vec<Course>,
    /// Courses that somebody could go on with, by node.
    open: BTreeMap<NodeId, Vec<usize>>,
    /// What the nodes have not answered yet.
    asked: BTreeMap<(NodeId, Ticket), usize>,
    chance: Seed,
    /// What was asked for and never answered.
    pub(super) unanswered: u64,
    /// What was acknowledged.
    pub(super) acknowledged: u64,
}

impl People {
    pub(super) fn new(charter: Arc<CedarCharter>, courses: Vec<Course>, seed: u64) -> Self {
        let mut open: BTreeMap<NodeId, Vec<usize>> = BTreeMap::new();
        for (number, course) in courses.iter().enumerate() {
            open.entry(course.node).or_default().push(number);
        }
        Self {
            charter,
            courses,
            open,
            asked: BTreeMap::new(),
            chance: Seed::split(seed, "people", &[]),
            unanswered: 0,
            acknowledged: 0,
        }
    }

    /// Whether everything has been done.
    pub(super) fn are_done(&self) -> bool {
        self.asked.is_empty() && self.open.values().all(Vec::is_empty)
    }

    /// How many deeds the busiest node has before it.
    pub(super) fn most(&self) -> usize {
        let deeds = |of: &Vec<usize>| {
            of.iter()
                .map(|course| self.courses[*course].deeds.len())
                .sum()
        };
        self.open.values().map(deeds).max().unwrap_or(0)
    }

    /// Has people at every node that runs do the next of so many things.
    pub(super) fn work(&mut self, world: &mut World, most: usize) {
        let running: Vec<NodeId> = world.nodes().map(|(node, _)| node).collect();
        for node in running {
            let mut open = self.open.remove(&node).unwrap_or_default();
            let mut not_yet = Vec::new();
            for _ in 0..most.min(open.len()) {
                let course = open.swap_remove(self.chance.below(open.len()));
                if !self.go_on(world, node, course) {
                    not_yet.push(course);
                }
            }
            open.extend(not_yet);
            self.open.entry(node).or_default().extend(open);
        }
    }

    /// Goes on with a course; `false` if that is not possible yet.
    fn go_on(&mut self, world: &mut World, node: NodeId, number: usize) -> bool {
        let course = &mut self.courses[number];
        let Some(state) = world.node(node) else {
            return false;
        };
        let after = course.after.as_ref();
        if !after.is_none_or(|deed| deed.stands(&self.charter, node, &state.store)) {
            return false;
        }
        course.after = None;
        let Some(deed) = course.deeds.front() else {
            return true;
        };
        let Some(drafts) = deed.drafts(&self.charter, node, &state.store) else {
            return false;
        };
        let ticket = world.start_write(node, drafts);
        self.asked.insert((node, ticket), number);
        true
    }

    /// Hears what became of what was asked for.
    pub(super) fn hear(&mut self, world: &mut World) {
        for (node, happening) in std::mem::take(&mut world.happenings) {
            match happening {
                Happening::Acknowledged { ticket, .. } => {
                    let course = self.asked.remove(&(node, ticket)).expect("it was asked");
                    self.acknowledged += 1;
                    self.courses[course].deeds.pop_front();
                    self.leave_open(node, course);
                }
                Happening::Refused { ticket, why } => {
                    let course = self.asked.remove(&(node, ticket)).expect("it was asked");
                    let deed = self.courses[course].deeds.front();
                    assert_eq!(why, WriteRefused::Busy, "{node} refuses {deed:?}");
                    self.leave_open(node, course);
                }
                Happening::Stopped(_) => self.find_out(node),
                _ => {}
            }
        }
    }

    fn leave_open(&mut self, node: NodeId, course: usize) {
        if !self.courses[course].deeds.is_empty() {
            self.open.entry(node).or_default().push(course);
        }
    }

    /// Whatever a node that stopped did not answer is asked for again: it then says the same, or it
    /// says it for the first time.
    fn find_out(&mut self, node: NodeId) {
        let asked = std::mem::take(&mut self.asked);
        for ((at, ticket), course) in asked {
            if at == node {
                self.unanswered += 1;
                self.leave_open(node, course);
            } else {
                self.asked.insert((at, ticket), course);
            }
        }
    }
}
