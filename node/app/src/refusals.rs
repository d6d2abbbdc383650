//! Refusals that several use cases have in common.

use crdt_model::ids::RecordId;
use crdt_model::text;
use crdt_model::text::Problem;

/// The same whether the record does not exist or its facets may not be held here.
pub(crate) fn no_such_record(record: RecordId) -> Problem {
    Problem::new(
        "no-such-record",
        text!("本机没有记录 {record}", "this node has no record {record}"),
        text!(
            "核对编号；用 mesh-node record list 查看本机记录",
            "check the id; mesh-node record list shows what this node has"
        ),
    )
}

/// The replica could not be read.
pub(crate) fn unreadable(error: &crdt_model::replica::ReplicaError) -> Problem {
    Problem::new(
        "replica-damaged",
        text!(
            "本机副本无法读取：{error}",
            "this node's replica cannot be read: {error}"
        ),
        text!(
            "停止节点，执行 mesh-node store repair；并请检查磁盘",
            "stop the node and run mesh-node store repair; have the disk checked"
        ),
    )
}
