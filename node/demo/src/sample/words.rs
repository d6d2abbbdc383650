//! Words of the invented records. Nobody and nothing of these exists: persons are 测试人员 and
//! 示例居民 with a number, telephones have no digits that could be dialled, addresses lie in the
//! ranges that RFC 5737 keeps for examples.

/// What every text begins with, so that nobody takes it for something that happened.
pub(super) const INVENTED: &str = "（虚构）";

/// A vocabulary's word with what people call it.
pub(super) type Word = (&'static str, &'static str);

/// Categories of grid reports with what was seen.
pub(super) const SEEN: [(&str, &str); 14] = [
    ("安全隐患", "示例路段护栏松动，已放置提示牌"),
    ("安全隐患", "示例机井房门锁损坏，已临时封闭"),
    ("安全隐患", "示例彩钢棚被风掀起一角，已用绳索固定"),
    ("矛盾纠纷", "两户因示例地埂位置有不同说法，情绪平稳"),
    ("矛盾纠纷", "两户对示例支渠轮灌顺序有争议，已约定面谈"),
    ("治安情况", "示例巷道夜间有车辆乱停，已劝离"),
    ("环境卫生", "示例渠段有漂浮杂草，已联系清理"),
    ("环境卫生", "示例垃圾收集点满溢，已联系清运"),
    ("公共设施", "示例路口路灯不亮，已报修"),
    ("公共设施", "示例文化广场健身器材松动，已停用待修"),
    ("便民服务", "帮示例老人代办缴费，已办妥"),
    ("便民服务", "为示例住户送达办事材料"),
    ("政策宣传", "入户讲解防诈骗常识，发放示例传单"),
    ("其他", "巡查中未见异常，作示例记录"),
];

/// What a complaint about a township's office says.
pub(super) const COMPLAINTS: [&str; 4] = [
    "反映示例镇某窗口多次未一次性告知所需材料",
    "反映示例镇某项补助公示内容与实际不一致",
    "反映示例镇某办公室对来访事项超期未答复",
    "反映示例镇某项目占地补偿标准解释前后不一",
];

/// States that a grid report has ended in.
pub(super) const STATES_DONE: [&str; 3] = ["已办结", "已办结", "已核验"];
/// States that a grid report is still in.
pub(super) const STATES_OPEN: [&str; 3] = ["已上报", "已受理", "自行办理"];

/// Places within a village.
pub(super) const PLACES: [&str; 8] = [
    "示例一社巷口",
    "示例二社渠首",
    "示例三社晒场",
    "示例四社村道",
    "示例文化广场",
    "示例便民服务点",
    "示例居民区东门",
    "示例村道岔路口",
];

/// Categories of disputes, with the matter.
pub(super) const MATTERS: [(Word, &str); 12] = [
    (
        ("neighbour", "邻里纠纷"),
        "相邻两户因示例院墙排水问题发生争执",
    ),
    (
        ("neighbour", "邻里纠纷"),
        "相邻两户因示例树木遮挡采光发生争执",
    ),
    (("family", "婚姻家庭"), "一户家庭因示例赡养安排意见不一"),
    (("land", "土地承包"), "两户因示例承包地边界意见不一"),
    (("land", "土地承包"), "示例流转合同到期后双方对复垦有分歧"),
    (("water", "用水灌溉"), "两户因示例支渠轮灌先后发生争执"),
    (("homestead", "宅基地"), "两户因示例宅基地通道宽度发生争执"),
    (("labour", "劳动工资"), "示例短工对结算工时有异议"),
    (("consumer", "消费纠纷"), "示例农资包装数量与约定不符"),
    (("contract", "合同债务"), "示例制种合同双方对结算日期有分歧"),
    (
        ("injury", "损害赔偿"),
        "示例农机作业碰损田埂，双方对修复费用有分歧",
    ),
    (
        ("traffic", "交通事故"),
        "示例村道三轮车剐蹭，双方对修理费有分歧",
    ),
];

/// How disputes come in that nobody handed off.
pub(super) const CHANNELS: [Word; 4] = [
    ("visit", "来访"),
    ("grid", "网格上报"),
    ("phone", "来电"),
    ("online", "网上"),
];

/// How disputes are settled.
pub(super) const METHODS: [&str; 4] = ["home-yard", "talk", "mediation", "joint"];

/// Outcomes of settled disputes.
pub(super) const OUTCOMES: [&str; 4] = [
    "agreed-written",
    "agreed-oral",
    "agreed-oral",
    "agreed-written",
];

/// What notices are about, with the kind of notice.
pub(super) const NOTICES: [(&str, &str, &str); 5] = [
    (
        "warning",
        "示例大风预警",
        "预计示例时段有大风，请检查棚舍和广告牌。",
    ),
    (
        "task",
        "示例矛盾纠纷集中排查",
        "请于期限内完成本辖区排查并回复办理情况。",
    ),
    ("letter", "示例督办提示", "请说明所列示例事项的办理进度。"),
    (
        "task",
        "示例消防通道检查",
        "请检查人员密集场所消防通道并回复。",
    ),
    (
        "warning",
        "示例霜冻预警",
        "预计示例时段有霜冻，请做好作物防护。",
    ),
];

/// Judges, prosecutors, police and lawyers, with the office that sends them.
pub(super) const FOUR_POSTS: [Word; 4] = [
    ("judge", "县法院"),
    ("prosecutor", "县检察院"),
    ("police", "县公安局"),
    ("lawyer", "县司法局"),
];

/// Liaisons of a centre.
pub(super) const LIAISONS: [&str; 3] = ["police-liaison", "court-liaison", "petition-liaison"];

/// Bodies that sit in the county's centre for good.
pub(super) const RESIDENTS: [Word; 5] = [
    ("court", "县法院"),
    ("procuratorate", "县检察院"),
    ("police", "县公安局"),
    ("justice", "县司法局"),
    ("petition", "县信访局"),
];

/// Bodies that sit there by turns. The county names two of the industries; the rest is invented.
pub(super) const INDUSTRIES: [Word; 14] = [
    ("industry", "劳动人社调解组织"),
    ("industry", "婚姻家庭调解组织"),
    ("industry", "示例道路交通调解组织"),
    ("industry", "示例医疗调解组织"),
    ("industry", "示例物业调解组织"),
    ("industry", "示例消费调解组织"),
    ("industry", "示例土地承包调解组织"),
    ("industry", "示例水事调解组织"),
    ("industry", "示例住房建设调解组织"),
    ("industry", "示例金融调解组织"),
    ("industry", "示例教育调解组织"),
    ("industry", "示例制种调解组织"),
    ("union", "县总工会"),
    ("women", "县妇联"),
];

/// Manufacturers and models that do not exist.
pub(super) const MAKERS: [(&str, &str); 4] = [
    ("示例厂商甲", "SL-100"),
    ("示例厂商乙", "SL-200"),
    ("示例厂商丙", "SL-300"),
    ("示例厂商丁", "SL-400"),
];

/// A person who does not exist.
pub(super) fn person(number: u64) -> String {
    format!("示例居民{number:05}")
}

/// A person on duty who does not exist.
pub(super) fn worker(number: u64) -> String {
    const STEMS: [&str; 10] = ["甲", "乙", "丙", "丁", "戊", "己", "庚", "辛", "壬", "癸"];
    let stem = usize::try_from(number % 10)
        .ok()
        .and_then(|place| STEMS.get(place));
    format!("测试人员{}{}", stem.copied().unwrap_or("甲"), number / 10)
}

/// A telephone that nobody can dial.
pub(super) fn telephone(number: u64) -> String {
    format!("示例电话{number:05}")
}

/// What reviews find.
pub(super) const FINDINGS: [&str; 4] = [
    "本期纠纷总量平稳，示例灌溉类有所上升",
    "本期示例路段隐患集中，已明确责任单位",
    "本期未见异常，重复事项有所减少",
    "示例土地流转临近到期，需提前排查",
];

/// Topics of the supervision of each quarter.
pub(super) const TOPICS: [&str; 4] = [
    "示例切口：文书送达",
    "示例切口：涉企执行",
    "示例切口：酒驾醉驾办案期限",
    "示例切口：信访答复",
];

/// What is reported as a number, in what unit, and up to how many in a month.
pub(super) const NUMBERS: [(&str, &str, u64); 5] = [
    ("psychology-sessions", "times", 40),
    ("psychology-lectures", "times", 6),
    ("estates-covered", "places", 0),
    ("disputes-checked", "times", 30),
    ("publicity", "times", 8),
];
