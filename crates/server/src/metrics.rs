//! `GET /metrics`, as Prometheus scrapes it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use tokio::sync::oneshot;

/// Serves from a thread of its own until it is dropped.
pub struct Metrics {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Metrics {
    /// Port 0 picks a free one; see [`Self::address`]. `text` is asked for each scrape.
    pub fn serve(address: SocketAddr, text: impl Fn() -> String + Send + Sync + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let text = Arc::new(text);
        let metrics =
            move || async move { ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text()) };
        let app = Router::new()
            .route("/", get(|| async { "the metrics are at /metrics\n" }))
            .route("/metrics", get(metrics));
        let thread = std::thread::Builder::new().name("metrics".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                let served = axum::serve(listener, app).into_future();
                // Whoever is being answered when the run ends is let go: the numbers are over.
                tokio::select! { ended = served => ended, _ = stopped => Ok(()) }
            })
        })?;
        Ok(Metrics { address, stop: Some(stop), thread: Some(thread) })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Metrics {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It serves nobody any more, whatever went wrong.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpStream};

    use super::*;

    fn ask(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).expect("it listens");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n").expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers in UTF-8");
        answer
    }

    #[test]
    fn a_scrape_gets_the_text_of_its_moment() {
        let scrapes = std::sync::atomic::AtomicU32::new(0);
        let count =
            move || format!("scrapes {}\n", scrapes.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        let metrics = Metrics::serve((Ipv4Addr::LOCALHOST, 0).into(), count).expect("a port is free");
        let first = ask(metrics.address(), "/metrics");
        assert!(first.starts_with("HTTP/1.1 200") && first.contains("text/plain; version=0.0.4"), "{first}");
        assert!(first.ends_with("scrapes 0\n"), "{first}");
        assert!(ask(metrics.address(), "/metrics").ends_with("scrapes 1\n"));
        assert!(ask(metrics.address(), "/").contains("/metrics"));
        assert!(ask(metrics.address(), "/health").starts_with("HTTP/1.1 404"));
    }

    #[test]
    fn an_address_in_use_is_an_error_and_dropping_frees_it() {
        let text = String::new;
        let metrics = Metrics::serve((Ipv4Addr::LOCALHOST, 0).into(), text).expect("a port is free");
        let address = metrics.address();
        assert!(Metrics::serve(address, text).is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse));
        drop(metrics);
        assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
    }
}
