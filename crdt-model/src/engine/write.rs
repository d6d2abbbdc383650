//! Writing what a person or program at this node wants written: drafts become commits, judged like
//! anybody's.

use std::collections::BTreeMap;

use crate::charter::Audience;
use crate::commit::CommitBody;
use crate::document::Document;
use crate::draft::Draft;
use crate::history::History;
use crate::ids::{CommitHash, Epoch, PublicKey, Seq};
use crate::judge::Fault;
use crate::kind::KindError;
use crate::label::{FacetId, Grade};
use crate::planted::{self, Plant};
use crate::replica::{self, ReplicaError};
use crate::store::{Batch, Store};
use crate::time::{Now, WallTime};
use crate::value::Operation;

use super::durable::Waiting;
use super::intake::Growing;
use super::{Engine, Output, Room, Ticket, WriteRefused};

impl Engine {
    /// What [`super::Input::Write`] with these drafts would come to: the number of commits, or why it
    /// would be refused. It goes the same way as a write and ends where that goes to the store: the
    /// commits that were signed on the way are dropped. Damage that is met is mended. That too much waits
    /// for the disk refuses nothing here.
    ///
    /// # Errors
    /// The store fails.
    pub fn judge_drafts(
        &mut self,
        drafts: &[Draft],
        now: Now,
        store: &mut dyn Store,
    ) -> Result<Result<usize, WriteRefused>, ReplicaError> {
        let drafts = self.with_handed_up(drafts, now, store)?;
        let judged = self.commit_drafts(&drafts, now, store)?;
        Ok(judged.map(|(_, commits)| commits.len()))
    }

    /// Writes all drafts or none.
    pub(super) fn write(
        &mut self,
        ticket: Ticket,
        drafts: &[Draft],
        now: Now,
        store: &mut dyn Store,
        outputs: &mut Vec<Output>,
    ) -> Result<(), ReplicaError> {
        let outcome = if self.room < Room::Enough {
            Err(WriteRefused::Full)
        } else if self.durability.full() {
            Err(WriteRefused::Busy)
        } else {
            let drafts = self.with_handed_up(drafts, now, store)?;
            self.commit_drafts(&drafts, now, store)?
        };
        match outcome {
            Ok((grown, commits)) => {
                let mut batch = Batch::default();
                for (_, growing, grade) in &grown {
                    let position = growing.position();
                    replica::put_commits(&mut batch, &growing.history, position, *grade);
                }
                self.write_grown(batch, grown, None, store)?;
                if planted::is(Plant::AcknowledgesBeforeDurable) {
                    let outcome = Ok(commits);
                    outputs.push(Output::Written { ticket, outcome });
                    return Ok(());
                }
                self.durability.wait(Waiting::Ticket { ticket, commits });
            }
            Err(refused) => {
                if let Some(code) = refused.counted_as() {
                    self.quarantine.count(None, code);
                }
                outputs.push(Output::Written {
                    ticket,
                    outcome: Err(refused),
                });
            }
        }
        Ok(())
    }

    #[expect(clippy::type_complexity, reason = "used once, just above")]
    fn commit_drafts(
        &mut self,
        drafts: &[Draft],
        now: Now,
        store: &mut dyn Store,
    ) -> Result<Result<(Vec<(FacetId, Growing, Grade)>, Vec<CommitHash>), WriteRefused>, ReplicaError>
    {
        let mut facets: BTreeMap<FacetId, Growing> = BTreeMap::new();
        let mut commits = Vec::new();
        for (number, draft) in drafts.iter().enumerate() {
            let mut growing = match facets.remove(&draft.facet) {
                Some(growing) => growing,
                None => {
                    let held = self.history_of(&draft.facet, now, store)?;
                    Growing::new(&draft.facet, held)
                }
            };
            let document = Document::build(&growing.history)?;
            let life = self.life_to_write(&draft.facet, now, store)?;
            match self.commit_draft(number, draft, life, &document, &mut growing.history, now) {
                Ok(commit) => commits.extend(commit),
                Err(refused) => return Ok(Err(refused)),
            }
            facets.insert(draft.facet, growing);
        }
        let mut grown = Vec::new();
        for (facet, growing) in facets {
            if growing.grown_by() > 0
                && let Ok(grade) = self.grade_of(&growing.history)
            {
                grown.push((facet, growing, grade));
            }
        }
        Ok(Ok((grown, commits)))
    }

    fn commit_draft(
        &mut self,
        number: usize,
        draft: &Draft,
        epoch: Epoch,
        document: &Document,
        history: &mut History,
        now: Now,
    ) -> Result<Option<CommitHash>, WriteRefused> {
        let refused = |fault: Fault| WriteRefused::draft(number, &draft.facet, fault);
        let life = (self.identity.node, epoch);
        let parents = history.parents_for(life);
        let operations: Vec<Operation> = draft
            .fields
            .iter()
            .filter_map(|(key, value)| document.operation(key, value.clone()))
            .map(|operation| history.within_reach(operation, &parents))
            .collect();
        let before = self.charters.join(&history.grades());
        let grade = self.grade_for(draft, before, history).map_err(refused)?;
        let raised = before.filter(|_| draft.grade.is_none());
        let raised = raised.and_then(|before| self.raised_by_step(draft, before, document));
        let grade = raised.or(grade);
        if operations.is_empty() && grade.is_none() {
            return Ok(None);
        }
        let (before, after) = (before, grade.or(before));
        if let (Some(before), Some(after)) = (before, after)
            && self.narrows(&draft.facet, before, after)
        {
            return Err(WriteRefused::Narrows { draft: number });
        }
        let body = CommitBody {
            facet: draft.facet,
            author: self.identity.node,
            epoch,
            seq: Seq(history.last_of(life).map_or(0, |(seq, _)| seq.0) + 1),
            start: history.next_counter(&parents),
            wall: match planted::is(Plant::WallCountsAll) {
                true => WallTime::from_ms(now.wall.ms + self.index.len()),
                // A clock that is known to be behind is not shown to others.
                false => self.floored(now.wall),
            },
            charter: self.charter().version(),
            parents,
            grade,
            operations,
        };
        let key = PublicKey(self.identity.key.verifying_key().to_bytes());
        let actor = body.actor(&key);
        let commit = body
            .sign(&self.identity.key)
            .map_err(|error| refused(error.into()))?;
        let hash = commit.hash();
        history
            .check(&commit, actor)
            .map_err(|error| refused(error.into()))?;
        self.charters.authorize(&commit, history).map_err(refused)?;
        history
            .insert(commit, actor)
            .map_err(|error| refused(error.into()))?;
        let label = draft.facet.label(self.grade_of(history).map_err(refused)?);
        if !self.holds(&label) {
            return Err(refused(self.not_for_us(&label)));
        }
        Ok(Some(hash))
    }

    /// The grade that a draft's commit gives: for a new facet always one, else only a change.
    fn grade_for(
        &self,
        draft: &Draft,
        before: Option<Grade>,
        history: &History,
    ) -> Result<Option<Grade>, Fault> {
        let facet = draft.facet.facet;
        let (_, declared) = self
            .charter()
            .kinds()
            .facet(facet)
            .ok_or(KindError::UnknownFacet(facet))?;
        Ok(match before {
            Some(before) => {
                let concurrent = history.grades().len() > 1;
                draft.grade.filter(|grade| *grade != before || concurrent)
            }
            None => draft.grade.or(declared.default_grade()),
        })
    }

    fn narrows(&mut self, facet: &FacetId, before: Grade, after: Grade) -> bool {
        let held = self.audiences(&facet.label(before));
        let holds = self.audiences(&facet.label(after));
        let members = 0..self.charter().roster().members().len();
        let narrows = |held: Audience, holds: Audience| {
            let mut members = members.clone();
            members.any(|index| held.contains(index) && !holds.contains(index))
        };
        narrows(held.every_day, holds.every_day) || narrows(held.now, holds.now)
    }
}
