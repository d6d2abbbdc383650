//! What a charter says of how the county works, where no rule says it: time limits and what follows on
//! them, steps that hand a matter up, what nodes write by themselves, free days, figures, and words
//! under which nothing may be recorded. One statement for each part of it, so that of two charters a
//! reviewer is told just what became of what.

mod days;

use std::collections::BTreeMap;

use crdt_model::calendar::Count;
use crdt_model::charter::{Charter, Tier};
use crdt_model::ids::Name;
use crdt_model::kind::clocks::Clock;
use crdt_model::kind::letters::Party;
use crdt_model::kind::{Facet, Kind, Kinds, Title};
use crdt_model::text;
use sha2::{Digest, Sha256};

use crate::deciding::charter::CedarCharter;
use crate::reading::measures::Measure;

/// A part of the charter that statements are about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Section {
    /// Time limits.
    Clocks,
    /// Steps that raise the handling level.
    Steps,
    /// What nodes write by themselves, what is written once, and what is sent first.
    Written,
    /// Words that are forbidden.
    Forbidden,
    /// Free days, and weekends that are worked.
    Calendar,
    /// The county's figures.
    Measures,
}

impl Section {
    /// What people call it.
    pub fn title(self) -> Title {
        match self {
            Self::Clocks => text!("办理时限", "time limits"),
            Self::Steps => text!("会提级办理的环节", "steps that hand a matter up"),
            Self::Written => text!(
                "自动填写、一次定稿和先传的内容",
                "written automatically, written once, sent first"
            ),
            Self::Forbidden => text!("禁止填报的类别", "what may not be recorded"),
            Self::Calendar => text!("节假日", "public holidays"),
            Self::Measures => text!("统计指标", "figures"),
        }
    }
}

/// One thing that a charter says.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Statement {
    /// The part that it belongs to.
    pub section: Section,
    /// What it is about, by its names in the charter.
    pub of: String,
    /// Which side of that.
    pub side: Title,
    /// What is said.
    pub says: Title,
}

/// What became of a statement.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct PracticeChange {
    /// The part that it belongs to.
    pub section: Section,
    /// What it is about.
    pub of: String,
    /// Which side of that.
    pub side: Title,
    /// What was said; none where nothing was.
    pub before: Option<Title>,
    /// What is said now; none where nothing is.
    pub after: Option<Title>,
}

/// Everything that a charter says of it, part by part.
pub fn practice(charter: &CedarCharter) -> Vec<Statement> {
    let mut all = Statements(Vec::new());
    let kinds = charter.kinds();
    for kind in kinds.iter() {
        for facet in &kind.facets {
            for clock in &facet.clocks {
                all.clock(kinds, kind, facet, clock);
            }
            all.raises(kind, facet);
            all.written(facet);
        }
        all.forbidden(kind);
    }
    all.calendar(kinds.calendar());
    charter
        .measures()
        .iter()
        .for_each(|measure| all.measure(measure));
    all.0.sort_by_key(|one| one.section);
    all.0
}

/// What two versions say otherwise.
pub fn changes(old: &CedarCharter, new: &CedarCharter) -> Vec<PracticeChange> {
    let keyed = |charter| {
        let all = practice(charter).into_iter();
        all.map(|one| ((one.section, one.of, one.side.en), (one.side.zh, one.says)))
            .collect::<BTreeMap<_, _>>()
    };
    let (mut before, after) = (keyed(old), keyed(new));
    let mut changed = BTreeMap::new();
    for (key, (zh, says)) in after {
        let was = before.remove(&key).map(|(_, says)| says);
        changed.insert(key, (zh, was, Some(says)));
    }
    changed.extend(
        before
            .into_iter()
            .map(|(key, (zh, says))| (key, (zh, Some(says), None))),
    );
    changed.retain(|_, (_, before, after)| before != after);
    let changed = changed.into_iter();
    changed
        .map(|((section, of, en), (zh, before, after))| PracticeChange {
            section,
            of,
            side: Title { zh, en },
            before,
            after,
        })
        .collect()
}

struct Statements(Vec<Statement>);

impl Statements {
    fn add(&mut self, section: Section, of: impl Into<String>, side: Title, says: Title) {
        let of = of.into();
        self.0.push(Statement {
            section,
            of,
            side,
            says,
        });
    }

    fn clock(&mut self, kinds: &Kinds, kind: &Kind, facet: &Facet, clock: &Clock) {
        let of = format!("{}/{}", facet.name, clock.name);
        let mut add = |side: Title, says: Title| self.add(Section::Clocks, of.clone(), side, says);
        let step = facet.steps.as_ref().map(|steps| steps.field);
        let words = |field: Option<Name>, words: &[Name]| {
            let titles = words
                .iter()
                .map(|word| word_title(kind, facet, field, *word));
            listed(titles.collect())
        };
        add(text!("名称", "title"), clock.title.clone());
        add(text!("天数", "days"), length(clock.days, clock.count));
        add(text!("计时环节", "runs while"), words(step, &clock.runs));
        if let Some(only) = &clock.only {
            let field = only.field;
            let Title { zh, en } = words(Some(field), &only.is);
            let says = text!("`{field}`：{zh}", "`{field}`: {en}");
            add(text!("适用条件", "only where"), says);
        }
        if let Some(extended) = &clock.extended {
            let (field, days) = (extended.field, extended.days);
            let says = text!(
                "`{field}` 为“是”的，加 {days} 天",
                "{days} more days where `{field}` is yes"
            );
            add(text!("延长", "longer"), says);
        }
        if let Some(until) = clock.until {
            let says = text!("以 `{until}` 为准", "`{until}` counts instead");
            add(text!("另定日期", "another date"), says);
        }
        if let Some(then) = &clock.then {
            let Title { zh, en } = word_title(kind, facet, step, then.step);
            let tier = tier_title(then.tier);
            let says = text!(
                tier;
                "由{tier}节点自动转“{zh}”",
                "the {tier} node goes to `{en}` by itself"
            );
            add(text!("到期后", "then"), says);
        }
        if let Some(letter) = clock.letter {
            let Title { zh, en } = kinds.letter(letter).unwrap_or_default();
            let says = match &clock.sends {
                Some(sends) => {
                    let (from, to) = (party_title(sends.from), party_title(sends.to));
                    text!(
                        from, to;
                        "由{from}自动发给{to}：{zh}",
                        "`{en}`, sent by itself from {from} to {to}"
                    )
                }
                None => text!("只提示：{zh}", "`{en}`, only proposed"),
            };
            add(text!("函件", "letter"), says);
        }
    }

    fn raises(&mut self, kind: &Kind, facet: &Facet) {
        if let Some(steps) = &facet.steps {
            for step in &steps.steps {
                let Some(level) = step.raises else { continue };
                let from = step.from.iter().map(|word| word.as_str());
                let of = format!(
                    "{}/{}>{}",
                    facet.name,
                    from.collect::<Vec<_>>().join("+"),
                    step.to
                );
                let Title { zh, en } = word_title(kind, facet, Some(steps.field), step.to);
                let says = text!(
                    "转“{zh}”时，全案提到 `{level}` 级",
                    "`{en}` takes the whole matter to `{level}`"
                );
                self.add(Section::Steps, of, text!("提级", "raises"), says);
            }
        }
    }

    fn written(&mut self, facet: &Facet) {
        if let Some(form) = &facet.letter {
            for (field, text) in &form.says {
                let side = text!("函件 `{field}`", "letter: `{field}`");
                self.add(
                    Section::Written,
                    facet.name.as_str(),
                    side,
                    text_title(text),
                );
            }
        }
        if let Some(answered) = &facet.answered {
            let is = names(&answered.only.is);
            let (by, field) = (answered.by, answered.only.field);
            let says = text!("`{by}` 的 `{field}` 为 {is}", "`{by}` with `{field}` {is}");
            let side = text!(
                "视为已回复，不再自动发函",
                "answered, so no letter by itself"
            );
            self.add(Section::Written, facet.name.as_str(), side, says);
        }
        if let Some(receipts) = &facet.receipts {
            let is = names(&receipts.only.is);
            let (by, field) = (receipts.by, receipts.only.field);
            let says = text!(
                "`{field}` 为 {is} 的，收件节点自动写 `{by}`",
                "where `{field}` is {is}, each node that it is for writes `{by}`"
            );
            let side = text!("自动签收", "receipts");
            self.add(Section::Written, facet.name.as_str(), side, says);
        }
        if let Some(hours) = facet.beat_hours {
            let says = text!("每 {hours} 小时一次", "every {hours} hours");
            let side = text!("在线记录", "beats");
            self.add(Section::Written, facet.name.as_str(), side, says);
        }
        if facet.urgent {
            let says = text!("先于其他内容传送", "sent before all else");
            let side = text!("加急", "urgent");
            self.add(Section::Written, facet.name.as_str(), side, says);
        }
        if facet.once {
            let says = text!("不再更改或补充", "final: no changes");
            let side = text!("一次定稿", "written once");
            self.add(Section::Written, facet.name.as_str(), side, says);
        }
    }

    fn forbidden(&mut self, kind: &Kind) {
        for (vocabulary, words) in &kind.vocabularies {
            for word in words {
                let Some(reason) = &word.forbidden else {
                    continue;
                };
                let of = format!("{}/{vocabulary}/{}", kind.kind, word.id);
                self.add(Section::Forbidden, of, word.title(), reason.clone());
            }
        }
    }

    fn measure(&mut self, measure: &Measure) {
        let of = measure.id.as_str();
        let mut add = |side: Title, says: Title| self.add(Section::Measures, of, side, says);
        add(text!("名称", "title"), measure.title.clone());
        add(text!("分子", "counts"), measure.numerator.clone());
        if let Some(denominator) = &measure.denominator {
            add(text!("分母", "of"), denominator.clone());
        }
        if let Some(cells) = &measure.cells {
            add(text!("按", "by"), cells.clone());
        }
        if measure.small > 0 {
            let small = measure.small;
            let says = text!("小于 {small} 的数字不显示", "hides numbers below {small}");
            add(text!("小数字", "small"), says);
        }
        let reads: Vec<Name> = measure.reads.iter().copied().collect();
        let reads = names(&reads);
        add(text!("取自", "from"), text!("{reads}", "{reads}"));
        if measure.records.is_some() {
            let says = text!(
                "定稿数据列出所计入的记录",
                "snapshots list the records that it counts"
            );
            add(text!("明细", "records"), says);
        }
        // What is asked stands in the file; that it is another question is said here.
        let digest = short(&measure.definition());
        add(
            text!("口径校验值", "definition"),
            text!("{digest}", "{digest}"),
        );
    }
}

/// Names of the charter, as they stand there.
fn names(names: &[Name]) -> String {
    let names = names.iter().map(|name| format!("`{name}`"));
    names.collect::<Vec<_>>().join(", ")
}

/// A text that a node writes. It is Chinese; who reads English is told when it is another one.
fn text_title(text: &str) -> Title {
    if text.is_ascii() {
        return text!("`{text}`", "`{text}`");
    }
    let (digest, characters) = (short(&Sha256::digest(text)), text.chars().count());
    let en = format!("Chinese text of {characters} characters, {digest}");
    text!("`{text}`", "{en}")
}

/// The beginning of a digest: enough to see that it is another one.
fn short(digest: &[u8]) -> String {
    hex::encode(digest.get(..6).unwrap_or(digest))
}

fn listed(titles: Vec<Title>) -> Title {
    let zh: Vec<&str> = titles.iter().map(|title| title.zh.as_str()).collect();
    let en: Vec<&str> = titles.iter().map(|title| title.en.as_str()).collect();
    let (zh, en) = (zh.join("、"), en.join(", "));
    text!("{zh}", "{en}")
}

fn word_title(kind: &Kind, facet: &Facet, field: Option<Name>, word: Name) -> Title {
    let mut fields = facet.fields.iter();
    let field = fields.find(|one| Some(one.name) == field);
    let title = field.and_then(|field| field.word(kind, word));
    title.unwrap_or_else(|| text!("{word}", "{word}"))
}

fn length(days: u16, count: Count) -> Title {
    match count {
        Count::Working => text!("{days} 个工作日", "{days} working days"),
        Count::Calendar => text!("{days} 天", "{days} days"),
    }
}

fn tier_title(tier: Tier) -> Title {
    match tier {
        Tier::County => text!("县级", "county"),
        Tier::Township => text!("镇级", "township"),
        Tier::Village => text!("村级", "village"),
    }
}

fn party_title(party: Party) -> Title {
    match party {
        Party::Home => text!("所属节点", "home"),
        Party::Addressee => text!("收件单位", "the addressee"),
        Party::County => tier_title(Tier::County),
        Party::Township => tier_title(Tier::Township),
        Party::Village => tier_title(Tier::Village),
    }
}

#[cfg(test)]
mod tests;
