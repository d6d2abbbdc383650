//! `new`: a charter for another county.

use std::path::PathBuf;

use crdt_model::ids::NodeId;
use policy::making::scaffold::{Scaffold, scaffold};
use policy::making::template::linze_between;
use serde_json::json;

use crate::input::{read_text, write_folder};
use crate::output::{Answer, Exit, Failure, Output};
use crate::text::say;

/// Days that the first version holds.
const VALID_DAYS: i64 = 730;
/// Bytes of a list of divisions.
const DIVISIONS_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Make the folder of a county's first charter.
///
/// Without `--divisions` it is that of Linze County, with its 84 nodes and its cases. With a list of
/// another county's divisions, the kinds, rules and invariants are the same, and cases are for the
/// county to add. It holds from today for two years. Reviewers and node keys are added with
/// `mesh-policy reviewer add` and `mesh-policy roster set`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The folder to make; it must not exist.
    dir: PathBuf,
    /// The list: a CSV file with the columns `code` and `name`.
    #[arg(long, value_name = "FILE", requires_all = ["county", "title_zh", "title_en"])]
    divisions: Option<PathBuf>,
    /// The county's code, 12 digits.
    #[arg(long, value_name = "CODE", requires = "divisions")]
    county: Option<NodeId>,
    /// The charter's title in Chinese.
    #[arg(long, value_name = "TEXT", requires = "divisions")]
    title_zh: Option<String>,
    /// The charter's title in English.
    #[arg(long, value_name = "TEXT", requires = "divisions")]
    title_en: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let now = jiff::Timestamp::now();
    let until = now
        .checked_add(jiff::SignedDuration::from_hours(VALID_DAYS * 24))
        .map_err(|problem| Failure::new(Exit::Internal, "clock", problem))?;
    let day = |at: jiff::Timestamp| format!("{}T00:00:00+08:00", at.strftime("%F"));
    let (from, until) = (day(now), day(until));
    let (files, outside) = match another_county(arguments, &from, &until) {
        None => (linze_between(&from, &until), 0),
        Some((path, wanted)) => {
            let divisions = read_text(path, DIVISIONS_BYTES_MAX)?;
            scaffold(&divisions, &wanted).map_err(|problem| {
                let path = path.display();
                Failure::usage(say!(output, "`{path}`：{problem}", "`{path}`: {problem}"))
            })?
        }
    };
    write_folder(&arguments.dir, &files)?;
    let dir = arguments.dir.display();
    let mut text = say!(
        output,
        "`{dir}` 中共 {} 个文件\n",
        "{} files in `{dir}`\n",
        files.files.len()
    );
    if outside > 0 {
        text.push_str(&say!(
            output,
            "略去其他县的 {outside} 行\n",
            "{outside} rows of other counties were left out\n"
        ));
    }
    if arguments.divisions.is_some() {
        text.push_str(&say!(
            output,
            "请在 checks/ 下加入针对本县节点的用例\n",
            "add cases under checks/ that name this county's nodes\n"
        ));
    }
    text.push_str(&say!(
        output,
        "\n下一步：\n  mesh-policy keys <姓名> --out keys\n  mesh-policy reviewer add {dir} keys/<姓名>.pub …\n  \
         mesh-policy roster set {dir} <节点代码> --key <公钥> --address <地址>\n  mesh-policy check {dir}\n  \
         mesh-policy manifest {dir}\n",
        "\nnext:\n  mesh-policy keys NAME --out keys\n  mesh-policy reviewer add {dir} keys/NAME.pub ...\n  \
         mesh-policy roster set {dir} CODE --key HEX --address ADDR\n  mesh-policy check {dir}\n  \
         mesh-policy manifest {dir}\n"
    ));
    let object = json!({ "files": files.files.len(), "rows_left_out": outside });
    Ok(Answer::new(Exit::Clean, text, object))
}

/// The list of divisions of a county other than Linze, and what is to be made of it.
fn another_county<'a>(
    arguments: &'a Arguments,
    from: &str,
    until: &str,
) -> Option<(&'a PathBuf, Scaffold)> {
    let wanted = Scaffold {
        county: arguments.county?,
        title_zh: arguments.title_zh.clone()?,
        title_en: arguments.title_en.clone()?,
        valid_from: from.to_owned(),
        valid_until: until.to_owned(),
    };
    Some((arguments.divisions.as_ref()?, wanted))
}
