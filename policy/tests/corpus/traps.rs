//! Several innocent rules that together do harm: found by `prove`, with the way it goes.

use crate::draft::{Draft, tiny};
use crate::entries::corpus;
use crate::folders::Folder;

fn proved(draft: Draft) -> Folder {
    Folder {
        draft,
        change: |_| (),
        arguments: &["prove", "charter"],
    }
}

/// Townships may hand up what they hold, and villages of one township may share what was handed up.
/// Together: who the parties are goes from a village to its township and on to the other village.
fn two_innocent_rules() -> Draft {
    tiny()
        .rule(
            "regrade.township",
            "permit (principal, action == Action::\"regrade\", resource)\nwhen {\n  resource in principal && principal.tier == Tier::\"township\" &&\n  [Facet::\"case.parties\", Facet::\"case.summary\"].contains(resource.facet)\n};",
        )
        .rule(
            "flow.handed-up-to-neighbours",
            "permit (principal, action == Action::\"flowAcross\", resource)\nwhen {\n  resource.level == Level::\"township\" &&\n  resource has township && principal in resource.township\n};",
        )
}

corpus! {
    a_leak_over_three_steps => proved(two_innocent_rules());
    a_leak_over_three_steps_as_checked => two_innocent_rules();
    a_leak_down_again_from_the_county => proved(tiny().rule(
        "flow.down",
        "permit (principal, action == Action::\"flowDown\", resource)\nwhen { principal.tier == Tier::\"village\" };",
    ).rule(
        "flow.across",
        "permit (principal, action == Action::\"flowAcross\", resource)\nwhen { resource.facet == Facet::\"case.parties\" && resource.level == Level::\"township\" };",
    ));
}
