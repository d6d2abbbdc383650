//! `new`: a charter for another county.

use std::path::{Path, PathBuf};

use crdt_model::ids::NodeId;
use policy::CharterFiles;
use policy::scaffold::{Scaffold, scaffold};
use serde_json::json;

use crate::output::{Answer, Exit, Failure, Output};

/// Days that the first version holds.
const VALID_DAYS: i64 = 730;

/// Make the folder of a new county's charter from a list of its divisions.
///
/// The kinds, rules and invariants are those of the template. Reviewers, node keys and cases are for
/// the county to add; until then the charter can be checked, and neither signed nor adopted.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The folder to make; it must not exist.
    dir: PathBuf,
    /// The list: a CSV file with the columns `code` and `name`.
    #[arg(long, value_name = "FILE")]
    divisions: PathBuf,
    /// The county's code, 12 digits.
    #[arg(long, value_name = "CODE")]
    county: NodeId,
    /// The charter's title in Chinese.
    #[arg(long, value_name = "TEXT")]
    title_zh: String,
    /// The charter's title in English.
    #[arg(long, value_name = "TEXT")]
    title_en: String,
}

pub(crate) fn run(arguments: &Arguments, _: &Output) -> Result<Answer, Failure> {
    let unreadable = |problem: std::io::Error| {
        Failure::usage(format!("`{}`: {problem}", arguments.divisions.display()))
    };
    let divisions = std::fs::read_to_string(&arguments.divisions).map_err(unreadable)?;
    let now = jiff::Timestamp::now();
    let until = now
        .checked_add(jiff::SignedDuration::from_hours(VALID_DAYS * 24))
        .map_err(|problem| Failure::new(Exit::Internal, "clock", problem))?;
    let day = |at: jiff::Timestamp| format!("{}T00:00:00+08:00", at.strftime("%F"));
    let wanted = Scaffold {
        county: arguments.county,
        title_zh: arguments.title_zh.clone(),
        title_en: arguments.title_en.clone(),
        valid_from: day(now),
        valid_until: day(until),
    };
    let (files, outside) = scaffold(&divisions, &wanted).map_err(|problem| {
        Failure::usage(format!("`{}`: {problem}", arguments.divisions.display()))
    })?;
    write(&arguments.dir, &files)?;
    let dir = arguments.dir.display();
    let text = format!(
        "{} files in `{dir}`\n{outside} rows of other counties were left out\n\n\
         next:\n  mesh-policy check {dir}\n  add reviewers to charter.toml (`mesh-policy keys` makes keys) and node keys to \
         roster.toml\n  add cases under checks/ that name this county's nodes\n  mesh-policy manifest {dir}\n",
        files.files.len()
    );
    let object = json!({ "files": files.files.len(), "rows_left_out": outside });
    Ok(Answer::new(Exit::Clean, text, object))
}

fn write(dir: &Path, files: &CharterFiles) -> Result<(), Failure> {
    let failed = |path: &Path, problem: std::io::Error| {
        Failure::usage(format!("cannot write `{}`: {problem}", path.display()))
    };
    std::fs::create_dir(dir).map_err(|problem| failed(dir, problem))?;
    for (path, content) in &files.files {
        let path = dir.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|problem| failed(folder, problem))?;
        }
        std::fs::write(&path, content).map_err(|problem| failed(&path, problem))?;
    }
    Ok(())
}
