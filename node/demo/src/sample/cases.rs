//! Disputes: registered in a table or, where a party belongs to another township, one by one; then
//! taken through their steps at home and, where they were handed up, above it.

use crdt_model::ids::{NodeId, RecordId};

use super::course::{Course, Write};
use super::draw::{Draw, Moment, Purpose};
use super::handoff_schedule::channel_of;
use super::names::{Fields, Names, set};
use super::table::Table;
use super::villages::Villages;
use super::words::{
    CHANNELS, COMPLAINTS, INVENTED, MATTERS, METHODS, OUTCOMES, Word, person, telephone, worker,
};
use node_app::use_cases::record_add::AddRequest;
use node_import::record_id;

/// The header of the table of disputes.
pub(super) const HEADER: &[&str] = &[
    "案件编号",
    "所属村代码",
    "所属村名称",
    "纠纷类别",
    "来源渠道",
    "当前环节",
    "登记时间",
    "办结时限",
    "涉及人数",
    "重复发生",
    "办理层级",
    "反映镇机关",
    "纠纷经过",
    "诉求",
    "当事人",
    "联系方式",
    "调解员",
];

/// The name space of the mapping that reads the table.
const SOURCE: &str = "linze-cases";
/// Hours from registration within which a dispute is to be settled: seven days.
const DUE_H: u64 = 7 * 24;

/// Whom a dispute is handed up to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum HandedUp {
    Nobody,
    Township,
    County,
}

/// One invented dispute.
pub(super) struct Case {
    pub(super) record: RecordId,
    pub(super) home: NodeId,
    pub(super) addressee: Option<NodeId>,
    code: String,
    category: Word,
    channel: Word,
    registered: Moment,
    text: String,
    people: u64,
    repeated: bool,
    pub(super) complaint: bool,
    pub(super) handed_up: HandedUp,
    settled: bool,
    method: &'static str,
    outcome: &'static str,
    /// Numbers of invented persons: two parties and the mediator.
    persons: [u64; 3],
}

impl Case {
    /// The dispute of this number.
    pub(super) fn new(villages: &Villages, names: &Names, home: NodeId, number: u64) -> Self {
        let mut draw = Draw::new(Purpose::Case, number);
        let code = format!("SL-JF-{number:05}");
        let complaint = number % 101 == 11;
        let across = number % 12 == 5 && !complaint;
        let addressee = if across { villages.across(home) } else { None };
        let (category, matter) = draw.pick(&MATTERS);
        let text = if complaint {
            draw.pick(&COMPLAINTS)
        } else {
            matter
        };
        let handed_up = match number {
            _ if complaint => HandedUp::Nobody,
            _ if number % 29 == 4 => HandedUp::County,
            _ if number % 7 == 2 => HandedUp::Township,
            _ => HandedUp::Nobody,
        };
        Self {
            record: match addressee {
                Some(_) => draw.record(),
                None => record_id(names.case, home, SOURCE, &code),
            },
            home,
            addressee,
            code,
            category: if complaint {
                ("government", "涉政务诉求")
            } else {
                category
            },
            channel: if complaint {
                ("petition", "访调对接")
            } else {
                let drawn = draw.pick(&CHANNELS);
                channel_of(number).unwrap_or(drawn)
            },
            registered: draw.moment(),
            text: format!("{INVENTED}{text}。"),
            people: 2 + draw.below(6),
            repeated: draw.percent(5),
            complaint,
            handed_up,
            settled: number % 100 != 99,
            method: draw.pick(&METHODS),
            outcome: draw.pick(&OUTCOMES),
            persons: [draw.below(90_000), draw.below(90_000), draw.below(400)],
        }
    }

    /// Writes the dispute into the table, unless it has an addressee: tables have no column for that.
    pub(super) fn register(&self, villages: &Villages, table: &mut Table) {
        let [one, other, mediator] = self.persons;
        let yes_no = |yes: bool| if yes { "是" } else { "否" }.to_owned();
        table.push([
            self.code.clone(),
            self.home.to_string(),
            villages.name(self.home),
            self.category.1.to_owned(),
            self.channel.1.to_owned(),
            "已登记".to_owned(),
            self.registered.written(),
            self.registered.after_h(DUE_H).written(),
            self.people.to_string(),
            yes_no(self.repeated),
            "村级".to_owned(),
            yes_no(self.complaint),
            self.text.clone(),
            format!("{INVENTED}希望尽快协商解决。"),
            format!("{}、{}", person(one), person(other)),
            format!("{}、{}", telephone(one), telephone(other)),
            worker(mediator),
        ]);
    }

    /// Everything that happens to the dispute at home.
    pub(super) fn at_home(&self, names: &Names) -> Course {
        let mut requests = Vec::new();
        if let Some(addressee) = self.addressee {
            requests.push(self.add(names, addressee));
        }
        let step = |key: &str, step: &str, hours: u64, line: &str| {
            set(
                self.record,
                vec![
                    self.step(key, step, hours, line)
                        .change(names.case_summary, None),
                ],
            )
        };
        requests.push(step("h-1", "accepted", 1, "受理登记，告知办理时限"));
        if self.complaint {
            return Course { requests };
        }
        requests.push(step("h-2", "level-1", 3, "网格员上门了解情况"));
        let note =
            Fields::default().text("note/h-1", format!("{INVENTED}双方各自陈述，愿意协商。"));
        requests.push(set(
            self.record,
            vec![note.change(names.case_narrative, None)],
        ));
        requests.push(step("h-3", "level-2", 26, "村（社区）调委会组织面谈"));
        match self.handed_up {
            HandedUp::Township => requests.push(self.hand_up(names, names.township)),
            HandedUp::County => requests.push(self.hand_up(names, names.county)),
            HandedUp::Nobody if self.settled => requests.extend(self.settle(names, "h", 50)),
            HandedUp::Nobody => {}
        }
        Course { requests }
    }

    /// What those above home write, and who they are.
    pub(super) fn above(&self, names: &Names) -> Option<(NodeId, Course)> {
        let (node, key) = match self.handed_up {
            HandedUp::Township => (self.home.township()?, "t"),
            HandedUp::County => (self.home.county(), "c"),
            HandedUp::Nobody if self.complaint => (self.home.county(), "c"),
            HandedUp::Nobody => return None,
        };
        let level = if key == "t" { "level-3" } else { "level-4" };
        let line = self.step(&format!("{key}-1"), level, 80, "收到提级事项，安排专人办理");
        let note = format!("{INVENTED}已约双方到综治中心。");
        let note = Fields::default().text(&format!("note/{key}-1"), note);
        let mut requests = vec![
            set(self.record, vec![line.change(names.case_summary, None)]),
            set(self.record, vec![note.change(names.case_narrative, None)]),
        ];
        if self.settled {
            requests.extend(self.settle(names, key, 120));
        }
        Some((node, Course { requests }))
    }

    fn add(&self, names: &Names, addressee: NodeId) -> Write {
        let [one, other, mediator] = self.persons;
        let summary = Fields::default()
            .text("code", self.code.clone())
            .text("category", self.category.0)
            .text("channel", self.channel.0)
            .text("step", "registered")
            .number("registered-time", self.registered.0)
            .number("due-time", self.registered.after_h(DUE_H).0)
            .number("people-number", i64::try_from(self.people).unwrap_or(0));
        let narrative = Fields::default().text("text", self.text.clone());
        let parties = Fields::default()
            .text("party/1", person(one))
            .text("party/2", person(other))
            .text("contact/1", telephone(one))
            .text("mediator/1", worker(mediator));
        Write::Add(AddRequest {
            record: Some(self.record),
            home: None,
            facets: vec![
                summary.create(names.case_summary, Some(addressee)),
                narrative.create(names.case_narrative, None),
                parties.create(names.case_parties, None),
            ],
        })
    }

    fn step(&self, key: &str, step: &str, hours: u64, line: &str) -> Fields {
        let since = self.registered.after_h(hours);
        let mut fields = Fields::default()
            .text("step", step)
            .number("step-since", since.0)
            .text(
                &format!("timeline/{key}"),
                format!("{} {INVENTED}{line}", since.written()),
            );
        if step == "accepted" {
            fields = fields.number("accepted-time", since.0);
        }
        fields
    }

    fn hand_up(&self, names: &Names, level: crdt_model::ids::Name) -> Write {
        let line = self.step("h-4", "escalated", 50, "调解未果，提级办理");
        set(
            self.record,
            vec![
                line.change(names.case_summary, Some(level)),
                Fields::default().change(names.case_narrative, Some(level)),
                Fields::default().change(names.case_parties, Some(level)),
            ],
        )
    }

    /// Agreed, then closed: three commits.
    fn settle(&self, names: &Names, key: &str, hours: u64) -> Vec<Write> {
        let agreed = self
            .step(&format!("{key}-5"), "agreed", hours, "双方达成一致")
            .text("method", self.method)
            .text("outcome", self.outcome);
        let form = if self.outcome == "agreed-written" {
            "written"
        } else {
            "oral"
        };
        let agreement = Fields::default()
            .text(
                "agreement",
                format!("{INVENTED}双方按约定各让一步，互不再究。"),
            )
            .text("agreement-form", form);
        let closed = self.registered.after_h(hours + 20);
        let last = self
            .step(
                &format!("{key}-6"),
                "closed",
                hours + 20,
                "回访履行情况，予以办结",
            )
            .number("closed-time", closed.0);
        vec![
            set(
                self.record,
                vec![
                    agreed.change(names.case_summary, None),
                    agreement.change(names.case_narrative, None),
                ],
            ),
            set(self.record, vec![last.change(names.case_summary, None)]),
        ]
    }
}
