//! Room on the disk, which the driver watches. While it is scarce, nothing new is taken in: not what
//! people write, not what peers push, not what could be fetched. Peers hear that this node is busy and
//! offer it again later. Reading, answering and pushing what is held go on.

use super::Engine;

/// How much room there is on the disk.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Room {
    /// None: nothing is written that can wait.
    None,
    /// Only for what the node notes for itself, such as signatures on the log of charters, which are
    /// small and few: without them others would take it for a node that is cut off.
    Scarce,
    /// Enough.
    #[default]
    Enough,
}

impl Engine {
    /// Says how much room there is. There is enough until the driver says otherwise.
    pub fn set_room(&mut self, room: Room) {
        self.room = room;
    }

    /// Whether nothing more may be taken in just now: there is no room, or too much waits for the disk.
    pub(super) fn takes_no_more(&self) -> bool {
        self.room < Room::Enough || self.durability.full()
    }

    /// Whether not even signatures may be taken.
    pub(super) fn notes_nothing(&self) -> bool {
        self.room == Room::None
    }
}
