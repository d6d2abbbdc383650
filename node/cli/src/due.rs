//! `due`: what is overdue, what will soon be, and what follows.

use crdt_model::ids::{Name, NodeId};
use crdt_model::kind::Title;
use crdt_model::kind::clocks::{Basis, Standing};
use crdt_model::time::WallTime;

use super::asking::Context;
use super::help::{Shared, Words};
use super::output::Answer;
use super::output::Ended;
use super::table::table;
use super::values;
use crdt_model::text;
use crdt_model::text::{Language, Text};
use node_app::due::{DueItem, DueLetter, Sending};
use node_app::use_cases::due::{DueList, DueRequest};
use node_machine::time::{shown, shown_length};

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[arg(long, value_name = "NODE", value_parser = values::node)]
    home: Option<NodeId>,
    #[arg(long)]
    all: bool,
    #[arg(long, value_name = "N", value_parser = values::limit, default_value = "50", hide_default_value = true)]
    limit: usize,
    #[arg(long, value_name = "ROLE", value_parser = values::name)]
    role: Option<Name>,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "查看办理时限：已超期、即将到期、时间存疑的事项，以及到期后如何处理。",
        "Show deadlines: overdue, due soon, in doubt, and what follows."
    ))
    .argument(
        "home",
        text!(
            "只看所属此节点的记录",
            "only records whose home is this node"
        ),
    )
    .argument(
        "all",
        text!("连同期限尚早的一并列出", "also what has time left"),
    )
    .argument(
        "limit",
        text!("最多列出条数（默认 50）", "at most so many (default 50)"),
    )
    .role()
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Ended {
    let Arguments {
        home,
        all,
        limit,
        role,
    } = *arguments;
    let list = context.ask_as(role, None, DueRequest { home, all, limit })?;
    let text = list_text(&list, context.output.language);
    Ok(Answer::of::<DueRequest>(text, &list))
}

fn list_text(list: &DueList, language: Language) -> String {
    let say = |text: Text| text.in_language(language).to_owned();
    let count = |standing| list.counts.get(&standing).copied().unwrap_or(0);
    let (overdue, soon) = (count(Standing::Overdue), count(Standing::Soon));
    let (running, wrong) = (count(Standing::Running), count(Standing::WrongClock));
    let now = shown(list.now);
    let mut text = say(text!(
        "截至 {now}：已超期 {overdue} 项，即将到期 {soon} 项，时间存疑 {wrong} 项，未到期 \
         {running} 项\n",
        "as of {now}: {overdue} overdue, {soon} due soon, {wrong} in doubt, {running} with time \
         left\n"
    ));
    if list.items.is_empty() {
        return text;
    }
    let header = match language {
        Language::Zh => ["编号", "时限", "当前环节", "到期", "状态", "到期后"],
        Language::En => ["code", "time limit", "at", "due", "standing", "then"],
    };
    let rows = list.items.iter().map(|item| row(item, list.now, language));
    text.push_str(&table(&header, &rows.collect::<Vec<_>>(), &[]));
    if list.more {
        text.push_str(&say(text!(
            "没有列完：加 --limit 数字可多列，加 --home 节点代码只看一个节点\n",
            "there are more: raise --limit, or name one node with --home\n"
        )));
    }
    if list.items.iter().any(|item| !item.calendar_known) {
        text.push_str(&say(text!(
            "* 章程尚未列入此后的法定节假日和调休，到期日暂按只休周末推算，可能有出入\n",
            "* the charter has no holidays for these dates yet; only weekends are left out, so \
             the day may move\n"
        )));
    }
    text
}

fn row(item: &DueItem, now: WallTime, language: Language) -> Vec<String> {
    let said = |title: &Title| match language {
        Language::Zh => title.zh.clone(),
        Language::En => title.en.clone(),
    };
    let due = item.due.map_or_else(|| "—".to_owned(), shown);
    let known = if item.calendar_known { "" } else { "*" };
    vec![
        item.code.clone(),
        said(&item.title),
        said(&item.at),
        format!("{due}{known}"),
        standing(item, now).in_language(language).to_owned(),
        follows(item).in_language(language).to_owned(),
    ]
}

fn standing(item: &DueItem, now: WallTime) -> Text {
    let apart = item.due.map_or(0, |due| due.ms.abs_diff(now.ms));
    let Text { zh, en } = shown_length(apart);
    let stands = match item.standing {
        Standing::Overdue => text!("已超期 {zh}", "overdue by {en}"),
        Standing::Soon => text!("即将到期，还有 {zh}", "due in {en}"),
        Standing::Running => text!("还有 {zh}", "{en} left"),
        Standing::WrongClock => {
            let author = item.author;
            text!(
                "{author} 填写时电脑时间不准，请核对实际日期",
                "the clock of {author} was wrong when this was written; check the real date"
            )
        }
    };
    match item.basis {
        Basis::StepBefore => {
            let Text { zh, en } = stands;
            text!(
                "{zh}（填写时电脑时间偏慢，改从上一环节起算）",
                "{en} (counted from the step before, because the clock of this one was slow)"
            )
        }
        Basis::Step | Basis::Told | Basis::Unknown => stands,
    }
}

fn follows(item: &DueItem) -> Text {
    if !item.settled {
        return text!(
            "当前环节填写不一致，请先核定以哪个为准",
            "two steps were entered; first settle which one holds"
        );
    }
    match (&item.then, item.taker, &item.letter) {
        (Some(Title { zh, en }), Some(taker), _) => {
            text!(
                "到期由{taker}自动转为“{zh}”",
                "then {taker} moves it to `{en}`"
            )
        }
        (_, _, Some(letter)) => letter_text(letter, item.standing == Standing::Overdue),
        _ => Text::default(),
    }
}

fn letter_text(letter: &DueLetter, overdue: bool) -> Text {
    let Title { zh, en } = &letter.title;
    match (&letter.sent, letter.sending) {
        (Some(code), _) => text!("已发“{zh}”，编号 {code}", "`{en}` was sent: {code}"),
        (None, Some(Sending { from, to })) => text!(
            "到期由{from}自动向{to}发“{zh}”",
            "then {from} sends `{en}` to {to}"
        ),
        (None, None) if overdue => text!("建议发“{zh}”（需人工发出）", "send `{en}` (by hand)"),
        (None, None) => Text::default(),
    }
}
