//! Letters that follow on each other by themselves, with the line down and the node started anew.

use crdt_model::draft::Draft;
use crdt_model::label::{FacetId, Grade};

use crate::county::{County, beijing, draft, text, time};

/// A task that the county gives the village, with ten working days.
fn task(county: &mut County) -> FacetId {
    let (node, village) = (county.county, county.village);
    let task = FacetId {
        home: node,
        addressee: village,
        ..county.new_facet("notice.content")
    };
    let now = county.world.wall();
    let fields = [
        ("kind", text("task")),
        ("step", text("issued")),
        ("title", text("虚构：排查灌渠安全隐患")),
        ("text", text("虚构：请于时限内报送排查情况。")),
        ("issue-time", time(now)),
    ];
    county.set(node, task, &fields).expect("issued");
    task
}

/// What the village says to a notice.
fn reply(county: &mut County, to: FacetId, state: &str) {
    let village = county.village;
    let reply = FacetId {
        home: village,
        addressee: county.county,
        ..county.new_facet("notice.reply")
    };
    let now = county.world.wall();
    let fields = [
        ("notice", text(&to.record.to_string())),
        ("state", text(state)),
        ("time", time(now)),
    ];
    let written = county.world.write(village, vec![draft(reply, &fields)]);
    written.expect("it replies");
}

#[test]
fn a_late_answer_brings_letter_1_and_none_letter_2_once_each_across_an_outage() {
    let mut county = County::at(beijing(7, 6, 9));
    let (node, village) = (county.county, county.village);
    let task = task(&mut county);
    county.pass_until(beijing(7, 15, 9));
    county.cut_off(village);
    county.pass_until(beijing(7, 20, 23));
    assert_eq!(county.letters(node), []);
    // Time is up while the village hears nothing; the county, which others are in touch with, goes on.
    county.pass_until(beijing(7, 21, 3));
    let [first] = county.letters(node)[..] else {
        panic!("{:?}", county.letters(node));
    };
    assert_eq!((first.home, first.addressee), (node, village));
    let letter = county.document(node, first).expect("the letter");
    let said = |key: &str| letter.settled(key).cloned();
    assert_eq!(said("letter"), text("letter-1"));
    assert_eq!(said("title"), text("第一类函（任务办理时限已到期）"));
    assert_eq!(said("about"), text(&task.record.to_string()));
    // Five working days, as the first letter's own clock has it.
    assert_eq!(said("due-time"), time(beijing(7, 29, 0)));
    assert_eq!(county.letters(village), []);
    county.start_anew(node);
    county.pass_until(beijing(7, 24, 9));
    assert_eq!(county.letters(node), [first]);
    county.world.heal_lines();
    county.pass_hours(2);
    assert_eq!(county.letters(village), [first]);
    // It says that it has read the letter, which is no answer.
    reply(&mut county, first, "read");
    county.pass_until(beijing(7, 29, 3));
    let letters = county.letters(village);
    let second = letters.iter().copied().find(|one| *one != first);
    let second = second.expect("a second letter");
    assert_eq!((letters.len(), county.letters(node).len()), (2, 2));
    assert_eq!(county.words(village, second, "letter"), ["letter-2"]);
    assert_eq!(county.words(village, second, "step"), ["issued"]);
    // Whoever says that it is done waits for the county to look at that.
    reply(&mut county, second, "done");
    for day in 0..10 {
        county.pass_hours(24);
        county.start_anew(if day % 2 == 0 { node } else { village });
    }
    assert_eq!(county.letters(node).len(), 2);
}

/// What the county does with its own hands stands: a letter that was withdrawn is not sent again, and
/// nothing follows on a task that was closed in time.
#[test]
fn nothing_follows_on_what_a_person_closed_or_withdrew() {
    let mut county = County::at(beijing(7, 6, 9));
    let node = county.county;
    let done = task(&mut county);
    county
        .set(node, done, &[("step", text("closed"))])
        .expect("closed");
    task(&mut county);
    county.pass_until(beijing(7, 21, 3));
    let letters = county.letters(node);
    assert_eq!(letters.len(), 1);
    let withdrawn = [("step", text("withdrawn"))];
    county.set(node, letters[0], &withdrawn).expect("withdrawn");
    county.start_anew(node);
    county.pass_until(beijing(8, 5, 9));
    assert_eq!(county.letters(node), letters);
}

/// The county writes to the township that keeps a matter too long; a complaint about the township's
/// own office brings it no letter, for it may not know of the complaint.
#[test]
fn a_letter_goes_only_to_who_may_hold_what_it_is_about() {
    let mut county = County::at(beijing(7, 6, 9));
    let (node, township, village) = (county.county, county.township, county.village);
    let ordinary = county.accepted_case();
    let about = Grade {
        sensitivity: "about-township".parse().expect("a name"),
        ..county.grade(ordinary, "village")
    };
    let unheard = county.new_facet("case.summary");
    let unheard_fields = [
        ("category", text("water")),
        ("channel", text("petition")),
        ("step", text("registered")),
        ("registered-time", time(county.world.wall())),
    ];
    let unheard_draft = Draft {
        grade: Some(about),
        ..draft(unheard, &unheard_fields)
    };
    county
        .world
        .write(village, vec![unheard_draft])
        .expect("registered");
    // The one goes up to the township's office by itself, and stays there.
    county.pass_until(beijing(7, 18, 3));
    assert_eq!(county.words(node, ordinary, "step"), ["level-4"]);
    let [letter] = county.letters(township)[..] else {
        panic!("{:?}", county.letters(township));
    };
    assert_eq!((letter.home, letter.addressee), (node, township));
    // Fifteen days, and then the village hears of it, and the township does not.
    county.pass_until(beijing(7, 22, 9));
    let all = county.letters(node);
    let to_village = all.iter().copied().find(|one| one.addressee == village);
    let to_village = to_village.expect("a letter to the village");
    assert!(county.letters(village).contains(&to_village));
    assert!(!county.letters(township).contains(&to_village));
    let about_it = county.document(village, to_village).expect("it is here");
    assert_eq!(
        about_it.settled("about").cloned(),
        text(&unheard.record.to_string())
    );
}
