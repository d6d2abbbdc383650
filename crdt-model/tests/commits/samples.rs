//! Real commits and messages, from which tests make others.

use crdt_model::checkpoint::ledger::Gossip;
use crdt_model::checkpoint::{Checkpoint, Cosignature};
use crdt_model::commit::{Commit, CommitBody};
use crdt_model::history::Clock;
use crdt_model::ids::{
    ActorId, Boot, CharterDigest, CharterVersion, CommitHash, Epoch, Name, NodeId, RecordId,
    RootHash, Seq,
};
use crdt_model::label::{FacetId, Grade};
use crdt_model::time::WallTime;
use crdt_model::value::{Operation, OperationId, Value};
use crdt_model::wire::{CharterMark, Found, Hello, Request, Response, Wanted};
use ed25519_dalek::SigningKey;

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

pub(crate) fn node(number: u64) -> NodeId {
    NodeId::from_code(620_723_101_200 + number).expect("a node code")
}

pub(crate) fn key(number: u64) -> SigningKey {
    SigningKey::from_bytes(&[number as u8 + 1; 32])
}

pub(crate) fn facet() -> FacetId {
    let (home, record) = (node(1), RecordId([5; 16]));
    FacetId {
        record,
        facet: name("note.up"),
        home,
        addressee: home,
    }
}

pub(crate) fn grade(level: &str) -> Grade {
    Grade {
        sensitivity: name("plain"),
        level: name(level),
    }
}

fn body() -> CommitBody {
    CommitBody {
        facet: facet(),
        author: node(1),
        epoch: Epoch(7),
        seq: Seq(1),
        start: 1,
        wall: WallTime::from_ms(1_782_864_000_000),
        charter: CharterVersion(1),
        parents: Vec::new(),
        grade: Some(grade("one")),
        operations: vec![put(
            "text",
            Some(Value::Text("渠水漫到路上".to_owned())),
            &[],
        )],
    }
}

pub(crate) fn put(key: &str, value: Option<Value>, overwrites: &[OperationId]) -> Operation {
    Operation {
        key: key.to_owned(),
        value,
        overwrites: overwrites.to_vec(),
    }
}

/// Commits of every shape.
pub(crate) fn commits() -> Vec<(&'static str, Commit)> {
    let first = body().sign(&key(1)).expect("a commit");
    let id = OperationId {
        counter: 1,
        actor: ActorId([3; 16]),
    };
    let second = CommitBody {
        seq: Seq(2),
        start: 2,
        parents: vec![first.hash()],
        grade: None,
        operations: vec![
            put("count", Some(Value::Integer(-5)), &[]),
            put("done", Some(Value::Boolean(true)), &[]),
            put("line/a-1", Some(Value::Text(String::new())), &[]),
            put("text", None, &[id]),
        ],
        ..body()
    };
    let regrade = CommitBody {
        operations: Vec::new(),
        seq: Seq(3),
        ..body()
    };
    let wide = CommitBody {
        parents: (0..16).map(|number| CommitHash([number; 32])).collect(),
        operations: (0..256)
            .map(|number| put(&format!("line/{number:03}"), None, &[]))
            .collect(),
        start: u64::from(u32::MAX) / 2,
        epoch: Epoch(u64::MAX),
        ..body()
    };
    let sign = |body: CommitBody| body.sign(&key(1)).expect("a commit");
    vec![
        ("first", first.clone()),
        ("every-value", sign(second)),
        ("only-a-grade", sign(regrade)),
        ("widest", sign(wide)),
    ]
}

fn clock() -> Clock {
    Clock::from([
        ((node(1), Epoch(1)), Seq(3)),
        ((node(2), Epoch(u64::MAX)), Seq(u64::MAX)),
    ])
}

fn mark() -> CharterMark {
    CharterMark {
        version: CharterVersion(2),
        digest: CharterDigest([8; 32]),
        emergency: true,
    }
}

/// Requests of every kind.
pub(crate) fn requests() -> Vec<(&'static str, Request)> {
    let charter = mark();
    let commits: Vec<_> = commits()
        .into_iter()
        .take(3)
        .map(|(_, commit)| commit.encoded().to_vec())
        .collect();
    let wanted = Wanted {
        facet: facet(),
        have: clock(),
        from: 0,
    };
    let nothing = Wanted {
        facet: facet(),
        have: Clock::new(),
        from: 300,
    };
    vec![
        (
            "hello",
            Request::Hello(Hello {
                charter,
                fingerprint: [4; 32],
                gossip: [5; 16],
                boot: Boot([6; 8]),
                two_machines: true,
            }),
        ),
        (
            "charter",
            Request::Charter {
                version: CharterVersion(3),
                offset: 196_608,
            },
        ),
        (
            "compare",
            Request::Compare {
                charter,
                questions: vec![0, 1, 2],
            },
        ),
        (
            "fetch",
            Request::Fetch {
                charter,
                facets: vec![wanted, nothing],
            },
        ),
        (
            "push",
            Request::Push {
                charter,
                unfinished: false,
                commits: commits.clone(),
            },
        ),
        (
            "push-unfinished",
            Request::Push {
                charter,
                unfinished: true,
                commits,
            },
        ),
        ("gossip", Request::Gossip(gossip())),
        ("no-gossip", Request::Gossip(Gossip::default())),
    ]
}

/// Two townships' signatures, of which the one is also half of a proof.
fn gossip() -> Gossip {
    let signed = |code: &str, size, root| {
        let cosigner: NodeId = code.parse().expect("a code");
        let checkpoint = Checkpoint {
            county: cosigner.county(),
            size,
            root: RootHash([root; 32]),
        };
        let key = SigningKey::from_bytes(&[7; 32]);
        Cosignature::sign(&checkpoint, cosigner, 1_793_491_200, &key)
    };
    let one = signed("620723101000", 2, 8);
    Gossip {
        newest: vec![one, signed("620723102000", 300, 9)],
        pairs: vec![[one, signed("620723102000", 2, 7)]],
        declaration: b"as reviewers signed it".to_vec(),
    }
}

/// Responses of every kind.
pub(crate) fn responses() -> Vec<(&'static str, Response)> {
    let charter = mark();
    let commit = commits().remove(0).1.encoded().to_vec();
    let found = Found {
        have: clock(),
        commits: vec![commit],
        next: Some(1),
    };
    let nothing = Found {
        have: Clock::new(),
        commits: Vec::new(),
        next: None,
    };
    vec![
        (
            "hello",
            Response::Hello(Hello {
                charter,
                fingerprint: [4; 32],
                gossip: [5; 16],
                boot: Boot([6; 8]),
                two_machines: true,
            }),
        ),
        (
            "charter",
            Response::Charter {
                total: 1000,
                bytes: vec![7; 500],
            },
        ),
        (
            "no-charter",
            Response::Charter {
                total: 0,
                bytes: Vec::new(),
            },
        ),
        ("compared", Response::Compared(vec![0, 1])),
        ("fetched", Response::Fetched(vec![found, nothing])),
        (
            "pushed",
            Response::Pushed {
                taken: 1,
                refused: 2,
                gap: true,
            },
        ),
        ("busy", Response::Busy),
        ("other-charter", Response::OtherCharter(charter)),
        ("refused", Response::Refused),
        ("gossip", Response::Gossip(gossip())),
    ]
}
