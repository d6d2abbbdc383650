//! What a command says whose store was damaged and has been mended.

use std::path::Path;

use crdt_model::text;
use crdt_model::text::Text;
use node_store::Mended;

/// What a command that opened the store says beside its answer.
pub(super) fn mended_text(mended: &Mended) -> Text {
    let problems = mended.problems.join("; ");
    let Text { zh, en } = aside_text(mended.set_aside.as_deref());
    text!(
        "数据存储有损坏，已修复，已保存的内容没有丢失；请检查硬盘（`{problems}`）{zh}",
        "the store was damaged and has been mended; nothing that was saved is lost; have the disk checked ({problems}){en}"
    )
}

/// Where the store lies as it was.
pub(super) fn aside_text(path: Option<&Path>) -> Text {
    match path.map(Path::display) {
        Some(path) => text!(
            "\n  原样另存于 {path}；其中有本节点的全部内容，下次清除数据时一并清除",
            "\n  as it was it lies in {path}, with all that the node holds; it goes when something is purged next"
        ),
        None => Text::default(),
    }
}
