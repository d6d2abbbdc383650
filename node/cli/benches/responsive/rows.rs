//! Tables of devices, all of them invented.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use crdt_model::ids::NodeId;

/// Writes a table of so many devices of a node; `first` is the number of the first.
pub(crate) fn write(path: &Path, home: NodeId, rows: usize, first: usize) {
    let mut file = BufWriter::new(File::create(path).expect("a file"));
    let head = "设备编码,设备名称,所在村代码,设备类型,建设归属,运行状态,状态时间,详细地址";
    writeln!(file, "{head}").expect("a disk");
    for number in first..first + rows {
        writeln!(
            file,
            "6207230000132{number:07},示例{number}号点位,{home},视频监控,公共建设,在线,\
             2026-11-02 08:30,示例地址第{number}号"
        )
        .expect("a disk");
    }
    file.flush().expect("a disk");
}
