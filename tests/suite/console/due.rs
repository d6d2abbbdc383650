//! What a list of time limits mentions.

use netsim::secrecy::Mentions;
use node_app::due::{DueItem, DueLetter, Sending};
use node_app::use_cases::due::DueList;

use super::replies::{List, bare, count, free, name, title};

pub(super) fn due(list: &DueList, to: &mut List) {
    let DueList {
        now: _,
        counts,
        items,
        more: _,
    } = list;
    let counted: u64 = counts.values().sum();
    count("time limits", None, counted, to);
    for DueItem {
        record,
        code,
        facet,
        home,
        clock,
        title: words,
        at,
        standing: _,
        since: _,
        due: _,
        basis: _,
        author,
        calendar_known: _,
        settled: _,
        then,
        taker,
        letter,
    } in items
    {
        bare(*record, to);
        free(code, to);
        [*facet, *clock].into_iter().for_each(|one| name(one, to));
        [Some(words), Some(at), then.as_ref()]
            .into_iter()
            .flatten()
            .for_each(|one| title(one, to));
        [Some(*home), Some(*author), *taker]
            .into_iter()
            .flatten()
            .for_each(|one| one.list(to));
        letter.iter().for_each(|one| due_letter(one, to));
    }
}

fn due_letter(letter: &DueLetter, to: &mut List) {
    let DueLetter {
        title: words,
        sending,
        sent,
    } = letter;
    title(words, to);
    if let Some(Sending {
        from,
        to: addressee,
    }) = sending
    {
        [*from, *addressee].into_iter().for_each(|one| one.list(to));
    }
    sent.iter().for_each(|code| free(code, to));
}
