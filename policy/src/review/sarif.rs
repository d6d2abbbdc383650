//! Findings as SARIF 2.1.0 (OASIS, 2020-03-27), for tools that show them beside the lines they are
//! about. Rule ids and fingerprints are stable, so that a finding is known again in a later version.

use std::collections::BTreeMap;

use crdt_model::text;
use crdt_model::text::Language;
use serde_json::{Value, json};

use crate::reading::files::CharterFiles;
use crate::reading::finding::{Finding, Severity};
use crate::signing::manifest::Sha256Sum;

/// The findings of one run as a SARIF log.
pub fn log(findings: &[Finding], files: &CharterFiles, language: Language) -> Value {
    let codes: BTreeMap<&str, usize> = findings
        .iter()
        .map(|finding| finding.code)
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .enumerate()
        .map(|(index, code)| (code, index))
        .collect();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let results: Vec<Value> = findings
        .iter()
        .map(|finding| result(finding, files, language, &codes, &mut seen))
        .collect();
    let rules: Vec<Value> = codes.keys().map(|code| json!({ "id": code })).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "mesh-policy",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "language": match language { Language::Zh => "zh-CN", Language::En => "en-US" },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { "CHARTER": {
                "description": { "text": "the folder of the charter" }
            }},
            "results": results,
        }],
    })
}

fn result(
    finding: &Finding,
    files: &CharterFiles,
    language: Language,
    codes: &BTreeMap<&str, usize>,
    seen: &mut BTreeMap<String, usize>,
) -> Value {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let mut said = finding.message.clone();
    if let Some(hint) = &finding.hint {
        let (message, hint) = (&finding.message, hint);
        said = text!(message, hint; "{message}（{hint}）", "{message} ({hint})");
    }
    let text = said.into_language(language);
    let mut location = json!({
        "artifactLocation": { "uri": finding.file, "uriBaseId": "CHARTER" },
    });
    if let Some((line, column)) = finding.position(files)
        && let Some(location) = location.as_object_mut()
    {
        location.insert(
            "region".to_owned(),
            json!({ "startLine": line, "startColumn": column }),
        );
    }
    let print = fingerprint(finding, files);
    // Two findings that say the same of the same text are told apart by their order.
    let number = seen.entry(print.clone()).or_default();
    *number += 1;
    json!({
        "ruleId": finding.code,
        "ruleIndex": codes.get(finding.code),
        "level": level,
        "message": { "text": text },
        "locations": [{ "physicalLocation": location }],
        "partialFingerprints": { "countymesh/v1": format!("{print}:{number}") },
    })
}

/// What makes a finding the same in another version: what it is, where, and the text that it is
/// about, but not on which line that stands.
fn fingerprint(finding: &Finding, files: &CharterFiles) -> String {
    let about = finding.span.clone().and_then(|span| {
        let content = files.files.get(&finding.file)?;
        content.get(span)
    });
    let mut content = format!("{}\n{}\n", finding.code, finding.file).into_bytes();
    content.extend_from_slice(about.unwrap_or(finding.message.en.as_bytes()));
    let sum = Sha256Sum::of(&content).to_string();
    sum.get(..32).unwrap_or(&sum).to_owned()
}
