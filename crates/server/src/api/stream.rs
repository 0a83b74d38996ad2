//! What a run shows, as it goes: nothing is made for a browser that has not taken the last.

use std::sync::Arc;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::api::runs::find;
use crate::api::{Answer, Refusal, Shared};
use crate::limits;
use crate::session::Session;
use crate::session::frame::{FrameKind, Sender};

pub(super) async fn stream(
    State(context): Shared,
    Path(id): Path<String>,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Answer {
    let session = find(&context, &id)?;
    let upgrade = upgrade.map_err(|error| Refusal::bad(format!("this is a WebSocket: {error}")))?;
    let place = Arc::clone(&context.streams).try_acquire_owned();
    let place =
        place.map_err(|_| Refusal::not_now(format!("there are {} streams already", limits::STREAMS)))?;
    let stopped = context.stopped.clone();
    // What a browser sends is ignored: it need not be long.
    let upgrade = upgrade.max_message_size(4096).max_frame_size(4096);
    Ok(upgrade.on_upgrade(move |socket| {
        follow(socket, Arc::downgrade(&session), session.shared.watch(), stopped, place)
    }))
}

/// Until the browser goes, the run is ended, or the server.
async fn follow(
    mut socket: WebSocket,
    session: std::sync::Weak<Session>,
    mut changed: watch::Receiver<()>,
    mut stopped: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
) {
    let mut shown = Shown::default();
    loop {
        let Some(messages) = session.upgrade().map(|session| shown.news(&session)) else { break };
        let sent = tokio::time::timeout(limits::STREAM_TIME, send(&mut socket, messages)).await;
        if !matches!(sent, Ok(Ok(()))) {
            return;
        }
        tokio::select! {
            ended = changed.changed() => if ended.is_err() { break },
            _ = stopped.wait_for(|stopped| *stopped) => break,
            heard = socket.recv() => if !matches!(heard, Some(Ok(_))) { return },
        }
    }
    // A browser that does not listen any more need not be told.
    let _ = tokio::time::timeout(limits::FAREWELL, socket.send(Message::Close(None))).await;
}

async fn send(socket: &mut WebSocket, messages: Vec<Message>) -> Result<(), axum::Error> {
    for message in messages {
        socket.send(message).await?;
    }
    Ok(())
}

/// What this browser has been shown.
#[derive(Default)]
struct Shown {
    run: String,
    tick_s: Option<f64>,
    second_s: Option<f64>,
    sender: Sender,
}

impl Shown {
    fn news(&mut self, session: &Session) -> Vec<Message> {
        let mut messages = Vec::new();
        let (tick, second) = {
            let state = session.shared.read();
            (Arc::clone(&state.tick), state.second.clone())
        };
        if let Some(second) = second.filter(|it| self.second_s != Some(it.time_s)) {
            self.second_s = Some(second.time_s);
            messages.push(Message::Binary(self.sender.frame(FrameKind::Second, &second).into()));
        }
        if self.tick_s != Some(tick.time_s) {
            self.tick_s = Some(tick.time_s);
            messages.push(Message::Binary(self.sender.frame(FrameKind::Tick, &tick).into()));
        }
        let mut run = session.value();
        let told = json!({ "run": run }).to_string();
        // Time and events are in the frames, or asked for.
        for moving in ["time_s", "events"] {
            run[moving] = 0.into();
        }
        let run = run.to_string();
        if run != self.run {
            self.run = run;
            messages.insert(0, Message::Text(told.into()));
        }
        messages
    }
}
