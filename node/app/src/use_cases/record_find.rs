//! Lists, searches, and how the read model stands. Persons find what the rules let them read, and
//! numbers count nothing else.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crdt_model::ids::Name;
use crdt_model::kind::{Facet, Kind, Title};
use crdt_model::label::Label;

use super::choosing::{Chosen, choose, facets};
use super::records::role_of;
use crate::asked::finding::{
    FindRequest, Found, FoundColumn, Hit, Hits, ReadModelStatus, SearchRequest,
};
use crate::asked::protocol::{PAGE_ENTRIES_MAX, Reply};
use crdt_model::text;
use crdt_model::text::Problem;
use node_readmodel::search::{self, Search};
use node_runtime::keeper::Keeper;
use node_runtime::view::{Unanswered, View};
use policy::reading::tables::FORMAT;

/// Characters of what can be searched for.
const SEARCH_CHARS_MAX: usize = 200;

pub(super) fn find(view: &View<'_>, request: &FindRequest) -> Result<Reply, Unanswered> {
    let role = role_of(&view.adopted, request.role)?;
    let charter = &view.charter;
    let limit = request.limit.clamp(1, PAGE_ENTRIES_MAX);
    let (Chosen { kind, facet }, find) = choose(charter.kinds(), request, limit)?;
    let (model, catching_up) = view.read_model()?;
    let page = model.find(&find, &|label| may_read(view, label, role))?;
    let (name, rows) = (facet.name, page.rows.len());
    let reason = request.reason.as_deref().unwrap_or_default();
    tracing::info!(facet = %name, %role, rows, reason, "a person listed facets");
    Ok(Reply::Found(Box::new(Found {
        facet: name,
        title: facet.title.clone(),
        columns: columns(kind, facet),
        next: next(request.offset, rows, page.total),
        rows: page.rows,
        total: page.total,
        catching_up,
    })))
}

/// The node must be one that may hold it, and the person one that may read it there: the second by
/// itself says nothing of what is to go and has not gone yet.
pub(super) fn may_read(view: &View<'_>, label: &Label, role: Name) -> bool {
    let (rules, node) = (&view.rules, view.node);
    let holds = label.home == node || rules.flow(label, node).allowed;
    holds && rules.read(label, node, role).allowed
}

/// The same, with each label decided once: a question of many parts asks again and again.
pub(super) fn reader(view: &View<'_>, role: Name) -> impl Fn(&Label) -> bool {
    let decided = RefCell::new(BTreeMap::new());
    move |label| {
        let mut decided = decided.borrow_mut();
        let decide = || may_read(view, label, role);
        *decided.entry(*label).or_insert_with(decide)
    }
}

pub(super) fn next(offset: u64, rows: usize, total: u64) -> Option<u64> {
    let next = offset.saturating_add(rows as u64);
    (rows > 0 && next < total).then_some(next)
}

fn columns(kind: &Kind, facet: &Facet) -> Vec<FoundColumn> {
    let plain = facet.fields.iter().filter(|field| !field.grows);
    plain
        .map(|field| FoundColumn {
            field: field.name,
            title: field.title.clone(),
            holds: field.holds,
            words: field.words(kind).to_vec(),
        })
        .collect()
}

pub(super) fn search(view: &View<'_>, request: &SearchRequest) -> Result<Reply, Unanswered> {
    let role = role_of(&view.adopted, request.role)?;
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
    let (hits, reason) = (found.total, request.reason.as_deref().unwrap_or_default());
    // Not what was looked for: it may be somebody's name.
    tracing::info!(%role, hits, reason, "a person searched the texts of facets");
    Ok(Reply::Hits(Box::new(Hits {
        next: next(request.offset, found.hits.len(), found.total),
        hits: found.hits.into_iter().map(|one| hit(view, one)).collect(),
        total: found.total,
        catching_up,
    })))
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

/// How it stands. At a node that does not run, every question brings it on by some facets: so
/// whoever asks again and again sees it catch up.
pub(super) fn read_model(
    keeper: &mut Keeper,
    running: bool,
    rebuild: bool,
) -> Result<Result<Reply, Problem>, Problem> {
    if rebuild && let Err(problem) = keeper.rebuild_read_model() {
        return Ok(Err(problem));
    }
    if !running {
        keeper.follow()?;
    }
    keeper.prepare_read_model(false)?;
    Ok(status(keeper))
}

fn status(keeper: &mut Keeper) -> Result<Reply, Problem> {
    let facets = keeper.read_model_facets()?;
    let (model, catching_up) = keeper.read_model_as_it_stands()?;
    Ok(Reply::ReadModel(Box::new(ReadModelStatus {
        path: model.path().to_owned(),
        format: FORMAT,
        schema: model.schema().digest().to_owned(),
        facets,
        all: keeper.engine.index().len(),
        disk_bytes: model.disk_bytes(),
        catching_up,
        made_anew: keeper.read_model_made_anew().map(ToOwned::to_owned),
    })))
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
