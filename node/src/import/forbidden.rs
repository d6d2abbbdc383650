//! What never enters the mesh, whatever a mapping says: passwords, addresses of streams, snapshots
//! and recordings, tracks, biometric and plate data.
//!
//! Of a password only the fact that one was present remains. Values are dropped where they are
//! read, so no later step, message or log can show them.

/// What stands in place of a password: the mere fact that there was one.
pub const PRESENT: &str = "true";

/// What may become of a cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It may be read.
    Admitted,
    /// Its text is forgotten and [`PRESENT`] takes its place.
    OnlyThatItWasPresent,
    /// It is forgotten and counted.
    Dropped,
}

/// Parts of a column's name that mean a secret.
const SECRETS: [&str; 6] = ["password", "passwd", "passphrase", "口令", "密码", "密钥"];
/// Parts of a column's name that mean footage, a way to it, a track, or a person's features.
const BANNED: [&str; 26] = [
    "streamurl",
    "streamaddress",
    "streamnumberlist",
    "rtsp",
    "rtmp",
    "playurl",
    "videourl",
    "snapurl",
    "snapshot",
    "recordurl",
    "downloadspeed",
    "mobileposition",
    "licenseplate",
    "platenumber",
    "faceid",
    "fingerprint",
    "流地址",
    "码流",
    "播放地址",
    "抓拍",
    "截图",
    "录像地址",
    "回放地址",
    "车牌",
    "人脸",
    "指纹",
];
/// Schemes of addresses under which devices serve streams.
const STREAM_SCHEMES: [&str; 8] = ["rtsp", "rtsps", "rtmp", "rtp", "srt", "ws", "wss", "webrtc"];
/// What in the rest of a web address means footage.
const FOOTAGE: [&str; 12] = [
    ".m3u8",
    ".flv",
    ".mp4",
    ".ts",
    ".jpg",
    ".jpeg",
    ".png",
    "snapshot",
    "/live",
    "/stream",
    "/record",
    "/playback",
];

/// What may become of a cell with this text in a column with this name.
pub fn judge(name: &str, value: &str) -> Verdict {
    let plain: String = name
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    if plain == "pwd" || SECRETS.iter().any(|secret| plain.contains(secret)) {
        Verdict::OnlyThatItWasPresent
    } else if BANNED.iter().any(|banned| plain.contains(banned)) || leads_to_footage(value) {
        Verdict::Dropped
    } else {
        Verdict::Admitted
    }
}

/// Whether a text contains the address of a stream, snapshot or recording, or an address with a
/// password in it.
fn leads_to_footage(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    value.match_indices("://").any(|(at, separator)| {
        let before = value.get(..at).unwrap_or("");
        let scheme = before
            .rsplit(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or("");
        let after = value.get(at + separator.len()..).unwrap_or("");
        let rest = after.split(char::is_whitespace).next().unwrap_or("");
        let authority = rest.split('/').next().unwrap_or("");
        STREAM_SCHEMES.contains(&scheme)
            || authority.contains('@')
            || FOOTAGE.iter().any(|mark| rest.contains(mark))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_password_only_its_presence_remains() {
        for name in [
            "Password",
            "password",
            "PASS_WORD",
            "设备口令",
            "登录密码",
            "pwd",
        ] {
            assert_eq!(judge(name, "x"), Verdict::OnlyThatItWasPresent, "{name}");
        }
        assert_eq!(judge("pwd_district", "1B"), Verdict::Admitted);
    }

    #[test]
    fn ways_to_footage_are_dropped_by_name_and_by_value() {
        assert_eq!(judge("StreamNumberList", "0/1"), Verdict::Dropped);
        assert_eq!(judge("抓拍地址", "x"), Verdict::Dropped);
        assert_eq!(judge("备注", "见 rtsp://10.0.0.1/ch1"), Verdict::Dropped);
        assert_eq!(judge("备注", "http://admin:pw@10.0.0.1/"), Verdict::Dropped);
        assert_eq!(judge("备注", "https://10.0.0.1/a.m3u8?x"), Verdict::Dropped);
        assert_eq!(
            judge("备注", "详见 https://www.gov.cn/zhengce"),
            Verdict::Admitted
        );
        assert_eq!(judge("名称", "东门"), Verdict::Admitted);
    }
}
