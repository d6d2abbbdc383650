//! The time limits that run on what this node holds, as far as somebody may read what they run on.

use crdt_model::code::RecordCode;
use crdt_model::due::{Entry, clock_of, letter_of, taker};
use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::kind::Title;
use crdt_model::kind::clocks::{Basis, Clock, Standing};
use crdt_model::label::FacetId;
use crdt_model::replica;
use crdt_model::text;
use crdt_model::text::Problem;
use crdt_model::time::WallTime;
use node_readmodel::access::MayRead;
use node_runtime::view::View;
use serde::{Deserialize, Serialize};

use crate::refusals::unreadable;

/// One time limit that runs.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DueItem {
    /// The record.
    pub record: RecordId,
    /// Its code.
    pub code: String,
    /// The facet that says the step.
    pub facet: Name,
    /// The record's home.
    pub home: NodeId,
    /// The clock.
    pub clock: Name,
    /// What people call it.
    pub title: Title,
    /// The word that the record is at.
    pub at: Title,
    /// How it stands.
    pub standing: Standing,
    /// Since when it runs; none where no clock that it began by had been set.
    pub since: Option<WallTime>,
    /// Until when.
    pub due: Option<WallTime>,
    /// Whose clock that is.
    pub basis: Basis,
    /// Who took the step that it began with.
    pub author: NodeId,
    /// Whether the calendar knows the holidays up to the end.
    pub calendar_known: bool,
    /// Whether the record is at one word only.
    pub settled: bool,
    /// The step that follows by itself.
    pub then: Option<Title>,
    /// The node that takes it.
    pub taker: Option<NodeId>,
    /// The letter that follows when it is up.
    pub letter: Option<DueLetter>,
}

/// A letter that follows when time is up.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DueLetter {
    /// Which.
    pub title: Title,
    /// Who sends it by itself and to whom; none where it is proposed, for a person to send.
    pub sending: Option<Sending>,
    /// The code of the letter, if it was sent and may be read here.
    pub sent: Option<String>,
}

/// Between whom a letter goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sending {
    /// Who sends it.
    pub from: NodeId,
    /// Whom it is meant for.
    pub to: NodeId,
}

/// The time limits that run on what may be read, and whether there are more.
pub(crate) fn running(
    view: &View<'_>,
    home: Option<NodeId>,
    now: WallTime,
    may_read: MayRead<'_>,
) -> Result<(Vec<DueItem>, bool), Problem> {
    let (mut items, mut withheld) = (Vec::new(), false);
    let due = view.due.as_deref().ok_or_else(not_known)?;
    for (facet, entry) in due.entries() {
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

/// Whoever asks said that it needs no time limits: a fault of this program.
fn not_known() -> Problem {
    Problem::new(
        "limits-unknown",
        text!("办理时限尚未查明", "the time limits are not known yet"),
        text!("稍后重试", "try again in a moment"),
    )
}
