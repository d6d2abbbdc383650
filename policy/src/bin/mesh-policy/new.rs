//! `new`: a charter for another county.

use std::path::{Path, PathBuf};

use crdt_model::ids::NodeId;
use policy::CharterFiles;
use policy::making::scaffold::{Scaffold, scaffold};
use serde_json::json;

use crate::input::read_text;
use crate::output::{Answer, Exit, Failure, Output};
use crate::text::say;

/// Days that the first version holds.
const VALID_DAYS: i64 = 730;
/// Bytes of a list of divisions.
const DIVISIONS_BYTES_MAX: usize = 4 * 1024 * 1024;

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

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let divisions = read_text(&arguments.divisions, DIVISIONS_BYTES_MAX)?;
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
        let path = arguments.divisions.display();
        Failure::usage(say!(output, "`{path}`：{problem}", "`{path}`: {problem}"))
    })?;
    write(&arguments.dir, &files)?;
    let dir = arguments.dir.display();
    let text = say!(
        output,
        "`{dir}` 中共 {} 个文件\n略去其他县的 {outside} 行\n\n\
         下一步：\n  mesh-policy check {dir}\n  在 charter.toml 中加入审核人（`mesh-policy keys` 可生成密钥），在 \
         roster.toml 中加入节点公钥\n  在 checks/ 下加入针对本县节点的用例\n  mesh-policy manifest {dir}\n",
        "{} files in `{dir}`\n{outside} rows of other counties were left out\n\n\
         next:\n  mesh-policy check {dir}\n  add reviewers to charter.toml (`mesh-policy keys` makes keys) and node keys to \
         roster.toml\n  add cases under checks/ that name this county's nodes\n  mesh-policy manifest {dir}\n",
        files.files.len()
    );
    let object = json!({ "files": files.files.len(), "rows_left_out": outside });
    Ok(Answer::new(Exit::Clean, text, object))
}

fn write(dir: &Path, files: &CharterFiles) -> Result<(), Failure> {
    std::fs::create_dir(dir).map_err(|problem| Failure::unwritable(dir, &problem))?;
    for (path, content) in &files.files {
        let path = dir.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|problem| Failure::unwritable(folder, &problem))?;
        }
        std::fs::write(&path, content).map_err(|problem| Failure::unwritable(&path, &problem))?;
    }
    Ok(())
}
