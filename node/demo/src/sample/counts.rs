//! How many records of each sort a year has, and how many of them a scale makes.

use serde::Serialize;

use crate::options::Scale;

/// Nodes that the year's figures are spread over: 71 villages and 5 communities.
const VILLAGES: u64 = 76;

/// Each sort with how many a year has, and how many every county has, however small.
macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident: $year:literal, $least:literal;)+) => {
        /// Records of each sort.
        ///
        /// The sample is made record by record from its number, so a larger scale has every record
        /// of a smaller one.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
        pub struct Counts {
            $($(#[$doc])* pub $name: u64,)+
        }

        impl Counts {
            /// One year of Linze County, by its own figures where it has published them.
            pub const YEAR: Self = Self { $($name: $year,)+ };

            /// A little of everything.
            const LEAST: Self = Self { $($name: $least,)+ };

            fn map(share: impl Fn(u64, u64) -> u64) -> Self {
                let (year, least) = (Self::YEAR, Self::LEAST);
                Self { $($name: share(year.$name, least.$name),)+ }
            }
        }
    };
}

counts! {
    /// Grid reports: “more than 37,000”.
    grid_reports: 37_120, 4;
    /// Disputes, of about ten commits each.
    cases: 3_791, 12;
    /// Public cameras in service.
    cameras: 2_236, 8;
    /// Cameras that others connect, which the county's figure does not count; some are kept at home.
    social_cameras: 60, 2;
    /// Devices of traffic control.
    traffic_devices: 233, 1;
    /// Electronic checkpoints.
    checkpoints: 77, 1;
    /// Estates with smart protection.
    estates: 107, 1;
    /// Warning systems.
    warning_systems: 4, 1;
    /// Warning terminals.
    warning_terminals: 474, 1;
    /// Notices of the county and the townships; each has its replies.
    notices: 300, 10;
    /// Grids, each with the post of a full-time grid worker.
    grids: 180, 2;
    /// Posts of stability grid workers: one in each village that is no community.
    stability_workers: 71, 1;
    /// Posts of judges, prosecutors, police and lawyers who serve grids.
    four_posts: 121, 4;
    /// Their teams: one for each township.
    four_post_teams: 7, 7;
    /// Police officers in village committees.
    committee_police: 37, 1;
    /// Liaisons with police, court and petition office: three for each centre.
    liaisons: 24, 3;
    /// Watch brigades, companies and squads.
    brigades: 10, 7;
    /// See `brigades`.
    companies: 75, 1;
    /// See `brigades`.
    squads: 721, 4;
    /// Emergency response: 100 at the county, 50 in each township.
    response_teams: 8, 2;
    /// The standing patrol, of 15.
    patrols: 1, 1;
    /// Smallest action units.
    combat_units: 5, 1;
    /// Smallest emergency units, of 5 each.
    emergency_units: 22, 1;
    /// Teams of the psychological service: 497 people together.
    psychology_teams: 10, 1;
    /// Bodies that sit in the county's centre for good.
    resident_bodies: 5, 5;
    /// Bodies that sit there by turns: 12 of industries, the trade union, the women's federation.
    rotating_bodies: 14, 3;
    /// Hand-offs: 1,200 that were accepted, and 50 that were declined.
    handoffs: 1_250, 4;
    /// Calls of a centre.
    callouts: 240, 2;
    /// Reviews of each day at the county.
    daily_reviews: 320, 1;
    /// Reviews of each week: 52 in each township.
    weekly_reviews: 364, 2;
    /// Reviews of each month at the county.
    monthly_reviews: 12, 1;
    /// Reviews of each quarter at the county.
    quarterly_reviews: 4, 1;
    /// Rows of reviewed legal cases: three classes in four quarters.
    legal_reviews: 12, 3;
    /// Statements of townships on their checklist, each with the county's view: 15 items, 4 quarters.
    statements: 420, 2;
    /// Looks at barriers along village roads: 78.7 km together.
    road_barriers: 100, 2;
    /// Looks at entrance systems: one for each estate.
    entrance_systems: 107, 1;
    /// Looks at vehicle barriers.
    vehicle_barriers: 60, 1;
    /// Numbers that are reported: five classes in twelve months.
    numbers: 60, 5;
}

impl Counts {
    /// The whole year of a county of so many villages.
    pub(super) fn whole(villages: usize) -> Self {
        Self::map(|full, least| share(full, least, villages))
    }

    /// So much of the year, for a county of so many villages.
    pub fn at(scale: Scale, villages: usize) -> Self {
        let mut counts = Self::map(|full, least| share(scale.of(full), least, villages));
        // A squad's company is there.
        let last = company_of(counts.squads.saturating_sub(1));
        counts.companies = counts.companies.max(last + 1);
        counts
    }
}

fn share(full: u64, least: u64, villages: usize) -> u64 {
    let villages = u64::try_from(villages).unwrap_or(VILLAGES);
    (full * villages).div_ceil(VILLAGES).max(least)
}

/// The number of the company that a squad belongs to.
pub(super) fn company_of(squad: u64) -> u64 {
    squad * Counts::YEAR.companies / Counts::YEAR.squads
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
        assert_eq!(small.grid_reports, 196, "3,712 times 4 by 76, rounded up");
        let least = Counts::at(Scale::new(0.0).expect("a scale"), 4);
        assert_eq!(least, Counts::LEAST);
    }
}
