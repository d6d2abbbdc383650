//! A county that begins with some of its nodes: who is expected, and who can confirm the charter.

use crdt_model::charter::{Charter, Member, Standing, Tier};
use crdt_model::text;
use crdt_model::text::Text;

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
    let note = |code, message: Text, hint: Text| {
        Finding::note(code, head::FILE, message)
            .at(place(files, head::FILE, "\ncosigners").map(|span| span.start + 1..span.end))
            .hint(hint)
    };
    let hours = asked.fresh_ms / 3_600_000;
    let mut findings = Vec::new();
    if active == 0 {
        let message = text!(
            "没有在用的乡镇，章程没有人签认",
            "no township is active, so nobody confirms the charter"
        );
        let hint = text!(
            "有乡镇加入以前，各节点以自己的电脑时间为准",
            "nodes go by their own clocks until a township joins"
        );
        return vec![note("freshness::nobody", message, hint)];
    }
    if cosigners > active {
        let message = text!(
            "章程须 {cosigners} 个乡镇签认，目前能签认的有 {active} 个",
            "{cosigners} townships are to confirm the charter, and {active} can so far"
        );
        let hint = text!(
            "更多乡镇加入以前，能签认的都须签认：其中一个断线 {hours} 小时，全县就减少发送；请改小 `cosigners` 留出余量",
            "until more join, all that can must: the county sends less once one of them is away \
             for {hours} hours; fewer `cosigners` leave room"
        );
        findings.push(note("freshness::out-of-reach", message, hint));
    }
    if cosigners.min(active) < COSIGNERS_ENOUGH {
        let needed = cosigners.min(active);
        let message = text!(
            "签认章程和时间的乡镇太少：{active} 个中只须 {needed} 个",
            "the charter and the time are confirmed by so few townships: {needed} of {active}"
        );
        let hint = text!(
            "少于三个时，一个乡镇时间不准也不能由其他乡镇纠正；最多相差一天",
            "with fewer than three, one that errs about the time is not outvoted; it can be \
                    wrong by a day, and not more"
        );
        findings.push(note("freshness::few", message, hint));
    }
    findings
}

fn expected(charter: &CedarCharter) -> Option<Finding> {
    let all = charter.roster().members().len();
    let count = charter.expected().count();
    let first = charter.expected().next()?;
    let message = text!(
        "{all} 个节点中 {count} 个还没有公钥、待加入，第一个是 {}",
        "{count} of {all} nodes have no key yet and are expected, the first is {}",
        first.node
    );
    let hint = text!(
        "它们不签名、不留存、不发送；请在各节点上用 `mesh-node init` 查看公钥，再用 `mesh-policy roster set` 写入下一版",
        "they sign, hold and send nothing; `mesh-node init` on each shows its key, and \
                `mesh-policy roster set` enters it into a next version"
    );
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
        Tier::County => text!(
            "县级有公钥以前，乡镇之间的内容一直等待",
            "what goes between townships waits until the county has a key"
        ),
        Tier::Township | Tier::Village => {
            text!(
                "乡镇有公钥以前，各村与它共享的内容一直等待；应由它处理的时限照常计算，却没有人处理",
                "what they share with their township waits until it has a key; time limits that it \
             would act on run, and nobody acts"
            )
        }
    };
    let message = text!(
        "{1}（{0}）待加入，而它的下属节点已有 {count} 个在用",
        "{} {} is expected, and {count} nodes below it are active",
        member.node,
        member.name
    );
    let at = place(files, roster::FILE, &format!("\"{}\"", member.node));
    Some(
        Finding::note("nodes::above-expected", roster::FILE, message)
            .at(at)
            .hint(hint),
    )
}
