//! The charter, opened: parsed, checked, and able to decide. Decisions are Cedar's; they are kept by
//! symmetry class, so that each is asked once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use cedar_policy::{Policy, PolicyId, PolicySet};
use crdt_model::charter::{Charter, Decision, Declared, Freshness, Roster, RuleId, Validity};
use crdt_model::ids::{CharterDigest, CharterVersion, Name, NodeId};
use crdt_model::kind::Kinds;
use crdt_model::label::{Grade, Label};
use crdt_model::text::Text;
use sha2::{Digest, Sha256};

use crate::deciding::beginning;
use crate::deciding::class::{Arrangement, Class, Example, Named, classes};
use crate::deciding::model::{Alarm, Matching, Model};
use crate::deciding::occurrence::{Occurrence, arrangements};
use crate::deciding::question::{Question, State};
use crate::reading::checks::{self, Checks};
use crate::reading::files::CharterFiles;
use crate::reading::finding::Finding;
use crate::reading::head::{self, Head, Reviewer, rank};
use crate::reading::measures::{self, Measure};
use crate::reading::roster::ReadRoster;
use crate::reading::rules::{self, Rule};
use crate::reading::{kinds, layout, roster, schema, terms};
use crate::signing::board::Board;
use crate::signing::emergency;

/// One version of a charter, ready to decide.
#[derive(Debug)]
pub struct CedarCharter {
    content: Arc<Content>,
    model: Arc<Model>,
    /// The state that it decides for.
    state: State,
    named: Named,
    digest: CharterDigest,
    /// Those of all versions up to this one, the oldest first.
    log: Vec<CharterDigest>,
    decided: RwLock<BTreeMap<Class, Arc<Decision>>>,
    denied: Arc<Decision>,
    alarms: AtomicU64,
    last_alarm: Mutex<Option<Alarm>>,
}

/// What its files say, but for the rules.
#[derive(Debug)]
struct Content {
    head: Head,
    roster: Roster,
    /// Whether any node has a key.
    keyed: bool,
    kinds: Kinds,
    checks: Checks,
    measures: Vec<Measure>,
}

impl CedarCharter {
    /// Opens a charter that need not be signed. Its digest is that of its files, so that two
    /// drafts are told apart; it is not the digest of any manifest.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn open(files: &CharterFiles) -> Result<Self, Vec<Finding>> {
        let digest = draft_digest(files);
        Self::open_with_log(files, digest, &[])
    }

    /// Opens a charter whose manifest has this digest, and lists these of the versions before it,
    /// the newest first. Signatures are not looked at here.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn open_with_log(
        files: &CharterFiles,
        digest: CharterDigest,
        earlier: &[CharterDigest],
    ) -> Result<Self, Vec<Finding>> {
        let mut findings = Vec::new();
        let log = earlier.iter().rev().copied().chain([digest]).collect();
        let opened = Self::read(files, digest, log, &mut findings);
        match opened {
            Some(opened) if findings.is_empty() => Ok(opened),
            _ => Err(findings),
        }
    }

    fn read(
        files: &CharterFiles,
        digest: CharterDigest,
        log: Vec<CharterDigest>,
        findings: &mut Vec<Finding>,
    ) -> Option<Self> {
        layout::check(files, findings);
        let head = head::read(files, findings);
        let roster = roster::read(files, head.as_ref().map(|head| head.county), findings);
        let kinds = kinds::read(files, head.as_ref(), findings);
        let checks = checks::read(files, findings);
        let (head, ReadRoster { roster, keyed }, kinds) = (head?, roster?, kinds?);
        let measures = measures::read(files, &kinds, findings)?;
        checks::check_words(&checks, &head, &kinds, &roster, findings);
        let schema = schema::read(files, &head, &kinds, findings)?;
        let rules = rules::read(files, &schema, &roster, findings)?;
        terms::check_emergency_rules(&head, &rules, findings);
        let named = Named::new(&rules.named);
        let model = match Model::new(schema, rules, &roster) {
            Ok(model) => model,
            Err(alarm) => {
                findings.push(Finding::error(
                    "rules::model",
                    roster::FILE,
                    Text {
                        zh: "规则和名册不能一起使用".to_owned(),
                        en: alarm.to_string(),
                    },
                ));
                return None;
            }
        };
        let content = Content {
            head,
            roster,
            keyed,
            kinds,
            checks,
            measures,
        };
        Some(Self {
            content: Arc::new(content),
            model: Arc::new(model),
            state: State::Normal,
            named,
            digest,
            log,
            decided: RwLock::default(),
            denied: Arc::new(Decision::default_deny()),
            alarms: AtomicU64::new(0),
            last_alarm: Mutex::new(None),
        })
    }

    /// What `charter.toml` says.
    pub fn head(&self) -> &Head {
        &self.content.head
    }

    /// The county node.
    pub fn county(&self) -> NodeId {
        self.content.head.county
    }

    /// Whose signatures count for the next version; empty in a template.
    pub fn reviewers(&self) -> &[Reviewer] {
        &self.content.head.reviewers
    }

    /// How many of them must sign.
    pub fn threshold(&self) -> usize {
        self.content.head.threshold
    }

    /// Whether any node has a key.
    pub fn has_keys(&self) -> bool {
        self.content.keyed
    }

    /// The charter's own tests.
    pub fn checks(&self) -> &Checks {
        &self.content.checks
    }

    /// The county's figures.
    pub fn measures(&self) -> &[Measure] {
        &self.content.measures
    }

    /// All rules, in the order of their ids.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.model.rules().rules.values()
    }

    /// The rule with this id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.model.rules().rules.get(id)
    }

    /// How many questions could not be answered cleanly. Each was refused. More than zero is a bug
    /// or a broken machine, and somebody has to look.
    pub fn alarms(&self) -> u64 {
        self.alarms.load(Ordering::Relaxed)
    }

    /// The last of them.
    pub fn last_alarm(&self) -> Option<Alarm> {
        self.last_alarm
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether it has rules for emergencies.
    pub fn has_emergency(&self) -> bool {
        self.content.head.emergency.is_some()
    }

    /// The same version, deciding for another state of the county.
    #[must_use]
    pub fn in_state(&self, state: State) -> Self {
        Self {
            content: Arc::clone(&self.content),
            model: Arc::clone(&self.model),
            state,
            named: self.named.clone(),
            digest: self.digest,
            log: self.log.clone(),
            decided: RwLock::default(),
            denied: self.denied.clone(),
            alarms: AtomicU64::new(0),
            last_alarm: Mutex::new(None),
        }
    }

    /// The state that it decides for.
    pub fn state(&self) -> State {
        self.state
    }

    /// Answers any question. Labels that no kind allows, nodes and roles that are not listed, and
    /// nodes that are not active are refused without asking a rule.
    pub fn decide(&self, question: Question, label: &Label, node: NodeId) -> Arc<Decision> {
        match self.content.roster.active(node) {
            Some(_) => self.decide_in_full(question, label, node),
            None => self.denied.clone(),
        }
    }

    /// Answers a question about listed nodes, revoked or not. A person may see at most what the
    /// node may hold: that is asked first.
    pub(crate) fn answer(&self, question: Question, label: &Label, node: NodeId) -> Arc<Decision> {
        if question.role().is_some() {
            let held = self.answer_class(Question::Flow, label, node);
            if !held.allowed {
                return held;
            }
        }
        self.answer_class(question, label, node)
    }

    fn answer_class(&self, question: Question, label: &Label, node: NodeId) -> Arc<Decision> {
        let class = self.class_of(question, label, node);
        let known = self.decided.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(decision) = known.get(&class) {
            return decision.clone();
        }
        drop(known);
        let decision = Arc::new(self.ask(question, label, node));
        let mut known = self.decided.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(class).or_insert(decision).clone()
    }

    fn ask(&self, question: Question, label: &Label, node: NodeId) -> Decision {
        self.model
            .ask(&self.content.kinds, question, label, node, self.state)
            .unwrap_or_else(|alarm| {
                self.alarms.fetch_add(1, Ordering::Relaxed);
                *self
                    .last_alarm
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = Some(alarm);
                Decision::default_deny()
            })
    }

    /// Every question that a charter answers: one for each role where a person asks.
    pub fn questions(&self) -> Vec<Question> {
        let roles = || self.content.head.roles.iter().map(|role| role.id);
        let mut questions = vec![Question::Flow, Question::Author, Question::Regrade];
        questions.extend(roles().map(Question::Read));
        questions.extend(roles().map(Question::Export));
        questions
    }

    /// The class of a question: equal classes, equal answers.
    pub fn class_of(&self, question: Question, label: &Label, node: NodeId) -> Class {
        Class::of(question, label, node, &self.named)
    }

    /// Every class of one question that the roster has a case of, each with an example.
    pub fn classes(&self, question: Question) -> BTreeMap<Class, Example> {
        classes(
            question,
            &self.content.kinds,
            &self.content.roster,
            &self.named,
        )
    }

    /// Every arrangement of three nodes of the roster, with how often it occurs; none if there are
    /// more than `most`.
    pub fn arrangements(&self, most: usize) -> Option<BTreeMap<Arrangement, Occurrence>> {
        arrangements(&self.content.roster, &self.named, most)
    }

    /// The nodes that rules tell from their like.
    pub fn named(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.named.iter()
    }

    /// The nodes that one rule names.
    pub(crate) fn named_by(&self, rule: &Rule) -> impl Iterator<Item = NodeId> {
        let literals = self.policy(rule).map(Policy::entity_literals);
        let literals = literals.into_iter().flatten();
        let nodes: BTreeSet<NodeId> = literals.filter_map(|uid| rules::node_of(&uid)).collect();
        nodes.into_iter()
    }

    /// Tells these nodes from their like too, as another version's rules do, so that classes of the
    /// two versions can be compared.
    pub fn distinguish(&mut self, nodes: impl IntoIterator<Item = NodeId>) {
        self.named.extend(nodes);
        self.decided = RwLock::default();
    }

    /// Whether a rule tells this node from its like.
    pub fn is_named(&self, node: NodeId) -> bool {
        self.named.contains(node)
    }

    /// How a node, and a label's home and addressee, stand to each other.
    pub(crate) fn arrangement_of(&self, label: &Label, node: NodeId) -> Arrangement {
        Arrangement::of(node, label.home, label.addressee, &self.named)
    }

    /// For each of these questions, every rule whose conditions it meets.
    pub(crate) fn matching(
        &self,
        questions: &[Question],
        label: &Label,
        node: NodeId,
    ) -> Result<Vec<Matching>, Alarm> {
        self.model
            .matching(&self.content.kinds, questions, label, node)
    }

    /// Which of these policies, which are not the charter's rules, a question meets.
    pub(crate) fn met(
        &self,
        policies: &PolicySet,
        question: Question,
        label: &Label,
        node: NodeId,
    ) -> Result<BTreeSet<RuleId>, Alarm> {
        self.model
            .met(policies, &self.content.kinds, question, label, node)
    }

    /// What a rule says, in Cedar's JSON form: its scope and conditions, without its annotations.
    pub fn condition_of(&self, rule: &Rule) -> Option<serde_json::Value> {
        let mut json = self.policy(rule)?.to_json().ok()?;
        json.as_object_mut()?.remove("annotations");
        Some(json)
    }

    /// The Cedar policy of a rule.
    pub(crate) fn policy(&self, rule: &Rule) -> Option<&Policy> {
        self.model
            .rules()
            .in_emergency
            .policy(&PolicyId::new(&*rule.id))
    }

    /// SHA-256 over every class with its decision, in canonical order. Two spellings of the same
    /// rules have the same digest; which rule decides, and the standing of nodes, are not in it.
    pub fn decision_digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(b"countymesh decisions 1\n");
        self.enter_decisions(&mut digest);
        if self.has_emergency() && self.state == State::Normal {
            digest.update(b"in an emergency\n");
            self.in_state(State::Emergency).enter_decisions(&mut digest);
        }
        digest.finalize().into()
    }

    fn enter_decisions(&self, digest: &mut Sha256) {
        for question in self.questions() {
            for (class, example) in self.classes(question) {
                let allowed = self.answer(question, &example.label, example.node).allowed;
                digest.update(format!("{class} = {}\n", u8::from(allowed)));
            }
        }
    }
}

fn draft_digest(files: &CharterFiles) -> CharterDigest {
    let mut digest = Sha256::new();
    digest.update(b"countymesh draft 1\n");
    for (path, content) in &files.files {
        digest.update(format!("{} {path} {}\n", path.len(), content.len()));
        digest.update(content);
    }
    CharterDigest(digest.finalize().into())
}

impl Charter for CedarCharter {
    fn version(&self) -> CharterVersion {
        self.content.head.version
    }

    fn digest(&self) -> CharterDigest {
        self.digest
    }

    fn log(&self) -> Vec<CharterDigest> {
        self.log.clone()
    }

    fn validity(&self) -> Validity {
        self.content.head.validity
    }

    fn freshness(&self) -> Option<Freshness> {
        beginning::confirmed_by(self.content.head.freshness?, &self.content.roster)
    }

    fn declared(&self, declaration: &[u8]) -> Option<Declared> {
        // Nobody can declare one under a charter without reviewers: a template.
        let board = Board::of(self).ok()?;
        emergency::decode(
            declaration,
            self.digest,
            self.content.head.emergency,
            &board,
        )
    }

    fn in_emergency(&self) -> Option<Arc<dyn Charter>> {
        self.has_emergency()
            .then(|| Arc::new(self.in_state(State::Emergency)) as Arc<dyn Charter>)
    }

    fn accept_since(&self) -> CharterVersion {
        self.content.head.accept_since
    }

    fn roster(&self) -> &Roster {
        &self.content.roster
    }

    fn kinds(&self) -> &Kinds {
        &self.content.kinds
    }

    fn join(&self, one: Grade, other: Grade) -> Grade {
        let later = |words, one, other| {
            if rank(words, one) >= rank(words, other) {
                one
            } else {
                other
            }
        };
        Grade {
            sensitivity: later(
                &self.content.head.sensitivities,
                one.sensitivity,
                other.sensitivity,
            ),
            level: later(&self.content.head.levels, one.level, other.level),
        }
    }

    fn flow(&self, label: &Label, receiver: NodeId) -> Arc<Decision> {
        self.decide(Question::Flow, label, receiver)
    }

    fn author(&self, label: &Label, author: NodeId) -> Arc<Decision> {
        self.decide(Question::Author, label, author)
    }

    fn regrade(&self, label: &Label, author: NodeId) -> Arc<Decision> {
        self.decide(Question::Regrade, label, author)
    }

    fn read(&self, label: &Label, node: NodeId, role: Name) -> Arc<Decision> {
        self.decide(Question::Read(role), label, node)
    }
}
