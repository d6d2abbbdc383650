//! The keeper's part in the read model: it is fed with what the engine made durable, after that and
//! never before, and whatever goes wrong with it stops nothing else.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};

use crdt_model::engine::Input;
use crdt_model::ids::CharterVersion;
use crdt_model::label::{FacetId, Label};
use crdt_model::replica::Held;

use super::keeper::Keeper;
use super::view::{Footing, Gate};
use crdt_model::text;
use crdt_model::text::Problem;
use node_readmodel::{Opened, Owner, Progress, ReadModel, ReadModelError, SLICE_FACETS};

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
}

impl Reading {
    pub(super) fn new(folder: PathBuf) -> Self {
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
    fn is_behind(&self) -> bool {
        self.purge_due || !self.first.is_empty()
    }
}

impl Keeper {
    /// Whether the read model has something to take up that can wait while there is other work: not too
    /// much, and nothing has to go.
    pub(super) fn read_model_may_wait(&self) -> bool {
        let Reading {
            model,
            first,
            changed,
            purge_due,
            ..
        } = &self.reading;
        let catching_up = model
            .as_ref()
            .is_none_or(|model| model.progress(0).is_some());
        let waiting = 1..WAITING_FACETS_MAX;
        !catching_up && !purge_due && first.is_empty() && waiting.contains(&changed.len())
    }

    /// Brings more of what changed into the read model.
    ///
    /// # Errors
    /// Only if the store has failed.
    pub fn follow(&mut self) -> Result<Followed, Problem> {
        if self.reading.off.is_some() {
            return Ok(Followed::All);
        }
        match self.follow_some() {
            Ok(followed) => {
                self.reading.mended.clear();
                Ok(followed)
            }
            Err(error) if error.is_busy() || error.is_full() => Ok(Followed::Hindered),
            Err(error) => match error.damaged_facet() {
                Some(facet) if self.reading.mended.insert(facet) => {
                    self.input(Input::Damaged { facet })?;
                    Ok(Followed::Some)
                }
                _ => Ok(self.failed(&error)),
            },
        }
    }

    fn follow_some(&mut self) -> Result<Followed, ReadModelError> {
        self.open_read_model()?;
        let Some(model) = &mut self.reading.model else {
            return Ok(Followed::All);
        };
        let (limits, charter) = (&mut self.limits, self.engine.charter().clone());
        let seen = &mut |facet: &FacetId, held: Option<&Held>| {
            limits.look(facet, held, charter.kinds());
        };
        if self.reading.purge_due {
            let _nobody = self.reading.gate.close();
            model.purge(&self.store)?;
            self.reading.purge_due = false;
        }
        let waiting = match self.reading.first.is_empty() {
            true => &mut self.reading.changed,
            false => &mut self.reading.first,
        };
        let changed: BTreeSet<_> = waiting.iter().copied().take(FOLLOWED_AT_ONCE).collect();
        if !changed.is_empty() {
            model.follow(&self.store, &changed, seen)?;
            for facet in &changed {
                self.reading.first.remove(facet);
                self.reading.changed.remove(facet);
            }
            return Ok(Followed::Some);
        }
        if model.catch_up(&self.store, seen)? {
            return Ok(Followed::Some);
        }
        self.reading.last_try = false;
        Ok(match model.is_hindered() {
            true => Followed::Hindered,
            false => Followed::All,
        })
    }

    /// Opens it, and changes its tables with the charter.
    fn open_read_model(&mut self) -> Result<(), ReadModelError> {
        let charter = self.engine.charter();
        let owner = Owner {
            node: self.engine.node(),
            charter: charter.version(),
        };
        match self.reading.model.take() {
            Some(model) if self.reading.made_for == owner.charter => {
                self.reading.model = Some(model);
            }
            Some(model) => {
                let _nobody = self.reading.gate.close();
                let (mut model, anew) = model.change_kinds(charter.kinds(), owner)?;
                if anew {
                    tracing::info!("the read model is made anew: it was made for other tables");
                }
                model.begin_catching_up();
                self.reading.model = Some(model);
            }
            None => {
                let folder = &self.reading.folder;
                let (model, opened) = ReadModel::open(folder, charter.kinds(), owner)?;
                if let Opened::MadeAnew(why) = opened {
                    tracing::warn!(why, "the read model is made anew");
                    self.reading.made_anew = Some(why);
                }
                self.reading.model = Some(model);
            }
        }
        self.reading.made_for = owner.charter;
        Ok(())
    }

    /// Makes it anew, once; if it fails again it is left alone until the node starts again or a
    /// person has it made anew.
    fn failed(&mut self, error: &ReadModelError) -> Followed {
        let why = error.to_string();
        let made = match self.reading.last_try {
            true => Err(why.clone()),
            false => {
                tracing::warn!(why, "the read model failed and is made anew");
                self.reading.made_anew = Some(why.clone());
                self.make_read_model().map_err(|error| error.to_string())
            }
        };
        self.reading.last_try = true;
        match made {
            Ok(()) => Followed::Some,
            Err(why) => {
                tracing::error!(
                    why,
                    "the read model cannot be used; records are not affected"
                );
                self.reading.model = None;
                self.reading.first.clear();
                self.reading.changed.clear();
                let _nobody = self.reading.gate.close();
                // Nobody would see to what is dropped from now on. It may be what cannot be done.
                let _ = node_readmodel::remove(&self.reading.folder);
                self.reading.off = Some(why);
                Followed::All
            }
        }
    }

    fn make_read_model(&mut self) -> Result<(), ReadModelError> {
        let charter = self.engine.charter();
        let owner = Owner {
            node: self.engine.node(),
            charter: charter.version(),
        };
        let _nobody = self.reading.gate.close();
        // Its files must not be written any more.
        self.reading.model = None;
        let model = ReadModel::make(&self.reading.folder, charter.kinds(), owner)?;
        self.reading.model = Some(model);
        self.reading.made_for = owner.charter;
        self.reading.first.clear();
        self.reading.changed.clear();
        self.reading.purge_due = false;
        self.reading.off = None;
        Ok(())
    }

    /// Why the read model was made anew, the last time since the start.
    pub fn read_model_made_anew(&self) -> Option<&str> {
        self.reading.made_anew.as_deref()
    }

    /// Throws the read model away and begins again.
    pub fn rebuild_read_model(&mut self) -> Result<(), Problem> {
        self.reading.last_try = true;
        self.make_read_model().map_err(|error| unusable(&error))
    }

    /// Takes out of the read model what the replica dropped, if there is one. This comes before that
    /// is durable in the store: after a crash the read model may lack something, and then makes it
    /// again, but never has something that went.
    pub(super) fn purge_read_model(&mut self) -> Result<(), Problem> {
        if self.reading.purge_due && self.reading.folder.exists() {
            self.catch_up(false)?;
        }
        Ok(())
    }

    /// Brings the read model to what the replica has: all of it, or only what is known to differ and
    /// takes no longer than others can wait.
    pub(super) fn catch_up(&mut self, whole: bool) -> Result<(), Problem> {
        for round in 0.. {
            // What is too much to be waited for is not even begun: the answer says that it is missing.
            let waiting = self.reading.changed.len();
            let waits = match round {
                0 => waiting < ROUNDS_MAX * FOLLOWED_AT_ONCE,
                _ => waiting > 0 && round < ROUNDS_MAX,
            };
            let wanted = whole || self.reading.is_behind() || waits;
            if !wanted || self.follow()? != Followed::Some {
                break;
            }
        }
        Ok(())
    }

    /// Brings the read model up for a question, and sees whether it can be relied on. Where it is damaged
    /// it is made anew, and the question is answered as after a start.
    pub fn prepare_read_model(&mut self, whole: bool) -> Result<(), Problem> {
        if let Some(error) = self.reading.failures.1.try_iter().last() {
            self.read_failed(&error);
        }
        self.catch_up(whole)?;
        let now = self.clock.now();
        let verified = self.reading.model.as_mut().map(|model| model.verify(now));
        match verified {
            Some(Err(error)) if !error.is_busy() => {
                self.failed(&error);
                self.catch_up(whole)
            }
            _ => Ok(()),
        }
    }

    /// The read model, with how far it has caught up if it is not done. Where it has something that
    /// the replica has otherwise it is not given: by another label it might not be for whoever asks.
    pub fn read_model(&self) -> Result<(&ReadModel, Option<Progress>), Problem> {
        match self.reading.is_behind() {
            true if self.reading.off.is_none() => Err(hindered()),
            _ => self.read_model_as_it_stands(),
        }
    }

    /// The same, for who asks about the read model itself.
    pub fn read_model_as_it_stands(&self) -> Result<(&ReadModel, Option<Progress>), Problem> {
        match (&self.reading.model, &self.reading.off) {
            (Some(model), None) => Ok((model, self.progress(model))),
            (_, Some(why)) => Err(unusable(why)),
            (None, None) => Err(hindered()),
        }
    }

    /// A question found the file to be unreadable.
    fn read_failed(&mut self, error: &ReadModelError) {
        if !error.is_busy() {
            self.failed(error);
        }
    }

    /// How far it has come, if something is missing.
    fn progress(&self, model: &ReadModel) -> Option<Progress> {
        let all = self.engine.index().len();
        let waiting = self.reading.changed.len() as u64;
        let followed = (waiting > 0).then(|| Progress {
            done: all.saturating_sub(waiting),
            all,
        });
        model.progress(all).or(followed)
    }

    /// How many facets the read model has.
    ///
    /// # Errors
    /// It cannot be used now.
    pub fn read_model_facets(&mut self) -> Result<u64, Problem> {
        let facets = self.read_model_as_it_stands()?.0.facets();
        facets.map_err(|error| {
            self.read_failed(&error);
            hindered()
        })
    }

    /// What questions are answered from, as things stand now.
    pub fn footing(&self) -> Footing {
        Footing {
            node: self.node(),
            charter: Arc::clone(self.engine.charter()),
            rules: Arc::clone(self.engine.rules()),
            adopted: self.adopted.clone(),
            now: self.engine.floored(self.clock.now().wall),
            store: self.store.reader(),
            due: Arc::clone(self.limits.due()),
            reading: self
                .read_model()
                .map(|(model, progress)| (model.place(), progress)),
            gate: self.reading.gate.clone(),
            failures: self.reading.failures.0.clone(),
        }
    }
}

pub(crate) fn hindered() -> Problem {
    Problem::new(
        "read-model-busy",
        text!(
            "查询库正被占用或正在重建，暂时不能查询",
            "the read model is in use by another program or is being rebuilt"
        ),
        text!(
            "稍后重试；持续如此时，检查是否有其他程序占用查询库文件",
            "try again in a moment; if it stays so, look for a program that holds its file"
        ),
    )
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
