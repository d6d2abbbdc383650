//! What persons are told when the store, a charter or a declaration cannot be used.

use crdt_model::replica::ReplicaError;
use crdt_model::store::StoreError;
use crdt_model::text;
use crdt_model::text::{Explain, Problem};
use node_machine::room::{disk_full, is_full};
use policy::signing::held::HeldError;

pub(super) fn store_problem(error: &StoreError) -> Problem {
    if is_full(error) {
        return disk_full();
    }
    Problem::new(
        "store-failed",
        text!("数据存储出错（`{error}`）", "the store failed: {error}"),
        text!(
            "检查硬盘空间和硬件，再重新启动节点；显示“已保存”的内容不会丢失",
            "check the disk, then start the node again; what was shown as saved is not lost"
        ),
    )
}

/// What a person is told when the charters in a store cannot be loaded.
pub(super) fn held_problem(error: &HeldError) -> Problem {
    match error {
        HeldError::Store(error) => store_problem(error),
        HeldError::Refused(why) => charter_problem(why),
        HeldError::None => Problem::new(
            "no-charter",
            text!("数据存储中没有章程", "the store holds no charter"),
            text!(
                "先执行 mesh-node init --charter 目录",
                "run mesh-node init --charter FOLDER first"
            ),
        ),
    }
}

/// What a person is told whose charter was not taken.
pub fn charter_problem(why: &dyn Explain) -> Problem {
    let why = why.text();
    Problem::new(
        "charter-refused",
        text!(
            why;
            "没有采用这份章程，仍按原章程执行：{why}",
            "the charter was not adopted; the one in force stays: {why}"
        ),
        text!(
            "请把这句话发给审核人；审核人用 mesh-policy verify 和 mesh-policy check 查看详情",
            "give this to your reviewers; mesh-policy verify and mesh-policy check show the details"
        ),
    )
}

/// What an error of the engine means.
pub(super) fn engine_problem(error: &ReplicaError) -> Problem {
    match error {
        ReplicaError::Store(error) if is_full(error) => disk_full(),
        error => damaged(error),
    }
}

pub(super) fn damaged(problem: &dyn std::fmt::Display) -> Problem {
    Problem::new(
        "replica-damaged",
        text!(
            "本节点的数据读不了（`{problem}`）",
            "this node's data cannot be read: {problem}"
        ),
        text!(
            "请停止使用并联系技术员：停止节点，执行 mesh-node store repair，并检查硬盘",
            "stop using it and call your technician: stop the node, run mesh-node store repair, have the disk checked"
        ),
    )
}

/// What a person is told whose declaration changes nothing.
pub fn emergency_problem(why: &dyn Explain) -> Problem {
    let why = why.text();
    Problem::new(
        "emergency-refused",
        text!(
            why;
            "没有启用这份应急启动文件，仍按平时规则执行：{why}",
            "the emergency was not taken up; everyday rules stay: {why}"
        ),
        text!(
            "请联系审核人；审核人用 mesh-policy emergency verify 查看详情",
            "ask your reviewers; mesh-policy emergency verify shows the details"
        ),
    )
}

/// A declaration came after a later one.
pub(super) fn later_problem(number: u32) -> Problem {
    let next = number.saturating_add(1);
    Problem::new(
        "emergency-superseded",
        text!(
            "本节点已有第 {number} 号，这一份的编号不在其后，没有启用",
            "number {number} is here already and this one does not follow it; nothing was changed"
        ),
        text!(
            "请审核人用 mesh-policy emergency declare --number {next} 重新生成",
            "declare it anew with mesh-policy emergency declare --number {next}"
        ),
    )
}
