//! What never enters the mesh, whatever a mapping says: passwords, addresses of streams, snapshots
//! and recordings, tracks, biometric and plate data.
//!
//! A column is known by its name, from the list that also says which fields a charter may not have
//! (`policy::reading::forbidden`), and by what its cells hold. Of a password only the fact that one was
//! present remains. Values are dropped where they are read, so no later step, message or log can show
//! them.

mod links;
mod plates;

use std::collections::BTreeMap;

use policy::reading::forbidden::{self, Content};

use crate::limits::COUNTED_NAMES_MAX;
use crdt_model::text;
use crdt_model::text::Text;

/// What stands in place of a password: the mere fact that there was one.
pub const PRESENT: &str = "true";

/// What may become of a cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It may be read.
    Admitted,
    /// Its text is forgotten and [`PRESENT`] takes its place.
    OnlyThatItWasPresent,
    /// Its column is forgotten, and counted.
    Column,
    /// Its text is forgotten, and counted.
    Value(Found),
}

/// Whether a character shows nothing and takes no room: with some between them letters read as before.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// What a text holds that may not exist in the mesh.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// An address of footage, or one with a password in it.
    Link,
    /// A vehicle's plate.
    Plate,
    /// A password.
    Secret,
}

impl Found {
    /// What it is, for people, without the text.
    pub fn name(self) -> Text {
        match self {
            Self::Link => text!(
                "视频、图片地址或带口令的地址",
                "an address of video or pictures, or one with a password"
            ),
            Self::Plate => text!("车牌号", "a vehicle's plate"),
            Self::Secret => text!("口令", "a password"),
        }
    }
}

/// What may become of a cell with this text in a column with this name.
pub fn judge(name: &str, value: &str) -> Verdict {
    Columns::default().judge(name, value)
}

/// What columns hold by their names, each looked at once.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Columns {
    known: BTreeMap<String, Option<Content>>,
}

impl Columns {
    /// What may become of a cell with this text in a column with this name.
    pub fn judge(&mut self, name: &str, value: &str) -> Verdict {
        match self.content(name) {
            Some(Content::Credential) => Verdict::OnlyThatItWasPresent,
            Some(_) => Verdict::Column,
            None => found_in(value).map_or(Verdict::Admitted, Verdict::Value),
        }
    }

    fn content(&mut self, name: &str) -> Option<Content> {
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        let content = forbidden::in_column(name);
        if self.known.len() < COUNTED_NAMES_MAX {
            self.known.insert(name.to_owned(), content);
        }
        content
    }
}

/// What a text holds that may not exist in the mesh, whatever its column is called.
pub fn found_in(value: &str) -> Option<Found> {
    let value: String = value
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| forbidden::simplified(forbidden::narrow(c)))
        .flat_map(char::to_lowercase)
        .collect();
    if links::leads_to_footage(&value) {
        Some(Found::Link)
    } else if plates::has_plate(&value) {
        Some(Found::Plate)
    } else if links::gives_a_secret(&value) {
        Some(Found::Secret)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_password_only_its_presence_remains() {
        for name in [
            "Password",
            "PASS_WORD",
            "设备口令",
            "登录密碼",
            "秘钥",
            "UserPwd",
        ] {
            assert_eq!(judge(name, "x"), Verdict::OnlyThatItWasPresent, "{name}");
        }
        assert_eq!(judge("pwd_district", "1B"), Verdict::Admitted);
    }

    #[test]
    fn columns_are_dropped_by_name() {
        for name in [
            "StreamNumberList",
            "抓拍地址",
            "号牌号码",
            "PlateNo",
            "图片链接",
            "预览地址",
        ] {
            assert_eq!(judge(name, "x"), Verdict::Column, "{name}");
        }
    }

    #[test]
    fn ways_to_footage_are_found_in_any_column() {
        for value in [
            "见 rtsp://10.0.0.1/ch1",
            "rt\u{200b}sp://10.0.0.1/ch1",
            "admin:12345@10.0.0.1",
            "\\\\nas\\cam1",
            "录像在 videos/1.mp4",
            "取流rtsp://10.0.0.1:554/ch1，已核",
            "ｒｔｓｐ：／／10.0.0.1/ch1",
            "rtsp:\\\\10.0.0.1\\ch1",
            "RTSP:10.0.0.1/ch1",
            "http://admin:pw@10.0.0.1/",
            "https://10.0.0.1/a.m3u8?x",
            "…/live/1.m3u8",
            "1.m3u8",
            "http://192.0.2.5/img?id=3",
            "http://192.0.2.5:80/PSIA/Streaming/channels/1",
            "192.0.2.5:554/Streaming/Channels/101",
            "/cgi-bin/snap.cgi",
            "snap.cgi",
            "http://192.0.2.5/cgi?action=snapshot&channel=1",
            "http://192.0.2.5/cam/realmonitor?channel=1&subtype=0",
            "\\\\nas\\camera\\1.mp4",
            "ftp://192.0.2.5/a/1.TS",
            "https://files.example.cn/get?name=a.jpg",
            "data:image/png;base64,AAAA",
        ] {
            assert_eq!(found_in(value), Some(Found::Link), "{value}");
        }
    }

    #[test]
    fn plates_are_found_however_they_are_written() {
        for value in [
            "甘G00000",
            "甘g·00000",
            "甘 G 00000",
            "甘G-D00000",
            "货车甘G00000堵路",
            "甘G0000警",
            "甘Ｇ０００００",
            "粤Z0000港",
        ] {
            assert_eq!(found_in(value), Some(Found::Plate), "{value}");
        }
    }

    #[test]
    fn passwords_are_found_in_text() {
        for value in [
            "用户admin 密码：admin123",
            "东门 密码 123456",
            "用户名admin密码Abc12345",
            "密\u{200b}码：abc",
            "password = hunter2",
            "口令是 Abc-123",
            "登錄密碼:abc123",
        ] {
            assert_eq!(found_in(value), Some(Found::Secret), "{value}");
        }
    }

    #[test]
    fn ordinary_texts_of_the_same_sound_are_admitted() {
        for value in [
            "详见 https://www.gov.cn/zhengce",
            "www.tsinghua.edu.cn",
            "https://www.tsinghua.edu.cn/",
            "https://example.cn/livelihood/2026",
            "https://example.cn/recorder",
            "192.0.2.5",
            "192.0.2.5:5060",
            "2026/11/02 09:30",
            "东门/西门",
            "live/work",
            "见附件 1.jpg",
            "甘州区12345号",
            "新B座12345",
            "云A2026000001",
            "62072301001320990001",
            "老人忘记密码，请协助",
            "密码 3 次输错后锁定",
            "12:30@村委会",
            "联系 zhang@example.cn",
            "面积 3/4 亩",
            "密码：请到窗口重置",
            "compass: north",
            "东门",
        ] {
            assert_eq!(found_in(value), None, "{value}");
        }
    }
}
