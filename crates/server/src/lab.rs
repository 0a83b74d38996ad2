//! The live lab as a server: listens, lets connections in, ends.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::api::{self, Context, Guard};
use crate::library::Library;
use crate::limits;
use crate::page::Page;
use crate::session::Sessions;

pub struct Settings {
    /// Port 0 picks a free one.
    pub bind: SocketAddr,
    /// Who has it may do everything; nobody is asked for it if there is none.
    pub token: Option<String>,
    /// Where the page is read from instead of the embedded one.
    pub page: Option<PathBuf>,
    pub library: Library,
}

/// Serves from a thread of its own until it is dropped; then its runs end too.
pub struct Lab {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Lab {
    pub fn serve(settings: Settings) -> io::Result<Self> {
        let listener = TcpListener::bind(settings.bind)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let context = Arc::new(Context {
            library: settings.library,
            page: settings.page.map_or_else(Page::embedded, Page::Folder),
            guard: Guard::new(address, settings.token),
            sessions: Sessions::default(),
            streams: Arc::new(Semaphore::new(limits::STREAMS)),
            stopped: stopped.clone(),
        });
        let thread = std::thread::Builder::new().name("lab".to_owned()).spawn({
            let stop = stop.clone();
            move || {
                // What takes long is done by other threads: runs by theirs, reading files by the blocking ones.
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(serve(listener, context, stopped, stop))
            }
        })?;
        Ok(Lab { address, stop, thread: Some(thread) })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // It serves nobody any more, whatever went wrong.
            let _ = thread.join();
        }
    }
}

async fn serve(
    listener: TcpListener,
    context: Arc<Context>,
    mut stopped: watch::Receiver<bool>,
    stop: watch::Sender<bool>,
) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let places = Arc::new(Semaphore::new(limits::CONNECTIONS));
    let app = api::router(Arc::clone(&context));
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            _ = stopped.wait_for(|stopped| *stopped) => break,
        };
        match accepted {
            Ok((stream, place)) => drop(tokio::spawn(converse(stream, app.clone(), place))),
            // Too many files are open, or the peer has gone: others may have more luck in a while.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    drop((listener, stopped));
    context.sessions.clear();
    // Each stream holds a place until it has said good-bye.
    let all = context.streams.acquire_many(limits::STREAMS as u32);
    let _ = tokio::time::timeout(limits::FAREWELL, all).await;
    drop(stop);
    Ok(())
}

async fn accept(
    listener: &tokio::net::TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.expect("it is never closed");
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

/// Until the peer has had enough, or takes too long to ask.
async fn converse(stream: TcpStream, app: Router, place: OwnedSemaphorePermit) {
    // Frames are small and matter now.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HEAD_TIME)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app))
        .with_upgrades();
    // Whatever goes wrong with a connection is over with it.
    let _ = connection.await;
    drop(place);
}
