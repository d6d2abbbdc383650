//! The program to install has no demonstration in it.

use super::{built_from, resolved};

#[test]
fn mesh_node_is_built_without_the_demonstration_where_it_is_asked_for() {
    let demo = |flags: &[&str]| {
        let built_from = built_from("node", &resolved(flags));
        assert!(built_from.contains("node-runtime"), "the tree was not read");
        built_from.contains("node-demo")
    };
    assert!(
        demo(&[]),
        "`mesh-node county` is the README's first command"
    );
    assert!(!demo(&["--no-default-features"]));
}

/// The command by which documents say that it is built.
#[test]
fn documents_build_the_program_to_install_without_the_demonstration() {
    for name in ["README.md", "README.zh-CN.md", "docs/performance.md"] {
        let text = std::fs::read_to_string(super::root().join(name)).expect("a document");
        let builds = text
            .lines()
            .filter(|line| line.starts_with("cargo build ") && line.contains("--profile dist"));
        let builds: Vec<&str> = builds.collect();
        assert!(!builds.is_empty(), "{name}");
        for line in builds {
            assert!(
                line.contains("--no-default-features -p node"),
                "{name}: {line}"
            );
        }
    }
}
