//! Making a charter: [`edit`] (the changes that commands make for people), [`template`] (that of Linze County, and filling one in), [`scaffold`] (one for
//! another county), [`format`](mod@format) (one form for the text).

pub mod edit;
pub mod format;
pub mod scaffold;
pub mod template;
