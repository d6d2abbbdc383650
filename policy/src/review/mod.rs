//! What a reviewer can ask of a charter as a whole. Everything rests on [`enumeration`]: the table
//! of every decision.

pub mod coverage;
pub mod difference;
pub mod enumeration;
pub mod invariant;
pub mod inventory;
pub mod junit;
pub mod lints;
pub mod matrix;
pub mod nearest;
pub mod pace;
pub mod page;
pub mod parts;
pub mod path;
pub mod powers;
pub mod practice;
pub mod prove;
pub mod reach;
pub mod replay;
pub mod report;
pub mod sarif;
pub mod sheet;
pub mod words;
