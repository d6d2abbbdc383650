//! The list: what may not exist in the mesh, by the words that fields and columns have for it.

use crdt_model::text;
use crdt_model::text::Text;

/// What something is that may not exist in the mesh.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Content {
    /// Footage, snapshots, and where to get them.
    Footage,
    /// Passwords, keys and other credentials.
    Credential,
    /// What a person is recognised by.
    Biometric,
    /// Vehicle plates, and where persons were.
    Movement,
    /// Identity numbers and population registers.
    Register,
    /// Scores and profiles of persons.
    Score,
    /// Health and counselling of persons.
    Health,
}

impl Content {
    /// Why it may not exist.
    pub fn why(self) -> Text {
        match self {
            Self::Footage => text!(
                "视频、抓拍和取流地址一律不得进入本网络",
                "footage, snapshots and stream addresses are never shared"
            ),
            Self::Credential => text!(
                "口令、令牌等一律不得进入本网络",
                "passwords and other credentials are never shared"
            ),
            Self::Biometric => text!(
                "生物识别信息一律不得进入本网络",
                "biometric data is never shared"
            ),
            Self::Movement => text!(
                "车牌和个人行踪一律不得进入本网络",
                "vehicle plates and the movements of persons are never shared"
            ),
            Self::Register => text!(
                "证件号码和人口登记信息一律不得进入本网络",
                "identity numbers and population registers are never shared"
            ),
            Self::Score => text!(
                "本网络不得对个人评分、排名、画像",
                "scores, rankings and profiles of persons do not exist here"
            ),
            Self::Health => text!(
                "个人健康和心理咨询信息一律不得进入本网络",
                "health and counselling data of persons is never shared"
            ),
        }
    }
}

/// A group of words that no field and no column may have in its name.
pub(super) struct Ban {
    pub(super) content: Content,
    /// Whole words of the name.
    pub(super) words: &'static [&'static str],
    /// Words that are banned where they stand next to each other.
    pub(super) pairs: &'static [(&'static str, &'static str)],
    /// Parts of the Chinese title.
    pub(super) chinese: &'static [&'static str],
}

pub(super) const BANS: &[Ban] = &[
    Ban {
        content: Content::Footage,
        words: &[
            "url",
            "uri",
            "rtsp",
            "rtmp",
            "hls",
            "flv",
            "webrtc",
            "mjpeg",
            "stream",
            "streams",
            "snapshot",
            "snapshots",
            "snap",
            "snaps",
            "screenshot",
            "playback",
            "footage",
            "clip",
            "photo",
            "photos",
            "picture",
            "pictures",
            "pic",
            "pics",
            "image",
            "images",
            "img",
            "imgs",
            "thumbnail",
        ],
        pairs: &[
            ("download", "speed"),
            ("video", "address"),
            ("video", "addr"),
            ("video", "link"),
            ("video", "file"),
            ("live", "address"),
            ("live", "addr"),
        ],
        chinese: &[
            "网址",
            "码流",
            "取流",
            "拉流",
            "推流",
            "视频流",
            "流地址",
            "抓拍",
            "抓图",
            "截图",
            "快照",
            "录像文件",
            "录像地址",
            "录像下载",
            "回放",
            "播放地址",
            "播放链接",
            "预览",
            "点播",
            "直播",
            "视频地址",
            "视频链接",
            "视频文件",
            "照片",
            "相片",
            "图片",
            "图像链接",
            "图像地址",
            "头像",
            "人像",
        ],
    },
    Ban {
        content: Content::Credential,
        words: &[
            "password",
            "passwords",
            "passwd",
            "pwd",
            "passphrase",
            "passcode",
            "credential",
            "credentials",
            "token",
            "apikey",
            "pin",
            "mima",
            "miyao",
            "kouling",
        ],
        pairs: &[
            ("pass", "word"),
            ("pass", "code"),
            ("secret", "key"),
            ("private", "key"),
            ("access", "key"),
            ("api", "key"),
            ("encryption", "key"),
            ("auth", "code"),
            ("client", "secret"),
        ],
        chinese: &[
            "密码",
            "口令",
            "凭证",
            "令牌",
            "密钥",
            "秘钥",
            "私钥",
            "授权码",
            "验证码",
        ],
    },
    Ban {
        content: Content::Biometric,
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
        pairs: &[],
        chinese: &["人脸", "面部", "指纹", "虹膜", "声纹", "步态", "生物特征"],
    },
    Ban {
        content: Content::Movement,
        words: &[
            "plate",
            "plates",
            "track",
            "tracks",
            "tracking",
            "trajectory",
            "whereabouts",
            "itinerary",
            "cph",
            "cphm",
            "hphm",
        ],
        pairs: &[
            ("mobile", "position"),
            ("car", "number"),
            ("car", "no"),
            ("vehicle", "number"),
            ("vehicle", "no"),
        ],
        chinese: &["车牌", "号牌", "牌照", "轨迹", "行踪"],
    },
    Ban {
        content: Content::Register,
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
        pairs: &[
            ("id", "card"),
            ("id", "number"),
            ("identity", "number"),
            ("special", "group"),
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
        content: Content::Score,
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
        pairs: &[],
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
        content: Content::Health,
        words: &[
            "health",
            "diagnosis",
            "illness",
            "counselling",
            "counseling",
            "disability",
        ],
        pairs: &[],
        chinese: &["健康", "诊断", "病", "心理咨询", "残疾"],
    },
];

/// Parts of the names of columns whose words are not parted at all. Those of few letters count only at
/// the beginning or end of a word.
pub(super) const PARTS: &[(&str, Content)] = &[
    ("password", Content::Credential),
    ("passwd", Content::Credential),
    ("passphrase", Content::Credential),
    ("passcode", Content::Credential),
    ("secretkey", Content::Credential),
    ("privatekey", Content::Credential),
    ("accesskey", Content::Credential),
    ("apikey", Content::Credential),
    ("userpwd", Content::Credential),
    ("loginpwd", Content::Credential),
    ("adminpwd", Content::Credential),
    ("devicepwd", Content::Credential),
    ("rtsp", Content::Footage),
    ("rtmp", Content::Footage),
    ("m3u8", Content::Footage),
    ("streamurl", Content::Footage),
    ("streamaddr", Content::Footage),
    ("streamnumber", Content::Footage),
    ("playurl", Content::Footage),
    ("videourl", Content::Footage),
    ("videoaddr", Content::Footage),
    ("liveurl", Content::Footage),
    ("snapurl", Content::Footage),
    ("snapshot", Content::Footage),
    ("recordurl", Content::Footage),
    ("picurl", Content::Footage),
    ("imgurl", Content::Footage),
    ("imageurl", Content::Footage),
    ("photourl", Content::Footage),
    ("hlsurl", Content::Footage),
    ("flvurl", Content::Footage),
    ("downloadspeed", Content::Footage),
    ("hphm", Content::Movement),
    ("cphm", Content::Movement),
    ("plateno", Content::Movement),
    ("platenum", Content::Movement),
    ("licenseplate", Content::Movement),
    ("licenceplate", Content::Movement),
    ("carplate", Content::Movement),
    ("mobileposition", Content::Movement),
    ("faceid", Content::Biometric),
    ("fingerprint", Content::Biometric),
    ("idcard", Content::Register),
    ("sfzh", Content::Register),
    ("zjhm", Content::Register),
];

/// Names of columns that have a banned word in them and mean something else.
pub(super) const HARMLESS: [&str; 3] = ["社会信用代码", "信用社", "病虫"];

/// Letters of the words above as they are written where characters were not simplified.
pub(super) const TRADITIONAL: &[(char, char)] = &[
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
    ('鑰', '钥'),
    ('祕', '秘'),
    ('鍵', '键'),
    ('頻', '频'),
    ('視', '视'),
    ('覽', '览'),
    ('預', '预'),
    ('鏈', '链'),
    ('連', '连'),
    ('結', '结'),
    ('傳', '传'),
    ('載', '载'),
    ('緝', '缉'),
    ('頭', '头'),
    ('權', '权'),
    ('驗', '验'),
    ('駕', '驾'),
    ('貼', '贴'),
    ('蟲', '虫'),
    ('會', '会'),
    ('數', '数'),
    ('絡', '络'),
    ('畵', '画'),
    ('証', '证'),
    ('録', '录'),
];
