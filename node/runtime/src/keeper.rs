//! Engine and store held together. Every input goes through here, and so does every answer that
//! must wait until something is durable.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crdt_model::charter::Roster;
use crdt_model::draft::Draft;
use crdt_model::engine::{
    Alarm, EmergencyStatus, Engine, Input, Output, SyncToken, Ticket, WriteRefused, dials, links,
};
use crdt_model::ids::{CharterVersion, CommitHash, NodeId, PublicKey};
use crdt_model::replica::{self};
use crdt_model::store::Store;
use crdt_model::time::{Instant, WallTime};
use policy::deciding::charter::CedarCharter;
use policy::deciding::question::State;
use policy::signing::adopt::AdoptedCharter;
use policy::signing::emergency::{self, Signed};
use policy::signing::held;

use super::alarms;
use super::beats::Beats;
use super::identity;
use super::limits::{self, Limits};
use super::network;
use super::problems::{
    charter_problem, damaged, emergency_problem, engine_problem, held_problem, later_problem,
    store_problem,
};
use super::reading::{Followed, Reading};
use super::summaries::Summaries;
use super::taken_up::TakenUp;
use super::view::{Footing, Standing, hindered};
use super::waiting::Waiting;
use crdt_model::text;
use crdt_model::text::{Explain, Problem};
use node_machine::clock::Clock;
use node_machine::folder::NodeFolder;
use node_machine::private;
use node_machine::room::{Room, disk_full};
use node_machine::settings::{DialAddresses, Settings};
use node_readmodel::{Progress, ReadModel};
use node_store::{Mended, OpenError, SledStore, StoreOptions};
use node_transport::{Allowed, Command};

/// Milliseconds that bulk work may wait for the disk.
pub(super) const BULK_WAIT_MS: u64 = 100;
/// Latencies kept for the status.
const LATENCIES_MAX: usize = 256;

/// What is to happen when something that was asked to be written is durable or refused.
type Outcome = Box<dyn FnOnce(Result<Vec<CommitHash>, WriteRefused>) + Send>;
/// What is to happen when a charter that a person brought is in force or refused.
type Adopted = Box<dyn FnOnce(Result<CharterVersion, Problem>) + Send>;
/// What is to happen when a declaration that a person brought is durable or refused.
type Declared = Box<dyn FnOnce(Result<EmergencyStatus, Problem>) + Send>;

/// What this machine's settings say about the network.
pub(super) struct Local {
    /// Where it listens.
    pub(super) listen: Vec<String>,
    /// Where neighbours are dialled instead of where the roster says.
    pub(super) addresses: DialAddresses,
}

impl Local {
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            listen: settings.listen().to_vec(),
            addresses: settings.addresses.value.clone(),
        }
    }
}

/// Engine and store.
pub struct Keeper {
    /// The engine.
    pub engine: Engine,
    /// The store; only the engine writes to it.
    pub store: SledStore,
    /// The charter in force, as it was signed.
    pub adopted: AdoptedCharter,
    /// The clocks.
    pub clock: Clock,
    /// Log lines that others can cause.
    pub(super) summaries: Summaries,
    /// What waits for each neighbour.
    pub waits: Waiting,
    /// What the network has reported.
    pub network: network::Reports,
    /// What this machine's settings say about the network.
    pub(super) local: Local,
    /// Milliseconds from author to here, for the latest commits from elsewhere.
    pub latencies_ms: VecDeque<u64>,
    /// What the transport is to do next.
    pub(super) commands: VecDeque<Command>,
    /// Who waits for a writing, and whether it is part of much.
    waiting: BTreeMap<Ticket, (Outcome, bool)>,
    /// The time limits that run here.
    pub limits: Limits,
    pub(super) beats: Beats,
    offered: Option<(CharterVersion, Adopted)>,
    next_adopted: Option<AdoptedCharter>,
    /// Who brought a declaration that waits for the disk.
    declared: Vec<Declared>,
    tickets: u64,
    sync_due: Option<SyncToken>,
    /// Somebody waits for the disk, and not bulk work alone.
    sync_awaited: bool,
    synced_at: Instant,
    scrub_due: bool,
    /// Whether there is room on the disk.
    pub room: Room,
    pub(super) reading: Reading,
    /// How things stood last.
    pub(super) standing: Standing,
    /// What is written just now is part of much, and nobody waits for its being found.
    pub(super) in_bulk: bool,
    /// The node is to end; this is called when everything is durable.
    pub(super) ending: Option<Box<dyn FnOnce() + Send>>,
    /// Why the folder was not the one that last ran here, found at this start.
    pub(super) taken_up: Option<TakenUp>,
}

impl Keeper {
    /// Opens the node in this folder.
    pub fn open(folder: &NodeFolder, settings: &Settings) -> Result<Self, Problem> {
        Self::open_after(folder, settings, false)
    }

    /// The same; `disk_was_full` says that the last write failed for want of room.
    pub(super) fn open_after(
        folder: &NodeFolder,
        settings: &Settings,
        disk_was_full: bool,
    ) -> Result<Self, Problem> {
        private::check(folder.path())?;
        let room = Room::before_opening(folder.path(), disk_was_full);
        let key = folder.read_key_file()?;
        let options = StoreOptions::new(folder.store(), settings.cache_bytes());
        let mut store = SledStore::open(&options).map_err(|error| OpenError::problem(&error))?;
        store.mended().into_iter().for_each(log_mended);
        let clock = Clock::start();
        let identity = identity::open(folder, key, settings.node(), &mut store, clock.now().wall)?;
        let taken_up = TakenUp::kept(&store)?;
        let held = held::load(&store, held::restore).map_err(|error| held_problem(&error))?;
        let engine = Engine::open(identity, held.all, &store).map_err(|error| damaged(&error))?;
        let mut engine = engine.ok_or_else(|| damaged(&"no charter"))?;
        if let Ok(processors) = std::thread::available_parallelism() {
            engine.check_over(processors);
        }
        let summaries = Summaries::new(clock);
        let standing = Standing::default();
        let mut keeper = Self {
            engine,
            store,
            adopted: held.current,
            clock,
            network: network::Reports::new(summaries.clone()),
            summaries,
            waits: Waiting::open(folder.waiting()),
            local: Local::of(settings),
            latencies_ms: VecDeque::new(),
            commands: VecDeque::new(),
            waiting: BTreeMap::new(),
            limits: Limits::anew(),
            beats: Beats::default(),
            offered: None,
            next_adopted: None,
            declared: Vec::new(),
            tickets: 0,
            sync_due: None,
            sync_awaited: false,
            synced_at: Instant::default(),
            scrub_due: false,
            room,
            reading: Reading::new(folder.read_model(), standing.clone()),
            standing,
            in_bulk: false,
            ending: None,
            taken_up,
        };
        keeper.engine.set_room(keeper.room.state());
        keeper.input(Input::Tick)?;
        Ok(keeper)
    }

    /// Has the node end in good order, at the end of what is done just now; `ended` is called once
    /// everything is durable.
    pub fn end(&mut self, ended: impl FnOnce() + Send + 'static) {
        self.ending = Some(Box::new(ended));
    }

    /// Cuts the lines to these nodes, for demonstrations and tests; none heals all.
    pub fn cut(&mut self, lines_to: &[NodeId]) {
        let command = self.network.cut(self.node(), lines_to);
        self.commands.push_back(command);
    }

    /// The node.
    pub fn node(&self) -> NodeId {
        self.engine.node()
    }

    /// Gives the engine an input and carries out what it wants done, as far as that needs no disk.
    pub fn input(&mut self, input: Input) -> Result<(), Problem> {
        self.look_at_room();
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let now = self.clock.now();
            let outputs = self.engine.handle(input, now, &mut self.store);
            for output in outputs.map_err(|error| engine_problem(&error))? {
                inputs.extend(self.carry_out(output));
            }
        }
        if self.engine.charter().version() != self.adopted.version() {
            self.charter_changed();
        }
        Ok(())
    }

    fn carry_out(&mut self, output: Output) -> Option<Input> {
        match output {
            Output::Request { peer, id, bytes } => {
                self.commands.push_back(network::request(peer, id, bytes));
            }
            Output::Respond { id, bytes, .. } => {
                self.commands.extend(self.network.respond(id, bytes));
            }
            Output::Sync { token } => {
                self.sync_due = Some(token);
                self.sync_awaited |= !self.in_bulk;
            }
            Output::Scrub => self.scrub_due = true,
            Output::Written { ticket, outcome } => {
                if let Some((then, in_bulk)) = self.waiting.remove(&ticket) {
                    if !in_bulk {
                        // Whoever hears of it finds it from now on.
                        self.standing.clear();
                    }
                    then(outcome);
                }
            }
            Output::CharterOffered { peer, bundle } => return Some(self.consider(peer, bundle)),
            Output::CharterFound {
                peer,
                version,
                bundle,
            } => return Some(self.recall(peer, version, bundle)),
            Output::Changed {
                facet,
                label,
                from,
                wall,
            } => {
                let (charter, node) = (self.engine.charter(), self.engine.node());
                self.waits.changed(&**charter, node, &facet, &label, from);
                self.limits.changed(facet, self.engine.charter().kinds());
                self.reading
                    .changed(facet, &label, from.is_none() && !self.in_bulk);
                if from.is_some() {
                    self.note_latency(wall);
                }
            }
            Output::Dropped { facets } => {
                self.standing.clear();
                self.limits = Limits::anew();
                self.waits.rules_changed();
                tracing::info!(facets, "facets dropped that this node may no longer hold");
                self.reading.dropped();
            }
            Output::Alarm(alarm) => {
                if let Alarm::Damaged { facet, .. } = &alarm {
                    self.limits.changed(*facet, self.engine.charter().kinds());
                    self.reading.changed_somehow(*facet);
                }
                alarms::log(&alarm, &self.summaries);
            }
        }
        None
    }

    fn note_latency(&mut self, wall: WallTime) {
        let passed_ms = self.clock.now().wall.ms.saturating_sub(wall.ms);
        self.latencies_ms.push_back(passed_ms);
        if self.latencies_ms.len() > LATENCIES_MAX {
            self.latencies_ms.pop_front();
        }
    }

    /// Takes up what waits for neighbours, now that a round is over.
    pub(super) fn follow_links(&mut self) {
        let now = self.clock.now();
        self.waits
            .follow(&self.engine, self.engine.floored(now.wall));
        if let Err(problem) = self.waits.save_if_due(now.instant)
            && self.summaries.note("waiting", None, &problem)
        {
            tracing::warn!(%problem, "what waits for neighbours could not be saved");
        }
    }

    /// Whether only bulk work waits for the disk, and may wait on: syncing for each part of it would
    /// take longer than the part.
    pub(super) fn disk_may_wait(&self) -> bool {
        let waited_ms = self.clock.now().instant.since_ms(self.synced_at);
        self.sync_due.is_some()
            && !self.sync_awaited
            && !self.scrub_due
            && !self.engine.is_busy()
            && waited_ms < BULK_WAIT_MS
    }

    /// Makes everything written durable, if anything is waiting for it. Returns whether anything
    /// was.
    pub fn make_durable(&mut self) -> Result<bool, Problem> {
        self.purge_read_model()?;
        let scrub = self.may_scrub();
        if self.scrub_due && !scrub {
            // What is reported as durable must be gone from the disk where it was deleted.
            self.store.sync().map_err(|error| store_problem(&error))?;
            return Ok(false);
        }
        self.scrub_due = false;
        let Some(token) = self.sync_due.take() else {
            if scrub {
                self.scrub()?;
            }
            self.answer_declared();
            return Ok(scrub);
        };
        if scrub {
            self.scrub()?;
        } else {
            self.store.sync().map_err(|error| store_problem(&error))?;
        }
        self.sync_awaited = false;
        self.synced_at = self.clock.now().instant;
        self.input(Input::Durable { token })?;
        Ok(true)
    }

    /// Whether a rewrite of the store is due and has room: for a while there are two of it.
    fn may_scrub(&mut self) -> bool {
        if !self.scrub_due {
            return false;
        }
        let bytes = self.store.disk_bytes().unwrap_or(0);
        let enough = self.room.is_enough_for(bytes);
        self.room.wait_for(if enough { 0 } else { bytes });
        self.look_at_room();
        enough
    }

    /// Looks whether there is room on the disk, and tells the engine where that has changed.
    fn look_at_room(&mut self) {
        let was_short = self.room.is_short();
        if !self.room.look(self.clock.now().instant) {
            return;
        }
        self.engine.set_room(self.room.state());
        let (free_bytes, is_short) = (self.room.status().free_bytes, self.room.is_short());
        if is_short && !was_short {
            tracing::warn!(
                free_bytes,
                "there is no room on the disk: nothing is written, reading goes on"
            );
        }
        if was_short && !is_short {
            tracing::info!(free_bytes, "there is room on the disk again");
        }
    }

    /// Rewrites the store; what the rewrite finds damaged is mended on the way.
    fn scrub(&mut self) -> Result<(), Problem> {
        // It takes long, and nothing that questions see changes by it.
        self.publish();
        let mut mended = BTreeSet::new();
        loop {
            let Err(error) = self.store.scrub() else {
                return Ok(());
            };
            match replica::damaged_facet(&error).filter(|facet| mended.insert(*facet)) {
                Some(facet) => self.input(Input::Damaged { facet })?,
                None => return Err(store_problem(&error)),
            }
        }
    }

    /// Brings more of what changed into the read model. Whatever goes wrong with that stops nothing else.
    ///
    /// # Errors
    /// Only if the store has failed.
    pub fn follow(&mut self) -> Result<Followed, Problem> {
        let followed = self
            .reading
            .follow(&self.engine, &self.store, &mut self.limits);
        self.publish();
        match followed {
            Followed::Damaged(facet) => {
                self.input(Input::Damaged { facet })?;
                Ok(Followed::Some)
            }
            followed => Ok(followed),
        }
    }

    /// Brings the read model to what the replica has: all of it, or only what is known to differ and
    /// takes no longer than others can wait.
    fn catch_up(&mut self, whole: bool) -> Result<(), Problem> {
        for round in 0.. {
            if !self.reading.wants(round, whole) || self.follow()? != Followed::Some {
                break;
            }
        }
        Ok(())
    }

    /// Takes out of the read model what the replica dropped, if there is one. This comes before that
    /// is durable in the store: after a crash the read model may lack something, and then makes it
    /// again, but never has something that went.
    fn purge_read_model(&mut self) -> Result<(), Problem> {
        match self.reading.has_to_purge() {
            true => self.catch_up(false),
            false => Ok(()),
        }
    }

    /// Brings the read model up for a question, and sees whether it can be relied on. Where it is damaged
    /// it is made anew, and the question is answered as after a start.
    ///
    /// # Errors
    /// Only if the store has failed.
    pub fn prepare_read_model(&mut self, whole: bool) -> Result<(), Problem> {
        self.reading.take_failures(&self.engine);
        self.catch_up(whole)?;
        match self.reading.verify(&self.engine, self.clock.now()) {
            true => Ok(()),
            false => self.catch_up(whole),
        }
    }

    /// Throws the read model away and begins again.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn rebuild_read_model(&mut self) -> Result<(), Problem> {
        self.reading.rebuild(&self.engine)
    }

    /// The read model as it stands, with how far it has caught up if it is not done.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn read_model_as_it_stands(&self) -> Result<(&ReadModel, Option<Progress>), Problem> {
        self.reading.as_it_stands(&self.engine)
    }

    /// Why the read model was made anew, the last time since the start.
    pub fn read_model_made_anew(&self) -> Option<&str> {
        self.reading.made_anew()
    }

    /// How many facets the read model has.
    ///
    /// # Errors
    /// It cannot be used now.
    pub fn read_model_facets(&mut self) -> Result<u64, Problem> {
        let facets = self.read_model_as_it_stands()?.0.facets();
        facets.map_err(|error| {
            self.reading.read_failed(&self.engine, &error);
            hindered()
        })
    }

    /// What questions are answered from, as things stand now.
    pub fn footing(&self) -> Footing {
        Footing {
            due: Some(Arc::clone(self.limits.due())),
            ..self.lasting_footing()
        }
    }

    /// The same, for questions that nobody has asked yet. Without the time limits: while they are kept
    /// here, each change of one would have the engine copy them all.
    fn lasting_footing(&self) -> Footing {
        let (gate, failures) = self.reading.entrance();
        Footing {
            node: self.node(),
            charter: Arc::clone(self.engine.charter()),
            rules: Arc::clone(self.engine.rules()),
            adopted: self.adopted.clone(),
            now: self.engine.floored(self.clock.now().wall),
            store: self.store.reader(),
            due: None,
            brought_up: self.reading.is_brought_up(),
            reading: self.reading.place(&self.engine),
            gate,
            failures,
        }
    }

    /// Lets questions be answered from how things stand now, without waiting for the engine's thread.
    pub(super) fn publish(&self) {
        self.standing.set(self.lasting_footing());
    }

    /// Looks at all facets whose time limits may not be known.
    pub fn find_limits(&mut self) {
        while self.limits.is_behind() {
            self.limits
                .find_some(&self.engine, &self.store, &self.summaries);
        }
    }

    /// Does what this node has to do by itself where time limits are up.
    pub(super) fn watch_limits(&mut self) -> Result<(), Problem> {
        let now = self.clock.now();
        if now.instant < self.limits.look_at() || self.room.is_short() {
            return Ok(());
        }
        self.limits
            .find_some(&self.engine, &self.store, &self.summaries);
        if self.limits.is_behind() {
            // The rest follows when what waits has been done.
            return Ok(());
        }
        let acts = self.limits.acts(&self.engine, &self.store, now);
        for act in acts.map_err(|error| damaged(&error))? {
            let (draft, then) = limits::logged(act, &self.summaries);
            self.write(vec![draft], then)?;
        }
        Ok(())
    }

    /// Writes down that this node is there, where that is due.
    pub(super) fn watch_beats(&mut self) -> Result<(), Problem> {
        let now = self.clock.now();
        if now.instant < self.beats.look_at() || self.room.is_short() {
            return Ok(());
        }
        for draft in self.beats.due(&self.engine, &self.store, now) {
            let facet = draft.facet.facet;
            self.write(vec![draft], move |outcome| {
                if let Err(error) = outcome {
                    tracing::warn!(%facet, %error, "this node could not write that it is there");
                }
            })?;
        }
        Ok(())
    }

    /// When the engine must be called again at the latest.
    pub fn next_timeout(&self) -> Instant {
        if let Some(look_at) = self.room.look_at() {
            // Limits and beats wait for room.
            return self.engine.next_timeout().min(look_at);
        }
        let own = self.limits.look_at().min(self.beats.look_at());
        let own = own.min(self.summaries.next_due()).min(self.waits.save_at());
        self.engine.next_timeout().min(own)
    }

    /// Has drafts written; `then` runs when they are durable or refused.
    pub fn write(
        &mut self,
        drafts: Vec<Draft>,
        then: impl FnOnce(Result<Vec<CommitHash>, WriteRefused>) + Send + 'static,
    ) -> Result<(), Problem> {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.waiting.insert(ticket, (Box::new(then), self.in_bulk));
        self.input(Input::Write { ticket, drafts })
    }

    /// What having these drafts written would come to: the number of commits, or why not.
    pub fn would_write(
        &mut self,
        drafts: &[Draft],
    ) -> Result<Result<usize, WriteRefused>, Problem> {
        let now = self.clock.now();
        let judged = self.engine.judge_drafts(drafts, now, &mut self.store);
        judged.map_err(|error| damaged(&error))
    }

    /// Offers a charter that a person brought; the answer comes when it is in force or refused.
    pub fn offer(
        &mut self,
        files: &policy::CharterFiles,
        then: impl FnOnce(Result<CharterVersion, Problem>) + Send + 'static,
    ) -> Result<(), Problem> {
        if self.room.is_short() {
            then(Err(disk_full()));
            return Ok(());
        }
        let now = self.engine.floored(self.clock.now().wall);
        if self.next_adopted.is_some() {
            then(Err(charter_problem(&text!(
                "正在采用另一份章程，请稍后再试",
                "another one is being adopted just now; try again later"
            ))));
            return Ok(());
        }
        match held::next(&self.adopted, files, now) {
            Ok((adopted, bundle)) => {
                self.offered = Some((adopted.version(), Box::new(then)));
                let charter = Arc::clone(adopted.charter());
                self.next_adopted = Some(adopted);
                self.input(Input::CharterAdopted { charter, bundle })
            }
            Err(why) => {
                then(Err(charter_problem(&why)));
                Ok(())
            }
        }
    }

    /// Takes a declaration of an emergency that a person brought; the answer comes when it is durable
    /// or refused.
    pub fn declare(
        &mut self,
        signed: &Signed,
        then: impl FnOnce(Result<EmergencyStatus, Problem>) + Send + 'static,
    ) -> Result<(), Problem> {
        if self.room.is_short() {
            then(Err(disk_full()));
            return Ok(());
        }
        let (charter, board) = (self.adopted.charter(), self.adopted.board());
        let terms = charter.head().emergency;
        let taken = emergency::encode(signed, self.adopted.digest(), terms, board);
        let (declared, declaration) = match taken {
            Ok(taken) => taken,
            Err(why) => {
                then(Err(emergency_problem(&why)));
                return Ok(());
            }
        };
        let held = self.engine.emergency_status().declared;
        let held = held.filter(|held| held.charter == declared.charter);
        if let Some(held) = held.filter(|held| held != &declared && !declared.follows(held)) {
            then(Err(later_problem(held.number)));
            return Ok(());
        }
        self.declared.push(Box::new(then));
        self.input(Input::EmergencyDeclared { declaration })
    }

    /// Everything written is durable: whoever declared an emergency hears it.
    fn answer_declared(&mut self) {
        for then in std::mem::take(&mut self.declared) {
            self.standing.clear();
            then(Ok(self.engine.emergency_status()));
        }
    }

    /// The charter in force as it decides now: in an emergency with the rules for that.
    pub fn rules(&self) -> Arc<CedarCharter> {
        match self.engine.in_emergency() {
            true => Arc::new(self.adopted.charter().in_state(State::Emergency)),
            false => Arc::clone(self.adopted.charter()),
        }
    }

    fn consider(&mut self, peer: NodeId, bundle: Vec<u8>) -> Input {
        let now = self.engine.floored(self.clock.now().wall);
        if self.next_adopted.is_some() || self.room.is_short() {
            // One is waiting for the disk, or there is no room. Whoever offered this one will greet again.
            return Input::Tick;
        }
        match held::follow(&self.adopted, &bundle, now) {
            Ok(adopted) => {
                let charter = Arc::clone(adopted.charter());
                self.next_adopted = Some(adopted);
                Input::CharterAdopted { charter, bundle }
            }
            Err(why) => {
                let (told, why) = (why.text(), why.to_string());
                let version = CharterVersion(self.adopted.version().0 + 1);
                if self.summaries.note("offered-charter", Some(peer), &why) {
                    tracing::warn!(%peer, %version, why, "an offered charter was refused");
                }
                self.network.charter_refused(peer, &told);
                Input::CharterRefused { peer, version }
            }
        }
    }

    /// Whether an older charter that a peer gave is the one that its successor names.
    fn recall(&mut self, peer: NodeId, version: CharterVersion, bundle: Vec<u8>) -> Input {
        if self.room.is_short() {
            return Input::CharterRefused { peer, version };
        }
        let successor = CharterVersion(version.0 + 1);
        let stored = self.store.get(&replica::charter_key(successor));
        let found = match stored {
            Ok(Some(stored)) => held::restore(&stored)
                .and_then(|successor| held::predecessor(&successor, &bundle))
                .map_err(|why| why.to_string()),
            Ok(None) => Err("its successor is not here".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        match found {
            Ok(found) => {
                let charter = Arc::clone(found.charter());
                Input::CharterRecalled { charter, bundle }
            }
            Err(why) => {
                if self.summaries.note("older-charter", Some(peer), &why) {
                    tracing::warn!(%peer, %version, why, "an older charter was refused");
                }
                Input::CharterRefused { peer, version }
            }
        }
    }

    fn charter_changed(&mut self) {
        let Some(adopted) = self.next_adopted.take() else {
            return;
        };
        tracing::info!(version = %adopted.version(), "a charter is in force");
        self.standing.clear();
        self.adopted = adopted;
        self.limits = Limits::anew();
        self.waits.rules_changed();
        self.lay_lines();
        if let Some((version, then)) = self.offered.take() {
            then(Ok(version));
        }
    }

    /// The charter's roster, with the addresses of this machine's settings in place of those it lists.
    pub(super) fn roster(&self) -> Roster {
        let roster = self.engine.charter().roster();
        if self.local.addresses.is_empty() {
            return roster.clone();
        }
        let mut members = roster.members().to_vec();
        for member in &mut members {
            if let Some(addresses) = self.local.addresses.get(&member.node) {
                member.addresses.clone_from(addresses);
            }
        }
        // Codes, keys and parents are those of a roster.
        Roster::new(members).unwrap_or_else(|_| roster.clone())
    }

    /// Tells the transport who is a member, who may link, and whom to dial.
    pub(super) fn lay_lines(&mut self) {
        let charter = Arc::clone(self.engine.charter());
        let node = self.node();
        let allowed = Allowed::Only(links(&*charter, node).into_iter().collect());
        self.commands.extend([
            Command::SetRoster(Arc::new(self.roster())),
            Command::SetAllowed(allowed),
            Command::SetLinks(dials(&*charter, node)),
        ]);
    }
}

fn log_mended(mended: &Mended) {
    let problems = mended.problems.join("; ");
    let set_aside = mended.set_aside.as_ref();
    let set_aside = set_aside.map(|path| path.display().to_string());
    tracing::warn!(
        problems,
        set_aside,
        "the store was damaged and has been mended; nothing that was saved is lost; have the disk checked"
    );
}

/// The public key that a roster must list for the node in this folder.
pub fn public_key_of(folder: &NodeFolder) -> Result<PublicKey, Problem> {
    Ok(folder.read_key_file()?.public())
}
