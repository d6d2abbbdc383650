//! A county that begins with some of its nodes: who is expected, what holds for them already, and who
//! confirms the charter meanwhile.

use std::sync::Arc;

use crdt_model::charter::{Charter, Decision, Freshness, Member, Roster, Standing};
use crdt_model::ids::NodeId;
use crdt_model::label::Label;

use crate::deciding::charter::CedarCharter;
use crate::deciding::question::Question;
use crate::reading::head::rank;

impl CedarCharter {
    /// Nodes that have no key yet. In a template, where no node has one, those are not told apart.
    pub fn expected(&self) -> impl Iterator<Item = &Member> {
        let members = self.roster().members().iter();
        members.filter(|member| member.standing == Standing::Expected)
    }

    /// Whether it is a template: no node has a key, or nobody can sign. It can be checked, and
    /// neither signed nor adopted.
    pub fn is_template(&self) -> bool {
        !self.has_keys() || self.reviewers().is_empty()
    }

    /// Answers as [`Self::decide`] does, and for a node that is expected as if it had its key: what
    /// reviewers agree on holds for the whole county, whoever has joined so far.
    pub fn decide_in_full(&self, question: Question, label: &Label, node: NodeId) -> Arc<Decision> {
        let listed = |node| self.roster().member(node).is_some();
        let role_listed = |role| rank(&self.head().roles, role).is_some();
        let asked = self.kinds().check_label(label).is_ok()
            && self.roster().with_place(node).is_some()
            && listed(label.home)
            && listed(label.addressee)
            && question.role().is_none_or(role_listed);
        match asked {
            true => self.answer(question, label, node),
            false => Arc::new(Decision::default_deny()),
        }
    }
}

/// How the charter is confirmed. Where fewer townships are active than are to confirm it, all of those
/// must; where none is, there is nobody to ask.
pub(super) fn confirmed_by(asked: Freshness, roster: &Roster) -> Option<Freshness> {
    let cosigners = asked.cosigners.min(roster.active_townships());
    (cosigners > 0).then_some(Freshness { cosigners, ..asked })
}
