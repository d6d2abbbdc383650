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
    let question = text!(
        "本机与 {name} 之间为何如此？",
        "Why do this node and {name} stand as they do?"
    );
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
            "{peer} 尚未加入：名册中还没有它的公钥",
            "{peer} has not joined: the roster has no key of it yet"
        ),
        Some(_) if charter.roster().active(peer).is_none() => {
            text!("章程已撤销 {peer}", "the charter has revoked {peer}")
        }
        Some(_) if peer == keeper.node() => text!("这就是本机", "that is this node"),
        Some(_) => text!(
            "两者之间没有线路：线路只在村与镇、镇与县、村与县之间",
            "the two have no line: lines are between village and township, township and county, and village and county"
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
        "未连接，待发送 {to_send} 个分面，连上后自动补发",
        "not connected: {to_send} facets are to be sent, which happens by itself once it is"
    )
}

fn link_causes(keeper: &Keeper, status: &PeerStatus) -> Vec<Cause> {
    let node = status.node;
    let version = keeper.engine.charter().version();
    let text = match status.link {
        LinkState::InSync => text!("已连接，双方一致", "connected, and the two are equal"),
        LinkState::TwoMachines => warnings::two_machines(keeper, status).what,
        LinkState::Syncing => {
            let (missing, to_send) = (status.missing, status.to_send);
            text!(
                "已连接，正在交换：本机还缺 {missing} 个分面，待发送 {to_send} 个",
                "connected and exchanging: {missing} facets are missing here, {to_send} are to be sent"
            )
        }
        LinkState::Greeting => text!(
            "已连接，等待对方应答",
            "connected, waiting for its first answer"
        ),
        LinkState::Adopting => text!(
            "对方使用更新的章程，本机（第 {version} 版）正在获取",
            "it goes by a newer charter, which this node (version {version}) is fetching"
        ),
        LinkState::PeerAdopting => text!(
            "对方使用较旧的章程，正在从本机获取第 {version} 版",
            "it goes by an older charter and is fetching version {version} from here"
        ),
        LinkState::Narrowed => text!(
            "近期确认本机章程的乡镇不足：只向上级发送本节点自己的内容，不转发他人的",
            "too few townships confirm this node's charter of late: it sends only what is its own, to nodes above"
        ),
        LinkState::Holding => text!(
            "长期没有足够乡镇确认本机章程：停止发送，写入的内容排队等待",
            "too few townships have confirmed this node's charter for long: it sends nothing, and what is written waits"
        ),
        LinkState::CharterFork => text!(
            "双方第 {version} 版章程内容不同，一律不流转；请联系审核人",
            "the two have different charters of version {version}: nothing flows; tell the reviewers"
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
            "章程已过期：本机保留自己的工作，停止发送",
            "the charter has run out: this node keeps its own work and sends nothing"
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
            "应急期间（第 {number} 号：{reason}）：双方之间同时适用应急规则",
            "emergency {number} ({reason}): its rules count over this link too"
        ),
        false => text!(
            "应急期间（第 {number} 号：{reason}）：对方尚未进入应急状态，双方之间仍按平时规则",
            "emergency {number} ({reason}): it does not count at the other end, so every day's rules hold over this link"
        ),
    }))
}

/// What is wrong with the log of charters.
fn log_causes(keeper: &Keeper) -> Vec<Cause> {
    let log = keeper.engine.log_status();
    let split = log.splits.first().map(|split| {
        let (size, node) = (split.one.size, name_of(keeper, split.one.node));
        text!(
            "有两份不同的第 {size} 版章程在流传（{node} 签认过其中之一）；证据见 mesh-node checkpoint",
            "two different charters of version {size} are about ({node} signed one of them); mesh-node checkpoint has the evidence"
        )
    });
    let frozen = log.newer.filter(|newer| newer.frozen).map(|newer| {
        let (size, node) = (newer.size, name_of(keeper, newer.cosigner));
        text!(
            "{node} 已签认第 {size} 版章程，一天过去仍未送达本机",
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
            "对方拒收了本机的 {by_peer} 个提交",
            "it refused {by_peer} commits of this node"
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
                "不向其提供 {facets} 个 {facet}：{zh}",
                "{facets} of {facet} are withheld from it: {en}"
            ),
            rules: withheld.rules.clone(),
        }
    });
    told.collect()
}

fn rule_reasons(keeper: &Keeper, rules: &[String]) -> Text {
    if rules.is_empty() {
        return text!("没有规则允许", "no rule permits it");
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
        "记录 {record} 为何到达或未到达 {name}？",
        "Why does record {record} reach {name}, or not?"
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
            "{facet} 暂不发送：{node} 尚未加入，名册中还没有它的公钥",
            "{facet} is not sent: {node} has not joined, the roster has no key of it yet"
        ));
    }
    let explained = keeper.rules().explain(Question::Flow, label, node);
    let (zh, en) = (explained.text.zh, explained.text.en);
    let facet = label.facet;
    let name = name_of(keeper, node);
    let text = if explained.allowed {
        text!(
            "{facet} 可以到达 {name}：{zh}",
            "{facet} may be held by {name}: {en}"
        )
    } else {
        text!(
            "{facet} 不得到达 {name}：{zh}",
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
            "从本机没有通往该节点的线路",
            "no line leads there from this node through nodes that may hold it"
        ));
    };
    let name = name_of(keeper, next);
    let Some(status) = keeper.engine.peer_status(next) else {
        return cause(text!("经 {name} 转送", "it goes over {name}"));
    };
    let link = link_causes(keeper, &status);
    let link = link
        .first()
        .map_or_else(Text::default, |first| first.text.clone());
    let (zh, en) = (link.zh, link.en);
    cause(text!(
        "经 {name} 送达；该线路：{zh}",
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
