//! Makes a county in its folder: a key for every node, the template's charter with these keys and
//! three demonstration reviewers in it, two signatures, and a store for every node. The same steps
//! that a real county takes with `mesh-node init` and `mesh-policy sign`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use crdt_model::ids::{CharterDigest, Name, NodeId};
use jiff::{Span, Timestamp};
use policy::making::template::{self, Entry, Filling};
use policy::signing::key_files::make_key_pair;
use policy::signing::sign::{sign, write_manifest};

use super::crew;
use super::folder::{CountyFolder, Marker, unusable, write_whole};
use super::members::Members;
use super::options::CountyOptions;
use super::ports;
use super::progress::Progress;
use super::template::MAPPINGS;
use crdt_model::text;
use crdt_model::text::{Language, Problem};
use node_machine::clock::Clock;
use node_machine::folder::Founding;

/// The demonstration reviewers; any two of them sign.
pub const REVIEWERS: [&str; 3] = ["demo-reviewer-a", "demo-reviewer-b", "demo-reviewer-c"];
/// How many of them sign.
const SIGNERS: usize = 2;
/// Hours that the charter has been in force for, so that clocks may differ a little.
const IN_FORCE_SINCE_H: i64 = 24;
/// Hours that it stays in force.
const IN_FORCE_FOR_H: i64 = 2 * 365 * 24;

/// Makes the county, unless the folder holds one already.
///
/// # Errors
/// A folder that cannot be used, or holds a county of other nodes.
pub fn set_up(
    options: &CountyOptions,
    folder: &CountyFolder,
    progress: &dyn Progress,
) -> Result<Members, Problem> {
    let marker = folder
        .marker()?
        .filter(|marker| marker.complete && !options.fresh);
    match marker {
        Some(marker) => check_same(options, &marker)?,
        None => make(options, folder, progress)?,
    }
    let path = folder.charter().join("roster.toml");
    let roster = std::fs::read_to_string(&path).map_err(|problem| unusable(&path, &problem))?;
    Members::parse(&path, &roster)
}

fn make(
    options: &CountyOptions,
    folder: &CountyFolder,
    progress: &dyn Progress,
) -> Result<(), Problem> {
    let nodes = chosen(&template::nodes(&template::linze()), &options.only)?;
    let mut marker = Marker {
        made_by: folder
            .marker()?
            .map_or_else(String::new, |marker| marker.made_by),
        complete: false,
        nodes: nodes.clone(),
    };
    folder.write_marker(&marker)?;
    folder.clear()?;
    progress.stage(&text!("生成节点密钥", "making the nodes' keys"));
    let entries = entries(options, folder, &nodes)?;
    progress.stage(&text!(
        "填写并签署章程",
        "filling in and signing the charter"
    ));
    write_charter(folder, &entries)?;
    let digest = sign_charter(folder)?;
    for (name, content) in MAPPINGS {
        write_whole(&folder.mappings().join(name), content)?;
    }
    progress.stage(&text!("建立各节点的数据存储", "founding the nodes"));
    found_all(options, folder, &entries, digest, progress)?;
    marker.complete = true;
    folder.write_marker(&marker)
}

/// The nodes asked for, with those above them.
fn chosen(all: &[NodeId], only: &[NodeId]) -> Result<Vec<NodeId>, Problem> {
    if only.is_empty() {
        return Ok(all.to_vec());
    }
    let mut wanted = BTreeSet::new();
    for node in only {
        if !all.contains(node) {
            return Err(Problem::new(
                "county-no-such-node",
                text!("名册中没有节点 {node}", "the roster has no node {node}"),
                text!(
                    "节点代码见章程的 roster.toml",
                    "roster.toml of the charter lists the codes"
                ),
            ));
        }
        wanted.extend(std::iter::successors(Some(*node), |node| node.parent()));
    }
    Ok(wanted.into_iter().collect())
}

fn check_same(options: &CountyOptions, marker: &Marker) -> Result<(), Problem> {
    if options.only.is_empty() || chosen(&marker.nodes, &options.only)? == marker.nodes {
        return Ok(());
    }
    let count = marker.nodes.len();
    Err(Problem::new(
        "county-other-nodes",
        text!(
            "目录中的演示县由另外 {count} 个节点组成",
            "the folder's county has {count} other nodes"
        ),
        text!(
            "用 --fresh 重建，或另选目录",
            "make it anew with --fresh, or choose another folder"
        ),
    ))
}

/// Whether others dial a node.
fn listens(node: NodeId) -> bool {
    node.parent().is_none_or(|parent| parent.parent().is_none())
}

/// Makes the keys and lays down the addresses.
fn entries(
    options: &CountyOptions,
    folder: &CountyFolder,
    nodes: &[NodeId],
) -> Result<BTreeMap<NodeId, Entry>, Problem> {
    let listening = nodes.iter().filter(|node| listens(**node)).count();
    let mut port = ports::choose(
        options.base_port,
        u16::try_from(listening).unwrap_or(u16::MAX),
    )?;
    let host = match options.host {
        IpAddr::V4(host) => format!("/ip4/{host}"),
        IpAddr::V6(host) => format!("/ip6/{host}"),
    };
    let mut entries = BTreeMap::new();
    for node in nodes {
        let key = folder.node(*node).make_key()?;
        let mut addresses = Vec::new();
        if listens(*node) {
            addresses.push(format!("{host}/tcp/{port}"));
            addresses.push(format!("{host}/udp/{port}/quic-v1"));
            port = port.saturating_add(1);
        }
        entries.insert(*node, Entry { key, addresses });
    }
    Ok(entries)
}

fn write_charter(folder: &CountyFolder, entries: &BTreeMap<NodeId, Entry>) -> Result<(), Problem> {
    let mut reviewers = Vec::new();
    for name in REVIEWERS {
        let name = Name::new(name).map_err(|problem| refused(&problem))?;
        let pair = make_key_pair(name, &folder.reviewers()).map_err(|problem| refused(&problem))?;
        reviewers.push((name.to_string(), pair.line));
    }
    let now = i64::try_from(Clock::start().now().wall.ms).unwrap_or(i64::MAX);
    let date = |hours: i64| {
        let now = Timestamp::from_millisecond(now).map_err(|problem| refused(&problem))?;
        let then = now
            .checked_add(Span::new().hours(hours))
            .map_err(|problem| refused(&problem))?;
        Ok::<String, Problem>(then.strftime("%Y-%m-%dT%H:00:00Z").to_string())
    };
    let filling = Filling {
        nodes: entries.clone(),
        reviewers,
        from: date(-IN_FORCE_SINCE_H)?,
        until: date(IN_FORCE_FOR_H)?,
    };
    for (path, content) in template::fill(&template::linze(), &filling).files {
        write_whole(&folder.charter().join(path), &content)?;
    }
    Ok(())
}

fn sign_charter(folder: &CountyFolder) -> Result<CharterDigest, Problem> {
    let charter = folder.charter();
    let written = write_manifest(&charter, None).map_err(|problem| refused(&problem))?;
    for reviewer in REVIEWERS.into_iter().take(SIGNERS) {
        let key = folder.reviewers().join(reviewer);
        sign(&charter, &key, Some(reviewer), None).map_err(|problem| refused(&problem))?;
    }
    Ok(written.digest)
}

fn found_all(
    options: &CountyOptions,
    folder: &CountyFolder,
    entries: &BTreeMap<NodeId, Entry>,
    digest: CharterDigest,
    progress: &dyn Progress,
) -> Result<(), Problem> {
    let all: Vec<(&NodeId, &Entry)> = entries.iter().collect();
    let (of, done) = (all.len() as u64, AtomicU64::new(0));
    crew::each(all, crew::processors(), |(node, entry)| {
        let own = folder.node(*node);
        let settings = settings(options, *node, entry);
        write_whole(&own.settings(), settings.as_bytes())?;
        let founding = Founding {
            node: *node,
            charter: folder.charter(),
            digest: Some(digest),
        };
        node_runtime::found(&own, &founding)?;
        progress.at(done.fetch_add(1, Ordering::Relaxed) + 1, of);
        Ok(())
    })
}

/// Mebibytes that a node's store may cache.
fn cache_mib(node: NodeId) -> u64 {
    match (node.parent(), node.parent().and_then(NodeId::parent)) {
        (None, _) => 48,
        (Some(_), None) => 12,
        (Some(_), Some(_)) => 4,
    }
}

fn settings(options: &CountyOptions, node: NodeId, entry: &Entry) -> String {
    let listen: Vec<String> = entry
        .addresses
        .iter()
        .map(|one| format!("\"{one}\""))
        .collect();
    let language = match options.language {
        Language::Zh => "zh",
        Language::En => "en",
    };
    format!(
        "node = \"{node}\"\nlisten = [{}]\ncache_mib = {}\nlog = \"warn\"\nlang = \"{language}\"\n",
        listen.join(", "),
        cache_mib(node),
    )
}

fn refused(problem: &dyn Display) -> Problem {
    Problem::new(
        "county-charter",
        text!(
            "演示县的章程没有建成（`{problem}`）",
            "the county's charter was not made: {problem}"
        ),
        text!(
            "用 mesh-policy check 检查该目录中的 `charter`；--only 至少要有两个镇，其中一个镇有两\
             个村",
            "check the folder's charter with mesh-policy check; --only needs two townships at least, and \
             two villages in one of them"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::SMALL_COUNTY;
    use crate::progress::Silent;

    fn small(data: &std::path::Path) -> CountyOptions {
        let mut options = CountyOptions::new(data, "mesh-node");
        options.only = SMALL_COUNTY
            .iter()
            .map(|code| code.parse().expect("a code"))
            .collect();
        options
    }

    #[test]
    fn a_small_county_is_signed_founded_and_taken_up_again() {
        let data = tempfile::tempdir().expect("a folder");
        let options = small(data.path());
        let folder = CountyFolder::open(data.path()).expect("opens");
        let members = set_up(&options, &folder, &Silent).expect("set up");
        assert_eq!(members.nodes().len(), 7);
        let files = policy::CharterFiles::read(&folder.charter()).expect("a charter");
        let (charter, manifest) = policy::signing::sign::check_ready(&files).expect("ready");
        assert_eq!(manifest.version, crdt_model::ids::CharterVersion(1));
        assert_eq!(charter.expected().count(), 0);
        for node in members.nodes() {
            assert!(folder.node(node).store().is_dir(), "{node} has a store");
        }
        let before = std::fs::read(folder.charter().join("manifest")).expect("a manifest");
        assert_eq!(
            set_up(&options, &folder, &Silent).expect("taken up"),
            members
        );
        assert_eq!(
            std::fs::read(folder.charter().join("manifest")).expect("kept"),
            before
        );
        let mut other = options;
        other.only.truncate(6);
        assert_eq!(
            set_up(&other, &folder, &Silent).expect_err("other").code,
            "county-other-nodes"
        );
        other.fresh = true;
        assert_eq!(
            set_up(&other, &folder, &Silent)
                .expect("made anew")
                .nodes()
                .len(),
            6
        );
    }

    #[test]
    fn a_node_that_the_roster_does_not_have_is_refused() {
        let nodes = template::nodes(&template::linze());
        assert_eq!(nodes.len(), 84);
        let stranger = "620723999999".parse().expect("a code");
        assert_eq!(
            chosen(&nodes, &[stranger]).expect_err("unknown").code,
            "county-no-such-node"
        );
        let village = "620723104201".parse().expect("a code");
        assert_eq!(
            chosen(&nodes, &[village]).expect("with those above").len(),
            3
        );
    }
}
