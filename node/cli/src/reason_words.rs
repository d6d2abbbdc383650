//! The stable words for refusals, as people read them.

use crdt_model::text;
use crdt_model::text::Text;

/// What a refusal's code means; the code itself where it is not known here.
pub(super) fn reason(code: &str) -> Text {
    match code {
        "not-a-commit" => text!("不是有效提交", "not a commit"),
        "charter-unknown" => text!("所依章程版本未知", "unknown charter version"),
        "charter-too-old" => text!("所依章程版本过旧", "charter version too old"),
        "author-unknown" => text!("作者不在名册中", "author not in the roster"),
        "author-revoked" => text!("作者密钥已被吊销", "author's key revoked"),
        "wrong-signature" => text!("签名无效", "wrong signature"),
        "personal-data" => text!("疑似个人号码，未留存", "personal numbers, not kept"),
        "forbidden-item" => text!("禁入事项，未受理", "forbidden items, not taken"),
        "kind-refused" => text!("不符合记录类型", "does not fit its kind"),
        "may-not-author" => text!("作者无权填写", "author may not write it"),
        "may-not-regrade" => text!(
            "作者无权改变敏感级别或处理层级",
            "author may not regrade it"
        ),
        "not-for-us" => text!("本节点不得持有", "this node may not hold it"),
        "not-for-sender" => text!("发送方不得持有", "the sender may not hold it"),
        "replayed" => text!("重复投递的提交", "replayed commit"),
        "seq-gap" => text!("序号不连续", "gap in the sequence"),
        "missing-parent" => text!("缺少前置提交", "missing parent"),
        "equivocation" => text!("同一序号有两个提交", "two commits with one number"),
        "history-refused" => text!("与历史不符", "does not fit the history"),
        "not-a-neighbour" => text!("不是相邻节点", "not a neighbour"),
        "too-many-requests" => text!("请求过多", "too many requests"),
        "charter-fork" => text!("章程同号不同内容", "another charter under the same number"),
        "bad-cosignature" => text!("章程签认无效", "bad signature on the log of charters"),
        "quarantine-damaged" => text!("隔离区条目损坏", "damaged entry of the quarantine"),
        "not-in-roster" => text!("不在名册中", "not in the roster"),
        "revoked" => text!("密钥已被吊销", "key revoked"),
        "link-not-allowed" => text!("不允许直接连接", "may not link directly"),
        "cut" => text!("线路已人为切断", "line cut on purpose"),
        "too-many-connections" => text!("连接过多", "too many connections"),
        "silent" => text!("连接后没有发送内容", "connected and said nothing"),
        "oversized-request" => text!("请求超长", "oversized request"),
        "oversized-response" => text!("应答超长", "oversized response"),
        code => text!("{code}", "{code}"),
    }
}

/// Refusals by reason, most frequent first, on one line.
pub(super) fn counted<'a>(refused: impl IntoIterator<Item = (&'a String, &'a u64)>) -> Text {
    let mut refused: Vec<_> = refused.into_iter().collect();
    refused.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let told = |zh: bool| {
        let one = |(code, count): &(&String, &u64)| match (reason(code), zh) {
            (text, true) => format!("{} {count}", text.zh),
            (text, false) => format!("{} {count}", text.en),
        };
        refused
            .iter()
            .map(one)
            .collect::<Vec<_>>()
            .join(if zh { "，" } else { ", " })
    };
    Text {
        zh: told(true),
        en: told(false),
    }
}
