//! Devices: by kind and status, how old what is known of them is, and how far they are filed.

use crdt_model::value::Value;

use super::counting::{Axis, Column, Counting, all, has, is, word};
use super::ground::Ground;
use super::laid_out::Section;
use crdt_model::text;
use node_readmodel::ReadModelError;
use node_readmodel::find::{Comparison, Condition};

const DAY_MS: i64 = 86_400_000;
/// Days within which a device, or a change of it, is to be filed: State Council Decree 799, art. 14.
const FILING_DAYS: i64 = 30;

pub(super) fn section(ground: &Ground<'_>) -> Result<Option<Section>, ReadModelError> {
    let devices = Counting::of(ground, "device.public")?;
    let Some(mut section) = Counting::begin("devices", devices.kind(), &[&devices]) else {
        return Ok(None);
    };
    let statuses = devices.words("status");
    let mut by_status: Vec<Column> = vec![(text!("全部", "all"), Vec::new())];
    for (status, title) in statuses {
        by_status.push((title, vec![word("status", &status)]));
    }
    by_status.push((text!("未填写", "not said"), vec![has("status", false)]));
    let now = i64::try_from(ground.now.ms).unwrap_or(i64::MAX);
    let tables = [
        devices.table(
            text!("按设备类型和运行状态", "By kind and status"),
            KIND,
            by_status,
        )?,
        devices.table(
            text!("状态更新时间", "How old the status is"),
            KIND,
            by_age(now),
        )?,
        devices.table(
            text!("公安备案", "Filing with the police"),
            KIND,
            by_filing(now),
        )?,
    ];
    section.tables.extend(tables.into_iter().flatten());
    section.notes.push(text!(
        "设备按截至时刻的状态统计；备案表不含停用和无需备案的设备。“超过 30 日”按登记的安装或变更\
         时间推算，仅作提醒；备案期限以《公共安全视频图像信息系统管理条例》第十四条为准",
        "devices are as of now; retired devices and those that need not be filed are left out. \"\
         Over 30 days\" counts from the registered installation or change, as a reminder only; \
         the time limit is that of State Council Decree 799, art. 14"
    ));
    Ok(Some(section))
}

const KIND: Axis = Axis::Words("kind");

fn by_age(now: i64) -> Vec<Column> {
    let since = |days: i64| {
        is(
            "status-time",
            Comparison::AtLeast,
            Value::Integer(now - days * DAY_MS),
        )
    };
    let before = |days: i64| {
        is(
            "status-time",
            Comparison::Below,
            Value::Integer(now - days * DAY_MS),
        )
    };
    vec![
        (text!("24 小时内", "within 24 hours"), vec![since(1)]),
        (text!("1 至 7 日", "1 to 7 days"), vec![before(1), since(7)]),
        (text!("超过 7 日", "over 7 days"), vec![before(7)]),
        (
            text!("状态时间不明", "no time given"),
            vec![has("status-time", false)],
        ),
    ]
}

fn by_filing(now: i64) -> Vec<Column> {
    let in_use = || {
        let not = |field, word: &str| is(field, Comparison::NotEqual, Value::Text(word.to_owned()));
        vec![not("status", "retired"), not("filing", "not-needed")]
    };
    let late = |field| {
        is(
            field,
            Comparison::Below,
            Value::Integer(now - FILING_DAYS * DAY_MS),
        )
    };
    let column = |title, more: Vec<Condition>| (title, all([in_use(), more]));
    let filing = |state| word("filing", state);
    vec![
        column(text!("应备案", "to be filed"), Vec::new()),
        column(text!("已备案", "filed"), vec![filing("filed")]),
        column(text!("未备案", "not yet filed"), vec![filing("not-filed")]),
        column(
            text!("其中安装超过 30 日", "of these installed over 30 days ago"),
            vec![filing("not-filed"), late("install-time")],
        ),
        column(
            text!("变更未备案", "changed and not filed"),
            vec![filing("changed")],
        ),
        column(
            text!("其中变更超过 30 日", "of these changed over 30 days ago"),
            vec![filing("changed"), late("changed-time")],
        ),
        column(text!("未填写", "not said"), vec![has("filing", false)]),
    ]
}
