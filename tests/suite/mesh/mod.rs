//! Real processes from end to end: a handful of the county's nodes, each with its own key, store
//! and connections, under the Linze charter, signed for the occasion.

mod addresses;
mod asked;
mod boundary;
mod campaigns;
mod charters;
#[cfg(target_os = "linux")]
mod clocks;
mod conflicts;
mod console;
mod copies;
mod crashes;
mod damage;
mod disks;
mod doors;
mod due;
mod emergencies;
mod figures;
mod first_day;
mod floods;
mod founding;
mod harness;
mod imports;
mod likeness;
mod mended;
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
