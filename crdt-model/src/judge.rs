//! Judging a commit: was its author allowed to write it, under the charter it names, where it
//! stands? Everything here depends on the commit, its causal past and the charters alone, so every
//! node that has them comes to the same verdict.

mod ahead;
mod authentic;

use std::collections::BTreeMap;
use std::sync::Arc;

use ed25519_dalek::VerifyingKey;

use crate::charter::{Charter, RuleId};
use crate::commit::{Commit, CommitError, actor_of};
use crate::history::{History, HistoryError};
use crate::ids::{ActorId, CharterVersion, NodeId, PublicKey};
use crate::kind::{KindError, ValueProblem};
use crate::label::{Grade, Label};
use crate::planted::{self, Plant};

pub use ahead::Ahead;
pub use authentic::Authentic;

/// The charter versions a node holds: the one in force, and those it still judges commits by.
#[derive(Clone)]
pub struct Charters {
    versions: BTreeMap<CharterVersion, Arc<dyn Charter>>,
    current: Arc<dyn Charter>,
    /// The keys of all their members, read once. What is no key is not here, and verifies nothing.
    keys: BTreeMap<PublicKey, VerifyingKey>,
    /// What was read before its turn.
    ahead: Ahead,
}

/// Why a commit is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not a commit at all.
    #[error("{0}")]
    Form(#[from] CommitError),
    /// Written under a charter that this node does not have yet.
    #[error("was written under charter version {0}, which is not here yet")]
    CharterUnknown(CharterVersion),
    /// Written under a charter that is too old to be accepted.
    #[error("was written under charter version {found}, and only {accept_since} and later count")]
    CharterTooOld {
        /// The version it names.
        found: CharterVersion,
        /// The oldest that counts.
        accept_since: CharterVersion,
    },
    /// The author is not in the roster.
    #[error("its author {0} is not in the roster")]
    AuthorUnknown(NodeId),
    /// The author has been revoked.
    #[error("its author {0} is revoked")]
    AuthorRevoked(NodeId),
    /// The signature is not the author's.
    #[error("it is not signed by {0}")]
    Signature(NodeId),
    /// The charter's kinds do not allow this content.
    #[error("{0}")]
    Kind(#[from] KindError),
    /// No rule lets the author write this.
    #[error("{author} may not write {label}{}", by(rules))]
    MayNotAuthor {
        /// Who wrote it.
        author: NodeId,
        /// What it would write.
        label: Box<Label>,
        /// The rules that forbid it; empty where none allows it.
        rules: Vec<RuleId>,
    },
    /// No rule lets the author change the grade like this.
    #[error("{author} may not regrade {label}{}", by(rules))]
    MayNotRegrade {
        /// Who wrote it.
        author: NodeId,
        /// The label from which, or to which, it would go.
        label: Box<Label>,
        /// The rules that forbid it; empty where none allows it.
        rules: Vec<RuleId>,
    },
    /// This node may not hold the facet.
    #[error("this node may not hold {label}{}", by(rules))]
    NotForUs {
        /// The facet's label.
        label: Box<Label>,
        /// The rules that forbid it; empty where none allows it.
        rules: Vec<RuleId>,
    },
    /// The peer that sent it may not hold the facet.
    #[error("{peer} sent {label}, which it may not hold{}", by(rules))]
    NotForSender {
        /// Who sent it.
        peer: NodeId,
        /// The facet's label.
        label: Box<Label>,
        /// The rules that forbid it; empty where none allows it.
        rules: Vec<RuleId>,
    },
    /// It does not fit into the facet's history.
    #[error("{0}")]
    History(#[from] HistoryError),
}

/// Every word that [`Fault::code`] gives.
const CODES: [&str; 15] = [
    "not-a-commit",
    "charter-unknown",
    "charter-too-old",
    "author-unknown",
    "author-revoked",
    "wrong-signature",
    "kind-refused",
    "may-not-author",
    "may-not-regrade",
    "not-for-us",
    "not-for-sender",
    "replayed",
    "seq-gap",
    "missing-parent",
    "history-refused",
];

fn by(rules: &[RuleId]) -> String {
    if rules.is_empty() {
        return ": no rule allows it".to_owned();
    }
    format!(": rule {}", rules.join(", "))
}

impl Fault {
    /// A stable word for counters, logs and programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Form(_) => "not-a-commit",
            Self::CharterUnknown(_) => "charter-unknown",
            Self::CharterTooOld { .. } => "charter-too-old",
            Self::AuthorUnknown(_) => "author-unknown",
            Self::AuthorRevoked(_) => "author-revoked",
            Self::Signature(_) => "wrong-signature",
            Self::Kind(_) => "kind-refused",
            Self::MayNotAuthor { .. } => "may-not-author",
            Self::MayNotRegrade { .. } => "may-not-regrade",
            Self::NotForUs { .. } => "not-for-us",
            Self::NotForSender { .. } => "not-for-sender",
            Self::History(HistoryError::Duplicate) => "replayed",
            Self::History(HistoryError::SeqGap { .. }) => "seq-gap",
            Self::History(HistoryError::MissingParent(_)) => "missing-parent",
            Self::History(_) => "history-refused",
        }
    }

    /// The same word as one of [`Self::code`], if it is one.
    pub fn known_code(word: &str) -> Option<&'static str> {
        CODES.into_iter().find(|code| *code == word)
    }

    /// Whether the commit may fit later, once what it builds on has arrived.
    pub fn may_pass_later(&self) -> bool {
        matches!(
            self,
            Self::CharterUnknown(_) | Self::History(HistoryError::MissingParent(_))
        )
    }

    /// Whether the commit can serve as evidence, for a node that may hold what is in it.
    pub fn may_be_kept(&self) -> bool {
        !matches!(
            self,
            Self::NotForUs { .. }
                | Self::Form(_)
                // Whoever wrote it, the author did not: it proves nothing, and its grade is a claim.
                | Self::Signature(_)
                | Self::AuthorUnknown(_)
                // What was caught is counted, and not kept.
                | Self::Kind(KindError::Value { problem: ValueProblem::Personal(_), .. })
                | Self::History(HistoryError::Duplicate)
        )
    }

    /// Whether the words of the reason may quote the commit's content.
    pub fn quotes_content(&self) -> bool {
        matches!(self, Self::Kind(_) | Self::History(_))
    }

    /// The reason in words, or only its code where these would quote what is not to be shown.
    pub fn words(&self, quotable: bool) -> String {
        match quotable || !self.quotes_content() {
            true => self.to_string(),
            false => self.code().to_owned(),
        }
    }

    /// The rules it was refused by, if it was refused by rules.
    pub fn rules(&self) -> &[RuleId] {
        match self {
            Self::MayNotAuthor { rules, .. }
            | Self::MayNotRegrade { rules, .. }
            | Self::NotForUs { rules, .. }
            | Self::NotForSender { rules, .. } => rules,
            _ => &[],
        }
    }
}

impl Charters {
    /// Holds these versions; the highest is in force. `None` without any.
    pub fn new(versions: impl IntoIterator<Item = Arc<dyn Charter>>) -> Option<Self> {
        let versions: BTreeMap<_, _> = versions
            .into_iter()
            .map(|charter| (charter.version(), charter))
            .collect();
        let current = Arc::clone(versions.last_key_value()?.1);
        let mut charters = Self {
            versions: BTreeMap::new(),
            current,
            keys: BTreeMap::new(),
            ahead: Ahead::default(),
        };
        charters.ahead.go_by(&*charters.current);
        versions
            .into_values()
            .for_each(|charter| charters.hold(charter));
        Some(charters)
    }

    fn hold(&mut self, charter: Arc<dyn Charter>) {
        for member in charter.roster().members() {
            if let Ok(key) = VerifyingKey::from_bytes(&member.key.0) {
                self.keys.insert(member.key, key);
            }
        }
        self.versions.insert(charter.version(), charter);
    }

    /// The one in force.
    pub fn current(&self) -> &Arc<dyn Charter> {
        &self.current
    }

    /// Reads commits before their turn, on other threads.
    pub fn ahead(&self) -> &Ahead {
        &self.ahead
    }

    /// All of them, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Charter>> {
        self.versions.values()
    }

    /// One version.
    pub fn get(&self, version: CharterVersion) -> Option<&Arc<dyn Charter>> {
        self.versions.get(&version)
    }

    /// Puts a later version in force.
    pub fn adopt(&mut self, charter: Arc<dyn Charter>) {
        self.hold(Arc::clone(&charter));
        self.ahead.go_by(&*charter);
        self.current = charter;
    }

    /// The latest version that commits may name and that is not here: who joined late, or lost a part
    /// of its disk, has to ask for it.
    pub fn missing(&self) -> Option<CharterVersion> {
        let oldest = self.current.accept_since().0.max(1);
        let wanted = (oldest..self.current.version().0).rev().map(CharterVersion);
        wanted
            .into_iter()
            .find(|version| !self.versions.contains_key(version))
            .filter(|_| !planted::is(Plant::OlderCharterForgotten))
    }

    /// Holds an older version too.
    pub fn recall(&mut self, charter: Arc<dyn Charter>) {
        if !self.versions.contains_key(&charter.version()) {
            self.hold(charter);
        }
    }

    /// The grade that concurrent grades come to; `None` without any.
    pub fn join(&self, grades: &[Grade]) -> Option<Grade> {
        join(&*self.current, grades)
    }

    /// The charter that a commit is judged by.
    fn judging(&self, commit: &Commit) -> Result<&Arc<dyn Charter>, Fault> {
        let found = commit.body().charter;
        let accept_since = self.current.accept_since();
        if found < accept_since {
            return Err(Fault::CharterTooOld {
                found,
                accept_since,
            });
        }
        self.versions
            .get(&found)
            .ok_or(Fault::CharterUnknown(found))
    }

    /// The actor of a commit that its author signed: first half of the judgement, without history.
    pub fn authenticate(&self, commit: &Commit) -> Result<ActorId, Fault> {
        self.authenticate_signed(commit, None)
    }

    /// The same where one key is known to have signed it.
    fn authenticate_signed(
        &self,
        commit: &Commit,
        signer: Option<PublicKey>,
    ) -> Result<ActorId, Fault> {
        let author = commit.body().author;
        let charter = self.judging(commit)?;
        let member = charter
            .roster()
            .member(author)
            .ok_or(Fault::AuthorUnknown(author))?;
        // First, so that nobody has words kept as those of a node that is no longer trusted.
        let key = self.keys.get(&member.key);
        let signed = signer == Some(member.key) || key.is_some_and(|key| commit.verified_by(key));
        if !signed && !planted::is(Plant::SignatureUnchecked) {
            return Err(Fault::Signature(author));
        }
        let trusted = charter.roster().active(author).is_some()
            && self.current.roster().active(author).is_some();
        if !trusted && !planted::is(Plant::RevokedTrusted) {
            return Err(Fault::AuthorRevoked(author));
        }
        Ok(actor_of(
            &member.key,
            &commit.body().facet,
            commit.body().epoch,
        ))
    }

    /// Whether the author of an authenticated commit was allowed to write it where it stands:
    /// second half of the judgement.
    pub fn authorize(&self, commit: &Commit, history: &History) -> Result<(), Fault> {
        let charter = self.judging(commit)?;
        let body = commit.body();
        let before = join(&**charter, &history.grades_before(commit));
        let after = body.grade.or(before).ok_or(HistoryError::NoGrade)?;
        let label = body.facet.label(after);
        charter.kinds().check_label(&label)?;
        charter
            .kinds()
            .check_operations(&body.facet, &body.operations)?;
        match before {
            None => charter
                .kinds()
                .check_required(&body.facet, &body.operations)?,
            Some(_) => charter.kinds().check_goes_on(&body.facet)?,
        }
        check_step(&**charter, commit, after, history)?;
        let written = body.facet.label(before.unwrap_or(after));
        let decision = charter.author(&written, body.author);
        if !decision.allowed && !planted::is(Plant::AuthorUnchecked) {
            let (author, label) = (body.author, Box::new(written));
            return Err(Fault::MayNotAuthor {
                author,
                label,
                rules: decision.rules.clone(),
            });
        }
        // Whoever begins a facet of another node's gives it the grade that is its kind's default:
        // a facet that is there takes the higher of the two grades, and would be regraded so.
        let (_, declared) = charter
            .kinds()
            .facet(label.facet)
            .ok_or(KindError::UnknownFacet(label.facet))?;
        let began = || {
            declared
                .default_grade()
                .filter(|_| body.author != body.facet.home)
        };
        let regrades = before.or_else(began).filter(|before| *before != after);
        for grade in regrades.into_iter().flat_map(|before| [before, after]) {
            let label = body.facet.label(grade);
            let decision = charter.regrade(&label, body.author);
            if !decision.allowed && !planted::is(Plant::RegradeUnchecked) {
                let (author, label) = (body.author, Box::new(label));
                return Err(Fault::MayNotRegrade {
                    author,
                    label,
                    rules: decision.rules.clone(),
                });
            }
        }
        Ok(())
    }
}

/// Whether the author's tier takes the step that a commit takes.
fn check_step(
    charter: &dyn Charter,
    commit: &Commit,
    grade: Grade,
    history: &History,
) -> Result<(), Fault> {
    let body = commit.body();
    let member = charter.roster().member(body.author);
    let member = member.ok_or(Fault::AuthorUnknown(body.author))?;
    match charter.kinds().facet(body.facet.facet) {
        Some((_, facet)) => {
            let reaches = |level| charter.join(grade, Grade { level, ..grade }) == grade;
            Ok(facet.check_step(commit, history, member.tier, reaches)?)
        }
        None => Ok(()),
    }
}

fn join(charter: &dyn Charter, grades: &[Grade]) -> Option<Grade> {
    grades
        .iter()
        .copied()
        .reduce(|one, other| match planted::is(Plant::LastGradeWins) {
            true => other,
            false => charter.join(one, other),
        })
}
