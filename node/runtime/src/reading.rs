//! The read model beside the replica: it is fed with what the engine made durable, after that and
//! never before, and whatever goes wrong with it stops nothing else.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender};

use crdt_model::engine::Engine;
use crdt_model::ids::CharterVersion;
use crdt_model::label::{FacetId, Label};
use crdt_model::replica::Held;

use super::limits::Limits;
use super::view::{Gate, Standing, hindered};
use crdt_model::text;
use crdt_model::text::Problem;
use crdt_model::time::Now;
use node_readmodel::{Opened, Owner, Place, Progress, ReadModel, ReadModelError, SLICE_FACETS};
use node_store::SledStore;

/// Facets that are followed in one go: everybody waits that long.
const FOLLOWED_AT_ONCE: usize = 64;
/// Rounds of following before a question is answered, at most, for what others wrote. What was written
/// here is always followed.
const ROUNDS_MAX: usize = 4;
/// Facets that may wait for it while others wait for this node.
const WAITING_FACETS_MAX: usize = 64 * SLICE_FACETS;

/// What the keeper knows of the read model.
pub(super) struct Reading {
    folder: PathBuf,
    /// Opened when it is first needed.
    model: Option<ReadModel>,
    /// The charter whose kinds it was made from.
    made_for: CharterVersion,
    /// Facets that are not in it as the replica has them, and without which no question is answered.
    first: BTreeSet<FacetId>,
    /// The others that are not in it as the replica has them.
    changed: BTreeSet<FacetId>,
    /// The replica dropped facets that may be in it.
    purge_due: bool,
    /// It was made anew after it had failed: failing again before it has caught up ends it.
    last_try: bool,
    /// Why it was made anew, the last time since the start.
    made_anew: Option<String>,
    /// Why it is not used any more.
    off: Option<String>,
    /// Facets that were mended since something went well.
    mended: BTreeSet<FacetId>,
    /// Lets questions in that run on other threads.
    gate: Gate,
    /// What such questions begin from.
    standing: Standing,
    /// What such questions could not read.
    failures: (Sender<ReadModelError>, Receiver<ReadModelError>),
}

/// What became of following.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Followed {
    /// It has all that the replica has.
    All,
    /// There is more to do.
    Some,
    /// Another program holds the file; it has to be tried again later.
    Hindered,
    /// The replica's facet is damaged; the engine mends it.
    Damaged(FacetId),
}

impl Reading {
    pub(super) fn new(folder: PathBuf, standing: Standing) -> Self {
        Self {
            folder,
            model: None,
            made_for: CharterVersion(0),
            first: BTreeSet::new(),
            changed: BTreeSet::new(),
            purge_due: false,
            last_try: false,
            made_anew: None,
            off: None,
            mended: BTreeSet::new(),
            gate: Gate::default(),
            standing,
            failures: mpsc::channel(),
        }
    }

    /// A facet changed, and has this label now. What somebody wrote here is to be found at once; so is
    /// a new label, for by the old one it might be shown to whom it is not for.
    pub(super) fn changed(&mut self, facet: FacetId, label: &Label, written_here: bool) {
        // Where it is not open, everything is compared when it is opened.
        let Some(model) = &mut self.model else {
            return;
        };
        let relabelled = model
            .label_of(&facet)
            .map_or(true, |known| known.is_some_and(|known| known != *label));
        match written_here || relabelled || self.first.contains(&facet) {
            true => self.first.insert(facet),
            false => self.changed.insert(facet),
        };
    }

    /// A facet changed in a way that is not known.
    pub(super) fn changed_somehow(&mut self, facet: FacetId) {
        if self.model.is_some() {
            self.first.insert(facet);
        }
    }

    /// Facets went that may be in it.
    pub(super) fn dropped(&mut self) {
        self.purge_due = true;
    }

    /// Whether it may have something that the replica has otherwise, or not at all.
    pub(super) fn is_behind(&self) -> bool {
        self.purge_due || !self.first.is_empty()
    }

    /// Whether it has something to take up that can wait while there is other work: not too much, and
    /// nothing has to go.
    pub(super) fn may_wait(&self) -> bool {
        let Self {
            model,
            first,
            changed,
            purge_due,
            ..
        } = self;
        let catching_up = model
            .as_ref()
            .is_none_or(|model| model.progress(0).is_some());
        let waiting = 1..WAITING_FACETS_MAX;
        !catching_up && !purge_due && first.is_empty() && waiting.contains(&changed.len())
    }

    /// Whether more has to be followed before a question is answered, after so many rounds of that: all
    /// of it if `whole`, or only what is known to differ and takes no longer than others can wait.
    pub(super) fn wants(&self, round: usize, whole: bool) -> bool {
        // What is too much to be waited for is not even begun: the answer says that it is missing.
        let waiting = self.changed.len();
        let waits = match round {
            0 => waiting < ROUNDS_MAX * FOLLOWED_AT_ONCE,
            _ => waiting > 0 && round < ROUNDS_MAX,
        };
        whole || self.is_behind() || waits
    }

    /// Whether it has all that a question may expect of it.
    pub(super) fn is_brought_up(&self) -> bool {
        let waits = 1..ROUNDS_MAX * FOLLOWED_AT_ONCE;
        !self.is_behind() && !waits.contains(&self.changed.len())
    }

    /// Whether something has to go from it that may be in it.
    pub(super) fn has_to_purge(&self) -> bool {
        self.purge_due && self.folder.exists()
    }

    /// Brings more of what changed into it.
    pub(super) fn follow(
        &mut self,
        engine: &Engine,
        store: &SledStore,
        limits: &mut Limits,
    ) -> Followed {
        if self.off.is_some() {
            return Followed::All;
        }
        match self.follow_some(engine, store, limits) {
            Ok(followed) => {
                self.mended.clear();
                followed
            }
            Err(error) if error.is_busy() || error.is_full() => Followed::Hindered,
            Err(error) => match error.damaged_facet() {
                Some(facet) if self.mended.insert(facet) => Followed::Damaged(facet),
                _ => self.failed(engine, &error),
            },
        }
    }

    fn follow_some(
        &mut self,
        engine: &Engine,
        store: &SledStore,
        limits: &mut Limits,
    ) -> Result<Followed, ReadModelError> {
        self.open(engine)?;
        let Some(model) = &mut self.model else {
            return Ok(Followed::All);
        };
        let kinds = engine.charter().kinds();
        let seen = &mut |facet: &FacetId, held: Option<&Held>| limits.look(facet, held, kinds);
        if self.purge_due {
            let _nobody = self.gate.close();
            model.purge(store)?;
            self.purge_due = false;
        }
        let waiting = match self.first.is_empty() {
            true => &mut self.changed,
            false => &mut self.first,
        };
        let changed: BTreeSet<_> = waiting.iter().copied().take(FOLLOWED_AT_ONCE).collect();
        if !changed.is_empty() {
            model.follow(store, &changed, seen)?;
            for facet in &changed {
                self.first.remove(facet);
                self.changed.remove(facet);
            }
            return Ok(Followed::Some);
        }
        if model.catch_up(store, seen)? {
            return Ok(Followed::Some);
        }
        self.last_try = false;
        Ok(match model.is_hindered() {
            true => Followed::Hindered,
            false => Followed::All,
        })
    }

    /// Opens it, and changes its tables with the charter.
    fn open(&mut self, engine: &Engine) -> Result<(), ReadModelError> {
        let charter = engine.charter();
        let owner = owner(engine);
        match self.model.take() {
            Some(model) if self.made_for == owner.charter => {
                self.model = Some(model);
            }
            Some(model) => {
                let _nobody = self.gate.close();
                let (mut model, anew) = model.change_kinds(charter.kinds(), owner)?;
                if anew {
                    tracing::info!("the read model is made anew: it was made for other tables");
                }
                model.begin_catching_up();
                self.model = Some(model);
            }
            None => {
                let (model, opened) = ReadModel::open(&self.folder, charter.kinds(), owner)?;
                if let Opened::MadeAnew(why) = opened {
                    tracing::warn!(why, "the read model is made anew");
                    self.made_anew = Some(why);
                }
                self.model = Some(model);
            }
        }
        self.made_for = owner.charter;
        Ok(())
    }

    /// Makes it anew, once; if it fails again it is left alone until the node starts again or a
    /// person has it made anew.
    fn failed(&mut self, engine: &Engine, error: &ReadModelError) -> Followed {
        let why = error.to_string();
        let made = match self.last_try {
            true => Err(why.clone()),
            false => {
                tracing::warn!(why, "the read model failed and is made anew");
                self.made_anew = Some(why.clone());
                self.make(engine).map_err(|error| error.to_string())
            }
        };
        self.last_try = true;
        match made {
            Ok(()) => Followed::Some,
            Err(why) => {
                tracing::error!(
                    why,
                    "the read model cannot be used; records are not affected"
                );
                self.model = None;
                self.first.clear();
                self.changed.clear();
                self.standing.clear();
                let _nobody = self.gate.close();
                // Nobody would see to what is dropped from now on. It may be what cannot be done.
                let _ = node_readmodel::remove(&self.folder);
                self.off = Some(why);
                Followed::All
            }
        }
    }

    fn make(&mut self, engine: &Engine) -> Result<(), ReadModelError> {
        // What others know of it is true no more.
        self.standing.clear();
        let _nobody = self.gate.close();
        // Its files must not be written any more.
        self.model = None;
        let owner = owner(engine);
        let model = ReadModel::make(&self.folder, engine.charter().kinds(), owner)?;
        self.model = Some(model);
        self.made_for = owner.charter;
        self.first.clear();
        self.changed.clear();
        self.purge_due = false;
        self.off = None;
        Ok(())
    }

    /// Throws it away and begins again.
    pub(super) fn rebuild(&mut self, engine: &Engine) -> Result<(), Problem> {
        self.last_try = true;
        self.make(engine).map_err(|error| unusable(&error))
    }

    /// What questions on other threads could not read: it is made anew.
    pub(super) fn take_failures(&mut self, engine: &Engine) {
        if let Some(error) = self.failures.1.try_iter().last() {
            self.read_failed(engine, &error);
        }
    }

    /// A question found the file to be unreadable.
    pub(super) fn read_failed(&mut self, engine: &Engine, error: &ReadModelError) {
        if !error.is_busy() {
            self.failed(engine, error);
        }
    }

    /// Looks whether it can be relied on. Where it is damaged it is made anew; false then.
    pub(super) fn verify(&mut self, engine: &Engine, now: Now) -> bool {
        let verified = self.model.as_mut().map(|model| model.verify(now));
        match verified {
            Some(Err(error)) if !error.is_busy() => {
                self.failed(engine, &error);
                false
            }
            _ => true,
        }
    }

    /// Why it was made anew, the last time since the start.
    pub(super) fn made_anew(&self) -> Option<&str> {
        self.made_anew.as_deref()
    }

    /// Where it is, with how far it has caught up if it is not done. Where it has something that the
    /// replica has otherwise it is not given: by another label it might not be for whoever asks.
    pub(super) fn place(&self, engine: &Engine) -> Result<(Place, Option<Progress>), Problem> {
        match self.is_behind() {
            true if self.off.is_none() => Err(hindered()),
            _ => {
                let (model, progress) = self.as_it_stands(engine)?;
                Ok((model.place(), progress))
            }
        }
    }

    /// The read model itself, for who asks about it.
    pub(super) fn as_it_stands(
        &self,
        engine: &Engine,
    ) -> Result<(&ReadModel, Option<Progress>), Problem> {
        match (&self.model, &self.off) {
            (Some(model), None) => Ok((model, self.progress(engine, model))),
            (_, Some(why)) => Err(unusable(why)),
            (None, None) => Err(hindered()),
        }
    }

    /// How far it has come, if something is missing.
    fn progress(&self, engine: &Engine, model: &ReadModel) -> Option<Progress> {
        let all = engine.index().len();
        let waiting = self.changed.len() as u64;
        let followed = (waiting > 0).then(|| Progress {
            done: all.saturating_sub(waiting),
            all,
        });
        model.progress(all).or(followed)
    }

    /// What lets questions in, and where they tell what they could not read.
    pub(super) fn entrance(&self) -> (Gate, Sender<ReadModelError>) {
        (self.gate.clone(), self.failures.0.clone())
    }
}

fn owner(engine: &Engine) -> Owner {
    Owner {
        node: engine.node(),
        charter: engine.charter().version(),
    }
}

fn unusable(why: &dyn std::fmt::Display) -> Problem {
    Problem::new(
        "read-model-unusable",
        text!(
            "查询库不能用（`{why}`）；记录本身不受影响",
            "the read model cannot be used: {why}; the records themselves are not affected"
        ),
        text!(
            "检查磁盘空间和节点目录权限，然后执行 mesh-node readmodel rebuild",
            "check the disk's space and the folder's permissions, then run mesh-node readmodel rebuild"
        ),
    )
}
