//! The answering end of the control socket.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::control::protocol::{LINE_BYTES_MAX, Reply, Request};
use crate::member::keeper::Answer;
use crate::text;
use crate::text::Problem;

/// The socket while it is served; it is removed with this.
pub struct Served {
    socket: PathBuf,
    task: JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
        // It may be gone already.
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// Serves the socket; requests go into the channel, each with its answer. Only the node's own user
/// can connect. A socket left behind by a process that died is replaced: the store's lock has shown
/// that no other process runs this node.
pub fn serve(socket: &Path, requests: mpsc::Sender<(Request, Answer)>) -> std::io::Result<Served> {
    match std::fs::remove_file(socket) {
        Err(problem) if problem.kind() != std::io::ErrorKind::NotFound => return Err(problem),
        _ => {}
    }
    let listener = UnixListener::bind(socket)?;
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600))?;
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let requests = requests.clone();
            tokio::spawn(async move {
                // A program that went away needs no answer.
                let _ = converse(stream, requests).await;
            });
        }
    });
    Ok(Served {
        socket: socket.to_owned(),
        task,
    })
}

async fn converse(
    stream: UnixStream,
    requests: mpsc::Sender<(Request, Answer)>,
) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let mut line = Vec::new();
        let mut bounded = (&mut read).take(LINE_BYTES_MAX as u64);
        if bounded.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let reply = match serde_json::from_slice(&line) {
            Ok(request) => ask(&requests, request).await,
            Err(error) => not_a_request(&error),
        };
        let mut answer = serde_json::to_vec(&reply).map_err(std::io::Error::other)?;
        answer.push(b'\n');
        write.write_all(&answer).await?;
    }
}

async fn ask(requests: &mpsc::Sender<(Request, Answer)>, request: Request) -> Reply {
    let (tell, told) = oneshot::channel();
    let answer: Answer = Box::new(move |reply| {
        // Nobody listens any more if the program went away.
        let _ = tell.send(reply);
    });
    if requests.send((request, answer)).await.is_err() {
        return stopping();
    }
    told.await.unwrap_or_else(|_| stopping())
}

fn stopping() -> Reply {
    Reply::Problem(Problem::new(
        "stopping",
        text!(
            "节点正在停止，结果未知",
            "the node is stopping; whether it was done is not known"
        ),
        text!("重新启动后再查看", "look again after it has started"),
    ))
}

fn not_a_request(error: &serde_json::Error) -> Reply {
    Reply::Problem(Problem::new(
        "not-a-request",
        text!("无法理解该请求：{error}", "this is not a request: {error}"),
        text!(
            "请使用同一版本的 mesh-node 命令",
            "use a mesh-node command of the same version"
        ),
    ))
}
