//! What a person is told while a command waits for its answer.

use crdt_model::text;
use crdt_model::text::Text;
use crdt_model::time::Instant;
use node_app::door::task::{Progress, Stage};
use node_doors::client::Meanwhile;
use node_machine::clock::Clock;
use node_machine::time::shown_length;

use super::output::Output;

/// Milliseconds without a word from the node after which people are told, again and again.
const SILENCE_MS: u64 = 3_000;
/// Milliseconds between two lines that say how far something has come.
const BETWEEN_MS: u64 = 2_000;

/// Tells a person how far something has come.
pub(super) struct Telling {
    output: Output,
    clock: Clock,
    /// The stage that is under way, since when, and how much was done then.
    stage: Option<(Stage, Instant, u64)>,
    said_at: Option<Instant>,
}

impl Telling {
    pub(super) fn new(output: Output) -> Self {
        Self {
            output,
            clock: Clock::start(),
            stage: None,
            said_at: None,
        }
    }

    pub(super) fn tell(&mut self, meanwhile: Meanwhile) {
        match meanwhile {
            Meanwhile::Silence(ms) if ms % SILENCE_MS == 0 && self.stage.is_none() => {
                let seconds = ms / 1_000;
                self.output.progress(&text!(
                    "等待节点应答，已 {seconds} 秒",
                    "waiting for the node's answer for {seconds} s"
                ));
            }
            Meanwhile::Silence(_) => {}
            Meanwhile::Progress(progress) => self.progress(&progress),
        }
    }

    fn progress(&mut self, progress: &Progress) {
        let now = self.clock.now().instant;
        let (since, from) = match self.stage {
            Some((stage, since, from)) if stage == progress.stage => (since, from),
            _ => {
                self.stage = Some((progress.stage, now, progress.done));
                self.said_at = None;
                (now, progress.done)
            }
        };
        let said_lately = |at: Instant| now.since_ms(at) < BETWEEN_MS;
        if self.said_at.is_some_and(said_lately) {
            return;
        }
        self.said_at = Some(now);
        let passed_ms = now.since_ms(since);
        self.output
            .progress(&progress_text(progress, from, passed_ms));
    }
}

/// How far it has come, how fast it goes and how long it still takes, as far as that can be said after
/// so many milliseconds of this stage, of which `from` was done at their beginning.
fn progress_text(progress: &Progress, from: u64, passed_ms: u64) -> Text {
    let Progress { stage, done, of } = *progress;
    let Text { zh, en } = stage_text(stage);
    if of == 0 {
        return text!("{zh}……", "{en} …");
    }
    let moved = done.saturating_sub(from);
    if moved == 0 || passed_ms == 0 {
        return text!("{zh}：{done}/{of}", "{en}: {done} of {of}");
    }
    let rate = (moved * 1_000).div_ceil(passed_ms);
    let left = shown_length(of.saturating_sub(done) * passed_ms / moved);
    let (left_zh, left_en) = (left.zh, left.en);
    text!(
        "{zh}：{done}/{of}，每秒 {rate}，约还需 {left_zh}",
        "{en}: {done} of {of}, {rate} a second, about {left_en} left"
    )
}

fn stage_text(stage: Stage) -> Text {
    match stage {
        Stage::Reading => text!("正在读取和比对", "reading and comparing"),
        Stage::Judging => text!("正在核对规则（条）", "checking against the rules (records)"),
        Stage::Writing => text!("正在导入（条）", "importing (records)"),
        Stage::Following => text!("正在更新查询库", "bringing the read model up to date"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_and_time_left_follow_from_what_was_done_in_this_stage() {
        let progress = Progress {
            stage: Stage::Writing,
            done: 1_600,
            of: 4_000,
        };
        let told = progress_text(&progress, 100, 5_000);
        assert_eq!(
            told.en,
            "importing (records): 1600 of 4000, 300 a second, about 8 s left"
        );
        let told = progress_text(&progress, 1_600, 5_000);
        assert_eq!(told.en, "importing (records): 1600 of 4000");
    }
}
