//! Claims about the stories of the county's life: each comes to a good end, the same seed tells it the
//! same way, and the page about it needs nothing from elsewhere.

use netsim::charters::Shelf;
use netsim::report;
use netsim::run::Verdict;
use netsim::scenarios::{ALL, Account, Options, find, play};

/// A small part of Linze County: two townships with their villages.
const NODES: usize = 12;
const SCALE: f64 = 0.02;

fn told(name: &str, seed: u64, shelf: &Shelf) -> Account {
    let scenario = find(name).expect("a scenario");
    let options = Options {
        seed,
        nodes: NODES,
        scale: SCALE,
    };
    play(scenario, options, shelf)
}

fn ends_well(name: &str) -> Account {
    let account = told(name, 7, &Shelf::default());
    assert_eq!(account.broken, [], "{name}");
    assert_eq!(account.verdict, Verdict::Converged, "{name}");
    assert!(account.facets > 0, "{name}");
    let last = account.chronicle.samples.last().expect("a sample");
    assert_eq!(last.missing, 0, "{name}");
    account
}

#[test]
fn a_working_day_is_the_same_day_twice() {
    let shelf = Shelf::default();
    let one = told("working-day", 7, &shelf);
    let two = told("working-day", 7, &Shelf::default());
    assert_eq!(one.broken, []);
    assert_eq!((one.hash, one.events), (two.hash, two.events));
    assert_ne!(one.hash, told("working-day", 8, &shelf).hash);
}

#[test]
fn a_storm_loses_nothing_that_was_acknowledged() {
    let account = ends_well("storm");
    assert!(account.counters.get("power cut") > 0);
}

#[test]
fn all_villages_come_back_from_the_spring_festival_at_once() {
    let account = ends_well("spring-festival");
    let fewest = account.chronicle.samples.iter().map(|sample| sample.up);
    assert_eq!(fewest.min(), Some(3), "the county and two townships");
}

#[test]
fn a_township_works_on_for_a_month_alone() {
    let account = ends_well("township-month");
    assert!(account.took_ms > 30 * 24 * 3_600_000);
}

#[test]
fn a_stolen_computer_learns_nothing_more_and_is_trusted_no_more() {
    let account = ends_well("stolen-computer");
    for counter in ["clone takes over", "hostile nodes", "charter rolled out"] {
        assert!(account.counters.get(counter) > 0, "{counter}");
    }
}

#[test]
fn a_wrong_charter_is_taken_back() {
    let account = ends_well("wrong-charter");
    assert_eq!(account.counters.get("charter rolled out"), 2);
}

#[test]
fn a_new_village_joins() {
    let account = ends_well("onboarding");
    assert_eq!(account.counters.get("node joined"), 1);
}

#[test]
fn a_year_says_what_it_leaves_out() {
    let account = ends_well("year");
    let [zh, en] = account.scenario.about;
    assert!(zh.contains("简化") && en.contains("It is reduced"));
}

#[test]
fn a_page_stands_alone_in_two_languages() {
    let account = told("wrong-charter", 3, &Shelf::default());
    let page = report::page(&account).expect("a page");
    for outside in ["http", "<script", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    let [zh, en] = account.scenario.title;
    assert!(page.contains(zh) && page.contains(en) && page.contains("<svg"));
    assert!(page.contains(&format!("{:016x}", account.hash)));
}

#[test]
fn every_story_has_a_name_of_its_own() {
    for scenario in ALL {
        let found = find(scenario.name).expect("listed");
        assert_eq!(found.title, scenario.title);
    }
    assert!(find("no such story").is_none());
}
