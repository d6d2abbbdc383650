//! The answering end of the control socket. It goes on whatever happens to a single connection, and
//! keeps room for `status` and `stop` when connections or descriptors run out.

use std::io::{Error, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::OwnedReadHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

use super::seats::{Seat, Seats};
use crdt_model::text;
use crdt_model::text::Problem;
use node_app::asked::protocol::{LINE_BYTES_MAX, Reply, Request};
use node_app::door::Door;

/// Milliseconds until a connection is accepted again after that failed.
const ACCEPT_AGAIN_MS: u64 = 50;
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
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let mut line = Vec::new();
        let mut bounded = (&mut read).take(LINE_BYTES_MAX as u64);
        if bounded.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let (reply, goes_on) = match serde_json::from_slice::<Request>(&line) {
            Ok(request) => match request.check_attached() {
                Ok(()) => {
                    let request = with_attached(request, &mut read).await?;
                    let _busy = seat.busy();
                    (door.ask(request).await, true)
                }
                // What follows is not read, and so nothing that comes after it.
                Err(problem) => (Reply::Problem(problem), false),
            },
            Err(error) => (not_a_request(&error), true),
        };
        let mut answer = serde_json::to_vec(&reply).map_err(Error::other)?;
        answer.push(b'\n');
        write.write_all(&answer).await?;
        if !goes_on {
            return Ok(());
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

fn not_a_request(error: &serde_json::Error) -> Reply {
    Reply::Problem(Problem::new(
        "not-a-request",
        text!(
            "读不懂这个请求（`{error}`）",
            "this is not a request: {error}"
        ),
        text!(
            "请使用同一版本的 mesh-node 命令",
            "use a mesh-node command of the same version"
        ),
    ))
}
