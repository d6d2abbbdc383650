//! A few files that other people made: catalogues of devices elsewhere, and three versions of one
//! inventory. Nothing in them lies in Linze, so the county keeps them; rows that no importer could
//! read are refused, and that is what they are for.

use crdt_model::ids::NodeId;

use super::file::SampleFile;
use crate::template::REAL_FILES;

/// The files, in their order.
pub(super) fn files(county: NodeId) -> Vec<SampleFile> {
    let file = |(path, bytes): &(&str, &[u8])| {
        let (folder, name) = path.split_once('/').unwrap_or(("", path));
        SampleFile {
            name: name.to_owned(),
            mapping: (folder == "camera").then(|| "trafford-cctv.toml".to_owned()),
            home: Some(county),
            bytes: bytes.to_vec(),
            records: 0,
        }
    };
    REAL_FILES.iter().map(file).collect()
}
