//! What the program brings along, so that it makes a county in any directory: the charter of Linze
//! County without keys, a few real files, and the mappings that files are read with.

/// A file of the source tree with its path.
macro_rules! files {
    ($folder:literal: $($path:literal),+ $(,)?) => {
        &[$((
            $path,
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/linze/", $folder, "/", $path)),
        )),+]
    };
}

/// The charter folder: path within it, and content.
pub const CHARTER: &[(&str, &[u8])] = files!("charter":
    "charter.toml",
    "roster.toml",
    "mesh.cedarschema",
    "kinds/case.toml",
    "kinds/device.toml",
    "kinds/grid.toml",
    "kinds/notice.toml",
    "rules/author.cedar",
    "rules/flow.cedar",
    "rules/guard.cedar",
    "rules/read.cedar",
    "checks/cases.toml",
    "checks/invariants.toml",
);

/// The mappings of the sample files.
pub const MAPPINGS: &[(&str, &[u8])] = files!("mappings":
    "cases.toml",
    "devices.toml",
    "grid-reports.toml",
    "trafford-cctv.toml",
    "warning-terminals.toml",
);

/// Files that other people made, in the order in which they are imported. Where they come from and
/// under which licence stands in `deploy/linze/sample/README.md`.
pub const REAL_FILES: &[(&str, &[u8])] = files!("sample":
    "gb28181/lunasaw-client-catalog.xml",
    "gb28181/uvp-2016-single.xml",
    "gb28181/uvp-2016-multi-1.xml",
    "gb28181/uvp-2016-multi-2-duplicate-sn.xml",
    "gb28181/uvp-sim-catalog-response-V2022.xml",
    "camera/trafford-cctv-2023-10-27-abfe5af.csv",
    "camera/trafford-cctv-2023-10-30-5bcd5f0.csv",
    "camera/trafford-cctv-2024-02-01-76c8af1.csv",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_charter_is_brought_along() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/linze/charter");
        let files = policy::CharterFiles::read(std::path::Path::new(folder)).expect("readable");
        let mut brought: Vec<&str> = CHARTER.iter().map(|(path, _)| *path).collect();
        brought.sort_unstable();
        assert_eq!(
            brought,
            files.files.keys().map(String::as_str).collect::<Vec<_>>()
        );
    }
}
