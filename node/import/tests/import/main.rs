//! Imports as a user meets them: the charter's own kinds, the shipped mappings and sample files, and
//! what is odd, broken or hostile.

mod catalogues;
mod charter;
mod encodings;
mod hostile;
mod odd;
mod plans;
mod quotes;
mod support;
mod tables;
