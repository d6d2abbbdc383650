//! What each line of a node's log mentions. Every call that writes one is listed: one that is new,
//! or that says more, fails here until somebody has said what it mentions.

use crate::tidy::sources;

/// What a line can mention beside words of the program.
#[derive(Clone, Copy, Debug)]
enum Says {
    /// Nodes, charters, addresses, numbers of requests: nothing that depends on any facet.
    NothingOfFacets,
    /// How many facets this node held and dropped.
    Dropped,
    /// A facet that this node holds, and what the person who looked at it gave as a reason.
    HeldFacet,
    /// Who asked what and why, with the record, facet or node that they named, held here or not; and
    /// how it ended, as they were told.
    Asked,
    /// What `netsim::secrecy::mentions::alarm` lists.
    Alarm,
}

use Says::{Alarm, Asked, Dropped, HeldFacet, NothingOfFacets};

/// The file, what is passed, and what that mentions.
const LINES: &[(&str, &str, Says)] = &[
    (
        "runtime/identity.rs",
        r#"warn: ?why, "the folder is not the one that last ran here: a new author epoch begins""#,
        NothingOfFacets,
    ),
    (
        "runtime/taken_up.rs",
        r#"warn: %code, %facet, had, held, "the store lacks what the read model knows of""#,
        HeldFacet,
    ),
    (
        "app/door/mod.rs",
        r#"info: ask = name, way_in, user, role, reason, about, ended, "asked""#,
        Asked,
    ),
    (
        "app/door/mod.rs",
        r#"info: polls, minutes, "the node was asked how it stands""#,
        NothingOfFacets,
    ),
    (
        "app/door/node.rs",
        r#"warn: %error, "a thread could not be started, and a request is not answered""#,
        NothingOfFacets,
    ),
    (
        "runtime/keeper.rs",
        r#"warn: %facet, %error, "this node could not write that it is there""#,
        NothingOfFacets,
    ),
    (
        "runtime/keeper.rs",
        r#"info: facets, "facets dropped that this node may no longer hold""#,
        Dropped,
    ),
    (
        "runtime/keeper.rs",
        r#"warn: %peer, %version, why, "an offered charter was refused""#,
        NothingOfFacets,
    ),
    (
        "runtime/keeper.rs",
        r#"warn: %peer, %version, why, "an older charter was refused""#,
        NothingOfFacets,
    ),
    (
        "runtime/keeper.rs",
        r#"info: version = %adopted.version(), "a charter is in force""#,
        NothingOfFacets,
    ),
    (
        "runtime/alarms.rs",
        r#"error: %confirmed, %shows, "townships have confirmed a time more than a day ahead of this machine's clock: one of the two is wrong, and nothing moves by itself""#,
        Alarm,
    ),
    (
        "runtime/alarms.rs",
        r#"warn: %node, ahead_hours, "another node's clock is ahead of this machine's, or this one is behind""#,
        Alarm,
    ),
    (
        "runtime/warnings.rs",
        r#"warn: code, zh, next, "{en}""#,
        NothingOfFacets,
    ),
    (
        "runtime/limits.rs",
        r#"warn: record = %facet.record, facet = %facet.facet, %error, "time limits of a facet are not known""#,
        HeldFacet,
    ),
    (
        "runtime/limits.rs",
        r#"info: %record, %facet, "time was up and a step was taken""#,
        HeldFacet,
    ),
    (
        "runtime/limits.rs",
        r#"warn: %record, %facet, %error, "time was up and no step was taken""#,
        HeldFacet,
    ),
    (
        "runtime/limits.rs",
        r#"info: %record, %facet, "time was up and a letter was sent""#,
        HeldFacet,
    ),
    (
        "runtime/limits.rs",
        r#"warn: %record, %facet, %error, "time was up and no letter was sent""#,
        HeldFacet,
    ),
    (
        "runtime/limits.rs",
        r#"warn: %record, %facet, %error, "something arrived and no receipt was given""#,
        HeldFacet,
    ),
    (
        "runtime/alarms.rs",
        r#"error: %peer, %version, %theirs, "a peer has another charter of this version""#,
        Alarm,
    ),
    (
        "runtime/alarms.rs",
        r#"warn: %peer, %commit, code, reason, "a commit was refused""#,
        Alarm,
    ),
    (
        "runtime/alarms.rs",
        r#"error: peer, %record, facet = %facet.facet, %author, %epoch, %seq, %one, %other, "an author signed two commits with one number: what it wrote from there on is frozen""#,
        Alarm,
    ),
    (
        "runtime/alarms.rs",
        r#"error: %node, told_by, "two machines run with this node's key; mesh-node status says what to do""#,
        Alarm,
    ),
    (
        "runtime/alarms.rs",
        r#"error: %record, %facet, kept, "a facet was damaged in the store: its first commits are kept, peers give the rest back""#,
        Alarm,
    ),
    (
        "runtime/alarms.rs",
        r#"error: size, %one, other, "two histories of the charter are about; mesh-node checkpoint prints the evidence""#,
        Alarm,
    ),
    (
        "runtime/alarms.rs",
        r#"warn: number, %until, "rules for emergencies count from now on""#,
        Alarm,
    ),
    (
        "runtime/alarms.rs",
        r#"warn: number, facets, "the emergency is over: what came here by its rules goes; mesh-node emergency reports""#,
        Alarm,
    ),
    (
        "runtime/alarms.rs",
        r#"error: %cosigner, size, %seen, "a township has signed a newer charter, which has not arrived here in a day""#,
        Alarm,
    ),
    (
        "runtime/alarms.rs",
        r#"warn: %peer, code, what, "a peer broke the protocol""#,
        Alarm,
    ),
    (
        "runtime/network.rs",
        r#"info: address, "listening""#,
        NothingOfFacets,
    ),
    (
        "runtime/network.rs",
        r#"error: address, "no longer listening""#,
        NothingOfFacets,
    ),
    ("runtime/running.rs", r#"info: "stopped""#, NothingOfFacets),
    (
        "runtime/reading.rs",
        r#"info: "the read model is made anew: it was made for other tables""#,
        NothingOfFacets,
    ),
    (
        "runtime/reading.rs",
        r#"warn: why, "the read model is made anew""#,
        NothingOfFacets,
    ),
    (
        "runtime/reading.rs",
        r#"warn: why, "the read model failed and is made anew""#,
        HeldFacet,
    ),
    (
        "runtime/reading.rs",
        r#"error: why, "the read model cannot be used; records are not affected""#,
        HeldFacet,
    ),
    (
        "app/use_cases/record_show.rs",
        r#"info: %record, %facet, %role, readable, reason, "a person looked at a facet""#,
        HeldFacet,
    ),
    (
        "store/sled.rs",
        r#"error: folder = %self.folder.display(), panic, "the store's engine did not close cleanly""#,
        NothingOfFacets,
    ),
    (
        "transport/driver.rs",
        r#"debug: %node, %why, ?retry_in, "dialling failed""#,
        NothingOfFacets,
    ),
    (
        "transport/driver.rs",
        r#"debug: %from, %error, "an incoming connection did not finish its handshake""#,
        NothingOfFacets,
    ),
    (
        "transport/driver.rs",
        r#"info: ?cut, "lines are cut or healed""#,
        NothingOfFacets,
    ),
    (
        "transport/driver.rs",
        r#"error: ?reason, "a listener closed""#,
        NothingOfFacets,
    ),
    (
        "transport/reports.rs",
        r#"debug: ?key, ?node, %why, "refused""#,
        NothingOfFacets,
    ),
    (
        "transport/exchange.rs",
        r#"error: %id, bytes = bytes.len(), "a response over the limit was not sent""#,
        NothingOfFacets,
    ),
    (
        "transport/exchange.rs",
        r#"debug: %error, "a peer's request went away before its answer""#,
        NothingOfFacets,
    ),
    (
        "runtime/network.rs",
        r#"warn: ?node, code, key, from, "a connection or frame was turned away""#,
        NothingOfFacets,
    ),
    (
        "runtime/network.rs",
        r#"warn: code, from, count, "connections were turned away unheard""#,
        NothingOfFacets,
    ),
    (
        "runtime/network.rs",
        r#"warn: cause, "a listener could not accept a connection""#,
        NothingOfFacets,
    ),
    (
        "runtime/network.rs",
        r#"info: %node, %address, we_dialled, "line up""#,
        NothingOfFacets,
    ),
    (
        "runtime/network.rs",
        r#"info: %node, %why, "line down""#,
        NothingOfFacets,
    ),
    (
        "runtime/keeper.rs",
        r#"warn: %problem, "what waits for neighbours could not be saved""#,
        NothingOfFacets,
    ),
    (
        "runtime/summaries.rs",
        r#"warn: what, node, count, origins, "more of the same within a minute""#,
        HeldFacet,
    ),
    (
        "doors/server.rs",
        r#"warn: %error, "the control socket cannot accept a connection; it goes on trying""#,
        NothingOfFacets,
    ),
    (
        "doors/server.rs",
        r#"info: "the control socket accepts connections again""#,
        NothingOfFacets,
    ),
    (
        "runtime/keeper.rs",
        r#"warn: free_bytes, "there is no room on the disk: nothing is written, reading goes on""#,
        NothingOfFacets,
    ),
    (
        "runtime/keeper.rs",
        r#"info: free_bytes, "there is room on the disk again""#,
        NothingOfFacets,
    ),
    (
        "runtime/running.rs",
        r#"warn: "a write found no room on the disk; the store is opened again for reading""#,
        NothingOfFacets,
    ),
    (
        "runtime/identity.rs",
        r#"warn: %public, "this node has a new key; others take what it signs once the charter lists it""#,
        NothingOfFacets,
    ),
    (
        "runtime/identity.rs",
        r#"info: "node.toml is not the one of the last start""#,
        NothingOfFacets,
    ),
    (
        "runtime/keeper.rs",
        r#"warn: problems, set_aside, "the store was damaged and has been mended; nothing that was saved is lost; have the disk checked""#,
        HeldFacet,
    ),
    (
        "store/store.rs",
        r#"warn: %error, "read in the second copy of the store; start the node again to have it mended""#,
        HeldFacet,
    ),
];

const LEVELS: [&str; 4] = ["error", "warn", "info", "debug"];

/// All calls in a file, each in one line.
fn calls(text: &str) -> Vec<String> {
    let after = text.split("tracing::").skip(1);
    let calls = after.filter_map(|rest| {
        let (level, rest) = rest.split_once("!(")?;
        assert!(LEVELS.contains(&level), "{level}");
        let (arguments, _) = rest.split_once(");")?;
        let words: Vec<_> = arguments.split_whitespace().collect();
        let arguments = words.join(" ");
        Some(format!("{level}: {}", arguments.trim_end_matches(',')))
    });
    calls.collect()
}

#[test]
fn every_log_line_is_known_with_what_it_mentions() {
    let mut found = Vec::new();
    for source in sources() {
        let Some(path) = source.path.strip_prefix("node/") else {
            continue;
        };
        let path = path.replace("/src/", "/");
        for call in calls(&source.text) {
            found.push((path.clone(), call));
        }
        assert!(!source.text.contains("use tracing::"), "{}", source.path);
    }
    let known = LINES.iter();
    let known: Vec<_> = known
        .map(|(path, call, _)| ((*path).to_owned(), (*call).to_owned()))
        .collect();
    for line in &found {
        assert!(known.contains(line), "say what this mentions: {line:#?}");
    }
    for line in &known {
        assert!(found.contains(line), "this is no longer logged: {line:#?}");
    }
}
