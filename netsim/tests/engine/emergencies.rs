//! Emergencies on the charter of Linze County, in which every node then sees which devices there are.

use crdt_model::charter::{Declared, Validity};
use crdt_model::draft::Draft;
use crdt_model::engine::{EmergencyStatus, Input, LinkState};
use crdt_model::ids::NodeId;
use crdt_model::label::FacetId;
use crdt_model::time::WallTime;
use crdt_model::value::Value;
use crdt_model::wire::Request;
use netsim::charters::{Edition, Shelf};
use netsim::disk::PowerCut;
use netsim::stage::Stage;
use netsim::world::World;

const HOUR_MS: u64 = 3_600_000;
/// Longer than the longest wait between two looks at a clock.
const A_WHILE_MS: u64 = 400_000;
const CANARY: &str = "canary camera at the crossroads of nowhere";

struct Place {
    stage: Stage,
    world: World,
    county: NodeId,
    township: NodeId,
    /// A village of it, where the device is.
    here: NodeId,
    /// A village of another township.
    there: NodeId,
}

impl Place {
    fn new() -> Self {
        let shelf = Shelf::default();
        let stage = Stage::linze(20, &shelf);
        let mut world = World::new(7, Box::new(shelf));
        world.redials = true;
        for node in stage.places.nodes() {
            let added = world.add(stage.identity(*node), &stage.founding());
            added.expect("a node");
        }
        world.connect_all();
        world.run_ms(3_000);
        let (county, townships) = (stage.places.county(), stage.places.townships());
        let village = |at: usize| stage.places.villages_of(townships[at])[0];
        Self {
            county,
            township: townships[0],
            here: village(0),
            there: village(1),
            stage,
            world,
        }
    }

    fn edition(&self) -> Edition {
        self.stage.first().clone()
    }

    /// A declaration from `from_ms` on, counted from now.
    fn declaration(&self, number: u32, from_ms: u64, lasts_ms: u64, signers: &[usize]) -> Vec<u8> {
        let now_ms = self.world.wall().ms / 1000 * 1000;
        let from = WallTime::from_ms(now_ms + from_ms);
        let until = WallTime::from_ms(from.ms + lasts_ms);
        self.edition()
            .declare(number, Validity { from, until }, signers)
    }

    fn declare(&mut self, node: NodeId, number: u32, lasts_ms: u64) -> Declared {
        let declaration = self.declaration(number, 0, lasts_ms, &[1]);
        let declared = self.world.declare(node, declaration);
        declared.expect("the charter bears it out")
    }

    fn status(&self, node: NodeId) -> EmergencyStatus {
        self.world
            .node(node)
            .expect("it runs")
            .engine
            .emergency_status()
    }

    fn counts(&self) -> usize {
        let nodes = self.world.nodes();
        nodes
            .filter(|(_, state)| state.engine.in_emergency())
            .count()
    }

    fn write_device(&mut self) -> FacetId {
        let text = |text: &str| Some(Value::Text(text.to_owned()));
        let facet = FacetId {
            record: netsim::secrecy::Canary::record(7, 1),
            facet: "device.public".parse().expect("a name"),
            home: self.here,
            addressee: self.here,
        };
        let fields = [
            ("device-id", text("62072310100000000001")),
            ("name", text(CANARY)),
            ("kind", text("camera")),
        ];
        let fields = fields.map(|(key, value)| (key.to_owned(), value)).into();
        let draft = Draft {
            facet,
            grade: None,
            fields,
        };
        self.world.write(self.here, vec![draft]).expect("written");
        self.world.run_ms(5_000);
        facet
    }

    fn holds(&self, node: NodeId, facet: &FacetId) -> bool {
        self.world.holders(facet).contains(&node)
    }

    fn disk_has_canary(&self, node: NodeId) -> bool {
        let state = self.world.node(node).expect("it runs");
        let disk: Vec<u8> = state.store.platter().image().collect::<Vec<_>>().concat();
        disk.windows(CANARY.len())
            .any(|part| part == CANARY.as_bytes())
    }

    fn in_sync(&self) -> bool {
        let links = self
            .world
            .nodes()
            .flat_map(|(_, state)| state.engine.link_states());
        links.into_iter().all(|(_, link)| link == LinkState::InSync)
    }

    fn restart(&mut self, node: NodeId) {
        self.world.power_cut(node, &PowerCut::default());
        self.world.start(node).expect("starts");
        self.world.redial_all(node);
        self.world.run_ms(8_000);
    }
}

#[test]
fn what_flows_in_an_emergency_is_there_while_it_lasts_and_gone_after_it() {
    let mut place = Place::new();
    let facet = place.write_device();
    assert!(place.holds(place.county, &facet) && !place.holds(place.there, &facet));
    place.declare(place.township, 1, 2 * HOUR_MS);
    place.world.run_ms(20_000);
    assert_eq!(place.counts(), 20);
    assert!(place.holds(place.there, &facet) && place.in_sync());
    assert!(place.disk_has_canary(place.there));
    // A machine that is started anew goes on with it.
    place.restart(place.there);
    assert!(place.holds(place.there, &facet) && place.counts() == 20);
    place.world.pass_wall_ms(2 * HOUR_MS);
    place.world.run_ms(A_WHILE_MS);
    assert_eq!(place.counts(), 0);
    assert!(place.holds(place.county, &facet) && !place.holds(place.there, &facet));
    assert!(
        !place.disk_has_canary(place.there),
        "its bytes are still there"
    );
    assert!(place.in_sync());
    // The clock is set back: it is over for good.
    place
        .world
        .node_mut(place.there)
        .expect("it runs")
        .clocks
        .wall_ahead_ms = -(2 * HOUR_MS as i64);
    place.world.run_ms(A_WHILE_MS);
    assert_eq!(place.counts(), 0);
}

#[test]
fn the_report_names_what_flowed_by_which_rule_and_outlives_a_crash() {
    let mut place = Place::new();
    place.write_device();
    let declared = place.declare(place.county, 1, HOUR_MS);
    place.world.run_ms(20_000);
    place.world.pass_wall_ms(HOUR_MS);
    place.world.run_ms(A_WHILE_MS);
    place.restart(place.there);
    let status = place.status(place.there);
    assert!(status.over && !status.counts);
    let [report] = &status.reports[..] else {
        panic!("{status:?}");
    };
    assert_eq!(report.declared, declared);
    let [received] = &report.received[..] else {
        panic!("{report:?}");
    };
    assert_eq!(
        (received.facet.as_str(), received.facets),
        ("device.public", 1)
    );
    assert_eq!(received.rules, ["emergency.devices-everywhere"]);
    // The county took nothing that it does not take every day, and its lines with the other townships
    // carried what they did not.
    let status = place.status(place.county);
    let report = status.reports.first().expect("a report");
    assert_eq!(report.received, []);
    let others: Vec<_> = place.stage.places.townships();
    let others: Vec<_> = others
        .into_iter()
        .filter(|one| *one != place.township)
        .collect();
    assert_eq!(report.carried.keys().copied().collect::<Vec<_>>(), others);
}

#[test]
fn a_declaration_counts_and_is_told_once_it_is_durable() {
    let mut place = Place::new();
    place
        .world
        .node_mut(place.county)
        .expect("it runs")
        .slow_sync_ms = 10_000;
    place.declare(place.county, 1, HOUR_MS);
    place.world.run_ms(5_000);
    assert_eq!(place.counts(), 0);
    place.world.run_ms(60_000);
    assert_eq!(place.counts(), 20);
}

#[test]
fn who_does_not_count_it_gets_what_it_gets_every_day() {
    let mut place = Place::new();
    let (there, here) = (place.there, place.here);
    // Its clock is a day behind: for it the emergency has not begun.
    place
        .world
        .node_mut(there)
        .expect("it runs")
        .clocks
        .wall_ahead_ms = -(24 * HOUR_MS as i64);
    place.world.run_ms(A_WHILE_MS);
    place.declare(place.county, 1, HOUR_MS);
    place.world.run_ms(20_000);
    assert_eq!(place.counts(), 19);
    let facet = place.write_device();
    assert!(place.world.holders(&facet).len() == 19 && !place.holds(there, &facet));
    let draft = Draft {
        facet: FacetId {
            record: netsim::secrecy::Canary::record(7, 2),
            facet: "device.public".parse().expect("a name"),
            home: there,
            addressee: there,
        },
        grade: None,
        fields: [
            ("device-id", "62072310200000000001"),
            ("name", "another one"),
            ("kind", "camera"),
        ]
        .map(|(key, value)| (key.to_owned(), Some(Value::Text(value.to_owned()))))
        .into(),
    };
    let other = draft.facet;
    place.world.write(there, vec![draft]).expect("written");
    place.world.run_ms(10_000);
    assert!(place.holds(place.county, &other) && place.holds(here, &other));
    assert!(place.in_sync());
}

#[test]
fn an_emergency_begins_when_it_says_and_is_called_off_at_once() {
    let mut place = Place::new();
    let declaration = place.declaration(1, 120_000, HOUR_MS, &[0]);
    assert!(place.world.declare(place.county, declaration).is_some());
    place.world.run_ms(60_000);
    assert_eq!(place.counts(), 0);
    place.world.run_ms(70_000);
    assert_eq!(place.counts(), 20);
    place.declare(place.here, 2, 0);
    place.world.run_ms(10_000);
    assert_eq!(place.counts(), 0);
    // The report is about the one that counted.
    let report = place.status(place.there).reports.pop().expect("a report");
    assert_eq!(report.declared.number, 1);
    // The one before does not come back.
    let declaration = place.declaration(1, 0, HOUR_MS, &[0]);
    place.world.declare(place.here, declaration);
    place.world.run_ms(10_000);
    assert_eq!(place.counts(), 0);
}

#[test]
fn a_new_charter_ends_it() {
    let mut place = Place::new();
    place.declare(place.county, 1, HOUR_MS);
    place.world.run_ms(10_000);
    assert_eq!(place.counts(), 20);
    let second = place.stage.second().bundle.clone();
    place.world.offer(place.county, &second).expect("adopted");
    place.world.run_ms(20_000);
    assert_eq!(place.counts(), 0);
    let report = place.status(place.there).reports;
    assert_eq!(report.len(), 1, "{report:?}");
}

#[test]
fn nobody_but_reviewers_declares_an_emergency() {
    let mut place = Place::new();
    for signers in [&[][..], &[9]] {
        let declaration = place.declaration(1, 0, HOUR_MS, signers);
        assert_eq!(place.world.declare(place.county, declaration.clone()), None);
        place.world.input(
            place.county,
            Input::EmergencyDeclared {
                declaration: declaration.clone(),
            },
        );
        let gossip = crdt_model::checkpoint::ledger::Gossip {
            declaration,
            ..Default::default()
        };
        place
            .world
            .attack(place.here, place.county, Request::Gossip(gossip).encode());
    }
    // Two days, where the charter allows one.
    let declaration = place.declaration(1, 0, 48 * HOUR_MS, &[1]);
    assert_eq!(place.world.declare(place.county, declaration), None);
    place.world.run_ms(10_000);
    assert_eq!(place.counts(), 0);
    let county = place.world.node(place.county).expect("it runs");
    let refused = county
        .engine
        .peer_status(place.here)
        .expect("a peer")
        .refused;
    assert_eq!(refused.get("bad-declaration"), Some(&2), "{refused:?}");
}

#[test]
fn of_two_with_one_number_all_nodes_come_to_the_same() {
    let mut place = Place::new();
    place.declare(place.here, 1, HOUR_MS);
    place.declare(place.there, 1, 2 * HOUR_MS);
    place.world.run_ms(30_000);
    assert_eq!(place.counts(), 20);
    let one = place.status(place.county).declared;
    for (node, _) in place.world.nodes() {
        assert_eq!(place.status(node).declared, one, "at {node}");
    }
    assert!(place.in_sync());
}

#[test]
fn one_that_takes_the_place_of_another_lasts_its_own_time() {
    let mut place = Place::new();
    place.declare(place.county, 1, 2 * HOUR_MS);
    // Its hours pass on both clocks, as they do at a node.
    place.world.run_ms(HOUR_MS + HOUR_MS / 2);
    assert_eq!(place.counts(), 20);
    place.declare(place.county, 2, HOUR_MS);
    place.world.run_ms(10_000);
    assert_eq!(
        place.counts(),
        20,
        "it is longer than what is left of the first"
    );
    place.world.run_ms(HOUR_MS / 2);
    assert_eq!(place.counts(), 20);
    place.world.run_ms(HOUR_MS / 2 + A_WHILE_MS);
    assert_eq!(place.counts(), 0);
    assert_eq!(place.status(place.there).reports.len(), 1);
}
