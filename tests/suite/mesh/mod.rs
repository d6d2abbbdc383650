//! Real processes from end to end: a handful of the county's nodes, each with its own key, store
//! and connections, under the Linze charter, signed for the occasion.

mod charters;
mod conflicts;
mod console;
mod crashes;
mod due;
mod emergencies;
mod figures;
mod floods;
mod harness;
mod likeness;
mod practice;
mod reading;
mod receipts;
mod reports;
mod snapshots;
mod steps;
mod strangers;
mod views;
mod waiting;
mod whistle;
