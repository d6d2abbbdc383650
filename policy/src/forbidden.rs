//! What no field may hold, whoever signs: footage and where to get it, biometric and plate data,
//! population registers, scores of persons, credentials. Kinds that name such a field are refused.

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

/// Why a field of this name and Chinese title may not exist, if it may not.
///
/// `mere_fact` is whether the field is a yes or no; `password-was-present` is one.
pub fn why_forbidden(name: &str, title_zh: &str, mere_fact: bool) -> Option<&'static str> {
    if mere_fact && name.ends_with(MERE_FACT) {
        return None;
    }
    let words: Vec<&str> = name.split(['-', '.']).collect();
    let joined = words.concat();
    let by_word = BANS.iter().find(|ban| {
        ban.words
            .iter()
            .any(|word| words.contains(word) || joined == *word)
            || ban.chinese.iter().any(|part| title_zh.contains(part))
    });
    let by_pair = || {
        PAIRS
            .iter()
            .find(|pair| words.windows(2).any(|two| two == [pair.0, pair.1]))
    };
    by_word
        .map(|ban| ban.why)
        .or_else(|| by_pair().map(|pair| pair.2))
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert!(
                why_forbidden(name, title, false).is_some(),
                "{name} {title}"
            );
        }
    }

    #[test]
    fn the_mere_fact_that_something_was_dropped_may_be_kept() {
        assert_eq!(
            why_forbidden("password-was-present", "原始数据带有密码", true),
            None
        );
        assert!(why_forbidden("password-was-present", "密码", false).is_some());
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
            assert_eq!(why_forbidden(name, title, false), None, "{name} {title}");
        }
    }
}
