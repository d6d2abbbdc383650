//! Alarms of the engine as lines of the log.

use crdt_model::engine::Alarm;

use super::summaries::Summaries;

/// Writes an alarm to the log; of those that others can cause at will, one a minute in full.
pub(super) fn log(alarm: &Alarm, summaries: &Summaries) {
    let in_full = match alarm {
        Alarm::CharterFork { peer, .. } => summaries.note("charter-fork", Some(*peer), peer),
        Alarm::Refused { peer, fault, .. } => {
            summaries.note("refused-commit", Some(*peer), fault.code())
        }
        Alarm::Equivocated { author, .. } => summaries.note("forked-author", None, author),
        Alarm::SplitView { one, .. } => summaries.note("split-view", None, one),
        Alarm::Frozen { cosigner, .. } => {
            summaries.note("newer-charter", Some(*cosigner), cosigner)
        }
        Alarm::TwoMachines { node, told_by } => summaries.note("two-machines", *told_by, node),
        Alarm::Misbehaved { peer, code, .. } => summaries.note("misbehaved", Some(*peer), code),
        Alarm::ClockAhead { node, .. } => summaries.note("clock-ahead", Some(*node), node),
        Alarm::Damaged { .. }
        | Alarm::ClockApart { .. }
        | Alarm::EmergencyBegins { .. }
        | Alarm::EmergencyEnds { .. } => true,
    };
    if in_full {
        write(alarm);
    }
}

fn write(alarm: &Alarm) {
    match alarm {
        Alarm::CharterFork {
            peer,
            version,
            theirs,
        } => {
            tracing::error!(%peer, %version, %theirs, "a peer has another charter of this version");
        }
        Alarm::Refused {
            peer,
            commit,
            fault,
            quotable,
        } => {
            let (code, reason) = (fault.code(), fault.words(*quotable));
            tracing::warn!(%peer, %commit, code, reason, "a commit was refused");
        }
        Alarm::Equivocated {
            peer,
            facet,
            author,
            epoch,
            seq,
            commits: [one, other],
        } => {
            let (peer, record) = (peer.map(|peer| peer.to_string()), facet.record);
            tracing::error!(
                peer, %record, facet = %facet.facet, %author, %epoch, %seq, %one, %other,
                "an author signed two commits with one number: what it wrote from there on is frozen"
            );
        }
        Alarm::Damaged { facet, kept } => {
            let (record, facet) = (facet.record, facet.facet);
            tracing::error!(
                %record, %facet, kept,
                "a facet was damaged in the store: its first commits are kept, peers give the rest back"
            );
        }
        Alarm::TwoMachines { node, told_by } => {
            let told_by = told_by.map(|peer| peer.to_string());
            tracing::error!(
                %node, told_by,
                "two machines run with this node's key; mesh-node status says what to do"
            );
        }
        Alarm::SplitView { .. }
        | Alarm::Frozen { .. }
        | Alarm::ClockApart { .. }
        | Alarm::ClockAhead { .. }
        | Alarm::EmergencyBegins { .. }
        | Alarm::EmergencyEnds { .. }
        | Alarm::Misbehaved { .. } => log_of_county(alarm),
    }
}

/// Those about the log of charters, emergencies and the protocol.
fn log_of_county(alarm: &Alarm) {
    match alarm {
        Alarm::SplitView { size, one, other } => {
            let other = other.map_or_else(|| "this node".to_owned(), |other| other.to_string());
            tracing::error!(
                size, %one, other,
                "two histories of the charter are about; mesh-node checkpoint prints the evidence"
            );
        }
        Alarm::Frozen {
            cosigner,
            size,
            seen,
        } => {
            tracing::error!(
                %cosigner, size, %seen,
                "a township has signed a newer charter, which has not arrived here in a day"
            );
        }
        Alarm::ClockApart { confirmed, shows } => {
            tracing::error!(
                %confirmed, %shows,
                "townships have confirmed a time more than a day ahead of this machine's clock: one of the two is wrong, and nothing moves by itself"
            );
        }
        Alarm::ClockAhead { node, ahead_ms } => {
            let ahead_hours = ahead_ms / 3_600_000;
            tracing::warn!(%node, ahead_hours, "another node's clock is ahead of this machine's, or this one is behind");
        }
        Alarm::EmergencyBegins { number, until } => {
            tracing::warn!(number, %until, "rules for emergencies count from now on");
        }
        Alarm::EmergencyEnds { number, facets } => {
            tracing::warn!(
                number,
                facets,
                "the emergency is over: what came here by its rules goes; mesh-node emergency reports"
            );
        }
        Alarm::Misbehaved { peer, code, what } => {
            tracing::warn!(%peer, code, what, "a peer broke the protocol");
        }
        _ => {}
    }
}
