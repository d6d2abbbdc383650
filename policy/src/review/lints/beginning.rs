//! A county that begins with some of its nodes: who is expected, and who can confirm the charter.

use crdt_model::charter::{Charter, Member, Standing, Tier};

use super::place;
use crate::deciding::charter::CedarCharter;
use crate::reading::files::CharterFiles;
use crate::reading::finding::Finding;
use crate::reading::{head, roster};

/// With fewer townships, one that errs or lies about the time is not outvoted.
const COSIGNERS_ENOUGH: usize = 3;

pub(super) fn lint(charter: &CedarCharter, files: &CharterFiles) -> Vec<Finding> {
    if !charter.has_keys() {
        return Vec::new();
    }
    let mut findings: Vec<Finding> = expected(charter).into_iter().collect();
    let members = charter.roster().members().iter();
    let above = members.filter(|member| member.standing == Standing::Expected);
    findings.extend(above.filter_map(|member| passed_over(charter, member, files)));
    findings.extend(confirmation(charter, files));
    findings
}

/// What a signer should know of who can confirm the charter that is signed.
pub fn confirmation(charter: &CedarCharter, files: &CharterFiles) -> Vec<Finding> {
    let Some(asked) = charter.head().freshness else {
        return Vec::new();
    };
    let active = charter.roster().active_townships();
    let cosigners = asked.cosigners;
    let note = |code, message: String, hint: String| {
        Finding::note(code, head::FILE, message)
            .at(place(files, head::FILE, "\ncosigners").map(|span| span.start + 1..span.end))
            .hint(hint)
    };
    let hours = asked.fresh_ms / 3_600_000;
    let mut findings = Vec::new();
    if active == 0 {
        let message = "no township is active, so nobody confirms the charter".to_owned();
        let hint = "nodes go by their own clocks until a township joins".to_owned();
        return vec![note("freshness::nobody", message, hint)];
    }
    if cosigners > active {
        let message =
            format!("{cosigners} townships are to confirm the charter, and {active} can so far");
        let hint = format!(
            "until more join, all that can must: the county sends less once one of them is away \
             for {hours} hours; fewer `cosigners` leave room"
        );
        findings.push(note("freshness::out-of-reach", message, hint));
    }
    if cosigners.min(active) < COSIGNERS_ENOUGH {
        let needed = cosigners.min(active);
        let message = format!(
            "the charter and the time are confirmed by so few townships: {needed} of {active}"
        );
        let hint =
            "with fewer than three, one that errs about the time is not outvoted; it can be \
                    wrong by a day, and not more"
                .to_owned();
        findings.push(note("freshness::few", message, hint));
    }
    findings
}

fn expected(charter: &CedarCharter) -> Option<Finding> {
    let all = charter.roster().members().len();
    let count = charter.expected().count();
    let first = charter.expected().next()?;
    let message = format!(
        "{count} of {all} nodes have no key yet and are expected, the first is {}",
        first.node
    );
    let hint = "they sign, hold and send nothing; `mesh-node init` on each shows its key, and \
                `mesh-policy roster set` enters it into a next version";
    Some(Finding::note("nodes::expected", roster::FILE, message).hint(hint))
}

/// A node that is expected, and stands between others that are there.
fn passed_over(charter: &CedarCharter, member: &Member, files: &CharterFiles) -> Option<Finding> {
    let roster = charter.roster().members().iter();
    let below =
        roster.filter(|one| one.standing == Standing::Active && one.parent == Some(member.node));
    let count = below.count();
    let hint = match member.tier {
        _ if count == 0 => return None,
        Tier::County => "what goes between townships waits until the county has a key",
        Tier::Township | Tier::Village => {
            "what they share with their township waits until it has a key; time limits that it \
             would act on run, and nobody acts"
        }
    };
    let message = format!(
        "{} {} is expected, and {count} nodes below it are active",
        member.node, member.name
    );
    let at = place(files, roster::FILE, &format!("\"{}\"", member.node));
    Some(
        Finding::note("nodes::above-expected", roster::FILE, message)
            .at(at)
            .hint(hint),
    )
}
