//! The charter's names that the sample uses.

use std::collections::BTreeMap;

use crdt_model::ids::{Name, NodeId, RecordId};
use crdt_model::value::Value;

use super::course::{Course, Write};
use super::draw::Moment;
use crdt_model::text;
use crdt_model::text::Problem;
use node_app::drafts::{ChangedFacet, NewFacet};
use node_app::use_cases::record_add::AddRequest;
use node_app::use_cases::record_set::SetRequest;

/// Names of kinds, facets and grades.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    pub(super) case: Name,
    pub(super) case_summary: Name,
    pub(super) case_narrative: Name,
    pub(super) case_parties: Name,
    pub(super) notice_content: Name,
    pub(super) notice_reply: Name,
    pub(super) device_public: Name,
    pub(super) grid_row: Name,
    pub(super) post: Name,
    pub(super) team: Name,
    pub(super) body: Name,
    pub(super) handoff: Name,
    pub(super) callout: Name,
    pub(super) review: Name,
    pub(super) findings: Name,
    pub(super) legal: Name,
    pub(super) statement: Name,
    pub(super) view: Name,
    pub(super) inspection: Name,
    pub(super) number: Name,
    pub(super) device: Name,
    pub(super) about_township: Name,
    pub(super) home_only: Name,
    pub(super) township: Name,
    pub(super) county: Name,
    pub(super) leader: Name,
}

impl Names {
    pub(super) fn new() -> Result<Self, Problem> {
        Ok(Self {
            case: name("case")?,
            case_summary: name("case.summary")?,
            case_narrative: name("case.narrative")?,
            case_parties: name("case.parties")?,
            notice_content: name("notice.content")?,
            notice_reply: name("notice.reply")?,
            device_public: name("device.public")?,
            grid_row: name("directory.grid")?,
            post: name("directory.post")?,
            team: name("directory.team")?,
            body: name("directory.body")?,
            handoff: name("handoff.summary")?,
            callout: name("callout.summary")?,
            review: name("review.summary")?,
            findings: name("review.findings")?,
            legal: name("review.legal")?,
            statement: name("checklist.statement")?,
            view: name("checklist.view")?,
            inspection: name("inspection.summary")?,
            number: name("numbers.count")?,
            device: name("device")?,
            about_township: name("about-township")?,
            home_only: name("home-only")?,
            township: name("township")?,
            county: name("county")?,
            leader: name("leader")?,
        })
    }
}

/// A name of the charter's.
pub(crate) fn name(text: &str) -> Result<Name, Problem> {
    Name::new(text).map_err(|problem| {
        Problem::new(
            "internal-name",
            text!(
                "程序出错（`{problem}`）",
                "an error of this program: {problem}"
            ),
            text!(
                "请把屏幕上的信息发给技术支持",
                "send what is on the screen to support"
            ),
        )
    })
}

/// The fields of one facet.
#[derive(Clone, Default)]
pub(super) struct Fields(BTreeMap<String, Value>);

impl Fields {
    pub(super) fn text(mut self, key: &str, text: impl Into<String>) -> Self {
        self.0.insert(key.to_owned(), Value::Text(text.into()));
        self
    }

    pub(super) fn number(mut self, key: &str, number: i64) -> Self {
        self.0.insert(key.to_owned(), Value::Integer(number));
        self
    }

    pub(super) fn record(self, key: &str, record: RecordId) -> Self {
        self.text(key, record.to_string())
    }

    pub(super) fn time(self, key: &str, moment: Moment) -> Self {
        self.number(key, moment.0)
    }

    /// A facet to be created with these fields.
    pub(super) fn create(self, facet: Name, addressee: Option<NodeId>) -> NewFacet {
        NewFacet {
            facet,
            addressee,
            sensitivity: None,
            level: None,
            fields: self.0,
        }
    }

    /// A facet to be changed to these fields, and to this level.
    pub(super) fn change(self, facet: Name, level: Option<Name>) -> ChangedFacet {
        let fields = self
            .0
            .into_iter()
            .map(|(key, value)| (key, Some(value)))
            .collect();
        ChangedFacet {
            facet,
            sensitivity: None,
            level,
            fields,
            seen: None,
        }
    }
}

/// A request to make a record of the node's own.
pub(super) fn add(record: RecordId, facets: Vec<NewFacet>) -> Write {
    Write::Add(AddRequest {
        record: Some(record),
        home: None,
        facets,
    })
}

/// A record that is made and stays as it is: one facet of these fields, for nobody else.
pub(super) fn row(record: RecordId, facet: Name, fields: Fields) -> Course {
    Course {
        requests: vec![add(record, vec![fields.create(facet, None)])],
    }
}

/// A request to change a record.
pub(super) fn set(record: RecordId, facets: Vec<ChangedFacet>) -> Write {
    Write::Set(SetRequest { record, facets }, None)
}
