//! What each checker promises, and what the things are called that can go wrong, in the words of
//! those who read the page.

/// One promise.
pub(super) struct Promise {
    /// Its checker, as in a finding.
    pub(super) checker: &'static str,
    /// What people call it.
    pub(super) name: [&'static str; 2],
    /// What it promises.
    pub(super) holds: [&'static str; 2],
}

/// All of them.
pub(super) const PROMISES: [Promise; 11] = [
    Promise {
        checker: "secrecy (typed)",
        name: ["不外泄（按消息内容）", "Secrecy (by message)"],
        holds: [
            "任何消息提到的内容，都是接收方按章程可以留存的。",
            "Whatever a message mentions, its receiver may hold by the charter.",
        ],
    },
    Promise {
        checker: "secrecy (bytes)",
        name: ["不外泄（逐字节）", "Secrecy (byte by byte)"],
        holds: [
            "线路和磁盘上的每一个字节里，都找不到接收方不该知道的文字、编号或摘要。",
            "No byte on a line or a disk has a text, an id or a digest that its reader may not know.",
        ],
    },
    Promise {
        checker: "authority",
        name: ["无权不得写", "Authority"],
        holds: [
            "被接受的每次改动，都由填写节点签名，并且章程允许该节点这样改。",
            "Every commit that was taken was signed by its author and allowed to that author.",
        ],
    },
    Promise {
        checker: "durability",
        name: ["不丢失", "Durability"],
        holds: [
            "显示“已保存”的内容，只要那块磁盘还在，就不会丢失。",
            "What was acknowledged is never lost while the disk that held it lives.",
        ],
    },
    Promise {
        checker: "conflicts",
        name: ["填写不一致可见", "No silent conflict"],
        holds: [
            "同时修改的不同值全部显示出来，没有一个被悄悄覆盖。",
            "Values written at the same time are all shown; none disappears unseen.",
        ],
    },
    Promise {
        checker: "ladder",
        name: ["无人签认则停发", "Narrowing"],
        holds: [
            "章程长期没有足够乡镇签认的节点，先是只向上级发送自己的内容，再是停止发送。",
            "A node whose charter too few townships have confirmed of late sends only its own upwards, and later nothing.",
        ],
    },
    Promise {
        checker: "log",
        name: ["章程历史可证", "One history"],
        holds: [
            "任何人都不能冒充乡镇签认章程；出现两份编号相同的章程时，能互通的节点都保存证据，不会丢失。",
            "No township's signature on the charter is forged; of two charters with one number all who can hear of each other hold evidence, and keep it.",
        ],
    },
    Promise {
        checker: "adoption",
        name: ["章程版本只增不减", "Adoption"],
        holds: [
            "章程版本只向前，且只采用审核人签过名的版本；能互通的节点最终采用同一版。",
            "Charter versions only move forward, and only to what reviewers signed.",
        ],
    },
    Promise {
        checker: "bounded",
        name: ["有上限", "Bounded"],
        holds: [
            "队列、隔离区和内存都在各自上限之内。",
            "Queues, quarantine and memory stay within their limits.",
        ],
    },
    Promise {
        checker: "convergence",
        name: ["最终一致", "Convergence"],
        holds: [
            "故障结束后一分钟内，能互通的节点留存相同的内容。",
            "A minute after the last fault, nodes that can reach each other hold the same.",
        ],
    },
    Promise {
        checker: "start",
        name: ["能重新启动", "Start"],
        holds: [
            "断电之后，每个节点都能从自己的磁盘重新启动。",
            "After a power cut every node starts from what its disk holds.",
        ],
    },
];

/// What people call a counter of something that took effect.
const FAULTS: [(&str, &str); 32] = [
    ("charter rolled out", "发布章程"),
    ("clone takes over", "用同一密钥的复制品上线"),
    ("duplication", "重复传到"),
    ("hostile nodes", "恶意节点"),
    (
        "hostile: asked for what it may not have",
        "恶意：索取无权内容",
    ),
    ("hostile: edited", "恶意：篡改他人改动"),
    ("hostile: equivocated", "恶意：同一编号签两份内容"),
    ("hostile: flooded", "恶意：大量发送数据"),
    ("hostile: forged", "恶意：冒名伪造"),
    ("hostile: lied in a comparison", "恶意：比对作假"),
    ("hostile: lied in a fingerprint", "恶意：指纹作假"),
    ("hostile: reordered", "恶意：打乱顺序"),
    ("hostile: replayed", "恶意：重放"),
    ("hostile: sent poison", "恶意：畸形消息"),
    ("hostile: stripped", "恶意：抽掉中间改动"),
    ("hostile: went slow", "恶意：故意拖延"),
    ("hostile: withheld", "恶意：扣留改动"),
    ("hostile: wrote on others' records", "恶意：改他人记录"),
    ("line cut", "线路中断"),
    ("loss", "丢失数据帧"),
    ("lost batches", "丢失还没有写入磁盘的批次"),
    ("lost sectors", "丢失扇区"),
    ("node joined", "新节点接入"),
    ("power cut", "停电"),
    ("reorder", "不按次序传到"),
    ("slow sync", "写入磁盘缓慢"),
    ("stopped by its store", "因数据存储出错停机"),
    ("suspended", "休眠"),
    ("torn heads", "写了一半的头部"),
    ("torn sectors", "写了一半的扇区"),
    ("asymmetric", "单向不通"),
    ("thin line", "低速线路"),
];

/// The Chinese name of a counter; the counter's own where it has none.
pub(crate) fn fault(what: &'static str) -> &'static str {
    let found = FAULTS.iter().find(|(counter, _)| *counter == what);
    found.map_or(what, |(_, zh)| zh)
}
