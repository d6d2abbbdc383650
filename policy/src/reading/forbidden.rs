//! What no field may hold, whoever signs: footage and where to get it, biometric and plate data,
//! population registers, scores of persons, credentials. Kinds that name such a field are refused.

use crdt_model::kind::Title;

/// A group of words that no field's name may have, and why.
struct Ban {
    why: &'static str,
    /// Whole words of the name, as `-` and `.` part it.
    words: &'static [&'static str],
    /// Parts of the Chinese title.
    chinese: &'static [&'static str],
}

const BANS: &[Ban] = &[
    Ban {
        why: "footage, snapshots and stream addresses are never shared",
        words: &[
            "url",
            "uri",
            "rtsp",
            "rtmp",
            "hls",
            "flv",
            "webrtc",
            "stream",
            "streams",
            "snapshot",
            "snapshots",
            "playback",
            "footage",
            "clip",
            "photo",
            "photos",
            "picture",
            "image",
        ],
        chinese: &[
            "网址",
            "码流",
            "取流",
            "流地址",
            "抓拍",
            "截图",
            "录像文件",
            "回放",
            "照片",
        ],
    },
    Ban {
        why: "passwords and other credentials are never shared",
        words: &[
            "password",
            "passwords",
            "passwd",
            "pwd",
            "passphrase",
            "credential",
            "credentials",
            "token",
            "apikey",
            "pin",
        ],
        chinese: &["密码", "口令", "凭证", "令牌"],
    },
    Ban {
        why: "biometric data is never shared",
        words: &[
            "face",
            "faces",
            "facial",
            "fingerprint",
            "iris",
            "voiceprint",
            "gait",
            "dna",
            "biometric",
            "biometrics",
        ],
        chinese: &["人脸", "面部", "指纹", "虹膜", "声纹", "步态", "生物特征"],
    },
    Ban {
        why: "vehicle plates and the movements of persons are never shared",
        words: &[
            "plate",
            "plates",
            "licence-plate",
            "track",
            "tracks",
            "tracking",
            "trajectory",
            "whereabouts",
            "itinerary",
        ],
        chinese: &["车牌", "号牌", "轨迹", "行踪"],
    },
    Ban {
        why: "identity numbers and population registers are never shared",
        words: &[
            "idcard",
            "idno",
            "ssn",
            "passport",
            "population",
            "hukou",
            "household",
            "ethnicity",
            "religion",
            "birthday",
            "birthdate",
        ],
        chinese: &[
            "身份证",
            "证件号",
            "护照",
            "户籍",
            "户口",
            "人口",
            "民族",
            "宗教",
            "出生",
        ],
    },
    Ban {
        why: "scores, rankings and profiles of persons do not exist here",
        words: &[
            "score",
            "scores",
            "rank",
            "ranks",
            "ranking",
            "rating",
            "credit",
            "profile",
            "blacklist",
        ],
        chinese: &[
            "评分",
            "得分",
            "积分",
            "排名",
            "信用",
            "画像",
            "黑名单",
            "重点人员",
        ],
    },
    Ban {
        why: "health and counselling data of persons is never shared",
        words: &[
            "health",
            "diagnosis",
            "illness",
            "counselling",
            "counseling",
            "disability",
        ],
        chinese: &["健康", "诊断", "病", "心理咨询", "残疾"],
    },
];

/// Words that are banned where they stand next to each other.
const PAIRS: &[(&str, &str, &str)] = &[
    (
        "id",
        "card",
        "identity numbers and population registers are never shared",
    ),
    (
        "id",
        "number",
        "identity numbers and population registers are never shared",
    ),
    (
        "identity",
        "number",
        "identity numbers and population registers are never shared",
    ),
    (
        "special",
        "group",
        "identity numbers and population registers are never shared",
    ),
];

/// A yes-or-no field whose name ends like this says that something was dropped, and may name it.
const MERE_FACT: &str = "-was-present";

/// Letters of the words above as they are written where characters were not simplified.
const TRADITIONAL: &[(char, char)] = &[
    ('網', '网'),
    ('碼', '码'),
    ('圖', '图'),
    ('錄', '录'),
    ('憑', '凭'),
    ('證', '证'),
    ('臉', '脸'),
    ('紋', '纹'),
    ('聲', '声'),
    ('態', '态'),
    ('徵', '征'),
    ('車', '车'),
    ('號', '号'),
    ('軌', '轨'),
    ('跡', '迹'),
    ('蹤', '踪'),
    ('護', '护'),
    ('戶', '户'),
    ('評', '评'),
    ('積', '积'),
    ('畫', '画'),
    ('單', '单'),
    ('點', '点'),
    ('員', '员'),
    ('診', '诊'),
    ('斷', '断'),
    ('諮', '咨'),
    ('詢', '询'),
    ('殘', '残'),
    ('閱', '阅'),
];

/// A Chinese title without what only parts its words, in simplified characters.
fn plain_chinese(title: &str) -> String {
    let simplified = |character: char| {
        let known = TRADITIONAL.iter().find(|(from, _)| *from == character);
        known.map_or(character, |(_, to)| *to)
    };
    title
        .chars()
        .filter(|character| character.is_alphanumeric())
        .map(simplified)
        .collect()
}

/// Why a field or word of this name and title may not exist, if it may not.
///
/// `mere_fact` is whether the field is a yes or no; `password-was-present` is one.
pub fn why_forbidden(name: &str, title: &Title, mere_fact: bool) -> Option<&'static str> {
    if mere_fact && name.ends_with(MERE_FACT) {
        return None;
    }
    let chinese = plain_chinese(&title.zh);
    let english = title.en.to_lowercase();
    let parted = |character: char| !character.is_alphanumeric();
    [name, english.as_str()]
        .iter()
        .find_map(|words| why_words(&words.split(parted).collect::<Vec<_>>()))
        .or_else(|| {
            let by_part = |ban: &&Ban| ban.chinese.iter().any(|part| chinese.contains(part));
            BANS.iter().find(by_part).map(|ban| ban.why)
        })
}

fn why_words(words: &[&str]) -> Option<&'static str> {
    let joined = words.concat();
    let banned = |word: &&str| words.contains(word) || joined == **word;
    let ban = BANS.iter().find(|ban| ban.words.iter().any(&banned));
    let pair = || {
        PAIRS
            .iter()
            .find(|pair| words.windows(2).any(|two| two == [pair.0, pair.1]))
    };
    ban.map(|ban| ban.why).or_else(|| pair().map(|pair| pair.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(name: &str, zh: &str, mere_fact: bool) -> Option<&'static str> {
        let title = Title {
            zh: zh.to_owned(),
            en: "a field".to_owned(),
        };
        why_forbidden(name, &title, mere_fact)
    }

    #[test]
    fn a_title_says_it_too_in_any_writing() {
        for (zh, en) in [
            ("當事人身份證號", "Number"),
            ("身 份·证", "Number"),
            ("说明", "Face of the party"),
            ("说明", "ID number of the party"),
        ] {
            let title = Title {
                zh: zh.to_owned(),
                en: en.to_owned(),
            };
            assert!(why_forbidden("note", &title, false).is_some(), "{zh} {en}");
        }
    }

    #[test]
    fn fields_that_open_a_forbidden_door_are_refused() {
        for (name, title) in [
            ("url", "地址"),
            ("stream-address", "地址"),
            ("stream.url", "地址"),
            ("last-snapshot", "最近"),
            ("password", "登录"),
            ("pass-word", "登录"),
            ("face-id", "编号"),
            ("plate", "车辆"),
            ("id-card", "证件"),
            ("idcard", "证件"),
            ("reporter-score", "上报人"),
            ("rank", "名次"),
            ("remark", "当事人身份证号"),
            ("remark", "抓拍地址"),
        ] {
            assert!(why(name, title, false).is_some(), "{name} {title}");
        }
    }

    #[test]
    fn the_mere_fact_that_something_was_dropped_may_be_kept() {
        assert_eq!(why("password-was-present", "原始数据带有密码", true), None);
        assert!(why("password-was-present", "密码", false).is_some());
    }

    #[test]
    fn ordinary_fields_of_the_same_sound_are_allowed() {
        for (name, title) in [
            ("record-save-days", "录像保存天数"),
            ("place", "所在村"),
            ("surface", "路面"),
            ("template", "模板"),
            ("resolution", "分辨率"),
            ("identity", "标识"),
        ] {
            assert_eq!(why(name, title, false), None, "{name} {title}");
        }
    }
}
