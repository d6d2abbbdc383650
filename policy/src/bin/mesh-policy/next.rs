//! `next`: begin the next version of a charter.

use std::path::PathBuf;

use crdt_model::text;
use policy::CharterFiles;
use policy::command_line::help::Words;
use policy::making::edit::next_version;
use policy::reading::head;
use policy::signing::manifest::{MANIFEST_PATH, SIGNATURES_FOLDER};
use serde_json::json;

use crate::input::write_folder;
use crate::output::{Answer, Exit, Failure, Output};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    dir: PathBuf,
    new: PathBuf,
    #[arg(long, value_name = "TIME")]
    valid_until: Option<String>,
}

pub(crate) fn words() -> Words {
    Words::new(text!(
        "开始编写下一版章程",
        "Begin the next version of a charter"
    ))
    .argument(
        "dir",
        text!(
            "各节点正在采用的那一版的目录",
            "the folder of the version that nodes go by"
        ),
    )
    .argument(
        "new",
        text!(
            "要新建的目录，不能已经存在",
            "the folder to make; it must not exist"
        ),
    )
    .argument(
        "valid_until",
        text!(
            "下一版有效至何时，如 2030-11-01T00:00:00+08:00",
            "until when the next version holds, as in 2030-11-01T00:00:00+08:00"
        ),
    )
    .after(text!(
        "内容与上一版相同，版本号加 1，没有文件清单和签名。\n只续期时，加 `--valid-until`，再生\
         成文件清单、由审核人签名，用 `mesh-node offer` 提供给任一节点即可。",
        "It says what the version before says, with the next number, and without manifest and \
         signatures.\nThat is all that a renewal needs: give `--valid-until`, write the \
         manifest, have reviewers sign, and hand it to any node with `mesh-node offer`."
    ))
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    let Arguments {
        dir,
        new,
        valid_until,
    } = arguments;
    let mut files = CharterFiles::read(dir)?;
    files
        .files
        .retain(|path, _| path != MANIFEST_PATH && !path.starts_with(SIGNATURES_FOLDER));
    let content = files.files.entry(head::FILE.to_owned()).or_default();
    let text = String::from_utf8_lossy(content);
    let (text, version) = next_version(&text, valid_until.as_deref())
        .map_err(|error| Failure::new(Exit::Usage, "edit", error))?;
    *content = text.into_bytes();
    write_folder(new, &files)?;
    let (dir, new) = (dir.display(), new.display());
    let text = output.say(text!("`{new}` 为第 {version} 版\n下一步：修改其中内容，然后\n  mesh-policy check {new}\n  \
         mesh-policy diff {dir} {new}\n  mesh-policy manifest {new} --previous {dir}\n",
        "`{new}` is version {version}\nnext: make your changes in it, then\n  mesh-policy check {new}\n  \
         mesh-policy diff {dir} {new}\n  mesh-policy manifest {new} --previous {dir}\n"));
    Ok(Answer::new(
        Exit::Clean,
        text,
        json!({ "version": version }),
    ))
}
