//! The catalogue, for whoever opens the file: whose read model it is, which table and column has what, and
//! what the words of vocabularies stand for.

use crdt_model::ids::{CharterVersion, NodeId};
use crdt_model::kind::{Kinds, Title};
use policy::reading::tables::{FORMAT, Schema, type_name};
use rusqlite::{Connection, Transaction, params};

/// Whose read model it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Owner {
    /// The node.
    pub node: NodeId,
    /// The charter whose kinds it is made from.
    pub charter: CharterVersion,
}

/// Writes the catalogue anew.
pub(super) fn write(
    connection: &Connection,
    schema: &Schema,
    kinds: &Kinds,
    owner: Owner,
) -> rusqlite::Result<()> {
    let all = connection.unchecked_transaction()?;
    for table in ["about", "facet_table", "facet_column", "word"] {
        all.execute(&format!("DELETE FROM {table}"), [])?;
    }
    let about = [
        ("format", FORMAT.to_string()),
        ("schema", schema.digest().to_owned()),
        ("node", owner.node.to_string()),
        ("charter", owner.charter.to_string()),
    ];
    for (name, value) in about {
        all.execute("INSERT INTO about VALUES(?1, ?2)", params![name, value])?;
    }
    write_facets(&all, schema, kinds)?;
    all.commit()
}

fn write_facets(all: &Transaction<'_>, schema: &Schema, kinds: &Kinds) -> rusqlite::Result<()> {
    for kind in kinds.iter() {
        for facet in &kind.facets {
            let Some(table) = schema.table(facet.name) else {
                continue;
            };
            let Title { zh, en } = &facet.title;
            let (name, kind_name) = (facet.name.as_str(), kind.kind.as_str());
            all.execute(
                "INSERT INTO facet_table VALUES(?1, ?2, ?3, ?4, ?5)",
                params![name, kind_name, table.name, zh, en],
            )?;
            for field in &facet.fields {
                let growing = table.growing.iter().find(|one| one.field == field.name);
                let (table, column) = match (table.column(field.name), growing) {
                    (Some(column), _) => (&table.name, column.name.as_str()),
                    (None, Some(growing)) => (&growing.name, "value"),
                    (None, None) => continue,
                };
                let Title { zh, en } = &field.title;
                let (field_name, holds) = (field.name.as_str(), type_name(field.holds));
                all.execute(
                    "INSERT INTO facet_column VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    params![name, field_name, table, column, holds, zh, en],
                )?;
                for word in field.words(kind) {
                    all.execute(
                        "INSERT OR IGNORE INTO word VALUES(?1, ?2, ?3, ?4, ?5)",
                        params![name, field_name, word.id.as_str(), word.zh, word.en],
                    )?;
                }
            }
        }
    }
    Ok(())
}
