//! The answering end of the control socket. It goes on whatever happens to a single connection, and
//! keeps room for `status` and `stop` when connections or descriptors run out.

use std::future::Future;
use std::io::{Error, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

use super::seats::{Seat, Seats};
use crdt_model::text;
use crdt_model::text::Problem;
use node_app::door::line::{CALL_OFF, Envelope, LINE_BYTES_MAX, problem_line, progress_line};
use node_app::door::task::Task;
use node_app::door::{Door, attached};
use node_app::requests::Request;

/// Milliseconds until a connection is accepted again after that failed.
const ACCEPT_AGAIN_MS: u64 = 50;
/// Milliseconds between two lines that say how far something has come.
const PROGRESS_MS: u64 = 300;
/// Descriptors that are set aside: one for a connection, the others for what `status` opens.
const DESCRIPTORS_RESERVED: usize = 6;

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

/// Serves the socket; requests go through the door. Only the node's own user
/// can connect. A socket left behind by a process that died is replaced: the store's lock has shown
/// that no other process runs this node.
pub fn serve(socket: &Path, door: Door) -> std::io::Result<Served> {
    match std::fs::remove_file(socket) {
        Err(problem) if problem.kind() != ErrorKind::NotFound => return Err(problem),
        _ => {}
    }
    let listener = UnixListener::bind(socket)?;
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600))?;
    let entrance = Entrance {
        listener,
        door,
        seats: Arc::default(),
        reserved: Vec::new(),
        failing: false,
    };
    Ok(Served {
        socket: socket.to_owned(),
        task: tokio::spawn(entrance.keep_open()),
    })
}

/// What accepts connections, for as long as the node runs.
struct Entrance {
    listener: UnixListener,
    door: Door,
    seats: Arc<Seats>,
    /// Descriptors that are given up when there are no others.
    reserved: Vec<std::fs::File>,
    /// Whether connections could not be accepted lately: said once, and not for each.
    failing: bool,
}

impl Entrance {
    async fn keep_open(mut self) {
        self.reserve();
        loop {
            self.seats.wait_for_room().await;
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    self.seat(stream);
                    self.reserve();
                }
                Err(error) => self.not_accepted(&error).await,
            }
        }
    }

    fn seat(&self, stream: UnixStream) {
        let door = self.door.clone();
        self.seats.take(|seat| async move {
            // A program that went away needs no answer.
            let _ = converse(stream, door, &seat).await;
        });
    }

    /// A connection that was given up, no descriptors, no memory: each may pass. The connection waits
    /// in the socket meanwhile.
    async fn not_accepted(&mut self, error: &Error) {
        if !std::mem::replace(&mut self.failing, true) {
            tracing::warn!(%error, "the control socket cannot accept a connection; it goes on trying");
        }
        if is_out_of_descriptors(error) {
            if !self.reserved.is_empty() {
                // The next attempt comes at once, before somebody else has them.
                self.reserved.clear();
                return;
            }
            // As many, for what is answered needs some as well.
            for _ in 0..DESCRIPTORS_RESERVED {
                self.seats.give_up_one();
            }
        }
        tokio::time::sleep(Duration::from_millis(ACCEPT_AGAIN_MS)).await;
    }

    /// Sets descriptors aside: all of them or none, so that the last ones are left to be used.
    fn reserve(&mut self) {
        if !self.reserved.is_empty() {
            return;
        }
        let some = (0..DESCRIPTORS_RESERVED).map(|_| std::fs::File::open("/dev/null"));
        let Ok(some) = some.collect() else { return };
        self.reserved = some;
        if std::mem::take(&mut self.failing) {
            tracing::info!("the control socket accepts connections again");
        }
    }
}

fn is_out_of_descriptors(error: &Error) -> bool {
    let known = Errno::from_io_error(error);
    known.is_some_and(|known| {
        [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM].contains(&known)
    })
}

async fn converse(stream: UnixStream, door: Door, seat: &Seat) -> std::io::Result<()> {
    let user = stream.peer_cred().ok().map(|peer| peer.uid());
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let mut line = Vec::new();
        let mut bounded = (&mut read).take(LINE_BYTES_MAX as u64);
        if bounded.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let (answer, goes_on) = match serde_json::from_slice::<Envelope<Request>>(&line) {
            Ok(envelope) => match attached::check(&envelope.asked.attached()) {
                Ok(()) => {
                    let caller = envelope.caller(user);
                    let asked = with_attached(envelope.asked, &mut read).await?;
                    let _busy = seat.busy();
                    let task = Task::default();
                    let answer = asked.ask(&door, caller, task.clone());
                    let watched = envelope.watch.then_some(&mut write);
                    (wait(answer, &task, &mut read, watched).await?, true)
                }
                // What follows is not read, and so nothing that comes after it.
                Err(problem) => (problem_line(&problem).map_err(Error::other)?, false),
            },
            Err(error) => (
                problem_line(&not_a_request(&error)).map_err(Error::other)?,
                true,
            ),
        };
        write.write_all(&answer).await?;
        if !goes_on {
            return Ok(());
        }
    }
}

/// Waits for an answer. Whoever wants to watch is told now and then how far it has come; whoever calls
/// it off has it end early.
async fn wait(
    answer: impl Future<Output = Result<Vec<u8>, serde_json::Error>>,
    task: &Task,
    read: &mut BufReader<OwnedReadHalf>,
    mut watched: Option<&mut OwnedWriteHalf>,
) -> std::io::Result<Vec<u8>> {
    let mut answer = std::pin::pin!(answer);
    let mut progress = task.progress();
    let mut often = tokio::time::interval(Duration::from_millis(PROGRESS_MS));
    let mut listens = true;
    loop {
        tokio::select! {
            biased;
            answer = &mut answer => return answer.map_err(Error::other),
            _ = often.tick() => {
                let come = match progress.has_changed() {
                    Ok(true) => *progress.borrow_and_update(),
                    _ => None,
                };
                if let (Some(come), Some(write)) = (come, &mut watched) {
                    let line = progress_line(&come).map_err(Error::other)?;
                    write.write_all(&line).await?;
                }
            }
            more = read.fill_buf(), if listens => {
                let calls_off = more?.starts_with(CALL_OFF.as_bytes());
                if calls_off {
                    read.consume(CALL_OFF.len());
                    task.call_off();
                }
                // Anything else is the next request, or the end of the program that asked.
                listens = calls_off;
            }
        }
    }
}

/// The request with the bytes of its files, which take memory only as they arrive.
async fn with_attached(
    mut request: Request,
    read: &mut BufReader<OwnedReadHalf>,
) -> std::io::Result<Request> {
    for file in request.attached_mut() {
        let length = file.length();
        let got = read.take(length).read_to_end(&mut file.bytes).await?;
        if got as u64 != length {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(request)
}

fn not_a_request(error: &serde_json::Error) -> Problem {
    Problem::new(
        "not-a-request",
        text!(
            "读不懂这个请求（`{error}`）",
            "this is not a request: {error}"
        ),
        text!(
            "请使用同一版本的 mesh-node 命令",
            "use a mesh-node command of the same version"
        ),
    )
}
