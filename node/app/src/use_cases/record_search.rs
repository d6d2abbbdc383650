//! `record search`: the facets whose texts have some words, as far as a person may read them.

use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::kind::Title;
use crdt_model::text;
use crdt_model::text::Problem;
use node_readmodel::Progress;
use node_readmodel::search::{self, Search};
use node_runtime::view::{Unanswered, View};
use serde::{Deserialize, Serialize};

use crate::choosing::facets;
use crate::door::caller::{Caller, Capability};
use crate::door::line::PAGE_ENTRIES_MAX;
use crate::door::use_case::{Does, Source, UseCase};
use crate::readable::{may_read, next};

/// Characters of what can be searched for.
const SEARCH_CHARS_MAX: usize = 200;

/// The facets whose texts have some words.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchRequest {
    /// The words, parted by blanks: each must be there. In Chinese any characters that stand together
    /// are a word.
    pub text: String,
    /// Only of this kind, or only this facet.
    #[serde(default)]
    pub of: Option<Name>,
    /// How many to leave out.
    #[serde(default)]
    pub offset: u64,
    /// At most this many, and never more than [`PAGE_ENTRIES_MAX`].
    pub limit: usize,
}

/// A page of hits, the latest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hits {
    /// The hits.
    pub hits: Vec<Hit>,
    /// How many there are on all pages.
    pub total: u64,
    /// The offset to go on with, if there are more.
    pub next: Option<u64>,
    /// How far the read model has come, if it has not caught up: hits may be missing then.
    pub catching_up: Option<Progress>,
}

/// One facet in which the words were found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hit {
    /// The record.
    pub record: RecordId,
    /// The node it belongs to.
    pub home: NodeId,
    /// The facet.
    pub facet: Name,
    /// What people call it.
    pub title: Title,
    /// The key of the field in which they were found first.
    pub key: String,
    /// What people call that field.
    pub field: Title,
    /// What stands before it, cut.
    pub before: String,
    /// What was found.
    pub found: String,
    /// What stands after it, cut.
    pub after: String,
    /// The latest wall time of the facet's values in force, in milliseconds.
    pub changed_ms: u64,
}

impl UseCase for SearchRequest {
    const NEEDS: Capability = Capability::Person;
    type Answer = Hits;

    fn begin(self) -> Does<Hits> {
        Does::question(Source::ReadModel, move |view, caller| {
            search(view, caller, &self)
        })
    }
}

fn search(view: &View<'_>, caller: &Caller, request: &SearchRequest) -> Result<Hits, Unanswered> {
    let role = caller.role_in(&view.adopted)?;
    if request.text.chars().count() > SEARCH_CHARS_MAX {
        return Err(too_long().into());
    }
    let kinds = view.charter.kinds();
    let of = match request.of {
        Some(_) => facets(kinds, request.of)?,
        None => Vec::new(),
    };
    let of: Vec<Name> = of.iter().map(|chosen| chosen.facet.name).collect();
    let wanted = Search {
        text: &request.text,
        facets: &of,
        offset: usize::try_from(request.offset).unwrap_or(usize::MAX),
        limit: request.limit.clamp(1, PAGE_ENTRIES_MAX),
    };
    let (model, catching_up) = view.read_model()?;
    let found = model.search(&wanted, &|label| may_read(view, label, role))?;
    let found = found.ok_or_else(nothing_to_search)?;
    Ok(Hits {
        next: next(request.offset, found.hits.len(), found.total),
        hits: found.hits.into_iter().map(|one| hit(view, one)).collect(),
        total: found.total,
        catching_up,
    })
}

fn hit(view: &View<'_>, hit: search::Hit) -> Hit {
    let declared = view.charter.kinds().facet(hit.facet.facet);
    let title = declared.map_or_else(Title::default, |(_, facet)| facet.title.clone());
    let field = declared.and_then(|(_, facet)| facet.field(&hit.key));
    Hit {
        record: hit.facet.record,
        home: hit.facet.home,
        facet: hit.facet.facet,
        title,
        field: field.map_or_else(Title::default, |field| field.title.clone()),
        key: hit.key,
        before: hit.before,
        found: hit.found,
        after: hit.after,
        changed_ms: hit.changed_ms,
    }
}

fn nothing_to_search() -> Problem {
    Problem::new(
        "nothing-to-search",
        text!(
            "查找内容中没有字词或数字",
            "there is no word or number to search for"
        ),
        text!("给出至少一个字词", "give at least one word"),
    )
}

fn too_long() -> Problem {
    Problem::new(
        "search-too-long",
        text!(
            "查找内容超过 {SEARCH_CHARS_MAX} 个字符",
            "there are more than {SEARCH_CHARS_MAX} characters to search for"
        ),
        text!("缩短查找内容", "search for less"),
    )
}
