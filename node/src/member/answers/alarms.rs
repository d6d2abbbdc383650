//! What a person should see to, with what to do about it.

use crdt_model::engine::PeerStatus;
use crdt_model::ids::NodeId;

use crate::member::keeper::Keeper;
use crate::store::Moved;
use crate::text;
use crate::text::Problem;

pub(super) fn alarms(keeper: &Keeper, peers: &[PeerStatus]) -> Vec<Problem> {
    let own = |status: &&PeerStatus| status.two_machines == Some(keeper.node());
    let mut alarms: Vec<_> = peers
        .iter()
        .find(own)
        .map(|status| two_machines(keeper, status))
        .into_iter()
        .collect();
    let others = peers
        .iter()
        .filter(|status| status.two_machines == Some(status.node));
    alarms.extend(others.map(|status| two_machines(keeper, status)));
    alarms.extend(keeper.moved.map(moved));
    alarms
}

/// Two machines run with one key, as the link with a peer shows it.
pub(super) fn two_machines(keeper: &Keeper, status: &PeerStatus) -> Problem {
    let peer = called(keeper, status.node);
    if status.two_machines == Some(keeper.node()) {
        return Problem::new(
            "two-machines",
            text!(
                "另一台电脑也在用本节点的密钥运行，两边轮流连接{peer}",
                "another machine runs with this node's key as well: the two take turns at {peer}"
            ),
            text!(
                "只留一台：在另一台上执行 mesh-node stop，并移走它的节点目录。两边已填写的内容都保留。如果没有人复制过本节点的目录，说明密钥已外泄：请审核人在名册中为本节点更换公钥，并重新签名",
                "keep one: run mesh-node stop on the other and take its folder away. What was written on \
                 either is kept. If nobody copied this node's folder the key was stolen: have the \
                 reviewers list another key for this node in the roster, and sign again"
            ),
        );
    }
    Problem::new(
        "two-machines",
        text!(
            "有两台电脑在用{peer}的密钥运行，轮流与本节点连接",
            "two machines run with the key of {peer} and take turns at this node"
        ),
        text!(
            "请联系该单位核实，只留一台运行。如果没有人复制过它的节点目录，说明密钥已外泄：请审核人在名册中为它更换公钥，并重新签名",
            "tell them, so that only one goes on. If nobody copied their folder the key was stolen: have \
             the reviewers list another key for them in the roster, and sign again"
        ),
    )
}

/// The folder is not the one that last ran here.
fn moved(moved: Moved) -> Problem {
    let what = match moved {
        Moved::Copied => text!(
            "节点目录是复制或恢复来的，不是本机上次运行的那一份",
            "the node's folder was copied or restored: it is not the one that last ran here"
        ),
        Moved::OtherMachine => text!(
            "节点目录上次是在另一台电脑上运行的",
            "the node's folder last ran on another machine"
        ),
        Moved::Mended => text!(
            "本节点的存储损坏过，已按现有内容继续使用",
            "this node's store was damaged, and goes on with what was left"
        ),
    };
    Problem::new(
        "folder-moved",
        what,
        text!(
            "本节点已另起一段填写，不会覆盖此前的内容；之前从本节点发出的改动会从相邻节点取回。请确认原来那台电脑或那份目录不再运行",
            "what is written from now on takes nothing back of what was written before, and neighbours \
             give back what had left this node; make sure that the other machine or folder does not run"
        ),
    )
}

fn called(keeper: &Keeper, node: NodeId) -> String {
    let member = keeper.engine.charter().roster().member(node);
    match member.map(|member| member.name.as_str()) {
        Some(name) if !name.is_empty() => format!("{name} {node}"),
        _ => node.to_string(),
    }
}
