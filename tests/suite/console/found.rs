//! What lists and searches mention.

use crdt_model::kind::{Title, Word};
use crdt_model::label::{FacetId, Grade};
use netsim::secrecy::{Mention, Mentions};
use node_app::use_cases::read_model::ReadModelStatus;
use node_app::use_cases::record_find::{Found, FoundColumn};
use node_app::use_cases::record_left_out::{LeftOutItem, LeftOutList};
use node_app::use_cases::record_search::{Hit, Hits};
use node_app::use_cases::record_show::LeftOutView;
use node_readmodel::Progress;
use node_readmodel::find::FoundRow;

use super::replies::{List, bare, count, free, name, title, value};

pub(super) fn rows(found: &Found, to: &mut List) {
    let Found {
        facet,
        title: words,
        columns,
        rows,
        total,
        next: _,
        catching_up,
    } = found;
    name(*facet, to);
    title(words, to);
    for FoundColumn {
        field,
        title: words,
        holds: _,
        words: vocabulary,
    } in columns
    {
        name(*field, to);
        title(words, to);
        for Word {
            id,
            zh,
            en,
            forbidden,
        } in vocabulary
        {
            forbidden.iter().for_each(|reason| title(reason, to));
            name(*id, to);
            let (zh, en) = (zh.clone(), en.clone());
            title(&Title { zh, en }, to);
        }
    }
    for FoundRow {
        record,
        home,
        addressee,
        sensitivity,
        level,
        begun_ms: _,
        changed_ms: _,
        conflicts,
        left_out,
        fields,
    } in rows
    {
        bare(*record, to);
        let facet = FacetId {
            record: *record,
            facet: *facet,
            home: *home,
            addressee: *addressee,
        };
        let grade = Some(Grade {
            sensitivity: *sensitivity,
            level: *level,
        });
        to.push(Mention::Facet { facet, grade });
        for (field, content) in fields {
            name(*field, to);
            value(content, to);
        }
        count("fields in conflict", Some(facet.facet), *conflicts, to);
        count("values left out", Some(facet.facet), *left_out, to);
    }
    count("rows found", Some(*facet), *total, to);
    progress(*catching_up, to);
}

pub(super) fn left_out_list(list: &LeftOutList, to: &mut List) {
    let LeftOutList {
        values,
        total,
        next: _,
        catching_up,
    } = list;
    for LeftOutItem {
        record,
        home,
        facet,
        title: words,
        written,
    } in values
    {
        bare(*record, to);
        home.list(to);
        name(*facet, to);
        title(words, to);
        left_out(written, to);
    }
    count("values left out", None, *total, to);
    progress(*catching_up, to);
}

/// A value that does not count.
pub(super) fn left_out(view: &LeftOutView, to: &mut List) {
    let LeftOutView {
        key,
        title: words,
        value: content,
        word,
        author,
        wall: _,
    } = view;
    free(key, to);
    title(words, to);
    content.iter().for_each(|content| value(content, to));
    word.iter().for_each(|words| title(words, to));
    author.list(to);
}

pub(super) fn hits(found: &Hits, to: &mut List) {
    let Hits {
        hits,
        total,
        next: _,
        catching_up,
    } = found;
    for Hit {
        record,
        home,
        facet,
        title: words,
        key,
        field,
        before,
        found,
        after,
        changed_ms: _,
    } in hits
    {
        bare(*record, to);
        home.list(to);
        // For whom it is meant is not said, as in the plain list.
        let facet = FacetId {
            record: *record,
            facet: *facet,
            home: *home,
            addressee: *home,
        };
        to.push(Mention::Facet { facet, grade: None });
        title(words, to);
        title(field, to);
        [key, before, found, after]
            .into_iter()
            .for_each(|text| free(text, to));
    }
    count("facets found", None, *total, to);
    progress(*catching_up, to);
}

pub(super) fn status(status: &ReadModelStatus, to: &mut List) {
    let ReadModelStatus {
        path,
        format: _,
        schema,
        facets,
        all,
        disk_bytes,
        catching_up,
        made_anew,
    } = status;
    free(path.to_string_lossy().as_bytes(), to);
    free(schema, to);
    // A page of the file, or what SQLite says.
    made_anew.iter().for_each(|why| free(why, to));
    count("facets in the read model", None, *facets, to);
    count("facets held", None, *all, to);
    count("bytes on disk", None, *disk_bytes, to);
    progress(*catching_up, to);
}

pub(super) fn progress(progress: Option<Progress>, to: &mut List) {
    if let Some(Progress { done, all }) = progress {
        count("facets compared", None, done, to);
        count("facets held", None, all, to);
    }
}
