//! What each line mentions that the control socket answers with. All requests are gone through, and
//! every type of their answers is taken apart without `..`: a request, field or variant that is new
//! does not compile here until somebody has said what it mentions.

use std::collections::BTreeMap;

use crdt_model::charter::Declared;
use crdt_model::engine::{
    Cosigned, EmergencyReport, EmergencyStatus, Flowed, LogStatus, Newer, SplitView,
};
use crdt_model::ids::{CharterVersion, Name, RecordId, RootHash};
use crdt_model::kind::Title;
use crdt_model::label::FacetId;
use crdt_model::text::{Problem, Text};
use crdt_model::value::Value;
use netsim::secrecy::{Mention, Mentions};
use node_app::door::line::{Told, told};
use node_app::door::task::Progress;
use node_app::door::use_case::UseCase;
use node_app::next_steps::NextStep;
use node_app::requests::Request;
use node_app::use_cases::checkpoint::Checkpoint;
use node_app::use_cases::decisions::Decisions;
use node_app::use_cases::import::ImportReport;
use node_app::use_cases::inventory::{HeldFacet, Inventory};
use node_app::use_cases::offer::Adopted;
use node_app::use_cases::quarantine::{Quarantine, RefusedCommit};
use node_app::use_cases::record_list::{RecordLine, Records};
use node_app::use_cases::record_locate::Located;
use node_app::use_cases::record_show::{FacetView, FieldView, RecordView, ValueView};
use node_app::use_cases::status::{NodeStatus, PeerLine};
use node_app::use_cases::stop::Done;
use node_app::use_cases::why::{Cause, Why};
use node_app::written::Written;
use policy::review::replay::Logged;

use super::due::due;
use super::duplicates::duplicates;
use super::receipts::receipts;
use super::{figures, found, reported};

pub(super) type List = Vec<Mention>;

/// What a line that answers a request mentions to the node that writes it.
pub(crate) fn mentions(request: &Request, line: &[u8]) -> Vec<Mention> {
    match request {
        Request::Status(asked) => of_line(&**asked, line, list_status),
        Request::WhyPeer(asked) => of_line(&**asked, line, why),
        Request::WhyRecord(asked) => of_line(&**asked, line, why),
        Request::RecordAdd(asked) => of_line(&**asked, line, written),
        Request::RecordSet(asked) => of_line(&**asked, line, written),
        Request::RecordShow(asked) => of_line(&**asked, line, record),
        Request::RecordList(asked) => of_line(&**asked, line, records),
        Request::RecordLocate(asked) => of_line(&**asked, line, located),
        Request::RecordFind(asked) => of_line(&**asked, line, found::rows),
        Request::RecordSearch(asked) => of_line(&**asked, line, found::hits),
        Request::RecordReceipts(asked) => of_line(&**asked, line, receipts),
        Request::RecordDuplicates(asked) => of_line(&**asked, line, duplicates),
        Request::RecordLeftOut(asked) => of_line(&**asked, line, found::left_out_list),
        Request::Due(asked) => of_line(&**asked, line, due),
        Request::Measure(asked) => of_line(&**asked, line, figures::figures),
        Request::Report(asked) => of_line(&**asked, line, reported::report),
        Request::SnapshotShow(asked) => of_line(&**asked, line, figures::snapshot),
        Request::SnapshotTake(asked) => of_line(&**asked, line, figures::snapshot),
        Request::Import(asked) => of_line(&**asked, line, imported),
        Request::ReadModel(asked) => of_line(&**asked, line, found::status),
        Request::Inventory(asked) => of_line(&**asked, line, inventory),
        Request::Decisions(asked) => of_line(&**asked, line, decisions),
        Request::Quarantine(asked) => of_line(&**asked, line, quarantine),
        Request::Checkpoint(asked) => of_line(&**asked, line, checkpoint),
        Request::Offer(asked) => of_line(&**asked, line, adopted),
        Request::Emergency(asked) => of_line(&**asked, line, emergency),
        Request::Cut(asked) => of_line(&**asked, line, done),
        Request::Stop(asked) => of_line(&**asked, line, done),
    }
}

fn of_line<U: UseCase>(_: &U, line: &[u8], answer: impl Fn(&U::Answer, &mut List)) -> List {
    let mut to = List::new();
    match told::<U>(line).expect("a line that a node writes") {
        Told::Answer(Ok(one)) => answer(&one, &mut to),
        Told::Answer(Err(one)) => {
            assert_ne!(one.code, "internal-answer", "{one:?}");
            problem(&one, &mut to);
        }
        Told::Progress(Progress {
            stage: _,
            done,
            of: all,
        }) => {
            count("rows, records or facets that are done", None, done, &mut to);
            count("rows, records or facets", None, all, &mut to);
        }
    }
    to
}

fn why(told: &Why, to: &mut List) {
    let Why { question, because } = told;
    text(question, to);
    for Cause { text: words, rules } in because {
        text(words, to);
        free_all(rules, to);
    }
}

fn written(written: &Written, to: &mut List) {
    let Written {
        record,
        code,
        commits,
    } = written;
    bare(*record, to);
    free(code, to);
    commits.list(to);
}

fn record(view: &RecordView, to: &mut List) {
    let RecordView {
        record,
        code,
        kind,
        facets,
    } = view;
    free(code, to);
    bare(*record, to);
    name(*kind, to);
    facets.iter().for_each(|one| facet(*record, one, to));
}

fn records(page: &Records, to: &mut List) {
    let Records { records, more: _ } = page;
    records.iter().for_each(|one| line(one, to));
}

fn located(located: &Located, to: &mut List) {
    let Located { records } = located;
    records.iter().for_each(|one| bare(*one, to));
}

fn inventory(page: &Inventory, to: &mut List) {
    let Inventory { facets, more: _ } = page;
    facets.iter().for_each(|one| held(one, to));
}

fn decisions(page: &Decisions, to: &mut List) {
    let Decisions { decisions, next } = page;
    decisions.iter().for_each(|one| decided(one, to));
    let next = next.iter();
    next.for_each(|label| to.push(Mention::Label(*label)));
}

fn adopted(adopted: &Adopted, to: &mut List) {
    let Adopted { version } = adopted;
    version.list(to);
}

fn quarantine(list: &Quarantine, to: &mut List) {
    let Quarantine { refused, counts } = list;
    refused.iter().for_each(|one| commit(one, to));
    refusals(counts, to);
}

fn checkpoint(checkpoint: &Checkpoint, to: &mut List) {
    let Checkpoint { notes, log: about } = checkpoint;
    free(notes, to);
    log(about, to);
}

fn done(done: &Done, _: &mut List) {
    let Done {} = done;
}

/// Numbers of facets by name, and what reviewers declared: no record and no content.
fn emergency(status: &EmergencyStatus, to: &mut List) {
    let EmergencyStatus {
        counts: _,
        declared,
        over: _,
        since: _,
        reports,
    } = status;
    let what = |declared: &Declared, to: &mut List| {
        let Declared {
            charter,
            number: _,
            holds: _,
            reason,
            signers,
            digest: _,
        } = declared;
        charter.list(to);
        free(reason, to);
        free_all(signers.iter(), to);
    };
    declared.iter().for_each(|one| what(one, to));
    for EmergencyReport {
        declared,
        since: _,
        ended: _,
        received,
        carried,
    } in reports
    {
        what(declared, to);
        carried.keys().for_each(|peer| peer.list(to));
        for Flowed {
            facet,
            facets,
            rules,
        } in received.iter().chain(carried.values().flatten())
        {
            count(
                "facets that flowed in an emergency",
                Some(*facet),
                *facets,
                to,
            );
            free_all(rules.iter(), to);
        }
    }
}

fn list_status(status: &NodeStatus, to: &mut List) {
    let NodeStatus {
        node,
        name,
        tier,
        running: _,
        charter,
        charter_until: _,
        charter_expired: _,
        warnings,
        emergency: about_emergency,
        log: about_log,
        left_out,
        facets,
        facets_by_name,
        kept_home,
        peers,
        refused,
        cut,
        app_bytes,
        disk_bytes,
        // Of the whole machine, whatever uses its disk.
        disk: _,
        resident_bytes,
        up_ms: _,
        age_ms: _,
        latency_ms,
    } = status;
    node.list(to);
    free_all([name, tier], to);
    charter.list(to);
    emergency(about_emergency, to);
    log(about_log, to);
    for Problem { code, what, next } in warnings {
        free(code, to);
        text(what, to);
        text(next, to);
    }
    count("values left out", None, left_out.unwrap_or(0), to);
    count("facets held", None, *facets, to);
    for (name, facets) in facets_by_name {
        count("facets held", Some(*name), *facets, to);
    }
    for (name, facets) in kept_home {
        count("facets kept at home", Some(*name), *facets, to);
    }
    for PeerLine {
        name,
        status,
        last_failure,
        last_equal: _,
        more_to_send: _,
    } in peers
    {
        free(name, to);
        status.list(to);
        last_failure.iter().for_each(|words| text(words, to));
    }
    refusals(refused, to);
    cut.list(to);
    count("bytes of frames", None, *app_bytes, to);
    count("bytes on disk", None, *disk_bytes, to);
    count("bytes in memory", None, *resident_bytes, to);
    count("latest facets", None, latency_ms.len() as u64, to);
}

/// Who signed the log of charters is known to everybody.
fn log(status: &LogStatus, to: &mut List) {
    let LogStatus {
        size,
        root,
        rung: _,
        needed: _,
        confirmed: _,
        cosigned,
        splits,
        newer,
    } = status;
    CharterVersion(*size).list(to);
    root.iter().for_each(|root| fingerprint(*root, to));
    let both = splits
        .iter()
        .flat_map(|SplitView { one, other }| [Some(one), other.as_ref()]);
    for signed in cosigned.iter().chain(both.flatten()) {
        let Cosigned {
            node,
            at: _,
            size,
            root,
            agreement: _,
        } = signed;
        node.list(to);
        CharterVersion(*size).list(to);
        fingerprint(*root, to);
    }
    if let Some(Newer {
        cosigner,
        size,
        seen: _,
        frozen: _,
    }) = newer
    {
        cosigner.list(to);
        CharterVersion(*size).list(to);
    }
}

fn fingerprint(root: RootHash, to: &mut List) {
    to.push(Mention::Fingerprint {
        what: "charters",
        hash: root.0.to_vec(),
    });
}

fn facet(record: RecordId, view: &FacetView, to: &mut List) {
    let FacetView {
        facet,
        title: words,
        label,
        fields,
        readable: _,
        rules,
        commits,
        heads: _,
        left_out,
        next,
    } = view;
    name(*facet, to);
    title(words, to);
    for NextStep {
        field,
        to: word,
        title: words,
        needs,
        roles,
    } in next
    {
        title(words, to);
        let names = [*field, *word].into_iter();
        names
            .chain(needs.iter().copied())
            .chain(roles.iter().copied())
            .for_each(|one| name(one, to));
    }
    label.list(to);
    to.push(Mention::Facet {
        facet: label.facet_of(record),
        grade: Some(label.grade),
    });
    for FieldView {
        key,
        title: words,
        values,
    } in fields
    {
        free(key, to);
        title(words, to);
        values.iter().for_each(|one| in_force(one, to));
    }
    left_out.iter().for_each(|one| found::left_out(one, to));
    free_all(rules, to);
    count("commits of one facet", Some(*facet), (*commits).into(), to);
}

fn in_force(view: &ValueView, to: &mut List) {
    let ValueView {
        value: content,
        word,
        author,
        wall: _,
    } = view;
    value(content, to);
    word.iter().for_each(|words| title(words, to));
    author.list(to);
}

fn line(line: &RecordLine, to: &mut List) {
    let RecordLine {
        record,
        kind,
        home,
        facets,
        fields,
        conflicts,
        left_out,
    } = line;
    bare(*record, to);
    name(*kind, to);
    for facet in facets {
        // For whom it is meant is not said. Home is the one that a reader will think of.
        let facet = FacetId {
            record: *record,
            facet: *facet,
            home: *home,
            addressee: *home,
        };
        to.push(Mention::Facet { facet, grade: None });
    }
    for (key, content) in fields {
        free(key, to);
        value(content, to);
    }
    free_all(conflicts, to);
    free_all(left_out, to);
}

fn decided(decided: &Logged, to: &mut List) {
    let Logged {
        ask: _,
        role: _,
        node,
        label,
        allowed: _,
        rules,
        version,
        facets,
    } = decided;
    node.list(to);
    to.push(Mention::Label(*label));
    version.list(to);
    free_all(rules, to);
    count("facets with one label", Some(label.facet), *facets, to);
}

fn held(held: &HeldFacet, to: &mut List) {
    let HeldFacet {
        facet,
        grade,
        commits,
        authors,
    } = held;
    to.push(Mention::Facet {
        facet: *facet,
        grade: Some(*grade),
    });
    let name = Some(facet.facet);
    count("commits of one facet", name, (*commits).into(), to);
    for (author, seen) in authors {
        author.list(to);
        to.push(Mention::Facet {
            facet: *facet,
            grade: Some(*seen),
        });
    }
}

fn imported(report: &ImportReport, to: &mut List) {
    let ImportReport {
        text: words,
        preview,
        applied: _,
        written,
        refused: _,
        left,
    } = report;
    text(words, to);
    free(preview.to_string(), to);
    count("facets written", None, *written, to);
    count("records left", None, *left, to);
}

fn refusals(by_code: &BTreeMap<String, u64>, to: &mut List) {
    for (code, refused) in by_code {
        free(code, to);
        count("refusals", None, *refused, to);
    }
}

fn commit(refused: &RefusedCommit, to: &mut List) {
    let RefusedCommit {
        peer,
        commit,
        wall: _,
        code,
        reason,
        kept: _,
    } = refused;
    peer.list(to);
    commit.list(to);
    free_all([code, reason], to);
}

fn problem(problem: &Problem, to: &mut List) {
    let Problem { code, what, next } = problem;
    free(code, to);
    text(what, to);
    text(next, to);
}

pub(super) fn text(text: &Text, to: &mut List) {
    let Text { zh, en } = text;
    free_all([zh, en], to);
}

pub(super) fn title(title: &Title, to: &mut List) {
    let Title { zh, en } = title;
    free_all([zh, en], to);
}

pub(super) fn value(value: &Value, to: &mut List) {
    match value {
        Value::Boolean(_) | Value::Integer(_) => {}
        Value::Text(content) => free(content, to),
    }
}

/// A record's id alone names no facet; whoever searches the reply for secrets looks for it.
pub(super) fn bare(record: RecordId, to: &mut List) {
    free(record.to_string(), to);
}

pub(super) fn name(name: Name, to: &mut List) {
    free(name.as_str(), to);
}

pub(super) fn free(text: impl AsRef<[u8]>, to: &mut List) {
    to.push(Mention::Free(text.as_ref().to_vec()));
}

pub(super) fn free_all(texts: impl IntoIterator<Item = impl AsRef<[u8]>>, to: &mut List) {
    texts.into_iter().for_each(|one| free(one, to));
}

pub(super) fn count(what: &'static str, facet: Option<Name>, count: u64, to: &mut List) {
    to.push(Mention::Counted { what, facet, count });
}
