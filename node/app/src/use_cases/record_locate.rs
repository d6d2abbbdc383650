//! Which records have this code? Asked by every command that is given a record's code.

use crdt_model::code::{NoCode, RecordCode};
use crdt_model::ids::RecordId;
use crdt_model::label::FacetId;
use crdt_model::replica;
use crdt_model::text;
use crdt_model::text::Problem;
use node_runtime::view::View;
use serde::{Deserialize, Serialize};

use crate::door::caller::Capability;
use crate::door::use_case::{Does, Source, UseCase};
use crate::refusals::unreadable;

/// Which records have this code?
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocateRequest {
    /// The code.
    pub code: String,
}

/// The records with a code.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Located {
    /// The records; more than one only if two of one home begin alike.
    pub records: Vec<RecordId>,
}

impl UseCase for LocateRequest {
    const NEEDS: Capability = Capability::Person;
    type Answer = Located;

    fn begin(self) -> Does<Located> {
        Does::question(Source::Replica, move |view, _| {
            Ok(locate(view, &self.code)?)
        })
    }
}

fn locate(view: &View<'_>, code: &str) -> Result<Located, Problem> {
    let code: RecordCode = code.parse().map_err(|error| bad_code(&error))?;
    let found = replica::facets_beginning(&view.store, code.id_prefix());
    let found = found.map_err(|error| unreadable(&error))?;
    let fits = |facet: &&FacetId| code.is_of(facet.home, facet.record);
    let mut records: Vec<RecordId> = found.iter().filter(fits).map(|one| one.record).collect();
    records.dedup();
    match records.is_empty() {
        true => Err(no_record_with(&code)),
        false => Ok(Located { records }),
    }
}

fn bad_code(error: &NoCode) -> Problem {
    Problem::new(
        "bad-code",
        match error {
            NoCode::Form => text!("编号应写作 101201-7K3M-Q2F9-C", "{error}"),
            NoCode::Check => text!("编号的校验位不符：有字符写错或颠倒", "{error}"),
        },
        text!(
            "请对照登记表或通知上的编号重新输入",
            "compare it with the paper it stands on and type it again"
        ),
    )
}

fn no_record_with(code: &RecordCode) -> Problem {
    Problem::new(
        "no-such-record",
        text!(
            "本节点没有编号为 {code} 的记录",
            "no record here has the code {code}"
        ),
        text!(
            "用 mesh-node record list 查看本节点的记录",
            "mesh-node record list shows the records here"
        ),
    )
}
