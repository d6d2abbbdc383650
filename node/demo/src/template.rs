//! What the program brings along beside the charter, so that it makes a county in any directory: a
//! few real files, and the mappings that files are read with.

/// A file of the source tree with its path.
macro_rules! files {
    ($folder:literal: $($path:literal),+ $(,)?) => {
        &[$((
            $path,
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/linze/", $folder, "/", $path)),
        )),+]
    };
}

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
