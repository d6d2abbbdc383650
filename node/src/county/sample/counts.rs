//! How many records of each sort a year has, and how many of them a scale makes.

use serde::Serialize;

use crate::county::options::Scale;

/// Nodes that the year's figures are spread over: 71 villages and 5 communities.
const VILLAGES: u64 = 76;

/// Records of each sort.
///
/// The sample is made record by record from its number, so a larger scale has every record of a
/// smaller one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Counts {
    /// Grid reports.
    pub grid_reports: u64,
    /// Disputes, of about ten commits each.
    pub cases: u64,
    /// Public cameras.
    pub cameras: u64,
    /// Devices of traffic control.
    pub traffic_devices: u64,
    /// Electronic checkpoints.
    pub checkpoints: u64,
    /// Warning terminals.
    pub warning_terminals: u64,
    /// Notices of the county and the townships; each has its replies.
    pub notices: u64,
}

impl Counts {
    /// One year of Linze County, by its own figures; notices are as many as a year may have.
    pub const YEAR: Self = Self {
        grid_reports: 37_000,
        cases: 3_791,
        cameras: 2_236,
        traffic_devices: 233,
        checkpoints: 77,
        warning_terminals: 474,
        notices: 300,
    };

    /// What every county has at least, however small: one of each sort, and notices of each sort.
    const LEAST: Self = Self {
        grid_reports: 4,
        cases: 12,
        cameras: 8,
        traffic_devices: 1,
        checkpoints: 1,
        warning_terminals: 1,
        notices: 10,
    };

    /// So much of the year, for a county of so many villages.
    pub fn at(scale: Scale, villages: usize) -> Self {
        let share = |full: u64, least: u64| {
            let villages = u64::try_from(villages).unwrap_or(VILLAGES);
            (scale.of(full) * villages).div_ceil(VILLAGES).max(least)
        };
        let (year, least) = (Self::YEAR, Self::LEAST);
        Self {
            grid_reports: share(year.grid_reports, least.grid_reports),
            cases: share(year.cases, least.cases),
            cameras: share(year.cameras, least.cameras),
            traffic_devices: share(year.traffic_devices, least.traffic_devices),
            checkpoints: share(year.checkpoints, least.checkpoints),
            warning_terminals: share(year.warning_terminals, least.warning_terminals),
            notices: share(year.notices, least.notices),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_year_has_the_countys_own_figures() {
        let whole = Counts::at(Scale::new(1.0).expect("a scale"), 76);
        assert_eq!(whole, Counts::YEAR);
    }

    #[test]
    fn a_small_county_has_its_share_and_a_little_of_everything() {
        let small = Counts::at(Scale::new(0.1).expect("a scale"), 4);
        assert_eq!(small.grid_reports, 195, "3,700 times 4 by 76, rounded up");
        let least = Counts::at(Scale::new(0.0).expect("a scale"), 4);
        assert_eq!(least, Counts::LEAST);
    }
}
