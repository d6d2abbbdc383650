//! Which node a row belongs to.
//!
//! A camera's `CivilCode` (6 digits) and `GrassrootsCode` (6 digits) together are the 12-digit
//! division code (GB/T 28181-2022 Annex E.3). Older devices have no `GrassrootsCode`, so there is a
//! table that people keep: device to node. An area that is no node of its own, such as a farm or a
//! forest station, has a node that is responsible for it.

use std::collections::BTreeMap;

use crdt_model::ids::NodeId;
use serde::Deserialize;

use crate::csv::records::Records;
use crate::csv::swallows;
use crate::decode::decode;
use crate::limits::MAPPING_BYTES_MAX;
use crate::row::quoted;
use crdt_model::text;
use crdt_model::text::{Problem, Text};

/// Which node answers for areas that have none.
const OF_THE_COUNTY: &str = include_str!("../../../deploy/linze/mappings/placement.toml");

/// What people have laid down about places.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Placement {
    devices: BTreeMap<String, NodeId>,
    areas: BTreeMap<NodeId, NodeId>,
}

/// Where a row belongs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Placed {
    /// The node whose record it is.
    pub home: NodeId,
    /// The area it lies in: home's own, or one without a node.
    pub area: NodeId,
    /// What a person should know about how it was placed.
    pub note: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlacementFile {
    #[serde(default)]
    devices: BTreeMap<String, NodeId>,
    #[serde(default)]
    areas: BTreeMap<NodeId, NodeId>,
}

impl Placement {
    /// What the county has laid down.
    ///
    /// # Errors
    /// An error of this program.
    pub fn of_the_county() -> Result<Self, Problem> {
        Self::from_toml(OF_THE_COUNTY)
    }

    /// Reads a placement file in TOML: `[devices]`, key to node, and `[areas]`, area to the node
    /// responsible for it.
    pub fn from_toml(text: &str) -> Result<Self, Problem> {
        if text.len() > MAPPING_BYTES_MAX {
            return Err(unusable(text!("文件过大", "the file is too large")));
        }
        let file: PlacementFile =
            toml::from_str(text).map_err(|error| unusable(text!("`{error}`", "{error}")))?;
        Ok(Self {
            devices: file.devices,
            areas: file.areas,
        })
    }

    /// Reads a table whose first two columns are device and node, with a header, in any encoding that
    /// imports read. `file` names it in messages.
    ///
    /// # Errors
    /// What in it cannot be read.
    pub fn from_csv(file: &str, bytes: &[u8]) -> Result<Self, Problem> {
        let decoded = decode(bytes, None)?;
        let mut placement = Self::default();
        let mut header = None;
        for record in Records::of(&decoded.text, ',') {
            let record = record.map_err(|swallow| swallows(file, &swallow))?;
            if let Some(span) = record.spans.first() {
                // Neither a device nor a node has several lines.
                return Err(swallows(file, &span.swallow()));
            }
            let Some(columns) = header else {
                header = Some(record.count);
                continue;
            };
            let line = record.line;
            let wrong = || {
                unusable(text!(
                    "第 {line} 行：需要“设备编码，节点代码（12 位）”",
                    "line {line}: a device id and a 12-digit node code are needed"
                ))
            };
            let [device, node, ..] = record.cells.as_slice() else {
                return Err(wrong());
            };
            if record.count != columns || record.goes_on.is_some() {
                return Err(wrong());
            }
            let (device, node) = (device.trim(), node.trim());
            let node = node.parse().map_err(|_| wrong())?;
            if placement
                .devices
                .insert(device.to_owned(), node)
                .is_some_and(|old| old != node)
            {
                return Err(unusable(text!(
                    "第 {line} 行：设备在表中出现两次，节点不同",
                    "line {line}: the device is listed twice, with different nodes"
                )));
            }
        }
        Ok(placement)
    }

    /// This placement with another's entries over its own.
    pub fn with(mut self, other: Self) -> Self {
        self.devices.extend(other.devices);
        self.areas.extend(other.areas);
        self
    }

    /// Every node that the placement names.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.devices.values().chain(self.areas.values()).copied()
    }

    /// Places a row: by its code, then by the table, then by `fallback`.
    ///
    /// # Errors
    /// Why it cannot be placed.
    pub fn place(
        &self,
        key: &str,
        code: Result<NodeId, Text>,
        is_node: impl Fn(NodeId) -> bool,
        fallback: Option<NodeId>,
    ) -> Result<Placed, Text> {
        let by_code = code.and_then(|code| self.by_code(code, is_node));
        let reason = match by_code {
            Ok(placed) => return Ok(placed),
            Err(reason) => reason,
        };
        if let Some(home) = self.devices.get(key).copied() {
            return Ok(Placed {
                home,
                area: home,
                note: None,
            });
        }
        let Some(home) = fallback else {
            return Err(reason);
        };
        let Text { zh, en } = reason;
        let note = text!(
            "{zh}；已归入指定节点 {home}",
            "{en}: placed at {home}, as asked for"
        );
        Ok(Placed {
            home,
            area: home,
            note: Some(note),
        })
    }

    fn by_code(&self, code: NodeId, is_node: impl Fn(NodeId) -> bool) -> Result<Placed, Text> {
        if is_node(code) {
            return Ok(Placed {
                home: code,
                area: code,
                note: None,
            });
        }
        match self.areas.get(&code) {
            Some(home) => Ok(Placed {
                home: *home,
                area: code,
                note: None,
            }),
            None => Err(text!(
                "区划代码 {code} 不是本章程的节点，也不在归属表中；请核对代码，或在归属表中补上",
                "division code {code} is neither a node nor an area of the placement table; check \
                 it, or add it to that table"
            )),
        }
    }
}

/// The code that `CivilCode` and `GrassrootsCode` form.
///
/// # Errors
/// What is wrong with them.
pub fn catalogue_code(civil: Option<&str>, grassroots: Option<&str>) -> Result<NodeId, Text> {
    let Some(civil) = civil else {
        return Err(text!(
            "没有行政区划代码（CivilCode），不知道属于哪个村；可用 --home 指定",
            "no `CivilCode`, so no village; --home can say which"
        ));
    };
    let digits = civil.bytes().all(|byte| byte.is_ascii_digit());
    match (civil.len(), grassroots) {
        (12, _) if digits => parse(civil),
        (6, Some(grassroots)) if digits && is_six_digits(grassroots) => {
            parse(&format!("{civil}{grassroots}"))
        }
        (6, None) if digits => Err(text!(
            "行政区划 {civil} 只到县，没有基层组织编码（GrassrootsCode），不能确定村（社区）；可用\
             归属表或 --home 指定",
            "`CivilCode` is {civil} without a `GrassrootsCode`, which names no village; use the \
             placement table or --home"
        )),
        (6, Some(_)) if digits => Err(text!(
            "GrassrootsCode 不是 6 位数字",
            "`GrassrootsCode` is not 6 digits"
        )),
        _ => {
            let civil = quoted(civil);
            Err(text!(
                "行政区划 CivilCode“{civil}”不合法",
                "`CivilCode` is `{civil}`, which is not a division code"
            ))
        }
    }
}

/// The code that a column of a table holds.
///
/// # Errors
/// What is wrong with it.
pub fn column_code(column: &str, value: Option<&str>) -> Result<NodeId, Text> {
    let Some(value) = value else {
        return Err(text!("“{column}”为空", "`{column}` is empty"));
    };
    parse(value)
}

fn is_six_digits(text: &str) -> bool {
    text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn parse(code: &str) -> Result<NodeId, Text> {
    code.parse().map_err(|_| {
        let code = quoted(code);
        text!(
            "“{code}”不是 12 位统计用区划代码",
            "`{code}` is not a 12-digit division code"
        )
    })
}

fn unusable(what: Text) -> Problem {
    let Text { zh, en } = what;
    Problem::new(
        "import-placement",
        text!(
            "归属表不能用：{zh}",
            "the placement table cannot be used: {en}"
        ),
        text!(
            "TOML 用 `[devices]` 和 `[areas]` 两节；CSV 用“设备编码，节点代码”两列",
            "TOML has the sections [devices] and [areas]; CSV the columns device and node"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> NodeId {
        text.parse().expect("a node code")
    }

    #[test]
    fn civil_and_grassroots_code_form_the_village() {
        let code = |civil, grassroots| catalogue_code(Some(civil), grassroots);
        assert_eq!(code("620723", Some("101201")), Ok(node("620723101201")));
        assert_eq!(code("620723", Some("000000")), Ok(node("620723000000")));
        assert_eq!(code("620723101201", None), Ok(node("620723101201")));
        for civil in [
            "CivilCode",
            "null",
            "3402000000",
            "11000",
            "620723",
            "",
            "六二〇七二三",
        ] {
            assert!(code(civil, None).is_err(), "{civil}");
        }
        assert!(code("620723", Some("12")).is_err());
    }

    #[test]
    fn a_row_is_placed_by_code_then_table_then_request() {
        let toml = "[devices]\nd1 = \"620723101201\"\n[areas]\n620723500000 = \"620723000000\"\n";
        let placement = Placement::from_toml(toml).expect("a placement");
        let is_node = |code: NodeId| code.code() % 1000 < 500 && code.code() / 1_000_000 == 620_723;
        let is_node = |code| is_node(code) && code != node("620723500000");
        let place = |key, code, fallback| {
            placement.place(key, catalogue_code(Some(code), None), is_node, fallback)
        };
        let farm = place("x", "620723500000", None).expect("placed");
        assert_eq!(
            (farm.home, farm.area),
            (node("620723000000"), node("620723500000"))
        );
        assert_eq!(
            place("d1", "null", None).map(|p| p.home),
            Ok(node("620723101201"))
        );
        assert!(place("d2", "null", None).is_err());
        let asked = place("d2", "340200", Some(node("620723101201"))).expect("placed");
        assert!(asked.note.is_some());
    }

    #[test]
    fn a_placement_table_may_be_a_spreadsheet() {
        let table = "设备编码,节点代码\n62072300001320000001,620723101201\n";
        let (bytes, ..) = encoding_rs::GB18030.encode(table);
        let placement = Placement::from_csv("p.csv", &bytes).expect("a placement");
        assert_eq!(
            placement.nodes().collect::<Vec<_>>(),
            [node("620723101201")]
        );
        for broken in ["a,b\nx,12\n", "a,b\nx\n", "a,b\nx,620723101201,y\n"] {
            let read = Placement::from_csv("p.csv", broken.as_bytes());
            assert!(read.is_err(), "{broken}");
        }
        let quote = "a,b\nd1,\"620723101201\nd2,620723101202\"\n";
        let refused = Placement::from_csv("p.csv", quote.as_bytes());
        let refused = refused.expect_err("a quote that takes in a row");
        assert_eq!(refused.code, "import-quote");
        assert!(refused.what.en.contains("p.csv, line 2"), "{refused}");
    }
}
