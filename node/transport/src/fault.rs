//! What can go wrong on a line, as plain enums, and in words that whoever runs a node can act on.

use std::fmt;
use std::time::Duration;

use crdt_model::ids::PublicKey;
use crdt_model::limits::{
    PEER_REQUESTS_IN_FLIGHT_MAX, REQUEST_BYTES_MAX, REQUEST_TIMEOUT_MS, RESPONSE_BYTES_MAX,
};

use crdt_model::text;
use crdt_model::text::Text;

/// Characters of a cause that are kept.
const CAUSE_CHARACTERS_MAX: usize = 200;

/// Declares `Display` as the English half of `text()`.
macro_rules! display_in_english {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.text().en)
            }
        }
    )*};
}

display_in_english!(AddressFault, RequestFault, CloseReason, Refusal, DialFault);

/// Why something was turned away. By blame: the peer's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Refusal {
    /// Its key is not in this node's roster.
    NotInRoster,
    /// It was a member; its key is revoked.
    Revoked,
    /// It is a member, but lines between the two nodes are not allowed.
    LinkNotAllowed,
    /// The line is cut for a demonstration or test.
    Cut,
    /// Too many connections at once, of this peer or of all.
    TooManyConnections,
    /// It opened a connection and said nothing.
    Silent,
    /// A request that claimed this many bytes.
    OversizedRequest {
        /// The length its prefix claimed.
        claimed_bytes: u32,
    },
    /// A response that claimed this many bytes.
    OversizedResponse {
        /// The length its prefix claimed.
        claimed_bytes: u32,
    },
    /// More requests at once than one peer may have waiting.
    TooManyRequests,
}

impl Refusal {
    /// A short name that does not change, for counters and programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotInRoster => "not-in-roster",
            Self::Revoked => "revoked",
            Self::LinkNotAllowed => "link-not-allowed",
            Self::Cut => "cut",
            Self::TooManyConnections => "too-many-connections",
            Self::Silent => "silent",
            Self::OversizedRequest { .. } => "oversized-request",
            Self::OversizedResponse { .. } => "oversized-response",
            Self::TooManyRequests => "too-many-requests",
        }
    }

    /// What happened and what to do, in both languages.
    pub fn text(self) -> Text {
        match self {
            Self::NotInRoster => text!(
                "密钥不在本节点的名册中：请核对对方是否为成员，或本节点的章程是否过旧",
                "its key is not in this node's roster: check whether it is a member and whether this node's charter is old"
            ),
            Self::Revoked => text!("密钥已被吊销", "its key has been revoked"),
            Self::LinkNotAllowed => text!(
                "名册成员，但两节点之间不允许直接连接",
                "it is a member, but these two nodes may not link"
            ),
            Self::Cut => text!("演示：线路已被切断", "cut for a demonstration"),
            Self::TooManyConnections => text!("连接数超过上限", "too many connections at once"),
            Self::Silent => text!("连接后没有发送任何内容", "it connected and said nothing"),
            Self::OversizedRequest { claimed_bytes } => text!(
                "请求声称 {claimed_bytes} 字节，上限为 {REQUEST_BYTES_MAX} 字节",
                "a request claimed {claimed_bytes} bytes, where at most {REQUEST_BYTES_MAX} are allowed"
            ),
            Self::OversizedResponse { claimed_bytes } => text!(
                "应答声称 {claimed_bytes} 字节，上限为 {RESPONSE_BYTES_MAX} 字节",
                "a response claimed {claimed_bytes} bytes, where at most {RESPONSE_BYTES_MAX} are allowed"
            ),
            Self::TooManyRequests => text!(
                "同时等待应答的请求超过 {PEER_REQUESTS_IN_FLIGHT_MAX} 个",
                "more than {PEER_REQUESTS_IN_FLIGHT_MAX} requests waiting for an answer at once"
            ),
        }
    }
}

/// Why one address did not lead to the node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AddressFault {
    /// Not a multiaddress that nodes can dial.
    NotAnAddress,
    /// It is this node's own address.
    OwnAddress,
    /// No such host name.
    NameNotFound,
    /// The host answered that nothing listens there.
    ConnectionRefused,
    /// No answer in time.
    TimedOut,
    /// The network knows no way there.
    Unreachable,
    /// The other end closed the connection before it had proven who it is.
    ClosedEarly,
    /// Something else than a node answers, or the handshake broke.
    HandshakeFailed {
        /// What the TLS or QUIC layer said.
        cause: String,
    },
    /// A node answers, but with another key than the roster lists.
    WrongKey {
        /// The key that answered, if it is of the kind that rosters list.
        found: Option<PublicKey>,
    },
    /// This node has reached its own limit of connections.
    TooManyConnections,
    /// Something else.
    Other {
        /// What the system said.
        cause: String,
    },
}

impl AddressFault {
    /// What happened and what to do, in both languages.
    pub fn text(&self) -> Text {
        match self {
            Self::NotAnAddress => text!(
                "不是可以连接的地址，应写作 /ip4/10.0.0.1/tcp/7070 或 \
                 /ip4/10.0.0.1/udp/7070/quic-v1；请改名册",
                "not an address that can be dialled: it should look like /ip4/10.0.0.1/tcp/7070 or /ip4/10.0.0.1/udp/7070/quic-v1; correct the roster"
            ),
            Self::OwnAddress => text!(
                "这是本节点自己的地址：请修改名册",
                "it is this node's own address: correct the roster"
            ),
            Self::NameNotFound => text!(
                "找不到主机名：请检查 DNS 或 `hosts` 文件",
                "host name not found: check DNS or the hosts file"
            ),
            Self::ConnectionRefused => text!(
                "连接被拒绝：对方电脑开着，但这个端口上没有程序；请检查对方节点是否运行、端口是否\
                 正确",
                "connection refused: the host is up but nothing listens there; check that the node runs and on which port"
            ),
            Self::TimedOut => text!(
                "超时无应答：请检查线路、地址与防火墙",
                "no answer in time: check the line, the address and the firewall"
            ),
            Self::Unreachable => text!(
                "网络不可达：请检查本机网络与路由",
                "no route to it: check this machine's network and routes"
            ),
            Self::ClosedEarly => text!(
                "对方在验证身份之前关闭了连接：可能有过多的连接正涌向对方，本节点会自动重试；如果一直如此，请核对该端口上运行的是不是本网节点",
                "it closed the connection before proving who it is: too many connections may be reaching it just now, and this node tries again by itself; if it stays so, check that a node listens on that port"
            ),
            Self::HandshakeFailed { cause } => text!(
                "握手失败（`{cause}`）：该端口可能不是本网络的节点，或途中有设备改动了数据",
                "the handshake failed ({cause}): another service may listen on that port, or a device on the way alters traffic"
            ),
            Self::WrongKey { found: Some(key) } => text!(
                "应答者的密钥 {key} 与名册不符：请核对地址，或对方是否更换了密钥",
                "the key that answers there, {key}, is not the one in the roster: check the address, and whether the node has a new key"
            ),
            Self::WrongKey { found: None } => text!(
                "应答者的密钥与名册不符：请核对地址",
                "the key that answers there is not the one in the roster: check the address"
            ),
            Self::TooManyConnections => text!(
                "本节点连接数已达上限",
                "this node has reached its limit of connections"
            ),
            Self::Other { cause } => text!("连接没有成功（`{cause}`）", "{cause}"),
        }
    }
}

/// One address that was tried.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attempt {
    /// The address as the roster lists it.
    pub address: String,
    /// Why it did not lead to the node.
    pub why: AddressFault,
}

/// Why a node could not be dialled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DialFault {
    /// It is not an active member.
    NotAMember,
    /// It is this node.
    Oneself,
    /// Lines to it are not allowed.
    LinkNotAllowed,
    /// The line is cut for a demonstration or test.
    Cut,
    /// The roster lists no address for it: it has to dial.
    NoAddress,
    /// Every address failed, in the order of the roster.
    Addresses(Vec<Attempt>),
}

impl DialFault {
    /// What happened and what to do, in both languages.
    pub fn text(&self) -> Text {
        match self {
            Self::NotAMember => text!(
                "不是名册中的有效成员",
                "it is not an active member of the roster"
            ),
            Self::Oneself => text!("这是本节点自己", "it is this node itself"),
            Self::LinkNotAllowed => {
                text!("不允许与其直接连接", "lines to it are not allowed")
            }
            Self::Cut => text!("演示：线路已被切断", "cut for a demonstration"),
            Self::NoAddress => text!(
                "名册中没有对方地址，只能等对方连过来",
                "the roster lists no address for it: it has to dial"
            ),
            Self::Addresses(attempts) => {
                let list = |words: fn(Text) -> String, between: &str| {
                    let one = |tried: &Attempt| {
                        format!("{}{between}{}", tried.address, words(tried.why.text()))
                    };
                    attempts.iter().map(one).collect::<Vec<_>>()
                };
                Text {
                    zh: list(|text| text.zh, "：").join("；"),
                    en: list(|text| text.en, ": ").join("; "),
                }
            }
        }
    }
}

/// Why a request of ours will not be answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RequestFault {
    /// No line to the node.
    NotConnected,
    /// The line went down before the answer came. The peer may have acted on the request.
    LineLost,
    /// No answer in time. The peer may have acted on the request.
    TimedOut,
    /// The peer ended the request without an answer.
    Unanswered,
    /// The peer does not speak this protocol.
    OtherProtocol,
    /// The answer was over the limit.
    Oversized,
    /// Not sent: empty, or over the limit. The caller's mistake.
    BadLength,
    /// Not sent: as many requests as allowed are waiting for this peer's answer. The caller's mistake.
    TooMany,
}

impl RequestFault {
    /// What happened and what to do, in both languages.
    pub fn text(&self) -> Text {
        match self {
            Self::NotConnected => text!("未连接", "not connected"),
            Self::LineLost => text!("应答前线路中断", "the line went down before the answer"),
            Self::TimedOut => text!(
                "{REQUEST_TIMEOUT_MS} 毫秒内无应答",
                "no answer within {REQUEST_TIMEOUT_MS} ms"
            ),
            Self::Unanswered => text!(
                "对方未作应答即结束请求：请查看对方日志",
                "the peer ended the request without an answer: see its log"
            ),
            Self::OtherProtocol => text!(
                "对方不支持本协议：请核对双方软件版本",
                "the peer does not speak this protocol: compare the versions of both programs"
            ),
            Self::Oversized => text!("应答超过上限", "the answer was over the limit"),
            Self::BadLength => text!(
                "未发送：请求为空或超过 {REQUEST_BYTES_MAX} 字节",
                "not sent: empty, or over {REQUEST_BYTES_MAX} bytes"
            ),
            Self::TooMany => text!(
                "未发送：已有 {PEER_REQUESTS_IN_FLIGHT_MAX} 个请求在等待该节点",
                "not sent: {PEER_REQUESTS_IN_FLIGHT_MAX} requests are waiting for this peer"
            ),
        }
    }
}

/// Why a line is down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CloseReason {
    /// This node closed it.
    WeHungUp,
    /// The other node closed it in good order.
    TheyHungUp,
    /// The other node closed it before it had said anything.
    ClosedAtOnce,
    /// The line broke.
    Broken {
        /// What the system said.
        cause: String,
    },
    /// The peer has been silent, even when asked for a sign of life.
    Silent {
        /// For how long.
        silence: Duration,
    },
    /// A newer line to the same node took its place.
    Replaced,
    /// The roster or the links no longer admit the peer.
    NoLongerAdmitted(Refusal),
    /// The line was cut for a demonstration or test.
    Cut,
    /// The transport was stopped.
    Stopped,
}

impl CloseReason {
    /// What happened and what to do, in both languages.
    pub fn text(&self) -> Text {
        match self {
            Self::WeHungUp => text!("本节点关闭了线路", "this node closed the line"),
            Self::TheyHungUp => text!("对方关闭了线路", "the other node closed the line"),
            Self::ClosedAtOnce => text!(
                "对方握手后立即关闭：本节点可能不在对方的名册中，请核对双方的章程版本",
                "the other node closed the line right after the handshake: this node may not be in its roster; compare both nodes' charter versions"
            ),
            Self::Broken { cause } => text!("线路中断（`{cause}`）", "the line broke ({cause})"),
            Self::Silent { silence } => {
                let seconds = silence.as_secs();
                text!(
                    "对方 {seconds} 秒没有应答：请检查线路",
                    "no answer for {seconds} s: check the line"
                )
            }
            Self::Replaced => text!("已由新线路替代", "a newer line took its place"),
            Self::NoLongerAdmitted(refusal) => {
                let why = refusal.text();
                Text {
                    zh: format!("不再允许：{}", why.zh),
                    en: format!("no longer admitted: {}", why.en),
                }
            }
            Self::Cut => text!("线路被切断（演示）", "the line was cut for a demonstration"),
            Self::Stopped => text!("本节点正在停止", "this node is stopping"),
        }
    }
}

/// Cuts what the system said down to what is worth keeping.
pub(super) fn shortened(cause: &str) -> String {
    cause.chars().take(CAUSE_CHARACTERS_MAX).collect()
}
