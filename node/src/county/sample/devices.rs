//! Field devices: cameras, devices of traffic control, checkpoints and warning terminals. Two
//! villages in three bring their cameras as a table, the third as a GB/T 28181 catalogue.

use std::ops::Range;

use crdt_model::ids::NodeId;

use super::counts::Counts;
use super::draw::{Draw, Purpose};
use super::table::{Table, gb18030};
use super::words::{MAKERS, PLACES, telephone};
use super::{SampleFile, Villages};

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
    "是否涉密",
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
/// One camera in so many is secret.
const SECRET_EVERY: u64 = 40;
/// Which of these it is.
const SECRET_AT: u64 = 7;

/// The four sorts of devices, with the digits of their ids and what separates their draws.
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
    secret: bool,
    public: bool,
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

/// The devices of one village among those with these numbers.
pub(super) fn files(
    villages: &Villages,
    village: NodeId,
    from: &Counts,
    to: &Counts,
) -> Vec<SampleFile> {
    let cameras = from.cameras..to.cameras;
    let mut table = Table::new(DEVICES);
    let mut files = Vec::new();
    if villages.place(village).is_multiple_of(CATALOGUE_EVERY) {
        files.extend(catalogue(villages, village, cameras));
    } else {
        fill(&mut table, villages, village, CAMERA, cameras);
    }
    fill(
        &mut table,
        villages,
        village,
        TRAFFIC,
        from.traffic_devices..to.traffic_devices,
    );
    fill(
        &mut table,
        villages,
        village,
        CHECKPOINT,
        from.checkpoints..to.checkpoints,
    );
    files.extend(SampleFile::table("devices", table));
    let terminals = from.warning_terminals..to.warning_terminals;
    files.extend(terminals_file(villages, village, terminals));
    files
}

fn device(villages: &Villages, village: NodeId, sort: Sort, number: u64) -> Device {
    let mut draw = Draw::new(Purpose::Device, sort.stream | number);
    let place = draw.pick(&PLACES);
    let coordinate = |whole: u64, draw: &mut Draw| format!("{whole}.{:06}", draw.below(1_000_000));
    Device {
        id: format!("62072399{}{:06}", sort.digits, number + 1),
        name: format!("{}{place}{}", villages.name(village), sort.name),
        online: draw.percent(94),
        secret: sort.stream == CAMERA.stream && number % SECRET_EVERY == SECRET_AT,
        public: draw.percent(80),
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
            if device.online { "在线" } else { "离线" }.to_owned(),
            device.since,
            device.maker.0.to_owned(),
            device.maker.1.to_owned(),
            device.installed,
            "30".to_owned(),
            yes_no(device.secret),
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
        table.push([
            format!("SL-YJ-{number:05}"),
            device.name,
            village.to_string(),
            villages.name(village),
            device.maker.1.to_owned(),
            device.maker.0.to_owned(),
            "公共建设".to_owned(),
            if device.online { "在线" } else { "离线" }.to_owned(),
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
fn catalogue(villages: &Villages, village: NodeId, numbers: Range<u64>) -> Option<SampleFile> {
    let (mut items, mut count) = (String::new(), 0u64);
    for number in villages.numbers_of(village, numbers) {
        let device = device(villages, village, CAMERA, number);
        items.push_str(&item(village, &device));
        count += 1;
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
         <Secrecy>{}</Secrecy><IPAddress>{}</IPAddress><Port>{}</Port>{password}\
         <Status>{}</Status><Longitude>{}</Longitude><Latitude>{}</Latitude>\
         <InstallTime>{}</InstallTime><RecordSaveDays>30</RecordSaveDays>\
         <ContactInfo>{}</ContactInfo></Item>\r\n",
        device.id,
        device.name,
        device.maker.0,
        device.maker.1,
        device.place,
        u8::from(device.secret),
        device.address,
        device.port,
        if device.online { "ON" } else { "OFF" },
        device.longitude,
        device.latitude,
        device.installed,
        device.contact,
    )
}
