//! Addresses of streams, snapshots, recordings and pictures, and addresses and sentences that carry a
//! password, in any text.

/// Schemes of addresses under which devices serve streams.
const STREAM_SCHEMES: [&str; 10] = [
    "rtsp", "rtsps", "rtmp", "rtmps", "rtp", "srt", "ws", "wss", "webrtc", "rtspu",
];
/// Names of files that are streams, whether an address stands before them or not.
const STREAM_FILES: [&str; 6] = ["m3u8", "m3u", "flv", "f4v", "mpd", "sdp"];
/// Names of files that are footage where an address leads to them.
const FOOTAGE_FILES: [&str; 19] = [
    "jpg", "jpeg", "png", "gif", "bmp", "webp", "heic", "mp4", "ts", "avi", "mkv", "mov", "wmv",
    "3gp", "m4s", "mjpg", "mjpeg", "h264", "dav",
];
/// Programs of devices: `snap.cgi`.
const PROGRAMS: [&str; 5] = ["cgi", "asp", "aspx", "jsp", "php"];
/// What such a program's name has in it where it gives footage.
const PROGRAM_PARTS: [&str; 11] = [
    "snap", "image", "img", "picture", "photo", "video", "stream", "jpg", "jpeg", "playback",
    "capture",
];
/// Parts of a path or query that lead to footage, as whole words.
const PLACES: [&str; 41] = [
    "live",
    "livestream",
    "stream",
    "streams",
    "streaming",
    "record",
    "records",
    "recording",
    "recordings",
    "playback",
    "vod",
    "hls",
    "flv",
    "rtp",
    "rtsp",
    "webrtc",
    "whep",
    "whip",
    "snapshot",
    "snapshots",
    "snap",
    "snaps",
    "getsnapshot",
    "capture",
    "realmonitor",
    "preview",
    "psia",
    "isapi",
    "onvif",
    "img",
    "imgs",
    "image",
    "images",
    "pic",
    "pics",
    "picture",
    "pictures",
    "photo",
    "photos",
    "video",
    "videos",
];
/// What a password is called before it is given away.
const SECRETS: [&str; 12] = [
    "password", "passwd", "passcode", "pwd", "token", "apikey", "secret", "密码", "口令", "密钥",
    "秘钥", "令牌",
];
/// Characters without a blank behind `密码：` that make it a password and no sentence.
const SECRET_LENGTH_MIN: usize = 3;
/// The same where nothing stands between.
const BARE_SECRET_LENGTH_MIN: usize = 5;

/// Whether a text, narrow and in small letters, has an address of footage in it, or an address with a
/// password.
pub(super) fn leads_to_footage(text: &str) -> bool {
    let parts = |c: char| !c.is_ascii() || c.is_whitespace() || "\"'`<>()[]{}|,;".contains(c);
    let text = text.replace('\\', "/");
    text.split(parts).any(is_footage)
}

fn is_footage(address: &str) -> bool {
    if address.starts_with("data:image") || address.starts_with("data:video") {
        return true;
    }
    let schemed = address.match_indices("://").any(|(at, mark)| {
        let before = address.get(..at).unwrap_or("");
        let after = address.get(at + mark.len()..).unwrap_or("");
        let scheme = before.rsplit(|c: char| !c.is_ascii_alphanumeric()).next();
        let authority = after.split(['/', '?', '#']).next().unwrap_or("");
        let stream = scheme.is_some_and(|scheme| STREAM_SCHEMES.contains(&scheme));
        stream || authority.contains('@')
    });
    // `admin:12345@192.0.2.5`, without a scheme.
    let with_password = address.rsplit_once('@').is_some_and(|(who, host)| {
        who.contains(':') && is_host(host.split('/').next().unwrap_or(""))
    });
    // `\\nas\cam1`, a folder on another machine.
    let shared = address.strip_prefix("//").is_some_and(|rest| {
        rest.split_once('/')
            .is_some_and(|(host, path)| !host.is_empty() && !path.is_empty())
    });
    let bare = ["rtsp:", "rtsps:", "rtmp:", "webrtc:"];
    if schemed || with_password || shared || bare.iter().any(|scheme| address.starts_with(scheme)) {
        return true;
    }
    let (host, path) = match address.split_once("://") {
        Some((_, rest)) => rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len())),
        None => address.split_at(address.find('/').unwrap_or(0)),
    };
    if address.rsplit_once('/').is_some_and(|(folder, file)| {
        let ending = file.rsplit_once('.').map(|(_, ending)| ending);
        !folder.is_empty() && ending.is_some_and(|ending| FOOTAGE_FILES.contains(&ending))
    }) {
        return true;
    }
    let leads =
        address.contains("://") || path.starts_with('/') && (host.is_empty() || is_host(host));
    let mut words = path
        .split(['/', '?', '&', '=', '#'])
        .filter(|word| !word.is_empty());
    words.any(|word| {
        let (stem, ending) = word.rsplit_once('.').unwrap_or((word, ""));
        let program = PROGRAMS.contains(&ending);
        STREAM_FILES.contains(&ending)
            || program && PROGRAM_PARTS.iter().any(|part| stem.contains(part))
            || leads && (FOOTAGE_FILES.contains(&ending) || PLACES.contains(&word))
    })
}

/// Whether it looks like a machine's name or number: `192.0.2.5:554`, `cam.example.cn`.
fn is_host(text: &str) -> bool {
    let name = text.split(':').next().unwrap_or("");
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    name.contains('.') && name.chars().all(plain)
}

/// Whether a text, narrow, in small letters and simplified characters, gives a password away.
pub(super) fn gives_a_secret(text: &str) -> bool {
    SECRETS.iter().any(|secret| {
        text.match_indices(secret).any(|(at, _)| {
            let before = text.get(..at).unwrap_or("").chars().next_back();
            let behind = text.get(at + secret.len()..).unwrap_or("");
            let after = behind.trim_start();
            let latin = secret.is_ascii() && before.is_some_and(|c| c.is_ascii_alphabetic());
            let word = |text: &str| -> String {
                text.trim_start()
                    .chars()
                    .take_while(char::is_ascii_graphic)
                    .collect()
            };
            let given = match after.strip_prefix([':', '=', '是', '为']) {
                Some(given) => word(given).len() >= SECRET_LENGTH_MIN,
                // Without a word between them it has to look like one: `密码 123456`, `密码Abc12345`.
                None => {
                    let parted = !secret.is_ascii() || after.len() < behind.len();
                    let given = word(after);
                    let digits = given.chars().filter(char::is_ascii_digit).count();
                    parted && given.len() >= BARE_SECRET_LENGTH_MIN && digits >= 2
                }
            };
            !latin && given
        })
    })
}
