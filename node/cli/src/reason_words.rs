//! The stable words for refusals, as people read them.

use crdt_model::text;
use crdt_model::text::Text;

/// What a refusal's code means; the code itself where it is not known here.
pub(super) fn reason(code: &str) -> Text {
    match code {
        "not-a-commit" => text!("内容格式不对", "not a valid change"),
        "charter-unknown" => text!("依据的章程版本本节点没有", "charter version not known here"),
        "charter-too-old" => text!("依据的章程版本太旧", "charter version too old"),
        "author-unknown" => text!("填写节点不在名册中", "author not in the roster"),
        "author-revoked" => text!("填写节点的密钥已吊销", "author's key revoked"),
        "wrong-signature" => text!("签名无效", "wrong signature"),
        "personal-data" => text!(
            "疑似证件、手机或银行卡号，未收录",
            "looks like a personal number, not kept"
        ),
        "forbidden-item" => text!("禁入事项，未收录", "on the forbidden list, not taken"),
        "kind-refused" => text!("不符合记录类型", "does not fit its kind"),
        "may-not-author" => text!("填写节点无权填写", "author may not write it"),
        "may-not-regrade" => text!("填写节点无权调整级别", "author may not change the grade"),
        "not-for-us" => text!("按章程本节点不得留存", "this node may not hold it"),
        "not-for-sender" => text!("按章程发送方不得留存", "the sender may not hold it"),
        "replayed" => text!("重复收到", "received twice"),
        "seq-gap" => text!("中间缺了改动（序号不连续）", "gap in the sequence"),
        "missing-parent" => text!("缺少在先的改动", "an earlier change is missing"),
        "equivocation" => text!(
            "同一节点发出两份编号相同、内容不同的改动",
            "two different changes with one number"
        ),
        "history-refused" => text!("与历史不符", "does not fit the history"),
        "not-a-neighbour" => text!("不是相邻节点", "not a neighbour"),
        "too-many-requests" => text!("请求过多", "too many requests"),
        "charter-fork" => text!(
            "有两份不同的同版章程",
            "two different charters of one number"
        ),
        "bad-cosignature" => text!("章程签认无效", "bad signature on the log of charters"),
        "quarantine-damaged" => text!("隔离区中的一条已损坏", "damaged entry of the quarantine"),
        "not-in-roster" => text!("不在名册中", "not in the roster"),
        "revoked" => text!("密钥已被吊销", "key revoked"),
        "link-not-allowed" => text!("不允许直接连接", "may not link directly"),
        "cut" => text!("线路已被人为切断", "line cut on purpose"),
        "too-many-connections" => text!("连接过多", "too many connections"),
        "silent" => text!("连接后没有发送内容", "connected and said nothing"),
        "oversized-request" => text!("请求超过长度上限", "request too long"),
        "oversized-response" => text!("应答超过长度上限", "response too long"),
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
