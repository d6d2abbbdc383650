//! Outcomes of checks as JUnit XML, in the form that build servers read.

use crdt_model::text::Language;
use quick_xml::escape::escape;

use crate::reading::files::CharterFiles;
use crate::reading::finding::Finding;

/// One check and how it ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// What sort of check: `case`, `invariant` …
    pub sort: &'static str,
    /// Its name.
    pub name: String,
    /// What is wrong; none if it holds.
    pub failure: Option<Finding>,
}

impl Outcome {
    /// A check that ended like this.
    pub fn new(sort: &'static str, name: &str, failure: Option<Finding>) -> Self {
        Self {
            sort,
            name: name.to_owned(),
            failure,
        }
    }
}

/// All outcomes as one document.
pub fn text(outcomes: &[Outcome], files: &CharterFiles, language: Language) -> String {
    let failures = outcomes.iter().filter(|outcome| outcome.failure.is_some());
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n\
         <testsuite name=\"mesh-policy test\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\">\n",
        outcomes.len(),
        failures.count(),
    );
    for outcome in outcomes {
        let (sort, name) = (escape(outcome.sort), escape(&outcome.name));
        match &outcome.failure {
            None => text.push_str(&format!(
                "<testcase classname=\"{sort}\" name=\"{name}\"/>\n"
            )),
            Some(finding) => text.push_str(&format!(
                "<testcase classname=\"{sort}\" name=\"{name}\"><failure type=\"{}\" \
                 message=\"{}\">{}</failure></testcase>\n",
                finding.code,
                escape(finding.message.in_language(language)),
                escape(finding.render(files, false, language)),
            )),
        }
    }
    text.push_str("</testsuite>\n</testsuites>\n");
    text
}
