//! The demonstration from beginning to end, as a command line asks for it.
//!
//! * `screen`, `stages`, `picture`: what is seen; `keys`, `signals`: what is said to it
//! * `live`: the county while somebody watches it; `pulse`: what keeps happening in it
//! * [`Wanted`]: its options
//! * `remote`: cutting and healing the lines of a county that another process runs

mod keys;
mod live;
mod picture;
mod pulse;
mod remote;
mod screen;
mod signals;
mod stages;
mod wanted;

use crdt_model::ids::NodeId;
use crdt_model::time::Instant;

pub use self::wanted::Wanted;

use self::live::Live;
use self::screen::{Screen, Stream};
use self::stages::Stages;
use super::convergence::{Converged, converge, seconds, settle};
use super::load::Part;
use super::members::{TIERS, tier_name};
use super::progress::Progress;
use super::report::{Report, Times, sum_by_tier};
use super::running::County;
use crdt_model::text;
use crdt_model::text::{Problem, Text};
use node_machine::clock::Clock;

/// How a demonstration ended.
#[derive(Clone, PartialEq, Debug)]
pub enum Shown {
    /// Everything arrived and was verified as far as asked.
    Report(Box<Report>),
    /// Somebody had seen enough.
    Ended,
    /// The lines of a county that another process runs were cut or restored.
    Lines,
}

/// Shows a county, from making it to its end.
///
/// # Errors
/// What kept it from being made, loaded or verified.
pub fn show(wanted: Wanted) -> Result<Shown, Problem> {
    let stream = if wanted.json {
        Stream::Beside
    } else {
        Stream::Out
    };
    let screen = Screen::new(stream, wanted.language);
    let stages = Stages::new(&screen);
    let clock = Clock::start();
    let county = match County::set_up(wanted.options.clone(), &stages) {
        Err(problem)
            if problem.code == "county-in-use" && (wanted.heal || !wanted.cut.is_empty()) =>
        {
            remote::set_lines(&wanted)?;
            return Ok(Shown::Lines);
        }
        county => county?,
    };
    let shown = Showing {
        wanted,
        screen: &screen,
        stages: &stages,
        clock,
        county,
    }
    .run();
    stages.finish();
    shown
}

struct Showing<'a> {
    wanted: Wanted,
    screen: &'a Screen,
    stages: &'a Stages<'a>,
    clock: Clock,
    county: County,
}

impl Showing<'_> {
    fn run(mut self) -> Result<Shown, Problem> {
        signals::obey(self.county.stopping());
        self.county.start(self.stages)?;
        let setup_s = self.passed_s();
        self.load()?;
        let load_s = self.passed_s() - setup_s;
        let verify = self.wanted.options.verify;
        let timeout_s = self.wanted.timeout_s;
        let converged = converge(&self.county, timeout_s, verify, self.stages)?;
        self.stages.finish();
        let report = Report::of(&self.county, &converged, Times { setup_s, load_s });
        if !self.wanted.json {
            self.tell(&report);
        }
        if self.wanted.exit_when_synced || self.wanted.json {
            return Ok(Shown::Report(Box::new(report)));
        }
        self.live(&converged)?;
        Ok(Shown::Ended)
    }

    /// Loads everything. Lines that are to be cut are cut once the files have arrived, so that what
    /// follows happens on both sides.
    fn load(&self) -> Result<(), Problem> {
        let sample = self.county.sample()?;
        let cut = self.wanted.exit_when_synced || self.wanted.json;
        let cut: &[NodeId] = if cut { &self.wanted.cut } else { &[] };
        self.county.load_part(&sample, Part::Files, self.stages)?;
        if cut.is_empty() {
            self.county.load_part(&sample, Part::Home, self.stages)?;
            return self.county.load_part(&sample, Part::Above, self.stages);
        }
        self.stages.stage(&text!(
            "切断线路前等待同步",
            "everything arrives before lines are cut"
        ));
        settle(&self.county, self.wanted.timeout_s)?;
        self.county.cut(cut)?;
        let until = self.heal_at(self.wanted.cut_for_s.unwrap_or(0));
        self.county.load_part(&sample, Part::Home, self.stages)?;
        self.stages.stage(&text!(
            "线路已切断，两侧各自工作",
            "lines are cut, both sides go on"
        ));
        let left_ms = until.since_ms(self.county.clock().now().instant);
        self.county.stopping().wait_ms(left_ms);
        self.stages.stage(&text!("恢复线路", "restoring the lines"));
        self.county.heal()?;
        self.county.load_part(&sample, Part::Above, self.stages)
    }

    fn live(&self, converged: &Converged) -> Result<(), Problem> {
        self.county.cut(&self.wanted.cut)?;
        let heal_at = self.wanted.cut_for_s.map(|seconds| self.heal_at(seconds));
        let heal_at = heal_at.filter(|_| !self.wanted.cut.is_empty());
        let expected = converged.verdict.as_ref().map(|verdict| {
            let of_node = |node| verdict.expected.get(&node).copied().unwrap_or(0);
            sum_by_tier(self.county.members(), of_node)
        });
        Live::new(&self.county, self.screen, expected, heal_at).watch()
    }

    fn heal_at(&self, seconds: u64) -> Instant {
        self.county
            .clock()
            .now()
            .instant
            .after_ms(seconds.saturating_mul(1_000))
    }

    fn passed_s(&self) -> f64 {
        seconds(self.clock.now().instant.ms)
    }

    /// What the report says, for people.
    fn tell(&self, report: &Report) {
        let say = |text: &Text| self.screen.line(self.screen.say(text));
        for tier in TIERS {
            let name = tier_name(tier);
            let held = report.facets_held.get(name).copied().unwrap_or(0);
            let title = picture::tier_title(tier);
            let (zh, en) = (&title.zh, &title.en);
            match report
                .expected_facets_held
                .as_ref()
                .and_then(|expected| expected.get(name))
            {
                Some(expected) => say(&text!(
                    "{zh}：留存 {held} 项，按规则应留存 {expected} 项",
                    "{en}: {held} held, {expected} expected"
                )),
                None => say(&text!(
                    "{zh}：留存 {held} 个分项",
                    "{en}: {held} facets held"
                )),
            }
        }
        let Report {
            nodes,
            links,
            records,
            load_s,
            verify_s,
            ..
        } = report;
        say(&text!(
            "{nodes} 个节点，{links} 条线路，{records} 条记录，载入用时 {load_s:.1} 秒",
            "{nodes} nodes, {links} lines, {records} records, loaded in {load_s:.1} s"
        ));
        say(&match report.converged_s {
            Some(later) => text!(
                "之后 {later:.1} 秒全部同步",
                "everything in sync {later:.1} s later"
            ),
            None => text!("未在时限内全部同步", "not everything arrived in time"),
        });
        if let Some(violations) = report.violations {
            let decisions = report.decisions;
            say(&text!(
                "Cedar 独立核对 {decisions} 项（{verify_s:.1} 秒）：违规 {violations} 项",
                "plain Cedar asked {decisions} times ({verify_s:.1} s): {violations} violations"
            ));
        }
        for example in &report.examples {
            self.screen.line(example);
        }
    }
}
