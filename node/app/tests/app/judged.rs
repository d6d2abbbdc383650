//! What a preview says is what the writing does: both go through the engine, under the charter of
//! Linze, at a village's node with a store of its own.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crdt_model::charter::Charter;
use crdt_model::engine::{Engine, Identity, Input, Output, Ticket};
use crdt_model::ids::{Boot, Epoch};
use crdt_model::store::{MemoryStore, Store};
use crdt_model::text::Language;
use crdt_model::time::{Instant, Now, WallTime};
use ed25519_dalek::SigningKey;
use node_app::reason::refusal_text;
use node_import::{
    CharterRules, HeldIn, Import, Mapping, Outcome, Placement, Preview, Refusals, RowOutcome,
    SourceFile,
};
use policy::{CedarCharter, CharterFiles};

use crate::support::{
    VILLAGE, camera, catalogue, file, node, read_text, refusal, row, sample, shown,
};

/// A node that imports.
struct Node {
    charter: Arc<CedarCharter>,
    engine: Engine,
    store: MemoryStore,
    tickets: u64,
}

impl Node {
    fn at(code: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy/linze/charter");
        let files = CharterFiles::read(&folder).expect("the charter's files");
        let charter = CedarCharter::open(&files).unwrap_or_else(|findings| panic!("{findings:?}"));
        let charter = Arc::new(charter);
        let identity = Identity {
            node: node(code),
            key: SigningKey::from_bytes(&[7; 32]),
            epoch: Epoch(1),
            boot: Boot([0; 8]),
        };
        let store = MemoryStore::default();
        let charters = [Arc::clone(&charter) as Arc<dyn Charter>];
        let engine = Engine::open(identity, charters, &store);
        Self {
            charter,
            engine: engine.expect("an engine").expect("a charter"),
            store,
            tickets: 0,
        }
    }

    fn now(&self) -> Now {
        Now {
            instant: Instant::default(),
            wall: WallTime::from_ms(1_796_000_000_000),
        }
    }

    /// By a shipped mapping, after a person has verified what it asks about.
    fn planned(&self, mapping: &str, files: &[SourceFile]) -> Preview {
        let name = format!("deploy/linze/mappings/{mapping}.toml");
        let mut text = read_text(&name);
        if let Some((before, ask)) = text.split_once("\n[[ask]]\n") {
            let (_, after) = ask.split_once("\n[[column]]\n").expect("columns");
            text = format!("{before}\n[[column]]\n{after}");
        }
        let mapping = Mapping::parse(&name, &text, self.charter.kinds());
        let import = Import {
            mapping: &mapping.unwrap_or_else(|problem| panic!("{problem}")),
            placement: &Placement::of_the_county().expect("the shipped placement"),
            rules: &CharterRules {
                charter: &*self.charter,
                author: self.engine.node(),
            },
            held: &HeldIn(&self.store),
            fallback_home: None,
        };
        let preview = node_import::preview(&import, files);
        preview.unwrap_or_else(|problem| panic!("{problem}"))
    }

    fn previewed(&mut self, mapping: &str, files: &[SourceFile]) -> Preview {
        let mut preview = self.planned(mapping, files);
        let now = self.now();
        let before = self.store.scan(&[], None, usize::MAX).expect("memory");
        let records = preview.take_records();
        let mut refused = BTreeMap::new();
        for drafts in &records {
            let judged = self.engine.judge_drafts(drafts, now, &mut self.store);
            if let Err(why) = judged.expect("memory") {
                let record = drafts.first().expect("a draft").facet.record;
                refused.insert(record, refusal_text(&self.charter, &why));
            }
        }
        preview.take_back(records, &refused);
        let after = self.store.scan(&[], None, usize::MAX).expect("memory");
        assert_eq!(before, after, "a preview writes nothing");
        preview
    }

    fn written(&mut self, mapping: &str, files: &[SourceFile]) -> Preview {
        let mut preview = self.planned(mapping, files);
        let mut refused = BTreeMap::new();
        for drafts in preview.take_records() {
            let record = drafts.first().expect("a draft").facet.record;
            self.tickets += 1;
            let ticket = Ticket(self.tickets);
            let outputs = self.handle(Input::Write { ticket, drafts });
            for output in outputs {
                if let Output::Written {
                    outcome: Err(why), ..
                } = output
                {
                    refused.insert(record, refusal_text(&self.charter, &why));
                }
            }
        }
        preview.refuse(&refused);
        preview
    }

    /// What comes of an input, once all that it writes is durable.
    fn handle(&mut self, input: Input) -> Vec<Output> {
        let now = self.now();
        let mut outputs = Vec::new();
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let came = self
                .engine
                .handle(input, now, &mut self.store)
                .expect("memory");
            for output in came {
                if let Output::Sync { token } = output {
                    inputs.push(Input::Durable { token });
                }
                outputs.push(output);
            }
        }
        outputs
    }

    /// Previews, writes, and holds the one against the other.
    fn import(&mut self, mapping: &str, files: &[SourceFile]) -> Preview {
        let previewed = self.previewed(mapping, files);
        let written = self.written(mapping, files);
        let rows = |preview: &Preview| preview.rows.iter().map(what).collect::<Vec<_>>();
        assert_eq!(rows(&previewed), rows(&written));
        assert_eq!(previewed.totals, written.totals);
        // What was promised is there, and nothing else.
        let again = self.previewed(mapping, files);
        assert_eq!(
            (again.totals.create, again.totals.update),
            (0, 0),
            "{}",
            shown(&again)
        );
        assert_eq!(
            again.totals.refused,
            previewed.totals.refused,
            "{}",
            shown(&again)
        );
        previewed
    }
}

fn what(row: &RowOutcome) -> (u64, Option<String>, Outcome) {
    (row.line, row.key.clone(), row.outcome.clone())
}

#[test]
fn the_preview_of_the_shipped_ledger_says_what_the_writing_does() {
    let mut village = Node::at(VILLAGE);
    let preview = village.import("cases", &[sample("tables/cases.csv")]);
    assert_eq!(
        (preview.totals.create, preview.totals.refused),
        (0, 2),
        "{}",
        shown(&preview)
    );
    assert_eq!(preview.totals.refusals(), Refusals::Wholly);
    assert!(refusal(&preview, 2).contains("no record begins as `closed`"));
    assert!(refusal(&preview, 3).contains("no record begins as `mediation by the township"));
    // File, line, key and reason stand on one line for people.
    let text = preview.render(Language::Zh, 10);
    assert!(
        text.contains(
            "tables/cases.csv 第 2 行 JF-YANGLI-0001：不能导入：case.summary：新记录不能从“已办结”开始"
        ),
        "{text}"
    );
    assert!(preview.drafts.is_empty() && preview.changes_nothing());
}

#[test]
fn other_shipped_tables_are_taken_as_the_preview_says() {
    for (mapping, rows) in [
        ("devices", 4),
        ("warning-terminals", 2),
        ("grid-reports", 3),
    ] {
        let mut village = Node::at(VILLAGE);
        let preview = village.planned(mapping, &[sample(&format!("tables/{mapping}.csv"))]);
        let homes = preview
            .rows
            .iter()
            .filter(|row| row.home == Some(node(VILLAGE)));
        let own = homes.count() as u64;
        let preview = village.import(mapping, &[sample(&format!("tables/{mapping}.csv"))]);
        assert_eq!(preview.totals.create, own, "{}", shown(&preview));
        assert_eq!(preview.rows.len(), rows, "{}", shown(&preview));
    }
}

#[test]
fn steps_that_no_record_begins_with_are_refused_by_the_preview() {
    let table = "事项编号,所属村代码,网格编号,事项类别,办理状态,上报时间,办结时间,情况描述\n\
                 WG-1,620723101201,620723101201001,安全隐患,已上报,2026-11-02 09:00,,示例\n\
                 WG-2,620723101201,620723101201001,安全隐患,已合并,2026-11-02 09:00,,示例\n\
                 WG-3,620723101201,620723101201001,安全隐患,已转纠纷,2026-11-02 09:00,,示例\n\
                 WG-4,620723101201,620723101201001,安全隐患,已办结,2026-11-02 09:00,,示例\n";
    let mut village = Node::at(VILLAGE);
    let preview = village.import("grid-reports", &[file("g.csv", table)]);
    assert_eq!(
        (preview.totals.create, preview.totals.refused),
        (2, 2),
        "{}",
        shown(&preview)
    );
    assert_eq!(preview.totals.refusals(), Refusals::Partly);
    // A step back, and one that needs what the row does not say.
    let later = table
        .replace(
            "WG-1,620723101201,620723101201001,安全隐患,已上报",
            "WG-1,620723101201,620723101201001,安全隐患,已核验",
        )
        .replace("安全隐患,已办结", "安全隐患,已受理");
    let preview = village.import("grid-reports", &[file("g.csv", later)]);
    assert_eq!(preview.totals.refused, 4, "{}", shown(&preview));
    assert!(refusal(&preview, 2).contains("cannot go to"));
    assert!(refusal(&preview, 5).contains("cannot go to"));
    let closed = table.replace(
        "已上报,2026-11-02 09:00,",
        "已办结,2026-11-02 09:00,2026-11-03 09:00",
    );
    let preview = village.import("grid-reports", &[file("g.csv", closed)]);
    assert_eq!(preview.totals.update, 1, "{}", shown(&preview));
}

#[test]
fn a_grade_that_would_narrow_is_refused_by_the_preview() {
    let mut village = Node::at(VILLAGE);
    let open = catalogue(&camera(1, "<Secrecy>0</Secrecy><Status>ON</Status>"));
    village.import("gb28181", &[file("c.xml", open)]);
    let narrowed = catalogue(&camera(1, "<Secrecy>1</Secrecy><Status>OFF</Status>"));
    let preview = village.import("gb28181", &[file("c.xml", narrowed)]);
    assert_eq!(preview.totals.refusals(), Refusals::Wholly);
    assert!(
        refusal(&preview, 6).contains("take the facet away"),
        "{}",
        shown(&preview)
    );
}

#[test]
fn what_no_rule_lets_a_node_write_is_refused_by_the_preview() {
    for author in ["620723101202", "620723101000", "620723000000"] {
        let mut other = Node::at(author);
        for mapping in ["cases", "grid-reports", "devices"] {
            let preview = other.import(mapping, &[sample(&format!("tables/{mapping}.csv"))]);
            assert_ne!(
                preview.totals.refusals(),
                Refusals::None,
                "{}",
                shown(&preview)
            );
        }
    }
}

#[test]
fn the_countys_own_numbers_are_taken() {
    let run = |number: usize| {
        format!(
            "6207232026{number:06},{VILLAGE},{VILLAGE}001,安全隐患,已上报,2026-11-02 09:00,示例描述\n"
        )
    };
    let table = "事项编号,所属村代码,网格编号,事项类别,办理状态,上报时间,情况描述\n".to_owned()
        + &(1..=50).map(run).collect::<String>();
    let preview = Node::at(VILLAGE).import("grid-reports", &[file("g.csv", table)]);
    assert_eq!(
        (preview.totals.create, preview.totals.refused),
        (50, 0),
        "{}",
        shown(&preview)
    );
    let certificate = |number: u32| {
        camera(
            number,
            &format!(
                "<CertNum>6207232026{number:06}</CertNum><Block>6207231000{number:06}</Block>"
            ),
        )
    };
    let items: Vec<String> = (1..=50).map(certificate).collect();
    let preview =
        Node::at(VILLAGE).import("gb28181", &[file("c.xml", catalogue(&items.join("\n")))]);
    assert_eq!(
        (preview.totals.create, preview.totals.refused),
        (50, 0),
        "{}",
        shown(&preview)
    );
    // Nothing was left out either.
    assert!(preview.rows.iter().all(|row| row.notes.is_empty()));
}

#[test]
fn the_number_of_a_person_is_refused_or_left_out_as_the_mapping_says() {
    // The example of GB 11643, a mobile number and a card that nobody has.
    for number in ["11010519491231002X", "19912345678", "6222020000000000000"] {
        let item = camera(
            1,
            &format!("<Model>{number}</Model><Owner>甲{number}</Owner>"),
        );
        let preview = Node::at(VILLAGE).import("gb28181", &[file("c.xml", catalogue(&item))]);
        assert_eq!(
            (preview.totals.create, preview.totals.refused),
            (1, 0),
            "{}",
            shown(&preview)
        );
        let notes = &row(&preview, 6).notes;
        assert_eq!(notes.len(), 2, "{}", shown(&preview));
        assert!(
            notes.iter().all(|note| note.en.contains("was left out")),
            "{notes:?}"
        );
        assert!(!shown(&preview).contains(number));
        let table = format!(
            "设备编码,设备名称,所在村代码,设备类型,型号\n\
             62072301001320990001,示例,{VILLAGE},视频监控,{number}\n"
        );
        let preview = Node::at(VILLAGE).import("devices", &[file("d.csv", table)]);
        assert_eq!(preview.totals.refused, 1, "{}", shown(&preview));
    }
}

#[test]
fn a_few_values_are_shown_as_they_will_be_stored_where_they_may_be_read() {
    let mut village = Node::at(VILLAGE);
    let table = "事项编号,所属村代码,网格编号,事项类别,办理状态,上报时间,情况描述,涉及人员\n\
                 WG-1,620723101201,620723101201001,安全隐患,已上报,2026-11-02 09:00,东门路灯,示例甲\n\
                 WG-2,620723101201,620723101201001,其他,已合并,2026-11-02 09:00,不会写入,示例乙\n\
                 WG-3,620723101201,620723101201002,安全隐患,已上报,2026-11-03 10:00,西门积水,示例丙\n\
                 WG-4,620723101201,620723101201002,安全隐患,已上报,2026-11-03 10:00,南门,示例丙\n\
                 WG-5,620723101201,620723101201002,安全隐患,已上报,2026-11-03 10:00,北门,示例丙\n";
    let mut preview = village.previewed("grid-reports", &[file("g.csv", table)]);
    let charter = Arc::clone(&village.charter);
    let kind = charter.kinds().kind(preview.kind).expect("grid reports");
    preview.show_values(kind, |draft| draft.facet.facet.as_str() != "grid.people");
    let text = preview.render(Language::Zh, 10);
    for expected in [
        "  办理状态：已上报\n",
        "  上报时间：2026-11-02 09:00:00｜2026-11-03 10:00:00\n",
        "  情况描述：东门路灯｜西门积水｜南门\n",
        "  涉及的人：不显示",
    ] {
        assert!(text.contains(expected), "{expected}{text}");
    }
    assert!(!shown(&preview).contains("示例甲") && !shown(&preview).contains("不会写入"));
}
