//! What no field may hold, whoever signs: footage and where to get it, biometric and plate data,
//! population registers, scores of persons, credentials. Kinds that name such a field are refused, and
//! an import drops columns that do: both go by one list (`words`).

mod words;

use crdt_model::kind::Title;
use crdt_model::text::Text;

pub use words::Content;
use words::{BANS, HARMLESS, PARTS, TRADITIONAL};

/// A yes-or-no field whose name ends like this says that something was dropped, and may name it.
const MERE_FACT: &str = "-was-present";

/// A character as it is written where characters were simplified, if it is one of those that the list
/// is about.
pub fn simplified(character: char) -> char {
    let known = TRADITIONAL.iter().find(|(from, _)| *from == character);
    known.map_or(character, |(_, to)| *to)
}

/// A Chinese title without what only parts its words, in simplified characters.
fn plain_chinese(title: &str) -> String {
    title
        .chars()
        .filter(|character| character.is_alphanumeric())
        .map(simplified)
        .collect()
}

/// Why a field or word of this name and title may not exist, if it may not.
///
/// `mere_fact` is whether the field is a yes or no; `password-was-present` is one.
pub fn why_forbidden(name: &str, title: &Title, mere_fact: bool) -> Option<Text> {
    if mere_fact && name.ends_with(MERE_FACT) {
        return None;
    }
    let chinese = plain_chinese(&title.zh);
    let english = title.en.to_lowercase();
    let parted = |character: char| !character.is_alphanumeric();
    [name, english.as_str()]
        .iter()
        .find_map(|words| in_words(&words.split(parted).collect::<Vec<_>>()))
        .or_else(|| in_chinese(&chinese))
        .map(Content::why)
}

/// What a column of a foreign file holds by its name, if that may not exist in the mesh. Foreign
/// programs part words by capital letters, digits and marks, or not at all.
pub fn in_column(name: &str) -> Option<Content> {
    let name: String = name.chars().map(narrow).collect();
    let mut chinese = plain_chinese(&name);
    for harmless in HARMLESS {
        chinese = chinese.replace(harmless, "");
    }
    let mut words = words_of(&name);
    if words.last().is_some_and(|word| is_number(word)) {
        words.pop();
    }
    let is_place =
        |at: usize| words.get(at).is_some_and(|word| word == "pwd") && at + 1 < words.len();
    let is_hashed = |at: usize| {
        let next = words.get(at + 1).map(String::as_str);
        next.is_some_and(|next| FORMS_OF_A_PASSWORD.contains(&next))
    };
    // A public works department shares its letters with a password.
    let words: Vec<&str> = (0..words.len())
        .filter(|at| !is_place(*at) || is_hashed(*at))
        .filter_map(|at| words.get(at).map(String::as_str))
        .collect();
    let joined = words.concat();
    let at_an_end = |part: &str| {
        let mut words = words.iter();
        words.any(|word| word.starts_with(part) || word.ends_with(part))
    };
    let part = |part: &&(&str, Content)| match part.0.len() {
        ..PART_LENGTH_SURE => at_an_end(part.0),
        _ => joined.contains(part.0),
    };
    in_words(&words)
        .or_else(|| in_chinese(&chinese))
        .or_else(|| PARTS.iter().find(part).map(|(_, content)| *content))
}

/// Letters from which on a part of a name is sure wherever it stands; `parts price` has `rtsp`.
const PART_LENGTH_SURE: usize = 6;
/// What may stand behind `pwd` where it is a password.
const FORMS_OF_A_PASSWORD: [&str; 8] = [
    "hash",
    "md5",
    "md",
    "enc",
    "encrypted",
    "value",
    "old",
    "new",
];

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

/// A full-width letter, digit or mark as the narrow one.
pub fn narrow(letter: char) -> char {
    match u32::from(letter) {
        wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xfee0).unwrap_or(letter),
        _ => letter,
    }
}

/// The words of a name as programs make them: `UserPwd`, `user_pwd`, `HTTPToken2`.
fn words_of(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| letters.get(before));
        let next = letters.get(at + 1);
        let parted = before.is_some_and(|before| {
            let kind = |c: char| (c.is_ascii_alphabetic(), c.is_ascii_digit());
            let hump = before.is_ascii_lowercase() && letter.is_ascii_uppercase();
            let last_of_capitals = before.is_ascii_uppercase()
                && letter.is_ascii_uppercase()
                && next.is_some_and(char::is_ascii_lowercase);
            kind(*before) != kind(*letter) || hump || last_of_capitals
        });
        if parted || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn in_chinese(chinese: &str) -> Option<Content> {
    let mut bans = BANS.iter();
    let ban = bans.find(|ban| ban.chinese.iter().any(|part| chinese.contains(part)));
    Some(ban?.content)
}

fn in_words(words: &[&str]) -> Option<Content> {
    let joined = words.concat();
    let word = |word: &&str| words.contains(word) || joined == **word;
    let pair = |pair: &(&str, &str)| words.windows(2).any(|two| two == [pair.0, pair.1]);
    let bans = || BANS.iter();
    let by_word = bans().find(|ban| ban.words.iter().any(&word));
    let ban = by_word.or_else(|| bans().find(|ban| ban.pairs.iter().any(&pair)));
    Some(ban?.content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(name: &str, zh: &str, mere_fact: bool) -> Option<Text> {
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
    fn columns_are_known_by_what_they_are_called_in_any_writing() {
        for (content, names) in [
            (
                Content::Credential,
                "Password PASS_WORD pwd UserPwd userpwd user_pwd1 PwdMd5 登录密码 登录密碼 秘钥 祕鑰 \
                 密鑰 口令 ＰａｓｓＷｏｒｄ secretKey Vendor/Password loginpassword2 授权码 kouling",
            ),
            (
                Content::Footage,
                "图片链接 圖片 预览地址 RtspUrl rtspurl StreamNumberList SnapURL 抓拍地址 photoUrl imgurl \
                 现场照片 HLS downloadspeed 直播地址",
            ),
            (
                Content::Movement,
                "号牌号码 號牌號碼 车牌 PlateNo plateno 车辆牌照 LicensePlate HPHM mobileposition 轨迹",
            ),
            (Content::Register, "身份证号 SFZH IDCard 证件号码 人口数"),
            (Content::Biometric, "FaceID 指纹 人臉"),
            (Content::Score, "积分 信用等级 credit_score"),
        ] {
            for name in names.split(' ') {
                assert_eq!(in_column(name), Some(content), "{name}");
            }
        }
    }

    #[test]
    fn ordinary_columns_of_the_same_sound_are_read() {
        let names = "pwd_district 设备名称 template surface Resolution PhotoelectricImagingType \
                     parts_price record-save-days PositionType DeviceID IPAddress 详细地址 \
                     统一社会信用代码 病虫害防治 livelihood 出入口 SVCSpaceSupportMode 案件编号 CertNum \
                     BusinessGroupID 运行状态 序号";
        for name in names.split(' ') {
            assert_eq!(in_column(name), None, "{name}");
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
