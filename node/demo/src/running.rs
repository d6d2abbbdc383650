//! A county that was set up, with its processes once they are started.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crdt_model::charter::Tier;
use crdt_model::ids::{CharterVersion, NodeId};

use super::asking::{Asking, of_node, stopped};
use super::crew::{self, hold};
use super::folder::{CountyFolder, Loaded, unusable};
use super::lines::Statuses;
use super::load::{Loading, Part};
use super::members::Members;
use super::options::{CountyOptions, Scale};
use super::processes::Processes;
use super::progress::Progress;
use super::sample::{Counts, NodeSample, sample};
use super::setup;
use super::stopping::Stopping;
use crdt_model::text;
use crdt_model::text::Problem;
use node_app::door::attached::Attached;
use node_app::door::use_case::UseCase;
use node_app::use_cases::cut::CutRequest;
use node_app::use_cases::offer::OfferRequest;
use node_app::use_cases::status::NodeStatus;
use node_machine::clock::Clock;

/// Milliseconds between two attempts to reach a node that starts.
const READY_LOOK_MS: u64 = 50;
/// How often it is tried: for five minutes, since a full store takes a while to be read.
const READY_LOOKS_MAX: u32 = 6_000;
/// Nodes that are asked at a time.
pub(super) const ASKED_AT_ONCE: usize = 8;
/// How often a node that starts may fall before it is given up.
const START_FALLS_MAX: u32 = 4;

/// A demonstration county. Its processes end when it is dropped.
pub struct County {
    options: CountyOptions,
    folder: Arc<CountyFolder>,
    members: Members,
    asking: Asking,
    processes: Option<Processes>,
    stopping: Arc<Stopping>,
    clock: Clock,
    cut: Mutex<BTreeSet<NodeId>>,
    charter: Mutex<PathBuf>,
}

impl County {
    /// Makes the county in its folder, or takes up the one that is there.
    ///
    /// # Errors
    /// The folder is not ours, is in use, or the county could not be made.
    pub fn set_up(options: CountyOptions, progress: &dyn Progress) -> Result<Self, Problem> {
        let folder = Arc::new(CountyFolder::open(&options.data)?);
        let members = setup::set_up(&options, &folder, progress)?;
        let stopping = Arc::new(Stopping::default());
        Ok(Self {
            asking: Asking::new(&folder, &members, &stopping),
            charter: Mutex::new(folder.charter()),
            options,
            folder,
            members,
            processes: None,
            stopping,
            clock: Clock::start(),
            cut: Mutex::default(),
        })
    }

    /// Starts a process for every node, and waits until all of them answer.
    ///
    /// # Errors
    /// A node that does not answer, with the end of its log.
    pub fn start(&mut self, progress: &dyn Progress) -> Result<(), Problem> {
        progress.stage(&text!("启动节点进程", "starting the nodes"));
        let (program, nodes) = (self.options.program.clone(), self.members.nodes());
        let processes = Processes::start(program, &self.folder, &nodes)?;
        let of = nodes.len() as u64;
        for (node, done) in nodes.into_iter().zip(1..) {
            self.wait_until_ready(node, &processes)?;
            progress.at(done, of);
        }
        self.processes = Some(processes);
        Ok(())
    }

    fn wait_until_ready(&self, node: NodeId, processes: &Processes) -> Result<(), Problem> {
        for _ in 0..READY_LOOKS_MAX {
            if self.asking.status(node).is_some() {
                return Ok(());
            }
            if processes.falls(node) > START_FALLS_MAX {
                break;
            }
            if self.stopping.wait_ms(READY_LOOK_MS) {
                return Err(stopped());
            }
        }
        let log = processes.log_tail(node);
        Err(Problem::new(
            "county-node-not-ready",
            text!(
                "节点 {node} 没有启动成功：{log}",
                "node {node} did not come up: {log}"
            ),
            text!(
                "按日志处理；端口被占用时用 --fresh 重建",
                "deal with what its log says; if its port is taken, make the county anew with --fresh"
            ),
        ))
    }

    /// The records that have still to be loaded, by the node that brings them in; none where this
    /// folder had them loaded before.
    pub fn sample(&self) -> Result<BTreeMap<NodeId, NodeSample>, Problem> {
        let villages = self.members.of_tier(Tier::Village).len();
        let to = Counts::at(self.options.scale, villages);
        let from = match self.folder.loaded()? {
            Some(loaded) => Counts::at(Scale::new(loaded.scale)?, villages),
            None => Counts::default(),
        };
        sample(&self.members, &from, &to)
    }

    /// Loads one part of a sample.
    ///
    /// # Errors
    /// What a node refused, or that it cannot be reached.
    pub fn load_part(
        &self,
        sample: &BTreeMap<NodeId, NodeSample>,
        part: Part,
        progress: &dyn Progress,
    ) -> Result<(), Problem> {
        let (folder, stopping) = (&*self.folder, &*self.stopping);
        let loading = Loading {
            asking: &self.asking,
            folder,
            stopping,
            progress,
        };
        loading.load(sample, part)?;
        if part == Part::Above {
            let before = self.folder.loaded()?.map_or(0.0, |loaded| loaded.scale);
            let scale = self.options.scale.factor().max(before);
            self.folder.write_loaded(&Loaded { scale })?;
        }
        Ok(())
    }

    /// Loads everything that has still to be loaded.
    ///
    /// # Errors
    /// See [`Self::load_part`].
    pub fn load(&self, progress: &dyn Progress) -> Result<(), Problem> {
        let sample = self.sample()?;
        [Part::Files, Part::Home, Part::Above]
            .into_iter()
            .try_for_each(|part| self.load_part(&sample, part, progress))
    }

    /// Cuts all lines of these nodes, until they are healed.
    ///
    /// # Errors
    /// A node that does not answer, or is not of this county.
    pub fn cut(&self, nodes: &[NodeId]) -> Result<(), Problem> {
        for node in nodes {
            self.set_cut(*node, vec![*node])?;
            hold(&self.cut).insert(*node);
        }
        Ok(())
    }

    /// Restores all lines.
    ///
    /// # Errors
    /// A node that does not answer.
    pub fn heal(&self) -> Result<(), Problem> {
        let cut = std::mem::take(&mut *hold(&self.cut));
        cut.into_iter()
            .try_for_each(|node| self.set_cut(node, Vec::new()))
    }

    /// The nodes whose lines are cut.
    pub fn cut_nodes(&self) -> BTreeSet<NodeId> {
        hold(&self.cut).clone()
    }

    fn set_cut(&self, node: NodeId, lines_to: Vec<NodeId>) -> Result<(), Problem> {
        let cut = self.asking.ask(node, &CutRequest { lines_to })?;
        cut.map(drop).map_err(|problem| of_node(node, problem))
    }

    /// Asks all nodes for their status. A node that was restarted has forgotten that its lines are cut;
    /// they are cut again here.
    pub fn statuses(&self) -> Statuses {
        let nodes = self.members().nodes();
        let statuses = crew::map(nodes, ASKED_AT_ONCE, |node| {
            let status = self.asking().status(node);
            if let Some(status) = &status {
                self.keep_cut(status);
            }
            Ok((node, status))
        });
        statuses.unwrap_or_default().into_iter().collect()
    }

    /// A node that fell has forgotten that its lines are cut.
    fn keep_cut(&self, status: &NodeStatus) {
        let cut = hold(&self.cut).contains(&status.node);
        if cut && status.cut.is_empty() {
            // The next look at the nodes tries again.
            let _ = self.set_cut(status.node, vec![status.node]);
        }
    }

    /// Offers a signed charter to one node, and from then on verifies by it.
    ///
    /// # Errors
    /// Why the node refused it.
    pub fn offer_charter(&self, node: NodeId, folder: &Path) -> Result<CharterVersion, Problem> {
        let folder = std::path::absolute(folder).map_err(|problem| unusable(folder, &problem))?;
        let charter = Attached::of_charter(&folder)?;
        let adopted = self.asking.ask(node, &OfferRequest { charter })?;
        let adopted = adopted.map_err(|problem| of_node(node, problem))?;
        *hold(&self.charter) = folder;
        Ok(adopted.version)
    }

    /// Kills a node's process at once, as a power cut would. It is started again by itself.
    ///
    /// # Errors
    /// The county was not started, or the operating system refused.
    pub fn kill(&self, node: NodeId) -> Result<(), Problem> {
        self.processes
            .as_ref()
            .map_or_else(|| Err(stopped()), |processes| processes.kill(node))
    }

    /// Asks a node, and waits for it if it is just starting again. A problem that it answers with is an
    /// answer too.
    ///
    /// # Errors
    /// A node that cannot be reached.
    pub fn ask<U: UseCase>(
        &self,
        node: NodeId,
        asked: &U,
    ) -> Result<Result<U::Answer, Problem>, Problem> {
        self.asking.ask(node, asked)
    }

    /// Asks many nodes, several at a time; answers come in the same order.
    ///
    /// # Errors
    /// A node that cannot be reached.
    pub fn ask_all<U: UseCase<Answer: Send> + Sync>(
        &self,
        asked: Vec<(NodeId, U)>,
    ) -> Result<Vec<Result<U::Answer, Problem>>, Problem> {
        crew::map(asked, crew::processors() * 4, |(node, asked)| {
            self.asking.line(node).ask(None, &asked)
        })
    }

    /// Ends all processes in good order. The county can be started again.
    pub fn stop(&mut self) {
        self.processes = None;
    }

    /// How often a process was started again.
    pub fn restarts(&self) -> u64 {
        self.processes.as_ref().map_or(0, Processes::restarts)
    }

    /// The county's folder.
    pub fn folder(&self) -> &CountyFolder {
        &self.folder
    }

    /// The county's nodes.
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// What was asked of it.
    pub fn options(&self) -> &CountyOptions {
        &self.options
    }

    /// The word that ends all waiting; say it and the county's own work ends with a problem.
    pub fn stopping(&self) -> &Arc<Stopping> {
        &self.stopping
    }

    /// The folder of the charter that is verified by.
    pub fn charter_in_force(&self) -> PathBuf {
        hold(&self.charter).clone()
    }

    pub(super) fn asking(&self) -> &Asking {
        &self.asking
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }
}
