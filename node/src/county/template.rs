//! What the program brings along, so that it makes a county in any directory: the charter of Linze
//! County without keys, and the mappings that its sample files are read with.

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
    "warning-terminals.toml",
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
        assert_eq!(brought, files.files.keys().map(String::as_str).collect::<Vec<_>>());
    }
}
