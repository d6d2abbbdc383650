//! What is due: the time limits that run on what this node holds, as far as the person who asks may
//! read what they run on.

use std::collections::BTreeMap;

use crdt_model::code::RecordCode;
use crdt_model::due::{Entry, clock_of, letter_of, taker};
use crdt_model::ids::{Name, NodeId};
use crdt_model::kind::clocks::{Clock, Standing};
use crdt_model::label::FacetId;
use crdt_model::replica;
use crdt_model::time::WallTime;

use super::finding::reader;
use super::records::role_of;
use super::unreadable;
use crate::asked::due::{DueItem, DueLetter, DueList, DueRequest, Sending};
use crate::asked::protocol::{PAGE_ENTRIES_MAX, Reply};
use crdt_model::text::Problem;
use node_readmodel::access::MayRead;
use node_runtime::view::{Unanswered, View};

pub(super) fn list(view: &View<'_>, wanted: &DueRequest) -> Result<Reply, Unanswered> {
    let role = role_of(&view.adopted, wanted.role)?;
    let now = view.now;
    let reads = reader(view, role);
    let (mut items, _) = running(view, wanted.home, now, &reads)?;
    let mut counts: BTreeMap<Standing, u64> = BTreeMap::new();
    for item in &items {
        *counts.entry(item.standing).or_default() += 1;
    }
    items.retain(|item| wanted.all || item.standing != Standing::Running);
    items.sort_by_key(|item| (item.standing, item.due, item.record));
    let limit = wanted.limit.clamp(1, PAGE_ENTRIES_MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    Ok(Reply::Due(Box::new(DueList {
        now,
        counts,
        items,
        more,
    })))
}

/// The time limits that run on what may be read, and whether there are more.
pub(super) fn running(
    view: &View<'_>,
    home: Option<NodeId>,
    now: WallTime,
    may_read: MayRead<'_>,
) -> Result<(Vec<DueItem>, bool), Problem> {
    let (mut items, mut withheld) = (Vec::new(), false);
    for (facet, entry) in view.due.entries() {
        if home.is_some_and(|home| home != facet.home) {
            continue;
        }
        match may_read(&facet.label(entry.grade)) {
            true => items.extend(item(view, facet, entry, now, may_read)?),
            false => withheld = true,
        }
    }
    Ok((items, withheld))
}

fn item(
    view: &View<'_>,
    facet: &FacetId,
    entry: &Entry,
    now: WallTime,
    may_read: MayRead<'_>,
) -> Result<Option<DueItem>, Problem> {
    let charter = &view.charter;
    let kinds = charter.kinds();
    let (Some((clock, field)), Some((kind, declared))) = (
        clock_of(kinds, facet.facet, entry.clock),
        kinds.facet(facet.facet),
    ) else {
        return Ok(None);
    };
    let word = |word: Name| declared.field(field.as_str())?.word(kind, word);
    let Some(at) = word(entry.word) else {
        return Ok(None);
    };
    let then = clock.then.as_ref();
    Ok(Some(DueItem {
        record: facet.record,
        code: RecordCode::of(facet.home, facet.record).to_string(),
        facet: facet.facet,
        home: facet.home,
        clock: clock.name,
        title: clock.title.clone(),
        at,
        standing: clock.standing(entry.span, now),
        since: entry.span.map(|span| span.since),
        due: entry.span.map(|span| span.due),
        basis: entry.basis,
        author: entry.author,
        calendar_known: entry.calendar_known,
        settled: entry.settled,
        then: then.and_then(|then| word(then.step)),
        taker: then.and_then(|then| taker(charter.roster(), facet.home, then)),
        letter: letter(view, facet, entry, clock, may_read)?,
    }))
}

fn letter(
    view: &View<'_>,
    facet: &FacetId,
    entry: &Entry,
    clock: &Clock,
    may_read: MayRead<'_>,
) -> Result<Option<DueLetter>, Problem> {
    let charter = &view.charter;
    let Some(title) = clock.letter.and_then(|slot| charter.kinds().letter(slot)) else {
        return Ok(None);
    };
    let sent = letter_of(&**charter, facet, entry);
    let held = sent.map_or(Ok(None), |sent| replica::facet_entry(&view.store, &sent));
    let held = held.map_err(|error| unreadable(&error))?;
    let readable = sent
        .zip(held)
        .filter(|(sent, held)| may_read(&sent.label(held.grade)));
    Ok(Some(DueLetter {
        title,
        sending: sent.map(|sent| Sending {
            from: sent.home,
            to: sent.addressee,
        }),
        sent: readable.map(|(sent, _)| RecordCode::of(sent.home, sent.record).to_string()),
    }))
}
