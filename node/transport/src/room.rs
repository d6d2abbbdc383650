//! Bounded room for connections whose other end has not proven who it is, and who gives way when it
//! is full.
//!
//! * One source never takes more than its share: there, the oldest of its own connections gives way.
//! * Strangers never take the room of sources from which members have come.
//! * Where all sources together fill the room, the oldest connection of the source that has most
//!   gives way, so a source with one connection keeps it while others have several.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::source::Source;

/// Connections of all sources from which no member has come.
const STRANGERS_MAX: usize = 128;
/// Connections of one of them.
const STRANGER_MAX: usize = 32;
/// Connections of all sources from which members have come.
const MEMBERS_MAX: usize = 128;
/// Connections of one of them. Many nodes, and strangers among them, may stand behind one address of
/// a carrier.
const MEMBER_MAX: usize = 96;

/// Connections in one room.
pub(super) const ROOM_MAX: usize = STRANGERS_MAX + MEMBERS_MAX;

const _: () = assert!(STRANGER_MAX < STRANGERS_MAX && MEMBER_MAX < MEMBERS_MAX);

/// Names one connection in a room.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Place(u64);

/// One connection.
pub(super) struct Guest<T> {
    pub(super) source: Source,
    pub(super) since: Instant,
    pub(super) what: T,
    known: bool,
}

/// The connections, oldest first.
pub(super) struct Room<T> {
    guests: BTreeMap<Place, Guest<T>>,
    last: u64,
}

impl<T> Default for Room<T> {
    fn default() -> Self {
        Self {
            guests: BTreeMap::new(),
            last: 0,
        }
    }
}

impl<T> Room<T> {
    /// Takes a connection in. Returns its place, and the connection that has to give way for it.
    /// `known` says whether a member has come from this source.
    pub(super) fn enter(
        &mut self,
        source: Source,
        known: bool,
        what: T,
        now: Instant,
    ) -> (Place, Option<Guest<T>>) {
        let gives_way = self.gives_way(source, known);
        let gone = gives_way.and_then(|place| self.guests.remove(&place));
        self.last += 1;
        let place = Place(self.last);
        let guest = Guest {
            source,
            since: now,
            what,
            known,
        };
        self.guests.insert(place, guest);
        (place, gone)
    }

    fn gives_way(&self, source: Source, known: bool) -> Option<Place> {
        let (share, all) = match known {
            true => (MEMBER_MAX, MEMBERS_MAX),
            false => (STRANGER_MAX, STRANGERS_MAX),
        };
        let mut oldest: BTreeMap<Source, (usize, Place)> = BTreeMap::new();
        let alike = self.guests.iter().filter(|(_, guest)| guest.known == known);
        let mut count = 0;
        for (place, guest) in alike {
            oldest.entry(guest.source).or_insert((0, *place)).0 += 1;
            count += 1;
        }
        match oldest.get(&source) {
            Some((own, place)) if *own >= share => Some(*place),
            _ if count >= all => {
                let most = oldest
                    .values()
                    .max_by_key(|(count, place)| (*count, std::cmp::Reverse(*place)));
                most.map(|(_, place)| *place)
            }
            _ => None,
        }
    }

    /// Takes a connection out.
    pub(super) fn leave(&mut self, place: Place) -> Option<Guest<T>> {
        self.guests.remove(&place)
    }

    /// All of them, oldest first.
    pub(super) fn guests(&self) -> impl Iterator<Item = (Place, &Guest<T>)> {
        self.guests.iter().map(|(place, guest)| (*place, guest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(n: usize) -> Source {
        let address = format!("/ip4/10.0.{}.{}/tcp/1", n / 256, n % 256);
        Source::of(&address.parse().expect("an address"))
    }

    #[test]
    fn one_source_never_takes_more_than_its_share_and_its_oldest_gives_way() {
        let mut room = Room::default();
        let now = Instant::now();
        room.enter(source(1), false, 1_000, now);
        for n in 0..500_usize {
            let (_, gone) = room.enter(source(0), false, n, now);
            let expected = n.checked_sub(STRANGER_MAX);
            assert_eq!(gone.map(|gone| gone.what), expected);
        }
        assert_eq!(room.guests().count(), STRANGER_MAX + 1);
        assert!(room.guests().any(|(_, guest)| guest.what == 1_000));
    }

    #[test]
    fn strangers_from_anywhere_leave_members_their_room() {
        let mut room = Room::default();
        let now = Instant::now();
        room.enter(source(0), true, 0, now);
        for n in 1..5_000 {
            room.enter(source(n), false, n, now);
        }
        assert_eq!(room.guests().count(), STRANGERS_MAX + 1);
        assert!(room.guests().any(|(_, guest)| guest.source == source(0)));
    }

    #[test]
    fn who_has_one_connection_keeps_it_while_others_have_many() {
        let mut room = Room::default();
        let now = Instant::now();
        room.enter(source(0), false, 0, now);
        for n in 0..5_000 {
            room.enter(source(1 + n % 20), false, 1 + n, now);
        }
        assert_eq!(room.guests().count(), STRANGERS_MAX);
        assert!(room.guests().any(|(_, guest)| guest.what == 0));
    }

    #[test]
    fn a_place_that_was_left_is_free() {
        let mut room = Room::default();
        let now = Instant::now();
        for n in 0..STRANGER_MAX {
            let (place, _) = room.enter(source(0), false, n, now);
            assert_eq!(room.leave(place).map(|guest| guest.what), Some(n));
        }
        assert!(room.enter(source(0), false, 0, now).1.is_none());
    }
}
