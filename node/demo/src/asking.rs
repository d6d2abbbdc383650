//! Asking the running nodes, over their control sockets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crdt_model::ids::{Name, NodeId};

use super::crew::hold;
use super::folder::CountyFolder;
use super::members::Members;
use super::stopping::Stopping;
use crdt_model::text;
use crdt_model::text::Problem;
use node_app::door::caller::{Caller, WayIn};
use node_app::door::use_case::UseCase;
use node_app::use_cases::inventory::{HeldFacet, InventoryRequest};
use node_app::use_cases::status::{NodeStatus, StatusRequest};
use node_doors::client::Client;

/// Milliseconds between two attempts to reach a node.
const RETRY_MS: u64 = 50;
/// How often a node is tried that cannot be reached: it may be starting again after a fall, and at
/// full scale reading a store takes a while.
const ATTEMPTS_MAX: u32 = 2_400;

/// One connection to one node, made again when it breaks.
pub(super) struct Line {
    node: NodeId,
    socket: PathBuf,
    client: Option<Client>,
    stopping: Arc<Stopping>,
    /// Whether a request was lost on a broken connection: whether it was carried out is not known.
    lost: bool,
}

impl Line {
    fn new(node: NodeId, socket: &Path, stopping: &Arc<Stopping>) -> Self {
        let (socket, stopping) = (socket.to_owned(), Arc::clone(stopping));
        Self {
            node,
            socket,
            client: None,
            stopping,
            lost: false,
        }
    }

    /// Asks once, if the node can be reached now.
    pub(super) fn try_ask<U: UseCase>(
        &mut self,
        role: Option<Name>,
        asked: &U,
    ) -> std::io::Result<Result<U::Answer, Problem>> {
        let client = match &mut self.client {
            Some(client) => client,
            None => self.client.insert(Client::connect(&self.socket)?),
        };
        let caller = Caller {
            role,
            ..Caller::at(WayIn::Socket)
        };
        let answer = client.ask(&caller, asked);
        if answer.is_err() {
            self.client = None;
            self.lost = true;
        }
        answer
    }

    /// Asks until there is an answer. A request that was lost with a node that fell is asked again.
    /// A problem that the node answers with is an answer too.
    pub(super) fn ask<U: UseCase>(
        &mut self,
        role: Option<Name>,
        asked: &U,
    ) -> Result<Result<U::Answer, Problem>, Problem> {
        self.lost = false;
        let mut last = String::new();
        for _ in 0..ATTEMPTS_MAX {
            match self.try_ask(role, asked) {
                Ok(Err(problem)) if problem.code == "stopping" => self.lost = true,
                Ok(answer) => return Ok(answer),
                Err(problem) => last = problem.to_string(),
            }
            if self.stopping.wait_ms(RETRY_MS) {
                return Err(stopped());
            }
        }
        Err(unreachable(self.node, &last))
    }

    /// Whether the last request was asked more than once, so that its effect may be there already.
    pub(super) fn asked_again(&self) -> bool {
        self.lost
    }
}

/// All nodes of a running county.
pub(super) struct Asking {
    folder: Arc<CountyFolder>,
    stopping: Arc<Stopping>,
    lines: BTreeMap<NodeId, Mutex<Line>>,
}

impl Asking {
    pub(super) fn new(
        folder: &Arc<CountyFolder>,
        members: &Members,
        stopping: &Arc<Stopping>,
    ) -> Self {
        let (folder, stopping) = (Arc::clone(folder), Arc::clone(stopping));
        let line = |node| Mutex::new(Line::new(node, &folder.node(node).socket(), &stopping));
        let lines = members
            .nodes()
            .into_iter()
            .map(|node| (node, line(node)))
            .collect();
        Self {
            folder,
            stopping,
            lines,
        }
    }

    /// A connection of its own, for whoever has much to ask.
    pub(super) fn line(&self, node: NodeId) -> Line {
        Line::new(node, &self.folder.node(node).socket(), &self.stopping)
    }

    /// Asks one node, over the connection that is kept for that.
    pub(super) fn ask<U: UseCase>(
        &self,
        node: NodeId,
        asked: &U,
    ) -> Result<Result<U::Answer, Problem>, Problem> {
        hold(self.kept(node)?).ask(None, asked)
    }

    /// How a node stands; nothing if it cannot be reached now.
    pub(super) fn status(&self, node: NodeId) -> Option<NodeStatus> {
        let answer = hold(self.kept(node).ok()?).try_ask(None, &StatusRequest {});
        answer.ok()?.ok()
    }

    /// Everything that a node holds, or of that only what is its own.
    pub(super) fn inventory(
        &self,
        node: NodeId,
        own_only: bool,
    ) -> Result<Vec<HeldFacet>, Problem> {
        let mut held: Vec<HeldFacet> = Vec::new();
        let mut line = hold(self.kept(node)?);
        loop {
            let after = held.last().map(|held| held.facet);
            let page = line.ask(None, &InventoryRequest { after, own_only })?;
            let page = page.map_err(|problem| of_node(node, problem))?;
            let none = page.facets.is_empty();
            held.extend(page.facets);
            if !page.more || none {
                return Ok(held);
            }
        }
    }

    fn kept(&self, node: NodeId) -> Result<&Mutex<Line>, Problem> {
        self.lines
            .get(&node)
            .ok_or_else(|| unreachable(node, "not a node of this county"))
    }
}

/// A problem that a node answered with, with the node's name.
pub(super) fn of_node(node: NodeId, problem: Problem) -> Problem {
    let Problem { code, what, next } = problem;
    let (zh, en) = (what.zh, what.en);
    Problem {
        code,
        what: text!("节点 {node}：{zh}", "node {node}: {en}"),
        next,
    }
}

/// Somebody asked the county to stop.
pub(super) fn stopped() -> Problem {
    Problem::new(
        "county-stopped",
        text!("演示县已按要求停止", "the county was told to stop"),
        text!(
            "再次运行可从原处继续",
            "run it again to go on from where it was"
        ),
    )
}

fn unreachable(node: NodeId, problem: &str) -> Problem {
    Problem::new(
        "county-node-unreachable",
        text!(
            "联系不上节点 {node}（`{problem}`）",
            "node {node} cannot be reached: {problem}"
        ),
        text!(
            "请查看该节点目录下的文件 `log`",
            "look at the file `log` in the node's folder"
        ),
    )
}
