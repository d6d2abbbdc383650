//! `why`: the chain of causes from what somebody sees to the rule, the line or the refusal behind it.

use crdt_model::charter::{Charter, Standing, Tier};
use crdt_model::engine::{LinkState, PeerStatus, links};
use crdt_model::ids::{NodeId, RecordId};
use crdt_model::label::Label;
use crdt_model::replica;
use crdt_model::text;
use crdt_model::text::{Problem, Text};
use node_runtime::keeper::Keeper;
use node_runtime::warnings;
use policy::Question;
use serde::{Deserialize, Serialize};

use crate::door::caller::Capability;
use crate::door::use_case::{Does, UseCase};
use crate::refusals::{no_such_record, unreadable};

/// Why does something not flow between this node and a neighbour?
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhyPeerRequest {
    /// The neighbour.
    pub peer: NodeId,
}

/// Why does, or does not, a record reach a node?
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhyRecordRequest {
    /// The record.
    pub record: RecordId,
    /// The node.
    pub node: NodeId,
}

/// A chain of causes, from what is seen to what explains it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Why {
    /// What was asked.
    pub question: Text,
    /// The causes, in order.
    pub because: Vec<Cause>,
}

/// One link of a chain of causes.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Cause {
    /// In words.
    pub text: Text,
    /// The rules that decided it, by id.
    pub rules: Vec<String>,
}

impl UseCase for WhyPeerRequest {
    const NEEDS: Capability = Capability::Person;
    type Answer = Why;

    fn begin(self) -> Does<Why> {
        Does::work(move |node, respond| {
            respond(Ok(why_peer(node.keeper, self.peer)));
            Ok(())
        })
    }

    fn about(&self) -> String {
        self.peer.to_string()
    }
}

impl UseCase for WhyRecordRequest {
    const NEEDS: Capability = Capability::Person;
    type Answer = Why;

    fn begin(self) -> Does<Why> {
        Does::work(move |node, respond| {
            respond(why_record(node.keeper, self.record, self.node));
            Ok(())
        })
    }

    fn about(&self) -> String {
        format!("{} {}", self.record, self.node)
    }
}

fn cause(text: Text) -> Cause {
    Cause {
        text,
        rules: Vec::new(),
    }
}

fn why_peer(keeper: &Keeper, peer: NodeId) -> Why {
    let name = name_of(keeper, peer);
    let question = text!("本节点与{name}的同步情况", "How this node and {name} stand");
    let mut because = Vec::new();
    match keeper.engine.peer_status(peer) {
        None => because.push(no_link(keeper, peer)),
        Some(status) => {
            because.extend(link_causes(keeper, &status));
            because.extend(refusals(&status));
            because.extend(withheld(keeper, &status));
        }
    }
    Why { question, because }
}

fn name_of(keeper: &Keeper, node: NodeId) -> String {
    let member = keeper.engine.charter().roster().member(node);
    member.map_or_else(
        || node.to_string(),
        |member| format!("{} {node}", member.name),
    )
}

fn no_link(keeper: &Keeper, peer: NodeId) -> Cause {
    let charter = keeper.engine.charter();
    let text = match charter.roster().member(peer) {
        None => text!(
            "章程的名册中没有 {peer}",
            "the charter's roster has no {peer}"
        ),
        Some(member) if member.standing == Standing::Expected => text!(
            "{peer} 尚未加入：名册中还没有该节点的公钥",
            "{peer} has not joined: the roster has no key of it yet"
        ),
        Some(_) if charter.roster().active(peer).is_none() => {
            text!("章程已撤销 {peer}", "the charter has revoked {peer}")
        }
        Some(_) if peer == keeper.node() => text!("这就是本节点", "that is this node"),
        Some(_) => text!(
            "这两个节点之间没有线路：只有村与镇、镇与县、村与县之间有",
            "the two have no line: lines are only between village and township, township and county, village and county"
        ),
    };
    cause(text)
}

fn disconnected(keeper: &Keeper, status: &PeerStatus) -> Text {
    if keeper.network.cut.contains(&status.node) {
        return text!("线路被人为切断", "the line is cut on purpose");
    }
    let to_send = keeper.waits.with(status.node, status.have).facets;
    text!(
        "断线，待发 {to_send} 项，连上后自动补发",
        "not connected, {to_send} to send; they are sent once it is connected"
    )
}

fn link_causes(keeper: &Keeper, status: &PeerStatus) -> Vec<Cause> {
    let node = status.node;
    let version = keeper.engine.charter().version();
    let text = match status.link {
        LinkState::InSync => text!("已连接，双方一致", "connected, in sync"),
        LinkState::TwoMachines => warnings::two_machines(keeper, status).what,
        LinkState::Syncing => {
            let (missing, to_send) = (status.missing, status.to_send);
            text!(
                "已连接，正在同步：待收 {missing} 项，待发 {to_send} 项",
                "connected, syncing: {missing} to receive, {to_send} to send"
            )
        }
        LinkState::Greeting => text!(
            "已连接，等待对方应答",
            "connected, waiting for its first answer"
        ),
        LinkState::Adopting => text!(
            "对方使用更新的章程，本节点（第 {version} 版）正在获取",
            "the neighbour has a newer charter, which this node (version {version}) is fetching"
        ),
        LinkState::PeerAdopting => text!(
            "对方使用较旧的章程，正在从本节点获取第 {version} 版",
            "the neighbour has an older charter and is fetching version {version} from here"
        ),
        LinkState::Narrowed => text!(
            "近期签认本节点章程的乡镇不足：只向上级发送本节点自己的内容，不转发其他节点的",
            "too few townships confirm this node's charter of late: it sends only what is its own, to nodes above"
        ),
        LinkState::Holding => text!(
            "长期没有足够乡镇签认本节点章程：暂停发送，填写的内容照常保存，签认后自动补发",
            "too few townships have confirmed this node's charter for long: nothing is sent; what is written is saved and sent later"
        ),
        LinkState::CharterFork => text!(
            "双方的第 {version} 版章程内容不同，已停止收发；请立即联系审核人",
            "the two nodes have different charters with version {version}: nothing is exchanged; tell the reviewers now"
        ),
        LinkState::Disconnected => disconnected(keeper, status),
    };
    let mut causes = vec![cause(text)];
    let down = status.link == LinkState::Disconnected;
    causes.extend(
        keeper
            .network
            .last_failure
            .get(&node)
            .filter(|_| down)
            .cloned()
            .map(cause),
    );
    let wall = keeper.engine.floored(keeper.clock.now().wall);
    if keeper.engine.charter().validity().expired(wall) {
        causes.push(cause(text!(
            "章程已到期：可以照常填写，但暂停发送；请联系审核人签发新版",
            "the charter has expired: you can go on writing, but nothing is sent; ask the reviewers for a new version"
        )));
    }
    causes.extend(warnings::confirmed_time(keeper).map(|one| cause(one.what)));
    causes.extend(emergency_cause(keeper, status));
    causes.extend(log_causes(keeper));
    causes
}

/// That an emergency counts here, and whether it does over the link.
fn emergency_cause(keeper: &Keeper, status: &PeerStatus) -> Option<Cause> {
    let emergency = keeper.engine.emergency_status();
    let declared = emergency.declared.filter(|_| emergency.counts)?;
    let (number, reason) = (declared.number, declared.reason);
    Some(cause(match status.emergency {
        true => text!(
            "应急共享期间（第 {number} 号，{reason}）：双方之间同时适用应急规则",
            "emergency {number} ({reason}): its rules count over this link too"
        ),
        false => text!(
            "应急共享期间（第 {number} 号，{reason}）：对方尚未启动应急共享，双方之间仍按平时规则",
            "emergency {number} ({reason}) is not in force at the other end, so everyday rules apply on this link"
        ),
    }))
}

/// What is wrong with the log of charters.
fn log_causes(keeper: &Keeper) -> Vec<Cause> {
    let log = keeper.engine.log_status();
    let split = log.splits.first().map(|split| {
        let (size, node) = (split.one.size, name_of(keeper, split.one.node));
        text!(
            "发现两份不同的第 {size} 版章程（{node} 签认过其中一份）；请立即联系审核人，证据用 mesh-node checkpoint 导出",
            "two different charters with version {size} exist ({node} signed one of them): tell the reviewers; mesh-node checkpoint exports the evidence"
        )
    });
    let frozen = log.newer.filter(|newer| newer.frozen).map(|newer| {
        let (size, node) = (newer.size, name_of(keeper, newer.cosigner));
        text!(
            "{node} 一天前已签认第 {size} 版章程，本节点仍未收到",
            "{node} has signed version {size} of the charter, which has not arrived here in a day"
        )
    });
    split.into_iter().chain(frozen).map(cause).collect()
}

fn refusals(status: &PeerStatus) -> Vec<Cause> {
    let refused = status.refused.iter().map(|(code, count)| {
        cause(text!(
            "拒收 {count} 次：{code}",
            "refused {count} times: {code}"
        ))
    });
    let mut causes: Vec<_> = refused.collect();
    let by_peer = status.commits_refused_by_peer;
    if by_peer > 0 {
        causes.push(cause(text!(
            "对方拒收本节点 {by_peer} 处改动",
            "the neighbour refused {by_peer} changes of this node"
        )));
    }
    causes
}

fn withheld(keeper: &Keeper, status: &PeerStatus) -> Vec<Cause> {
    let told = status.withheld.iter().map(|withheld| {
        let (facet, facets) = (withheld.facet, withheld.facets);
        let reasons = rule_reasons(keeper, &withheld.rules);
        let (zh, en) = (reasons.zh, reasons.en);
        Cause {
            text: text!(
                "按规则不发送 {facet} {facets} 项：{zh}",
                "by rule, {facets} of {facet} are not sent: {en}"
            ),
            rules: withheld.rules.clone(),
        }
    });
    told.collect()
}

fn rule_reasons(keeper: &Keeper, rules: &[String]) -> Text {
    if rules.is_empty() {
        return text!("章程未允许", "no rule allows it");
    }
    let charter = keeper.rules();
    let reasons = |pick: fn(&crdt_model::kind::Title) -> &String| {
        let told = rules.iter().map(|id| match charter.rule(id) {
            Some(rule) => format!("{} [{id}]", pick(&rule.reason)),
            None => format!("[{id}]"),
        });
        told.collect::<Vec<_>>().join("; ")
    };
    Text {
        zh: reasons(|title| &title.zh),
        en: reasons(|title| &title.en),
    }
}

fn why_record(keeper: &Keeper, record: RecordId, node: NodeId) -> Result<Why, Problem> {
    let held = replica::facets_of(&keeper.store, record).map_err(|error| unreadable(&error))?;
    if held.is_empty() {
        return Err(no_such_record(record));
    }
    let name = name_of(keeper, node);
    let question = text!(
        "记录 {record} 能否传到{name}，为什么？",
        "Does record {record} reach {name}, and why?"
    );
    if keeper.engine.charter().roster().active(node).is_none() {
        let because = vec![no_link(keeper, node)];
        return Ok(Why { question, because });
    }
    let mut because = Vec::new();
    for (facet, entry) in &held {
        let label = facet.label(entry.grade);
        because.push(decision(keeper, &label, node));
        let allowed = keeper.engine.rules().flow(&label, node).allowed;
        if allowed && node != keeper.node() {
            because.push(way(keeper, &label, node));
        }
    }
    Ok(Why { question, because })
}

fn decision(keeper: &Keeper, label: &Label, node: NodeId) -> Cause {
    let member = keeper.engine.charter().roster().member(node);
    if member.is_some_and(|member| member.standing == Standing::Expected) {
        let facet = label.facet;
        return cause(text!(
            "{facet} 暂不发送：{node} 尚未加入，名册中还没有该节点的公钥",
            "{facet} is not sent: {node} has not joined, the roster has no key of it yet"
        ));
    }
    let explained = keeper.rules().explain(Question::Flow, label, node);
    let (zh, en) = (explained.text.zh, explained.text.en);
    let facet = label.facet;
    let name = name_of(keeper, node);
    let text = if explained.allowed {
        text!(
            "{facet} 可以传到{name}：{zh}",
            "{facet} may be held by {name}: {en}"
        )
    } else {
        text!(
            "{facet} 不得传到{name}：{zh}",
            "{facet} may not be held by {name}: {en}"
        )
    };
    let rules = explained.grounds.into_iter().map(|ground| ground.rule);
    Cause {
        text,
        rules: rules.collect(),
    }
}

/// Over which neighbour what may be held by `node` goes there from here, and how that line stands.
fn way(keeper: &Keeper, label: &Label, node: NodeId) -> Cause {
    let me = keeper.node();
    let next = next_hop(&**keeper.engine.rules(), label, me, node);
    let Some(next) = next else {
        return cause(text!(
            "途中没有可以留存它的节点，传不到该节点",
            "no chain of nodes that may hold it leads there"
        ));
    };
    let name = name_of(keeper, next);
    let Some(status) = keeper.engine.peer_status(next) else {
        return cause(text!("经{name}转发", "it goes over {name}"));
    };
    let link = link_causes(keeper, &status);
    let link = link
        .first()
        .map_or_else(Text::default, |first| first.text.clone());
    let (zh, en) = (link.zh, link.en);
    cause(text!(
        "经{name}传到；该线路：{zh}",
        "it goes over {name}; that line: {en}"
    ))
}

/// The neighbour that a facet takes from one node to another: a shortest way through nodes that
/// may hold it.
fn next_hop(charter: &dyn Charter, label: &Label, from: NodeId, to: NodeId) -> Option<NodeId> {
    let holds = |node: &NodeId| charter.flow(label, *node).allowed;
    let direct = |one: NodeId, other: NodeId| {
        let tier = |node| charter.roster().member(node).map(|member| member.tier);
        let skips = matches!(
            (tier(one), tier(other)),
            (Some(Tier::Village), Some(Tier::County)) | (Some(Tier::County), Some(Tier::Village))
        );
        let between = if tier(one) == Some(Tier::Village) {
            one
        } else {
            other
        }
        .township();
        !skips || !between.is_some_and(|township| holds(&township))
    };
    let mut reached = std::collections::BTreeSet::from([from]);
    let mut edge: Vec<(NodeId, NodeId)> = links(charter, from)
        .into_iter()
        .filter(|next| holds(next) && direct(from, *next))
        .map(|next| (next, next))
        .collect();
    while !edge.is_empty() {
        let mut beyond = Vec::new();
        for (first, at) in edge {
            if at == to {
                return Some(first);
            }
            if reached.insert(at) {
                let next = links(charter, at).into_iter();
                let next = next.filter(|next| holds(next) && direct(at, *next));
                beyond.extend(next.map(|next| (first, next)));
            }
        }
        edge = beyond;
    }
    None
}
