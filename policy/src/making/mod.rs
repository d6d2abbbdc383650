//! Making a charter: [`template`] (that of Linze County, and filling one in), [`scaffold`] (one for
//! another county), [`format`](mod@format) (one form for the text).

pub mod format;
pub mod scaffold;
pub mod template;
