//! Who asks.

use crdt_model::ids::Name;
use crdt_model::text;
use crdt_model::text::Problem;
use policy::signing::adopt::AdoptedCharter;
use serde::{Deserialize, Serialize};

/// What somebody must be allowed to do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// Work with records, in a role that the charter's rules know.
    Person,
    /// Look after the node: its lines, its store, its end.
    Operator,
    /// Bring and examine what reviewers sign.
    Reviewer,
    /// Disturb the node on purpose, in demonstrations and tests.
    Debugging,
}

impl Capability {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Person,
        Self::Operator,
        Self::Reviewer,
        Self::Debugging,
    ];
}

/// How a request came in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WayIn {
    /// The control socket, which only the node's own user can open.
    Socket,
    /// A command that has opened the folder of a node that does not run.
    Folder,
}

impl WayIn {
    fn allows(self, needed: Capability) -> bool {
        match (self, needed) {
            // Whoever has the node's own user has its key and its store anyway.
            (
                Self::Socket | Self::Folder,
                Capability::Person
                | Capability::Operator
                | Capability::Reviewer
                | Capability::Debugging,
            ) => true,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Socket => "socket",
            Self::Folder => "folder",
        }
    }
}

/// Who asks, as the way in knows it; nothing of it is taken from what is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    /// The way in.
    pub way_in: WayIn,
    /// The user of this machine's system, where the way in says it.
    pub user: Option<u32>,
    /// The role that they work in; the first that the charter lists if none is given.
    pub role: Option<Name>,
    /// Why they look at what is restricted.
    pub reason: Option<String>,
}

impl Caller {
    /// The node's own user, in the first role.
    pub fn at(way_in: WayIn) -> Self {
        Self {
            way_in,
            user: None,
            role: None,
            reason: None,
        }
    }

    /// Whether the way in allows this. The one place where that is decided.
    ///
    /// # Errors
    /// It does not.
    pub(super) fn authorise(&self, needed: Capability) -> Result<(), Problem> {
        match self.way_in.allows(needed) {
            true => Ok(()),
            false => Err(not_allowed()),
        }
    }

    /// The role that they work in, which the charter must list.
    ///
    /// # Errors
    /// It does not.
    pub fn role_in(&self, adopted: &AdoptedCharter) -> Result<Name, Problem> {
        match self.role {
            None => first_role(adopted),
            Some(role) => {
                let mut roles = adopted.charter().head().roles.iter();
                let known = roles.any(|known| known.id == role);
                known
                    .then_some(role)
                    .ok_or_else(|| no_such_role(role.as_str()))
            }
        }
    }

    pub(super) fn way_in_word(&self) -> &'static str {
        self.way_in.word()
    }
}

/// The role that counts where nobody names one.
///
/// # Errors
/// The charter lists none.
pub fn first_role(adopted: &AdoptedCharter) -> Result<Name, Problem> {
    let first = adopted.charter().head().roles.first();
    first.map(|role| role.id).ok_or_else(|| no_such_role(""))
}

fn no_such_role(role: &str) -> Problem {
    Problem::new(
        "no-such-role",
        text!("章程里没有岗位“{role}”", "the charter has no role `{role}`"),
        text!("可用岗位见 charter.toml", "charter.toml lists the roles"),
    )
}

fn not_allowed() -> Problem {
    Problem::new(
        "not-allowed",
        text!(
            "这样进入节点，不能办理此事",
            "this cannot be asked in this way"
        ),
        text!(
            "由看管节点的人员在节点所在的机器上办理",
            "let whoever looks after the node do it at its machine"
        ),
    )
}
