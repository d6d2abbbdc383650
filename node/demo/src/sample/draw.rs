//! Invented values, drawn from a fixed seed: the same record is the same wherever, whenever and at
//! whatever scale it is made.

use crdt_model::ids::RecordId;
use jiff::Timestamp;
use jiff::tz::Offset;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// The seed of the whole sample.
const SEED: [u8; 32] = *b"countymesh, an invented county.1";
/// 2026-01-01 00:00 in China, in milliseconds since 1970-01-01T00:00:00Z.
const YEAR_BEGINS_MS: i64 = 1_767_196_800_000;
/// Minutes of the year in which records are made: 320 days.
const YEAR_MIN: u64 = 320 * 24 * 60;
/// Hours east of UTC that the county's clocks go by.
const UTC_OFFSET_H: i8 = 8;
/// Milliseconds of a minute.
const MINUTE_MS: i64 = 60_000;

/// What is drawn for; each has a stream of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Purpose {
    GridReport = 1,
    Case = 2,
    Device = 3,
    Notice = 4,
    Reply = 5,
    Directory = 6,
    Handoff = 7,
    Callout = 8,
    Review = 9,
    Checklist = 10,
    Inspection = 11,
    Number = 12,
}

/// The draws for one record.
pub(super) struct Draw(ChaCha8Rng);

impl Draw {
    /// The draws for one record of a sort.
    pub(super) fn new(purpose: Purpose, number: u64) -> Self {
        let mut rng = ChaCha8Rng::from_seed(SEED);
        rng.set_stream((u64::from(purpose as u8) << 48) | number);
        Self(rng)
    }

    /// A number below `limit`; the bias of the remainder does not matter here.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0.next_u64() % limit.max(1)
    }

    /// One of these; the type's default if there are none.
    pub(super) fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let place = usize::try_from(self.below(from.len() as u64)).unwrap_or(0);
        from.get(place).copied().unwrap_or_default()
    }

    /// Yes, so many times in a hundred.
    pub(super) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A record's id.
    pub(super) fn record(&mut self) -> RecordId {
        let mut id = [0; 16];
        self.0.fill_bytes(&mut id);
        RecordId(id)
    }

    /// A moment of the year.
    pub(super) fn moment(&mut self) -> Moment {
        let minutes = i64::try_from(self.below(YEAR_MIN)).unwrap_or(0);
        Moment(YEAR_BEGINS_MS + minutes * MINUTE_MS)
    }
}

/// A moment of the sample's year, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Moment(pub(super) i64);

impl Moment {
    /// So many days and hours after the year began.
    pub(super) fn of_year(days: u64, hours: u64) -> Self {
        Self(YEAR_BEGINS_MS).after_h(days * 24 + hours)
    }

    /// So many minutes later.
    pub(super) fn after_min(self, minutes: u64) -> Self {
        Self(self.0 + i64::try_from(minutes).unwrap_or(0) * MINUTE_MS)
    }

    /// So many hours later.
    pub(super) fn after_h(self, hours: u64) -> Self {
        self.after_min(hours * 60)
    }

    /// As people in the county write it: `2026-03-05 14:20`.
    pub(super) fn written(self) -> String {
        let (Ok(moment), Ok(offset)) = (
            Timestamp::from_millisecond(self.0),
            Offset::from_hours(UTC_OFFSET_H),
        ) else {
            return String::new();
        };
        offset
            .to_datetime(moment)
            .strftime("%Y-%m-%d %H:%M")
            .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_draws_the_same_every_time_and_not_what_another_draws() {
        let drawn = |number| Draw::new(Purpose::Case, number).below(u64::MAX);
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        assert_ne!(drawn(1), Draw::new(Purpose::Device, 1).below(u64::MAX));
    }

    #[test]
    fn moments_are_written_in_the_countys_time() {
        assert_eq!(Moment(YEAR_BEGINS_MS).written(), "2026-01-01 00:00");
        assert_eq!(
            Moment(YEAR_BEGINS_MS).after_h(30).written(),
            "2026-01-02 06:00"
        );
    }
}
