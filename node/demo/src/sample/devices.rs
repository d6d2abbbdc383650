//! Field devices: cameras, devices of traffic control, checkpoints, smart estates, warning systems
//! and terminals. Two villages in three bring their cameras as a table, the third as a GB/T 28181
//! catalogue, and adds by hand what catalogues do not say.

use std::ops::Range;

use crdt_model::ids::{NodeId, RecordId};

use super::counts::Counts;
use super::course::{Course, each};
use super::draw::{Draw, Purpose};
use super::file::SampleFile;
use super::names::{Fields, Names, row, set};
use super::table::{Table, gb18030};
use super::villages::Villages;
use super::words::{MAKERS, PLACES, Word, telephone};
use node_import::record_id;

const DEVICES: &[&str] = &[
    "设备编码",
    "设备名称",
    "所在村代码",
    "所在村名称",
    "设备类型",
    "建设归属",
    "运行状态",
    "状态时间",
    "生产厂商",
    "型号",
    "安装时间",
    "录像保存天数",
    "备案情况",
    "备案时间",
    "是否不外传",
    "IP地址",
    "端口",
    "经度",
    "纬度",
    "详细地址",
    "维护联系方式",
    "设备口令",
];

const TERMINALS: &[&str] = &[
    "终端编号",
    "终端名称",
    "所在村代码",
    "所在村名称",
    "终端型号",
    "生产厂商",
    "建设归属",
    "运行状态",
    "状态时间",
    "安装时间",
    "安装位置",
    "经度",
    "纬度",
    "责任人联系方式",
];

/// One village in so many brings a catalogue.
const CATALOGUE_EVERY: usize = 3;
/// One camera that others connect in so many is kept at home, if a table brings it, and one is retired.
const SOCIAL_EVERY: u64 = 20;
/// Which of these is kept at home.
const HOME_ONLY_AT: u64 = 1;
/// Which of these is retired.
const RETIRED_AT: u64 = 2;

/// A sort of devices, with the digits of their ids and what separates their draws.
#[derive(Clone, Copy)]
struct Sort {
    /// Industry, type and network: digits 9 to 14 of the id (GB/T 28181-2022 Annex E).
    digits: &'static str,
    title: &'static str,
    name: &'static str,
    stream: u64,
}

const CAMERA: Sort = Sort {
    digits: "001326",
    title: "视频监控",
    name: "监控",
    stream: 0,
};
const SOCIAL: Sort = Sort {
    digits: "021326",
    stream: 4 << 32,
    ..CAMERA
};
const SITE: Sort = Sort {
    digits: "012166",
    title: "智慧安防小区",
    name: "小区",
    stream: 5 << 32,
};
const TRAFFIC: Sort = Sort {
    digits: "051346",
    title: "交管前端设备",
    name: "前端",
    stream: 1 << 32,
};
const CHECKPOINT: Sort = Sort {
    digits: "051216",
    title: "电子卡口",
    name: "卡口",
    stream: 2 << 32,
};
const TERMINAL: u64 = 3 << 32;

/// One invented device.
struct Device {
    id: String,
    name: String,
    online: bool,
    home_only: bool,
    public: bool,
    retired: bool,
    filing: Word,
    password: bool,
    maker: (&'static str, &'static str),
    since: String,
    installed: String,
    address: String,
    port: u64,
    longitude: String,
    latitude: String,
    place: &'static str,
    contact: String,
}

/// How far devices are filed with the police: most are.
const FILINGS: [Word; 12] = {
    let mut all = [("filed", "已备案"); 12];
    all[3] = ("not-filed", "未备案");
    all[7] = ("changed", "变更未备案");
    all
};

impl Device {
    fn status(&self) -> Word {
        match self.online {
            _ if self.retired => ("retired", "停用"),
            true => ("on", "在线"),
            false => ("off", "离线"),
        }
    }
}

/// The devices of one village among those with these numbers.
pub(super) fn files(
    villages: &Villages,
    village: NodeId,
    from: &Counts,
    to: &Counts,
) -> Vec<SampleFile> {
    let mut table = Table::new(DEVICES);
    let mut files = Vec::new();
    let mut fill = |sort, numbers| fill(&mut table, villages, village, sort, numbers);
    if brings_catalogue(villages, village) {
        files.extend(catalogue(villages, village, &cameras(from, to)));
    } else {
        for (sort, numbers) in cameras(from, to) {
            fill(sort, numbers);
        }
    }
    fill(TRAFFIC, from.traffic_devices..to.traffic_devices);
    fill(CHECKPOINT, from.checkpoints..to.checkpoints);
    fill(SITE, from.estates..to.estates);
    files.extend(SampleFile::table("devices", table));
    let terminals = from.warning_terminals..to.warning_terminals;
    files.extend(terminals_file(villages, village, terminals));
    files
}

fn brings_catalogue(villages: &Villages, village: NodeId) -> bool {
    villages.place(village).is_multiple_of(CATALOGUE_EVERY)
}

/// The two sorts of cameras, with their numbers.
fn cameras(from: &Counts, to: &Counts) -> [(Sort, Range<u64>); 2] {
    [
        (CAMERA, from.cameras..to.cameras),
        (SOCIAL, from.social_cameras..to.social_cameras),
    ]
}

/// The record of a device that a file brings in.
fn record(names: &Names, village: NodeId, sort: Sort, number: u64) -> RecordId {
    record_id(names.device, village, "gb28181", &id(sort, number))
}

/// The record of the estate of this number.
pub(super) fn estate(names: &Names, village: NodeId, number: u64) -> RecordId {
    record(names, village, SITE, number)
}

fn id(sort: Sort, number: u64) -> String {
    format!("62072399{}{:06}", sort.digits, number + 1)
}

/// What no file brings in: warning systems, and what catalogues do not say about cameras.
pub(super) fn courses(
    villages: &Villages,
    names: &Names,
    from: &Counts,
    to: &Counts,
) -> Vec<(NodeId, Course)> {
    let mut courses = each(
        from,
        to,
        |counts| counts.warning_systems,
        |number| (villages.county, warning_system(names, number)),
    );
    for village in &villages.nodes {
        if !brings_catalogue(villages, *village) {
            continue;
        }
        for (sort, numbers) in cameras(from, to) {
            for number in villages.numbers_of(*village, numbers) {
                let device = device(villages, *village, sort, number);
                let fields = Fields::default()
                    .text("ownership", if device.public { "public" } else { "social" })
                    .text("filing", device.filing.0);
                let change = fields.change(names.device_public, None);
                let requests = vec![set(record(names, *village, sort, number), vec![change])];
                courses.push((*village, Course { requests }));
            }
        }
    }
    courses
}

fn warning_system(names: &Names, number: u64) -> Course {
    let mut draw = Draw::new(Purpose::Device, (6 << 32) | number);
    let id = draw.record();
    let fields = Fields::default()
        .text("device-id", format!("SL-YJXT-{:02}", number + 1))
        .text("name", format!("示例预警发布系统{}", number + 1))
        .text("kind", "warning-system")
        .text("ownership", "public")
        .text("status", "on")
        .time("status-time", draw.moment())
        .text("management-unit", "县应急管理局");
    row(id, names.device_public, fields)
}

fn device(villages: &Villages, village: NodeId, sort: Sort, number: u64) -> Device {
    let mut draw = Draw::new(Purpose::Device, sort.stream | number);
    let social = sort.stream == SOCIAL.stream;
    let place = draw.pick(&PLACES);
    let coordinate = |whole: u64, draw: &mut Draw| format!("{whole}.{:06}", draw.below(1_000_000));
    Device {
        id: id(sort, number),
        name: format!("{}{place}{}", villages.name(village), sort.name),
        online: draw.percent(94),
        // A catalogue cannot say so.
        home_only: social
            && number % SOCIAL_EVERY == HOME_ONLY_AT
            && !brings_catalogue(villages, village),
        public: !social,
        retired: social && number % SOCIAL_EVERY == RETIRED_AT,
        filing: draw.pick(&FILINGS),
        password: draw.percent(30),
        maker: draw.pick(&MAKERS),
        since: draw.moment().written(),
        installed: format!("20{}-0{}-15", 16 + draw.below(10), 1 + draw.below(9)),
        address: format!("198.51.100.{}", 1 + draw.below(254)),
        port: 5_000 + draw.below(1_000),
        longitude: coordinate(100, &mut draw),
        latitude: coordinate(39, &mut draw),
        place,
        contact: telephone(draw.below(500)),
    }
}

fn fill(table: &mut Table, villages: &Villages, village: NodeId, sort: Sort, numbers: Range<u64>) {
    let yes_no = |yes: bool| if yes { "是" } else { "否" }.to_owned();
    for number in villages.numbers_of(village, numbers) {
        let device = device(villages, village, sort, number);
        let status = device.status();
        let filed = match device.filing.0 {
            "not-filed" => String::new(),
            _ => device.installed.clone(),
        };
        table.push([
            device.id,
            device.name,
            village.to_string(),
            villages.name(village),
            sort.title.to_owned(),
            if device.public {
                "公共建设"
            } else {
                "社会接入"
            }
            .to_owned(),
            status.1.to_owned(),
            device.since,
            device.maker.0.to_owned(),
            device.maker.1.to_owned(),
            device.installed,
            if sort.stream == SITE.stream { "" } else { "30" }.to_owned(),
            device.filing.1.to_owned(),
            filed,
            yes_no(device.home_only),
            device.address,
            device.port.to_string(),
            device.longitude,
            device.latitude,
            device.place.to_owned(),
            device.contact,
            if device.password { PASSWORD } else { "" }.to_owned(),
        ]);
    }
}

/// What stands where real files carry passwords; it must never get past an import.
pub const PASSWORD: &str = "示例口令不得入网";

fn terminals_file(villages: &Villages, village: NodeId, numbers: Range<u64>) -> Option<SampleFile> {
    let mut table = Table::new(TERMINALS);
    for number in villages.numbers_of(village, numbers) {
        let sort = Sort {
            digits: "",
            title: "",
            name: "大喇叭",
            stream: TERMINAL,
        };
        let device = device(villages, village, sort, number);
        let status = device.status();
        table.push([
            format!("SL-YJ-{number:05}"),
            device.name,
            village.to_string(),
            villages.name(village),
            device.maker.1.to_owned(),
            device.maker.0.to_owned(),
            "公共建设".to_owned(),
            status.1.to_owned(),
            device.since,
            device.installed,
            device.place.to_owned(),
            device.longitude,
            device.latitude,
            device.contact,
        ]);
    }
    SampleFile::table("warning-terminals", table)
}

/// The cameras of a village as the answer to one catalogue query (GB/T 28181-2022 A.2.1.9).
fn catalogue(
    villages: &Villages,
    village: NodeId,
    cameras: &[(Sort, Range<u64>)],
) -> Option<SampleFile> {
    let (mut items, mut count) = (String::new(), 0u64);
    for (sort, numbers) in cameras {
        for number in villages.numbers_of(village, numbers.clone()) {
            items.push_str(&item(village, &device(villages, village, *sort, number)));
            count += 1;
        }
    }
    let platform = format!("62072399002000{:06}", villages.place(village) + 1);
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"GB18030\"?>\r\n<Response>\r\n<CmdType>Catalog</CmdType>\r\n\
         <SN>1</SN>\r\n<DeviceID>{platform}</DeviceID>\r\n<SumNum>{count}</SumNum>\r\n\
         <DeviceList Num=\"{count}\">\r\n{items}</DeviceList>\r\n</Response>\r\n"
    );
    (count > 0).then(|| SampleFile {
        name: "catalogue.xml".to_owned(),
        mapping: None,
        home: None,
        bytes: gb18030(&text),
        records: count,
    })
}

fn item(village: NodeId, device: &Device) -> String {
    let code = village.to_string();
    let (civil, grassroots) = code.split_at_checked(6).unwrap_or((&code, ""));
    let password = if device.password {
        format!("<Password>{PASSWORD}</Password>")
    } else {
        String::new()
    };
    format!(
        "<Item><DeviceID>{}</DeviceID><Name>{}</Name><Manufacturer>{}</Manufacturer>\
         <Model>{}</Model><CivilCode>{civil}</CivilCode><GrassrootsCode>{grassroots}</GrassrootsCode>\
         <Address>{}</Address><Parental>0</Parental><RegisterWay>1</RegisterWay>\
         <Secrecy>0</Secrecy><IPAddress>{}</IPAddress><Port>{}</Port>{password}\
         <Status>{}</Status><Longitude>{}</Longitude><Latitude>{}</Latitude>\
         <InstallTime>{}</InstallTime><RecordSaveDays>30</RecordSaveDays>\
         <ContactInfo>{}</ContactInfo></Item>\r\n",
        device.id,
        device.name,
        device.maker.0,
        device.maker.1,
        device.place,
        device.address,
        device.port,
        if device.online { "ON" } else { "OFF" },
        device.longitude,
        device.latitude,
        device.installed,
        device.contact,
    )
}
