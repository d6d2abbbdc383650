//! The review of a period at one node: what came in, where it stands, what is due. Everything in it
//! is a number or a code that the role may read; no person and no text that somebody wrote.
//!
//! [`gather`] asks the read model, by the [`Ground`] that it is given, and gives a [`Report`]; [`html`]
//! and [`xlsx`] lay the same tables out as a page and as a workbook, in either language.
//!
//! * [`period`]: days, weeks, months and quarters.
//! * `counting`: one table from a facet, its axis and its columns.
//! * `came_in`, `disputes`, `limits`, `notices`, `devices`, `cooperation`, `measures`: the sections.
//! * `chart`: bars as SVG.

mod came_in;
mod chart;
mod cooperation;
mod counting;
mod devices;
mod disputes;
mod ground;
pub mod html;
mod laid_out;
mod limits;
mod measures;
mod notices;
pub mod period;
pub mod xlsx;

use node_readmodel::ReadModelError;

pub(crate) use counting::named;
pub use ground::Ground;
pub use laid_out::{Cell, Chart, Report, Section, Table};

/// Draws up the report.
pub fn gather(ground: &Ground<'_>) -> Result<Report, ReadModelError> {
    let made = [
        came_in::section(ground)?,
        disputes::section(ground)?,
        limits::section(ground)?,
        notices::section(ground)?,
        devices::section(ground)?,
        cooperation::section(ground)?,
        measures::section(ground)?,
    ];
    let mut withheld = ground.limits_withheld;
    for kind in ground.kinds.iter() {
        for facet in &kind.facets {
            withheld |= ground.model.sight(facet.name, ground.may_read)?.withheld;
        }
    }
    let mut sections: Vec<Section> = made.into_iter().flatten().collect();
    sections.iter_mut().for_each(Section::say_what_is_hidden);
    Ok(Report {
        node: ground.node,
        name: ground.name(ground.node),
        period: ground.period,
        as_of: ground.now,
        over: ground.period.is_over(ground.now),
        charter: ground.charter,
        role: ground.role.0,
        role_title: ground.role.1.clone(),
        catching_up: ground.catching_up,
        heard: ground.heard.clone(),
        withheld,
        sections,
    })
}
