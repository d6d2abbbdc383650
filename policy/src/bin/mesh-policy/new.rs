//! `new`: a charter for another county.

use std::path::PathBuf;

use crdt_model::ids::NodeId;
use crdt_model::text;
use policy::command_line::help::Words;
use policy::command_line::values;
use policy::making::scaffold::{Scaffold, scaffold};
use policy::making::template::linze_between;
use serde_json::json;

use crate::input::{read_text, write_folder};
use crate::output::{Answer, Exit, Failure, Output};

/// Days that the first version holds.
const VALID_DAYS: i64 = 730;
/// Bytes of a list of divisions.
const DIVISIONS_BYTES_MAX: usize = 4 * 1024 * 1024;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    dir: PathBuf,
    #[arg(long, value_name = "FILE", requires_all = ["county", "title_zh", "title_en"])]
    divisions: Option<PathBuf>,
    #[arg(long, value_name = "CODE", requires = "divisions", value_parser = values::node)]
    county: Option<NodeId>,
    #[arg(long, value_name = "TEXT", requires = "divisions")]
    title_zh: Option<String>,
    #[arg(long, value_name = "TEXT", requires = "divisions")]
    title_en: Option<String>,
}

pub(crate) fn words() -> Words {
    Words::new(text!(
        "新建一个县的章程目录",
        "Make the folder of a new county's charter"
    ))
    .argument(
        "dir",
        text!(
            "要新建的目录，不能已经存在",
            "the folder to make; it must not exist"
        ),
    )
    .argument(
        "divisions",
        text!(
            "区划表：CSV 文件，有 `code` 和 `name` 两列",
            "the list of divisions: a CSV file with the columns `code` and `name`"
        ),
    )
    .argument(
        "county",
        text!("县的代码，12 位", "the county's code, 12 digits"),
    )
    .argument(
        "title_zh",
        text!("章程的中文名称", "the charter's title in Chinese"),
    )
    .argument(
        "title_en",
        text!("章程的英文名称", "the charter's title in English"),
    )
    .after(text!(
        "不加 `--divisions` 时是临泽县的章程，有 84 个节点和用例。加上别的县的区划表时，记录类型\
         、规则和底线要求相同，用例由该县补充。\n自今天起有效两年。审核人和节点公钥用 \
         `mesh-policy reviewer add` 和 `mesh-policy roster set` 写入。",
        "Without `--divisions` it is that of Linze County, with its 84 nodes and its cases. \
         With a list of another county's divisions, the kinds, rules and invariants are the \
         same, and cases are for the county to add.\nIt holds from today for two years. \
         Reviewers and node keys are added with `mesh-policy reviewer add` and \
         `mesh-policy roster set`."
    ))
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let now = jiff::Timestamp::now();
    let until = now
        .checked_add(jiff::SignedDuration::from_hours(VALID_DAYS * 24))
        .map_err(|problem| Failure::internal("clock", &problem))?;
    let day = |at: jiff::Timestamp| format!("{}T00:00:00+08:00", at.strftime("%F"));
    let (from, until) = (day(now), day(until));
    let (files, outside) = match another_county(arguments, &from, &until) {
        None => (linze_between(&from, &until), 0),
        Some((path, wanted)) => {
            let divisions = read_text(path, DIVISIONS_BYTES_MAX)?;
            scaffold(&divisions, &wanted).map_err(|problem| {
                let path = path.display();
                Failure::usage(text!(problem; "`{path}`：{problem}", "`{path}`: {problem}"))
            })?
        }
    };
    write_folder(&arguments.dir, &files)?;
    let dir = arguments.dir.display();
    let mut text = output.say(text!(
        "`{dir}` 中共 {} 个文件\n",
        "{} files in `{dir}`\n",
        files.files.len()
    ));
    if outside > 0 {
        text.push_str(&output.say(text!(
            "略去其他县的 {outside} 行\n",
            "{outside} rows of other counties were left out\n"
        )));
    }
    if arguments.divisions.is_some() {
        text.push_str(&output.say(text!(
            "请在 `checks/` 下加入针对本县节点的用例\n",
            "add cases under checks/ that name this county's nodes\n"
        )));
    }
    text.push_str(&output.say(text!("\n下一步：\n  mesh-policy keys <姓名> --out keys\n  mesh-policy reviewer add {dir} keys/<姓名>.pub …\n  \
         mesh-policy roster set {dir} <节点代码> --key <公钥> --address <地址>\n  mesh-policy check {dir}\n  \
         mesh-policy manifest {dir}\n",
        "\nnext:\n  mesh-policy keys NAME --out keys\n  mesh-policy reviewer add {dir} keys/NAME.pub ...\n  \
         mesh-policy roster set {dir} CODE --key HEX --address ADDR\n  mesh-policy check {dir}\n  \
         mesh-policy manifest {dir}\n")));
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
