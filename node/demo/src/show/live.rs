//! The county as somebody watches it, until they have seen enough.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crdt_model::charter::Tier;
use crdt_model::ids::NodeId;
use crdt_model::time::Instant;

use super::keys::{Typed, listen};
use super::picture::{Seen, picture, summary};
use super::pulse::{Pulse, any_of};
use super::screen::Screen;
use crate::report::ByTier;
use crate::running::County;
use crdt_model::text;
use crdt_model::text::{Problem, Text};

/// Milliseconds between two pictures on a terminal.
const TERMINAL_MS: u64 = 500;
/// Milliseconds between two lines elsewhere.
const LINES_MS: u64 = 5_000;
/// Pictures between two new reports.
const PULSE_EVERY: u64 = 2;

/// What is watched.
pub(super) struct Live<'a> {
    pub(super) county: &'a County,
    pub(super) screen: &'a Screen,
    /// What every tier is to hold, where it was asked.
    pub(super) expected: Option<ByTier<u64>>,
    /// When cut lines are to be healed.
    pub(super) heal_at: Option<Instant>,
    notice: String,
    asked_which: bool,
    ended: bool,
}

impl<'a> Live<'a> {
    pub(super) fn new(
        county: &'a County,
        screen: &'a Screen,
        expected: Option<ByTier<u64>>,
        heal_at: Option<Instant>,
    ) -> Self {
        let notice = String::new();
        Self {
            county,
            screen,
            expected,
            heal_at,
            notice,
            asked_which: false,
            ended: false,
        }
    }

    /// Shows the county until somebody ends it.
    pub(super) fn watch(mut self) -> Result<(), Problem> {
        let typed = listen();
        let pulse = Pulse::new(self.county)?;
        let every_ms = if self.screen.terminal() {
            TERMINAL_MS
        } else {
            LINES_MS
        };
        let mut pictures = 0u64;
        while !self.ended && !self.county.stopping().said() && !self.screen.gone() {
            self.heal_when_due()?;
            if let Some(expected) = &mut self.expected
                && pictures.is_multiple_of(PULSE_EVERY)
            {
                pulse.beat(expected)?;
            }
            pictures += 1;
            self.draw();
            self.listen_for(&typed, every_ms)?;
        }
        Ok(())
    }

    fn draw(&self) {
        let statuses = self.county.statuses();
        let seen = Seen {
            county: self.county,
            statuses: &statuses,
            expected: self.expected.as_ref(),
            notice: &self.notice,
        };
        if self.screen.terminal() {
            self.screen.draw(&picture(self.screen, &seen));
        } else {
            self.screen.line(&summary(self.screen, &seen));
        }
    }

    fn heal_when_due(&mut self) -> Result<(), Problem> {
        let now = self.county.clock().now().instant;
        if self.heal_at.is_some_and(|at| now >= at) {
            self.heal_at = None;
            self.heal()?;
        }
        Ok(())
    }

    fn heal(&mut self) -> Result<(), Problem> {
        self.county.heal()?;
        self.tell(&text!("线路已全部恢复", "all lines are restored"));
        Ok(())
    }

    /// Waits for the next picture's time, and does what is typed meanwhile.
    fn listen_for(&mut self, typed: &Receiver<Typed>, ms: u64) -> Result<(), Problem> {
        match typed.recv_timeout(Duration::from_millis(ms)) {
            Ok(typed) => {
                self.screen.refresh();
                self.obey(typed)
            }
            Err(RecvTimeoutError::Timeout) => Ok(()),
            // Nobody can type any more; the county goes on until a signal ends it.
            Err(RecvTimeoutError::Disconnected) => {
                self.county.stopping().wait_ms(ms);
                Ok(())
            }
        }
    }

    fn obey(&mut self, typed: Typed) -> Result<(), Problem> {
        let asked_which = std::mem::take(&mut self.asked_which);
        match typed {
            Typed::Cut(Some(number)) => self.cut(number)?,
            Typed::Number(number) if asked_which => self.cut(number)?,
            Typed::Cut(None) => self.ask_which(),
            Typed::Heal => self.heal()?,
            Typed::Kill => self.kill()?,
            Typed::Quit => self.ended = true,
            Typed::Number(_) | Typed::Unknown => {
                self.tell(&text!(
                    "没有这个按键；可用：c、h、k、q",
                    "there is no such key; use c, h, k or q"
                ));
            }
        }
        Ok(())
    }

    fn townships(&self) -> Vec<NodeId> {
        self.county.members().of_tier(Tier::Township)
    }

    fn ask_which(&mut self) {
        let townships = self.townships();
        let numbered = (1..).zip(&townships);
        let list: Vec<String> = numbered
            .map(|(number, node)| format!("{number} {}", self.county.members().name(*node)))
            .collect();
        let list = list.join("  ");
        self.tell(&text!(
            "要切断哪个镇的线路？请输入序号：{list}",
            "which township? type its number: {list}"
        ));
        self.asked_which = true;
    }

    fn cut(&mut self, number: usize) -> Result<(), Problem> {
        let townships = self.townships();
        let Some(township) = number.checked_sub(1).and_then(|place| townships.get(place)) else {
            self.tell(&text!("没有这个序号", "there is no such number"));
            return Ok(());
        };
        self.county.cut(&[*township])?;
        let name = self.county.members().name(*township);
        self.tell(&text!(
            "已切断 {name} 的全部线路",
            "all lines of {name} are cut"
        ));
        Ok(())
    }

    fn kill(&mut self) -> Result<(), Problem> {
        let nodes = self.county.members().nodes();
        if let Some(node) = any_of(&nodes)? {
            self.county.kill(node)?;
            let name = self.county.members().name(node);
            self.tell(&text!(
                "已模拟{name}断电，稍后自动重新启动",
                "cut the power of {name} (kill -9); it starts again by itself"
            ));
        }
        Ok(())
    }

    fn tell(&mut self, text: &Text) {
        self.notice = self.screen.say(text).to_owned();
    }
}
