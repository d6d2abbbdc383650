//! `readmodel`: what lists and searches are made from, and making it anew.

use std::time::Duration;

use super::asking::Context;
use super::asking::Reached;
use super::help::Words;
use super::output::Answer;
use super::output::Ended;
use crdt_model::text;
use crdt_model::text::{Problem, Text};
use node_app::use_cases::read_model::{ReadModelRequest, ReadModelStatus};
use node_readmodel::Progress;

/// Milliseconds between two looks at a node that is catching up.
const LOOK_MS: u64 = 200;
/// Facets between two lines that say how far it is.
const LINE_FACETS: u64 = 4_000;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    Status,
    Rebuild,
}

pub(super) fn words() -> Words {
    Words::new(text!(
        "查询库：列表和查找所用的 SQLite 文件，由本节点留存的记录生成，可随时重建。",
        "The read model: the SQLite file behind lists and searches, made from what the node holds."
    ))
    .command(
        "status",
        Words::new(text!(
            "显示查询库的位置、大小和更新进度。",
            "Show its path, size and progress"
        )),
    )
    .command(
        "rebuild",
        Words::new(text!(
            "重建查询库；记录本身不受影响。",
            "Rebuild it; the records themselves are not affected"
        )),
    )
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Ended {
    let rebuild = matches!(arguments.action, Action::Rebuild);
    let mut node = context.reach()?;
    let first = node.ask(None, None, ReadModelRequest { rebuild })?;
    let status = match &mut node {
        Reached::Running(..) if rebuild => until_done(first, context, |again| {
            std::thread::park_timeout(Duration::from_millis(LOOK_MS));
            context.ask_running(again)?.ok_or_else(ended)
        })?,
        Reached::Running(..) => first,
        opened @ Reached::Opened(_) => {
            until_done(first, context, |again| opened.ask(None, None, again))?
        }
    };
    let text = context.output.say(&status_text(&status));
    Ok(Answer::of::<ReadModelRequest>(text, &status))
}

/// Asks again until it has caught up, and says how far it is.
pub(super) fn until_done(
    first: ReadModelStatus,
    context: &Context,
    mut ask: impl FnMut(ReadModelRequest) -> Result<ReadModelStatus, Problem>,
) -> Result<ReadModelStatus, Problem> {
    let (mut status, mut said) = (first, 0);
    while let Some(Progress { done, all }) = status.catching_up {
        if done / LINE_FACETS > said {
            said = done / LINE_FACETS;
            context
                .output
                .progress(&text!("{done}/{all} 项", "{done} of {all}"));
        }
        status = ask(ReadModelRequest { rebuild: false })?;
    }
    Ok(status)
}

fn status_text(status: &ReadModelStatus) -> Text {
    let ReadModelStatus {
        path,
        format,
        facets,
        all,
        disk_bytes,
        catching_up,
        made_anew,
        ..
    } = status;
    let (path, mib) = (path.display(), *disk_bytes as f64 / f64::from(1 << 20));
    let state = match catching_up {
        None => text!("已是最新", "up to date"),
        Some(Progress { done, all }) => {
            text!("正在更新（{done}/{all}）", "catching up ({done} of {all})")
        }
    };
    let Text { zh, en } = state;
    let Text {
        zh: anew_zh,
        en: anew_en,
    } = match made_anew {
        None => Text::default(),
        Some(why) => text!(
            "  启动后曾自动重建，记录本身不受影响（原因：`{why}`）\n",
            "  rebuilt by itself since the start, the last time because: {why}; the records themselves are not affected\n"
        ),
    };
    text!(
        "查询库 {path}\n  格式 {format}，{facets}/{all} 个分项，{mib:.1} MiB，{zh}\n  其他程序可只读打开；文件中有本节点留存的全部内容，不区分岗位\n{anew_zh}",
        "the read model {path}\n  format {format}, {facets} of {all} facets, {mib:.1} MiB, {en}\n  \
         other programs may open it for reading; it has all that the node holds, whatever the role\n{anew_en}"
    )
}

fn ended() -> Problem {
    Problem::new(
        "stopping",
        text!(
            "节点已停止，查询库还没有更新完",
            "the node stopped before the read model had caught up"
        ),
        text!(
            "节点再次启动后自动继续",
            "it goes on by itself when the node runs again"
        ),
    )
}
