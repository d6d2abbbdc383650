//! What somebody wants of a demonstration county, checked once.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use crdt_model::ids::NodeId;

use crdt_model::text;
use crdt_model::text::{Language, Problem};

/// The scale at which a laptop shows the whole within half a minute.
pub const DEFAULT_SCALE: f64 = 0.01;
/// The largest scale: ten times the year that the sample's figures are taken from.
pub const SCALE_MAX: f64 = 10.0;
/// Seconds after loading in which everything must have arrived, unless told otherwise.
pub const DEFAULT_TIMEOUT_S: u64 = 1_800;

/// How much of the year's records is made: 1 is all of it.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug)]
pub struct Scale(f64);

impl Scale {
    /// A scale from 0 (nothing but a few notices) to [`SCALE_MAX`].
    ///
    /// # Errors
    /// A number outside of that.
    pub fn new(factor: f64) -> Result<Self, Problem> {
        if (0.0..=SCALE_MAX).contains(&factor) {
            return Ok(Self(factor));
        }
        Err(Problem::new(
            "county-scale",
            text!(
                "规模 {factor} 超出范围",
                "the scale {factor} is out of range"
            ),
            text!(
                "请给出 0 到 {SCALE_MAX} 之间的数",
                "give a number from 0 to {SCALE_MAX}"
            ),
        ))
    }

    /// The factor.
    pub fn factor(self) -> f64 {
        self.0
    }

    /// So many of a full year's.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "between 0 and ten times a few ten thousand"
    )]
    pub fn of(self, full: u64) -> u64 {
        (full as f64 * self.0).round() as u64
    }
}

impl Default for Scale {
    fn default() -> Self {
        Self(DEFAULT_SCALE)
    }
}

/// How much of what the nodes hold is held against plain Cedar.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[value(rename_all = "kebab-case")]
pub enum Verify {
    /// Nothing: whether the lines are quiet is all that is looked at.
    Off,
    /// One facet in sixteen, on all nodes; the report says so.
    Sample,
    /// Every facet and every node.
    #[default]
    All,
}

/// A county to be made or taken up again.
#[derive(Clone, Debug)]
pub struct CountyOptions {
    /// Its folder.
    pub data: PathBuf,
    /// The program that runs a node.
    pub program: PathBuf,
    /// How many records.
    pub scale: Scale,
    /// Only these nodes of the roster, for small counties in tests; all if none is named. The
    /// county itself and the townships of named villages are always there. The charter's checks
    /// speak of other townships and of neighbours, so a county that has neither cannot be signed;
    /// [`SMALL_COUNTY`] has both.
    pub only: Vec<NodeId>,
    /// The address that the county and the townships are dialled at.
    pub host: IpAddr,
    /// The first of the ports that the county and the townships listen on; free ones if none is
    /// given.
    pub base_port: Option<u16>,
    /// Make it anew, if the folder holds a county.
    pub fresh: bool,
    /// The language of the nodes' own messages.
    pub language: Language,
    /// How much is verified.
    pub verify: Verify,
}

impl CountyOptions {
    /// A county with everything at its default.
    pub fn new(data: impl Into<PathBuf>, program: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            program: program.into(),
            scale: Scale::default(),
            only: Vec::new(),
            host: Ipv4Addr::LOCALHOST.into(),
            base_port: None,
            fresh: false,
            language: Language::default(),
            verify: Verify::default(),
        }
    }
}

/// A small county that every check of the charter still speaks about: two townships with two
/// villages each.
pub const SMALL_COUNTY: [&str; 7] = [
    "620723000000",
    "620723101000",
    "620723101205",
    "620723101207",
    "620723104000",
    "620723104201",
    "620723104202",
];
