//! A small county with keys, a signed charter and founded nodes, made once and copied for each run.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use crdt_model::ids::NodeId;
use node_demo::folder::CountyFolder;
use node_demo::options::{CountyOptions, SMALL_COUNTY};
use node_demo::progress::Silent;
use node_demo::setup;
use node_machine::folder::NodeFolder;
use node_machine::settings::{Environment, Flags, Settings};
use crdt_model::text::{Language, Problem};

/// The village whose records are sent.
pub(crate) fn village() -> NodeId {
    SMALL_COUNTY[2].parse().expect("a code")
}

/// The township above it.
pub(crate) fn township() -> NodeId {
    SMALL_COUNTY[1].parse().expect("a code")
}

/// A county's folder.
#[derive(Clone, Debug)]
pub(crate) struct County {
    path: PathBuf,
}

impl County {
    /// The county in this folder.
    pub(crate) fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Makes one.
    pub(crate) fn make(path: &Path) -> anyhow::Result<Self> {
        let mut options = CountyOptions::new(path, "");
        options.only = SMALL_COUNTY
            .iter()
            .map(|code| code.parse())
            .collect::<Result<_, _>>()?;
        let folder = CountyFolder::open(path).map_err(told)?;
        setup::set_up(&options, &folder, &Silent).map_err(told)?;
        Ok(Self::at(path))
    }

    /// The same county, founded and empty, in another folder.
    pub(crate) fn copy(&self, to: &Path) -> anyhow::Result<Self> {
        copy_folder(&self.path, to)?;
        Ok(Self::at(to))
    }

    /// The folder of one node.
    pub(crate) fn node(&self, node: NodeId) -> NodeFolder {
        NodeFolder::new(self.path.join("nodes").join(node.to_string()))
    }

    /// The settings that a node runs with, listening on this port if on any.
    pub(crate) fn settings(&self, node: NodeId, port: Option<u16>) -> anyhow::Result<Settings> {
        let listen = port.map(|port| format!("/ip4/127.0.0.1/tcp/{port}"));
        let flags = Flags {
            listen: listen.into_iter().collect(),
            ..Flags::default()
        };
        Settings::load(&self.node(node), &Environment::default(), &flags).map_err(told)
    }

    /// The port at which the roster says that the township listens.
    pub(crate) fn port(&self) -> anyhow::Result<u16> {
        let settings = self.settings(township(), None)?;
        let address = settings.listen().first().context("an address")?;
        Ok(address.rsplit('/').next().context("a port")?.parse()?)
    }
}

/// An error for whoever runs the measurement.
pub(crate) fn told(problem: Problem) -> anyhow::Error {
    anyhow!("{}", problem.what.in_language(Language::En))
}

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy_folder(&entry.path(), &target)?,
            false => std::fs::copy(entry.path(), target).map(|_| ())?,
        }
    }
    Ok(())
}
