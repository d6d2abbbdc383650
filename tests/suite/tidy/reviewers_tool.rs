//! The reviewers' tool stands alone: no network, no async runtime, no code of the node, whatever is
//! in the crates that it is made of.

use std::collections::BTreeSet;

use super::{built_from, resolved};

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

/// Our crates that it may have in it.
const OURS: [&str; 2] = ["crdt-model", "policy"];

#[test]
fn mesh_policy_has_no_network_crate_in_its_tree() {
    let built_from = built_from("policy", &resolved(&[]));
    println!("mesh-policy is built from {} crates", built_from.len());
    assert!(built_from.contains("cedar-policy"), "the tree was not read");
    let ours: BTreeSet<String> = super::crates().into_iter().map(|(name, _)| name).collect();
    for name in &built_from {
        let network = NETWORK.iter().any(|begin| {
            name == begin
                || name
                    .strip_prefix(begin)
                    .is_some_and(|rest| rest.starts_with('-'))
        });
        let of_others = ours.contains(name) && !OURS.contains(&name.as_str());
        assert!(!network && !of_others, "{name} is in its tree");
    }
}
