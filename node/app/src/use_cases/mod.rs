//! One file for each thing that can be asked: what is asked, what is answered, who may ask, and how it
//! is done. [`crate::requests`] lists them.

pub mod checkpoint;
pub mod cut;
pub mod decisions;
pub mod due;
pub mod emergency;
pub mod import;
pub mod inventory;
pub mod measure;
pub mod offer;
pub mod quarantine;
pub mod read_model;
pub mod record_add;
pub mod record_duplicates;
pub mod record_find;
pub mod record_left_out;
pub mod record_list;
pub mod record_locate;
pub mod record_receipts;
pub mod record_search;
pub mod record_set;
pub mod record_show;
pub mod report;
pub mod snapshot_show;
pub mod snapshot_take;
pub mod status;
pub mod stop;
pub mod why;
