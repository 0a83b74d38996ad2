//! What a run shows, as it goes: nothing is made for a browser that has not taken the last.

use std::sync::{Arc, Weak};

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::api::looks::news;
use crate::api::runs::find;
use crate::api::{Answer, Context, Refusal, Shared};
use crate::limits;
use crate::session::Session;
use crate::session::frame::{FrameKind, Sender};
use crate::session::picture::Picture;
use crate::session::totals::{Totals, View};

pub(super) async fn stream(
    State(context): Shared,
    Path(id): Path<String>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Answer {
    let session = find(&context, &id)?;
    let upgrade = upgrade.map_err(|error| Refusal::bad(format!("this is a WebSocket: {error}")))?;
    let place = Arc::clone(&context.streams).try_acquire_owned();
    let place =
        place.map_err(|_| Refusal::not_now(format!("there are {} streams already", limits::STREAMS)))?;
    // What a browser sends is ignored: it need not be long.
    let upgrade = upgrade.max_message_size(4096).max_frame_size(4096);
    Ok(upgrade.on_upgrade(move |socket| follow(socket, context, session.id, place)))
}

/// Until the browser goes, the run is ended, or the server.
async fn follow(mut socket: WebSocket, context: Arc<Context>, id: u64, _place: OwnedSemaphorePermit) {
    while let Some(session) = context.sessions.get(id) {
        let changed = session.shared.watch();
        // What is followed is not kept from ending.
        let session = Arc::downgrade(&{ session });
        if follow_one(&mut socket, &session, changed, context.stopped.clone()).await.is_none() {
            return;
        }
        if *context.stopped.borrow() {
            break;
        }
    }
    // A browser that does not listen any more need not be told.
    let _ = tokio::time::timeout(limits::FAREWELL, socket.send(Message::Close(None))).await;
}

/// Until there is another run in its place, or none; `None` when the browser has gone.
async fn follow_one(
    socket: &mut WebSocket,
    session: &Weak<Session>,
    mut changed: watch::Receiver<()>,
    mut stopped: watch::Receiver<bool>,
) -> Option<()> {
    let mut shown = Shown::default();
    while let Some(session) = session.upgrade().filter(|session| !session.shared.is_unwanted()) {
        let messages = shown.news(&session);
        drop(session);
        tokio::time::timeout(limits::STREAM_TIME, send(socket, messages)).await.ok()?.ok()?;
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => break,
            heard = socket.recv() => drop(heard?.ok()?),
            ended = changed.changed() => if ended.is_err() { break },
        }
    }
    Some(())
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
    totals: Option<Arc<Totals>>,
    second_s: f64,
    events: usize,
    sender: Sender,
}

impl Shown {
    fn news(&mut self, session: &Session) -> Vec<Message> {
        let mut messages = Vec::new();
        self.state(session, &mut messages);
        let (View { totals, before, latencies }, seconds) = {
            let state = session.shared.read();
            let is_new = |second: &&Arc<_>| self.is_new(second);
            (state.view.clone(), state.recent.iter().filter(is_new).cloned().collect::<Vec<_>>())
        };
        for second in seconds {
            self.second_s = second.time_s;
            messages.push(Message::Binary(self.sender.frame(FrameKind::Second, &second).into()));
        }
        if self.totals.as_ref().is_none_or(|shown| totals.time_s > shown.time_s) {
            // Who has just come is shown what happened since the last whole second.
            let before = self.totals.take().unwrap_or(before);
            let tick = totals.since(&before, &latencies, &session.topology);
            messages.push(Message::Binary(self.sender.frame(FrameKind::Tick, &tick).into()));
        }
        self.totals = Some(totals);
        for event in news(session, self.events) {
            self.events += 1;
            messages.push(Message::Text(json!({ "event": event }).to_string().into()));
        }
        messages
    }

    /// Who comes late is not sent what was before.
    fn is_new(&self, second: &Picture) -> bool {
        self.totals.as_ref().is_some_and(|shown| second.time_s > self.second_s.max(shown.time_s))
    }

    fn state(&mut self, session: &Session, messages: &mut Vec<Message>) {
        let mut run = session.value();
        let told = json!({ "run": run }).to_string();
        // Time and events are in the frames, or asked for.
        for moving in ["time_s", "events"] {
            run[moving] = 0.into();
        }
        let run = run.to_string();
        if run != self.run {
            self.run = run;
            messages.push(Message::Text(told.into()));
        }
    }
}
