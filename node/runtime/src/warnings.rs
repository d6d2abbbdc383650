//! What a person at this machine should see to: a full disk, two machines with one key, clocks that are
//! wrong, ports and addresses that do not fit the roster. Said at the start, and with every status.

use crdt_model::engine::PeerStatus;
use crdt_model::ids::NodeId;

use super::keeper::Keeper;
use super::limits::CONFIRMED_WITHIN_MS;
use crdt_model::text;
use crdt_model::text::{Problem, Text};
use node_machine::room::disk_full;
use node_machine::time::{shown, shown_length};

/// Writes them to the log, at the start.
pub(super) fn log(keeper: &Keeper) {
    for Problem { code, what, next } in all(keeper) {
        let (zh, en) = (what.zh, what.en);
        let next = next.en;
        tracing::warn!(code, zh, next, "{en}");
    }
}

/// All of them, the worst first; none if all is well.
pub fn all(keeper: &Keeper) -> Vec<Problem> {
    let mut all: Vec<_> = keeper.room.is_short().then(disk_full).into_iter().collect();
    all.extend(machines(keeper));
    let now = keeper.clock.now().wall;
    all.extend(keeper.taken_up.as_ref().and_then(|one| one.told(now)));
    let clocks = clocks(keeper);
    if clocks.is_empty() {
        all.extend(unconfirmed(keeper));
    }
    all.extend(clocks);
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

/// Two machines that run with one key: with this node's first.
fn machines(keeper: &Keeper) -> Vec<Problem> {
    let peers = keeper.engine.peers();
    let own = |status: &&PeerStatus| status.two_machines == Some(keeper.node());
    let mut found: Vec<_> = peers.iter().find(own).into_iter().collect();
    found.extend(
        peers
            .iter()
            .filter(|status| status.two_machines == Some(status.node)),
    );
    let found = found.into_iter();
    found.map(|status| two_machines(keeper, status)).collect()
}

/// Two machines run with one key, as the link with a peer shows it.
pub fn two_machines(keeper: &Keeper, status: &PeerStatus) -> Problem {
    let peer = named(keeper, status.node);
    if status.two_machines == Some(keeper.node()) {
        return Problem::new(
            "two-machines",
            text!(
                "近十分钟内另有一台电脑用本节点的密钥运行，两边轮流连接{peer}",
                "within the last ten minutes another machine ran with this node's key as well: the two took turns at {peer}"
            ),
            text!(
                "只留一台。先停下要留的这台，让另一台单独运行，待它的状态显示“一致”（约十分钟），那边填写的内容才全部送出；那边“不出本节点”的内容不会送出，须人工转录。然后停下另一台，移走它的节点目录，再启动要留的这台；十分钟后本提示自动消失。如果没有人复制过本节点的目录，说明密钥已外泄：请审核人在名册中为本节点更换公钥，并重新签名",
                "keep one. First stop the one that is to stay and let the other run alone until its status \
                 says \"in sync\" (ten minutes or so): only then has all that was written there left it. What its status says \
                 to stay there does not leave it, and has to be written again by hand. Then stop it, take \
                 its folder away, and start the one that stays; ten minutes later this ends by itself. If \
                 nobody copied this node's folder the key was stolen: have the reviewers list another key \
                 for this node in the roster, and sign again"
            ),
        );
    }
    Problem::new(
        "two-machines",
        text!(
            "近十分钟内有两台电脑用{peer}的密钥运行，轮流与本节点连接",
            "within the last ten minutes two machines ran with the key of {peer} and took turns at this node"
        ),
        text!(
            "请联系该单位核实，按其状态中的提示只留一台运行。如果没有人复制过它的节点目录，说明密钥已外泄：请审核人在名册中为它更换公钥，并重新签名",
            "tell them, so that only one goes on, in the way that its status says. If nobody copied their folder the key was stolen: have \
             the reviewers list another key for them in the roster, and sign again"
        ),
    )
}

/// That this node goes by a time which its own clock does not show.
pub fn confirmed_time(keeper: &Keeper) -> Option<Problem> {
    let status = keeper.engine.clock_status();
    let (confirmed, shows) = (shown(status.confirmed_ahead?), shown(status.shows?));
    Some(Problem::new(
        "clock-apart",
        text!(
            "本节点按乡镇签认的时间 {confirmed} 计，而本机时间是 {shows}：两者必有一个不准。时限到\
             期、发函、在线记录都暂不自动处理",
            "this node goes by {confirmed}, which townships have confirmed, and this machine's clock shows {shows}: one of the two is wrong. No time limit, letter or presence is acted on by itself"
        ),
        text!(
            "请先核对本机时间；本机时间准确的，等足够的乡镇以准确的时间重新签认后自动恢复",
            "check this machine's clock first; if it is right, this ends by itself once enough townships have signed again by right clocks"
        ),
    ))
}

fn clocks(keeper: &Keeper) -> Vec<Problem> {
    let status = keeper.engine.clock_status();
    let mut all: Vec<Problem> = confirmed_time(keeper).into_iter().collect();
    if status.in_doubt {
        all.push(Problem::new(
            "clock-in-doubt",
            text!(
                "本机时间刚刚变动了一天以上，或比上次签认的时间晚了两周以上：一小时内不变才按它自\
                 动处理时限",
                "this machine's clock was just set by more than a day, or shows weeks after the time last confirmed: nothing is done by itself until it has stood for an hour"
            ),
            check_clock(),
        ));
    }
    if let Some(behind_ms) = status.behind_ms {
        let Text { zh, en } = shown_length(behind_ms);
        all.push(Problem::new(
            "clock-behind",
            text!(
                "多个乡镇签认的时间都比本机晚至少 {zh}：本机时间不准",
                "several townships sign a time at least {en} later than this machine's clock: it is wrong"
            ),
            check_clock(),
        ));
        return all;
    }
    for one in status.ahead {
        let name = named(keeper, one.node);
        let Text { zh, en } = shown_length(one.ahead_ms);
        all.push(Problem::new(
            "clock-ahead",
            text!(
                "{name} 的电脑时间比本节点快 {zh}",
                "the clock of {name} is ahead of this node's by {en}"
            ),
            text!(
                "请联系对方核对；也请核对本机时间",
                "have it checked there, and check this machine's too"
            ),
        ));
    }
    all
}

fn check_clock() -> Text {
    text!("请核对本机时间", "check this machine's clock")
}

/// That nobody has confirmed the time of late, so that nothing is done by itself.
fn unconfirmed(keeper: &Keeper) -> Option<Problem> {
    let wall = keeper.engine.floored(keeper.clock.now().wall);
    let confirmed = keeper.engine.log_status().confirmed;
    let late = !keeper.engine.confirms(wall, CONFIRMED_WITHIN_MS);
    confirmed.filter(|_| late).map(|at| {
        let Text { zh, en } = shown_length(wall.ms.saturating_sub(at.ms));
        Problem::new(
            "time-unconfirmed",
            text!(
                "已有 {zh} 没有足够的乡镇签认时间：时限到期、发函、在线记录都暂不自动处理",
                "too few townships have confirmed the time for {en}: no time limit, letter or presence is acted on by itself"
            ),
            text!(
                "请核对本机时间和线路",
                "check this machine's clock, and its lines"
            ),
        )
    })
}

fn addresses(keeper: &Keeper) -> Vec<Problem> {
    let (roster, node) = (keeper.engine.charter().roster(), keeper.node());
    let mut all = Vec::new();
    let listed = roster
        .member(node)
        .map_or(&[][..], |member| &member.addresses);
    if let Some(address) = listed.first().filter(|_| keeper.local.listen.is_empty()) {
        all.push(Problem::new(
            "listens-nowhere",
            text!(
                "名册中本节点的地址是 {address}，而 `node.toml` 的 `listen` 为空：其他节点连不上本\
                 节点",
                "the roster lists this node at {address}, and `listen` in node.toml is empty: nobody can reach it"
            ),
            text!(
                "请写上监听地址后重新启动",
                "enter where to listen, and start it again"
            ),
        ));
    }
    for (of, addresses) in &keeper.local.addresses {
        let (name, own) = (named(keeper, *of), addresses.join(" "));
        let what = match roster.member(*of) {
            None => text!(
                "`node.toml` 的 `[addresses]` 写有 {of}，名册中没有这个节点",
                "[addresses] in node.toml names {of}, which the roster does not list"
            ),
            Some(member) => {
                let listed = match member.addresses.is_empty() {
                    true => "-".to_owned(),
                    false => member.addresses.join(" "),
                };
                text!(
                    "{name} 按 `node.toml` 的 `[addresses]` 连接：{own}（名册：{listed}）",
                    "{name} is dialled as [addresses] in node.toml says: {own} (roster: {listed})"
                )
            }
        };
        let next = text!(
            "核对 `node.toml` 的 `[addresses]`；名册更新后删去这一行",
            "check [addresses] in node.toml; delete the line once the roster has the new address"
        );
        all.push(Problem::new("address-override", what, next));
    }
    all
}
