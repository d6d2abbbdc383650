//! The reviewers' tool stands alone: no network, no async runtime, no code of the node, whatever is
//! in the crates that it is made of.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

use super::root;

/// Crates that open sockets, or run tasks that do, by how their names begin.
const NETWORK: [&str; 18] = [
    "libp2p",
    "tokio",
    "mio",
    "socket2",
    "hyper",
    "reqwest",
    "ureq",
    "curl",
    "rustls",
    "openssl",
    "native-tls",
    "quinn",
    "axum",
    "async-std",
    "smol",
    "futures-executor",
    "h2",
    "tonic",
];

/// Our crates that it must not have in it.
const OURS: [&str; 12] = [
    "netsim",
    "node-machine",
    "node-store",
    "node-transport",
    "node-readmodel",
    "node-import",
    "node-runtime",
    "node-app",
    "node-doors",
    "node-demo",
    "node",
    "countymesh-tests",
];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(
            ["--locked", "--filter-platform", "x86_64-unknown-linux-gnu"].map(String::from),
        )
        .exec()
        .expect("cargo metadata")
}

/// Everything that the crate `policy` is built from, besides its tests.
fn built_from(metadata: &Metadata) -> BTreeSet<String> {
    let resolve = metadata.resolve.as_ref().expect("a resolution");
    let uses: BTreeMap<&PackageId, Vec<&PackageId>> = resolve
        .nodes
        .iter()
        .map(|node| {
            let linked = node.deps.iter().filter(|one| {
                one.dep_kinds
                    .iter()
                    .any(|kind| kind.kind == DependencyKind::Normal)
            });
            (&node.id, linked.map(|one| &one.pkg).collect())
        })
        .collect();
    let policy = metadata
        .packages
        .iter()
        .find(|package| package.name.as_str() == "policy");
    let mut open = vec![&policy.expect("the crate").id];
    let mut found = BTreeSet::new();
    while let Some(id) = open.pop() {
        if found.insert(id) {
            open.extend(uses.get(id).into_iter().flatten());
        }
    }
    let named = |id: &PackageId| metadata[id].name.to_string();
    found.into_iter().map(named).collect()
}

#[test]
fn mesh_policy_has_no_network_crate_in_its_tree() {
    let built_from = built_from(&metadata());
    println!("mesh-policy is built from {} crates", built_from.len());
    assert!(built_from.contains("cedar-policy"), "the tree was not read");
    for name in &built_from {
        let network = NETWORK.iter().any(|begin| {
            name == begin
                || name
                    .strip_prefix(begin)
                    .is_some_and(|rest| rest.starts_with('-'))
        });
        assert!(
            !network && !OURS.contains(&name.as_str()),
            "{name} is in its tree"
        );
    }
}
