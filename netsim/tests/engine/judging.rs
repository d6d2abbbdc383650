//! What a write would come to is said without writing it, and is what the write then comes to.

use crdt_model::draft::Draft;
use crdt_model::engine::WriteRefused;
use crdt_model::store::Store;
use crdt_model::time::{Instant, Now, WallTime};
use netsim::world::World;

use crate::county::*;

const VILLAGE: &str = VILLAGES[0];

fn judged(world: &mut World, drafts: &[Draft]) -> Result<usize, WriteRefused> {
    let now = Now {
        instant: Instant { ms: world.now_ms() },
        wall: WallTime::from_ms(world.now_ms()),
    };
    let node = world.node_mut(id(VILLAGE)).expect("a node");
    let all = |store: &dyn Store| store.scan(&[], None, usize::MAX).expect("entries");
    let before = all(&node.store);
    let judged = node.engine.judge_drafts(drafts, now, &mut node.store);
    assert_eq!(before, all(&node.store), "nothing is written");
    judged.expect("a store that works")
}

#[test]
fn judging_says_what_the_write_comes_to_and_writes_nothing() {
    let mut world = world();
    let own = facet("note.up", 1, VILLAGE);
    let raised = Draft {
        grade: Some(grade("two")),
        ..draft(facet("note.step", 2, VILLAGE), &[])
    };
    for drafts in [
        // It lacks what is required.
        vec![draft(own, &[("step", "a")])],
        vec![draft(own, &[("text", "x"), ("step", "a")])],
        // Nothing new, something new, and both drafts or none.
        vec![draft(own, &[("text", "x")])],
        vec![draft(own, &[("step", "b")]), draft(own, &[("step", "c")])],
        vec![
            draft(own, &[("step", "d")]),
            draft(own, &[("no-field", "x")]),
        ],
        // An entry is written once.
        vec![draft(own, &[("line/1", "x")])],
        vec![draft(own, &[("line/1", "y")])],
        // Another village's.
        vec![draft(facet("note.up", 3, VILLAGES[1]), &[("text", "x")])],
        // A grade that opens, and one that would close.
        vec![draft(raised.facet, &[("text", "x")])],
        vec![raised.clone()],
        vec![Draft {
            grade: Some(grade("one")),
            ..raised
        }],
    ] {
        let judged = judged(&mut world, &drafts);
        let written = world.write(id(VILLAGE), drafts.clone());
        let written = written.map(|commits| commits.len());
        assert_eq!(judged, written, "{drafts:?}");
    }
}
