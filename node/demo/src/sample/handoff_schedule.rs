//! The schedule of hand-offs: how each one ends, by which channel it came, and which dispute it became.
//! The county gives three rates without their denominators; those here are chosen so that the rates come
//! out: 490 of 510, 160 of 260, 400 of 430.

use super::words::Word;

/// Hand-offs after which everything comes again: 105 were mediated with success, 15 without, 5 were
/// declined.
const BLOCK: u64 = 125;
/// Of these, with success.
const SUCCEEDED: u64 = 105;
/// Of these, accepted.
const ACCEPTED: u64 = 120;
/// Mixes a block, so that a small sample has something of everything. It has no factor with `BLOCK`.
const MIX: u64 = 52;
/// Disputes in each hundred that a hand-off became: 1, 4, 7 … 97. Those that stay open are 99.
const LINKED: u64 = 33;

/// Of the 105 with success, 49 come from the police and 16 from the court; of the 15 without, 2 and
/// 10. So 490 of 510 in a year are 96.1 %, 160 of 260 are 61.5 %, and 400 of 430 are 93.0 %.
const OF_SUCCEEDED: [u64; 2] = [49, 16];
/// See `OF_SUCCEEDED`.
const OF_FAILED: [u64; 2] = [2, 10];

const POLICE: Word = ("police", "警调对接");
const COURT: Word = ("court", "诉调对接");
const PETITION: Word = ("petition", "访调对接");

/// How a hand-off ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// With success: which of all that did.
    Succeeded(u64),
    Failed,
    Declined,
}

/// Where a number comes to stand in its block.
fn mixed(number: u64) -> u64 {
    number % BLOCK * MIX % BLOCK
}

/// How the hand-off of this number ended, and by which channel it came.
pub(super) fn ended(number: u64) -> (End, Word) {
    let place = mixed(number);
    let channel = |place: u64, [police, court]: [u64; 2]| match place {
        _ if place < police => POLICE,
        _ if place < police + court => COURT,
        _ => PETITION,
    };
    if place < SUCCEEDED {
        let first = number - number % BLOCK;
        let before = (first..number).filter(|number| mixed(*number) < SUCCEEDED);
        let which = number / BLOCK * SUCCEEDED + before.count() as u64;
        (End::Succeeded(which), channel(place, OF_SUCCEEDED))
    } else if place < ACCEPTED {
        (End::Failed, channel(place - SUCCEEDED, OF_FAILED))
    } else {
        let channels = [POLICE, COURT, PETITION];
        let turn = usize::try_from(place % 3).unwrap_or(0);
        (End::Declined, channels.get(turn).copied().unwrap_or(POLICE))
    }
}

/// The dispute that a hand-off became, by which of all with success it is.
pub(super) fn became(which: u64) -> u64 {
    which / LINKED * 100 + which % LINKED * 3 + 1
}

/// The channel of the dispute of this number, if a hand-off became it.
pub(super) fn channel_of(case: u64) -> Option<Word> {
    let place = case % 100;
    if place % 3 != 1 || place / 3 >= LINKED {
        return None;
    }
    let which = case / 100 * LINKED + place / 3;
    // Each block has as many with success, so theirs say which block it is in.
    let first = which / SUCCEEDED * BLOCK;
    (first..first + BLOCK)
        .map(ended)
        .find(|(end, _)| *end == End::Succeeded(which))
        .map(|(_, channel)| channel)
}

#[cfg(test)]
mod tests {
    use super::super::counts::Counts;
    use super::*;

    #[test]
    fn what_a_hand_off_became_has_its_channel_and_is_settled() {
        for number in 0..2_500 {
            if let (End::Succeeded(which), channel) = ended(number) {
                assert_eq!(channel_of(became(which)), Some(channel), "{number}");
                assert_ne!(became(which) % 100, 99);
            }
        }
        assert_eq!(channel_of(99), None);
    }

    #[test]
    fn the_dispute_is_among_those_of_the_same_scale() {
        for percent in 1..=100 {
            let share = |full: u64| full * percent / 100;
            let last = share(Counts::YEAR.handoffs);
            for number in 0..last {
                if let (End::Succeeded(which), _) = ended(number) {
                    assert!(
                        became(which) < share(Counts::YEAR.cases).max(12),
                        "{percent} %"
                    );
                }
            }
        }
    }
}
