//! The stages of the work as people see them pass.

use std::sync::Mutex;

use super::screen::Screen;
use crate::crew::hold;
use crate::progress::Progress;
use crdt_model::text::Text;

/// Characters of a full bar.
const BAR_CHARACTERS: u64 = 24;

/// Shows stages and how far they have got.
pub(super) struct Stages<'a> {
    screen: &'a Screen,
    now: Mutex<Stage>,
}

#[derive(Default)]
struct Stage {
    name: String,
    percent: u64,
}

impl<'a> Stages<'a> {
    pub(super) fn new(screen: &'a Screen) -> Self {
        Self {
            screen,
            now: Mutex::default(),
        }
    }

    /// Ends the line of the last stage.
    pub(super) fn finish(&self) {
        let stage = std::mem::take(&mut *hold(&self.now));
        if !stage.name.is_empty() && self.screen.terminal() {
            self.screen.over(&stage.name);
            self.screen.line("");
        }
    }
}

impl Progress for Stages<'_> {
    fn stage(&self, what: &Text) {
        self.finish();
        let name = self.screen.say(what).to_owned();
        if self.screen.terminal() {
            self.screen.over(&name);
        } else {
            self.screen.line(&name);
        }
        *hold(&self.now) = Stage { name, percent: 0 };
    }

    fn at(&self, done: u64, of: u64) {
        let percent = done.saturating_mul(100) / of.max(1);
        let mut stage = hold(&self.now);
        if percent > stage.percent {
            stage.percent = percent;
            let text = format!("{}  {} {percent}%", stage.name, bar(percent));
            self.screen.over(&text);
        }
    }
}

fn bar(percent: u64) -> String {
    let full = percent.min(100) * BAR_CHARACTERS / 100;
    let empty = BAR_CHARACTERS - full;
    let times = |count: u64, what: &str| what.repeat(usize::try_from(count).unwrap_or(0));
    times(full, "█") + &times(empty, "░")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_full_as_it_says() {
        assert_eq!(bar(0).chars().filter(|c| *c == '█').count(), 0);
        assert_eq!(bar(50).chars().filter(|c| *c == '█').count(), 12);
        assert_eq!(bar(250).chars().count(), 24);
    }
}
