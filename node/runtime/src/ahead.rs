//! Between the transport and the engine's thread: commits are read while the engine is still busy with
//! what came before, so that it finds them decoded and their signatures checked.

use std::num::NonZeroUsize;

use crdt_model::judge::Ahead;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use node_transport::Event;

/// Bytes of a frame that is worth reading ahead: some tens of commits.
const FRAME_BYTES_MIN: usize = 16 * 1024;
/// Events that have been looked at and wait for the engine.
const EVENTS_MAX: usize = 64;

/// What the transport tells, in its order. Reads nothing ahead where there is only one processor.
pub(super) fn reads(mut events: mpsc::Receiver<Event>, ahead: Ahead) -> mpsc::Receiver<Event> {
    let processors = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    if processors == NonZeroUsize::MIN {
        return events;
    }
    let (tell, told) = mpsc::channel(EVENTS_MAX);
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            read(&event, &ahead, processors).await;
            if tell.send(event).await.is_err() {
                break;
            }
        }
    });
    told
}

async fn read(event: &Event, ahead: &Ahead, processors: NonZeroUsize) {
    let (bytes, asks) = match event {
        Event::Request { bytes, .. } => (bytes.clone(), true),
        Event::Response { bytes, .. } => (bytes.clone(), false),
        _ => return,
    };
    if bytes.len() < FRAME_BYTES_MIN {
        return;
    }
    let ahead = ahead.clone();
    let reading = spawn_blocking(move || match asks {
        true => ahead.read_request(&bytes, processors),
        false => ahead.read_response(&bytes, processors),
    });
    // What is not read ahead is read when its turn comes.
    let _ = reading.await;
}
