//! Refusals that several use cases have in common.

use crdt_model::ids::RecordId;
use crdt_model::text;
use crdt_model::text::Problem;

/// The same whether the record does not exist or its facets may not be held here.
pub(crate) fn no_such_record(record: RecordId) -> Problem {
    Problem::new(
        "no-such-record",
        text!(
            "本节点没有记录 {record}",
            "this node has no record {record}"
        ),
        text!(
            "核对编号；用 mesh-node record list 查看本节点的记录",
            "check the id; mesh-node record list shows what this node has"
        ),
    )
}

/// The replica could not be read.
pub(crate) fn unreadable(error: &crdt_model::replica::ReplicaError) -> Problem {
    Problem::new(
        "replica-damaged",
        text!(
            "本节点的数据读不了（`{error}`）",
            "this node's data cannot be read: {error}"
        ),
        text!(
            "请停止使用并联系技术员：停止节点，执行 mesh-node store repair，并检查硬盘",
            "stop using it and call your technician: stop the node, run mesh-node store repair, have the disk checked"
        ),
    )
}
