//! What a person at this machine should see to: clocks that are wrong, ports and addresses that do not
//! fit the roster. Said at the start, and with every status.

use crdt_model::ids::NodeId;

use super::keeper::Keeper;
use super::limits::CONFIRMED_WITHIN_MS;
use crate::text;
use crate::text::Text;
use crate::time::{shown, shown_length};

/// Writes them to the log, at the start.
pub(super) fn log(keeper: &Keeper) {
    for Text { zh, en } in all(keeper) {
        tracing::warn!(zh, "{en}");
    }
}

/// All of them; none if all is well.
pub(super) fn all(keeper: &Keeper) -> Vec<Text> {
    let mut all = clocks(keeper);
    if all.is_empty() {
        all.extend(unconfirmed(keeper));
    }
    all.extend(addresses(keeper));
    all
}

/// The name of a node, with its code.
fn named(keeper: &Keeper, node: NodeId) -> String {
    let member = keeper.engine.charter().roster().member(node);
    member.map_or_else(
        || node.to_string(),
        |member| format!("{} {node}", member.name),
    )
}

/// That this node goes by a time which its own clock does not show.
pub(super) fn confirmed_time(keeper: &Keeper) -> Option<Text> {
    let status = keeper.engine.clock_status();
    let (confirmed, shows) = (shown(status.confirmed_ahead?), shown(status.shows?));
    Some(text!(
        "本节点按乡镇确认的时间 {confirmed} 计，而本机时间是 {shows}：两者必有一个不准。时限到期、发函、在线记录都暂不自动处理。请先核对本机时间；本机时间准确的，等足够的乡镇以准确的时间重新签认后自动恢复",
        "this node goes by {confirmed}, which townships have confirmed, and this machine's clock shows {shows}: one of the two is wrong. No time limit, letter or presence is acted on by itself. Check this machine's clock first; if it is right, this ends by itself once enough townships have signed again by right clocks"
    ))
}

fn clocks(keeper: &Keeper) -> Vec<Text> {
    let status = keeper.engine.clock_status();
    let mut all: Vec<Text> = confirmed_time(keeper).into_iter().collect();
    if status.in_doubt {
        all.push(text!(
            "本机时间刚刚变动了一天以上，或比上次确认的时间晚了两周以上：一小时内不变才按它自动处理时限。请核对本机时间",
            "this machine's clock was just set by more than a day, or shows weeks after the time last confirmed: nothing is done by itself until it has stood for an hour. Check this machine's clock"
        ));
    }
    if let Some(behind_ms) = status.behind_ms {
        let Text { zh, en } = shown_length(behind_ms);
        all.push(text!(
            "多个乡镇签认的时间都比本机晚至少 {zh}：本机时间不准，请核对",
            "several townships sign a time at least {en} later than this machine's clock: it is wrong, check it"
        ));
        return all;
    }
    for one in status.ahead {
        let name = named(keeper, one.node);
        let Text { zh, en } = shown_length(one.ahead_ms);
        all.push(text!(
            "{name} 的电脑时间比本节点快 {zh}：请联系对方核对；也请核对本机时间",
            "the clock of {name} is ahead of this node's by {en}: have it checked there, and check this machine's too"
        ));
    }
    all
}

/// That nobody has confirmed the time of late, so that nothing is done by itself.
fn unconfirmed(keeper: &Keeper) -> Option<Text> {
    let wall = keeper.engine.floored(keeper.clock.now().wall);
    let confirmed = keeper.engine.log_status().confirmed;
    let late = !keeper.engine.confirms(wall, CONFIRMED_WITHIN_MS);
    confirmed.filter(|_| late).map(|at| {
        let Text { zh, en } = shown_length(wall.ms.saturating_sub(at.ms));
        text!(
            "已有 {zh} 没有足够的乡镇确认时间：时限到期、发函、在线记录都暂不自动处理。请核对本机时间和线路",
            "too few townships have confirmed the time for {en}: no time limit, letter or presence is acted on by itself. Check this machine's clock, and its lines"
        )
    })
}

fn addresses(keeper: &Keeper) -> Vec<Text> {
    let (roster, node) = (keeper.engine.charter().roster(), keeper.node());
    let mut all = Vec::new();
    let listed = roster
        .member(node)
        .map_or(&[][..], |member| &member.addresses);
    if let Some(address) = listed.first().filter(|_| keeper.local.listen.is_empty()) {
        all.push(text!(
            "名册中本节点的地址是 {address}，而 node.toml 的 listen 为空：其他节点连不上本节点。请写上监听地址后重新启动",
            "the roster lists this node at {address}, and `listen` in node.toml is empty: nobody can reach it. Enter where to listen and start it again"
        ));
    }
    for (of, addresses) in &keeper.local.addresses {
        let (name, own) = (named(keeper, *of), addresses.join(" "));
        all.push(match roster.member(*of) {
            None => text!(
                "node.toml 的 [addresses] 写有 {of}，名册中没有这个节点",
                "[addresses] in node.toml names {of}, which the roster does not list"
            ),
            Some(member) => {
                let listed = match member.addresses.is_empty() {
                    true => "-".to_owned(),
                    false => member.addresses.join(" "),
                };
                text!(
                    "{name} 按 node.toml 的 [addresses] 连接：{own}（名册：{listed}）",
                    "{name} is dialled as [addresses] in node.toml says: {own} (roster: {listed})"
                )
            }
        });
    }
    all
}
