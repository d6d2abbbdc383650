//! All that can be asked of a node. A use case that is not in this list cannot be asked; from it come
//! the names, the reading of requests and the way to each use case.

use serde::{Deserialize, Serialize};

use crate::door::Door;
use crate::door::attached::Attached;
use crate::door::caller::{Caller, Capability};
use crate::door::line;
use crate::door::task::Task;
use crate::door::use_case::{Named, UseCase};
use crate::use_cases::*;

/// Name in JSON, its name in versions before if that was another, what is asked, the name of what is
/// answered.
macro_rules! use_cases {
    ($($name:literal $(| $before:literal)? => $Variant:ident($Asked:ty) answers $answer:literal;)*) => {
        /// One request.
        #[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
        #[serde(tag = "ask")]
        pub enum Request {
            $(
                #[doc = concat!("`", $name, "`")]
                #[serde(rename = $name $(, alias = $before)?)]
                $Variant(Box<$Asked>),
            )*
        }

        /// Of every use case: its name, what it needs, and what its answer is called.
        pub const USE_CASES: &[(&str, Capability, &str)] = &[
            $(($name, <$Asked as UseCase>::NEEDS, $answer),)*
        ];

        $(
            impl Named for $Asked {
                const NAME: &'static str = $name;
                const ANSWER: &'static str = $answer;
            }

            impl From<$Asked> for Request {
                fn from(asked: $Asked) -> Self {
                    Self::$Variant(Box::new(asked))
                }
            }
        )*

        impl Request {
            /// Asks it, and gives the line of the answer.
            ///
            /// # Errors
            /// The answer has no form in JSON.
            pub async fn ask(
                self,
                door: &Door,
                caller: Caller,
                task: Task,
            ) -> Result<Vec<u8>, serde_json::Error> {
                match self {
                    $(Self::$Variant(asked) => {
                        line::answer_line::<$Asked>(&door.ask(caller, *asked, task).await)
                    })*
                }
            }

            /// The files that go with it, in the order of their bytes.
            pub fn attached(&self) -> Vec<&Attached> {
                match self {
                    $(Self::$Variant(asked) => asked.attached(),)*
                }
            }

            /// The same, to be filled.
            pub fn attached_mut(&mut self) -> Vec<&mut Attached> {
                match self {
                    $(Self::$Variant(asked) => asked.attached_mut(),)*
                }
            }
        }
    };
}

use_cases! {
    "status" => Status(status::StatusRequest) answers "status";
    "why-peer" => WhyPeer(why::WhyPeerRequest) answers "why";
    "why-record" => WhyRecord(why::WhyRecordRequest) answers "why";
    "record-add" | "add" => RecordAdd(record_add::AddRequest) answers "written";
    "record-set" | "set" => RecordSet(record_set::SetRequest) answers "written";
    "record-show" | "show" => RecordShow(record_show::ShowRequest) answers "record";
    "record-list" | "list" => RecordList(record_list::ListRequest) answers "records";
    "record-locate" | "locate" => RecordLocate(record_locate::LocateRequest) answers "located";
    "record-find" | "find" => RecordFind(record_find::FindRequest) answers "found";
    "record-search" | "search" => RecordSearch(record_search::SearchRequest) answers "hits";
    "record-receipts" | "receipts" => RecordReceipts(record_receipts::ReceiptsRequest) answers "receipts";
    "record-duplicates" | "duplicates" => RecordDuplicates(record_duplicates::DuplicatesRequest) answers "duplicates";
    "record-left-out" | "left-out" => RecordLeftOut(record_left_out::LeftOutRequest) answers "left-out";
    "due" => Due(due::DueRequest) answers "due";
    "measure" => Measure(measure::MeasureRequest) answers "figures";
    "report" => Report(report::ReportRequest) answers "report";
    "snapshot-show" | "snapshot" => SnapshotShow(snapshot_show::ShowSnapshotRequest) answers "snapshot";
    "snapshot-take" | "take-snapshot" => SnapshotTake(snapshot_take::TakeSnapshotRequest) answers "snapshot";
    "import" => Import(import::ImportRequest) answers "imported";
    "read-model" => ReadModel(read_model::ReadModelRequest) answers "read-model";
    "inventory" => Inventory(inventory::InventoryRequest) answers "inventory";
    "decisions" => Decisions(decisions::DecisionsRequest) answers "decisions";
    "quarantine" => Quarantine(quarantine::QuarantineRequest) answers "quarantine";
    "checkpoint" => Checkpoint(checkpoint::CheckpointRequest) answers "checkpoint";
    "offer" => Offer(offer::OfferRequest) answers "adopted";
    "emergency" => Emergency(emergency::EmergencyRequest) answers "emergency";
    "cut" => Cut(cut::CutRequest) answers "done";
    "stop" => Stop(stop::StopRequest) answers "done";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::attached;
    use crate::door::line::Envelope;

    fn read(line: &str) -> Envelope<Request> {
        serde_json::from_str(line).expect("a request")
    }

    #[test]
    fn a_request_announces_its_files_and_carries_none_of_their_bytes_in_its_line() {
        let charter = Attached::new("charter", vec![1, 2, 3]);
        let request = Request::from(offer::OfferRequest { charter });
        let line = serde_json::to_string(&request).expect("JSON");
        assert_eq!(
            line,
            r#"{"ask":"offer","charter":{"name":"charter","length":3}}"#
        );
        let asked = read(&line).asked;
        assert_eq!(asked.attached()[0].length(), 3);
        assert!(asked.attached()[0].bytes.is_empty());
        let large = read(r#"{"ask":"offer","charter":{"name":"x","length":268435457}}"#);
        let refused = attached::check(&large.asked.attached()).expect_err("too large");
        assert_eq!(refused.code, "input-too-large");
    }

    #[test]
    fn the_documents_list_every_use_case() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/door.md");
        let page = std::fs::read_to_string(path).expect("the page");
        let (_, rest) = page.split_once("<!-- use cases -->\n").expect("a place");
        let (found, _) = rest
            .split_once("<!-- end of use cases -->")
            .expect("an end");
        let mut table = "| `ask` | needs | `answer` |\n| --- | --- | --- |\n".to_owned();
        for (name, needs, answer) in USE_CASES {
            let needs = format!("{needs:?}").to_lowercase();
            table.push_str(&format!("| `{name}` | {needs} | `{answer}` |\n"));
        }
        assert_eq!(found, table, "put this into docs/door.md:\n{table}");
    }

    #[test]
    fn who_asks_stands_beside_what_is_asked_whatever_that_is() {
        let found = read(r#"{"ask":"find","limit":5,"role":"leader","reason":"r"}"#);
        let role = found.role.map(|role| role.to_string());
        assert_eq!(
            (role.as_deref(), found.reason.as_deref()),
            (Some("leader"), Some("r"))
        );
        let wanted = record_find::FindRequest {
            limit: 5,
            ..record_find::FindRequest::default()
        };
        assert_eq!(found.asked, Request::from(wanted));
        assert_eq!(
            read(r#"{"ask":"status"}"#).asked,
            Request::from(status::StatusRequest {})
        );
        for unknown in [
            r#"{"ask":"status","more":1}"#,
            r#"{"ask":"other"}"#,
            r#"{"limit":1}"#,
        ] {
            assert!(serde_json::from_str::<Envelope<Request>>(unknown).is_err());
        }
    }
}
