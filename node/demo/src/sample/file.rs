//! Files that a node imports.

use std::borrow::Cow;

use crdt_model::ids::NodeId;

use super::table::Table;
use crate::template::MAPPINGS;
use crdt_model::text::Problem;
use node_import::{Held, Import, Mapping, Placement, Preview, Rules, SourceFile};

/// One file that a node imports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SampleFile {
    /// The file's name.
    pub name: String,
    /// The name of the mapping that reads it; `None` for a catalogue.
    pub mapping: Option<String>,
    /// The home of rows that name none. Only other people's files need it, and some of their rows are
    /// refused all the same.
    pub home: Option<NodeId>,
    /// The file's content.
    pub bytes: Vec<u8>,
    /// How many records the file makes.
    pub records: u64,
}

impl SampleFile {
    /// A file of this table, read by the mapping of the same name; `None` if the table is empty.
    pub(super) fn table(name: &str, table: Table) -> Option<Self> {
        (!table.is_empty()).then(|| Self {
            name: format!("{name}.csv"),
            mapping: Some(format!("{name}.toml")),
            home: None,
            records: table.rows(),
            bytes: table.bytes(),
        })
    }

    /// Previews the import at a node with these rules, which holds `held`.
    ///
    /// # Errors
    /// The file cannot be read at all.
    pub fn preview(&self, rules: &dyn Rules, held: &dyn Held) -> Result<Preview, Problem> {
        let mapping = match self.mapping_text() {
            Some((name, text)) => Mapping::parse(name, &text, rules.kinds())?,
            None => Mapping::of_catalogues(rules.kinds())?,
        };
        let import = Import {
            mapping: &mapping,
            placement: &Placement::of_the_county()?,
            rules,
            held,
            fallback_home: self.home,
        };
        let file = SourceFile {
            name: self.name.clone(),
            bytes: self.bytes.clone(),
        };
        node_import::preview(&import, &[file])
    }

    /// The file's mapping, as the program brings it along: its name and its text.
    fn mapping_text(&self) -> Option<(&'static str, Cow<'static, str>)> {
        let wanted = self.mapping.as_ref()?;
        let (name, text) = MAPPINGS.iter().find(|(name, _)| name == wanted)?;
        Some((name, String::from_utf8_lossy(text)))
    }
}
