//! `tarsier serve`: the live lab in a browser.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;

use tarsier_server::{Architecture, Lab, Library, Origin, Settings, Text};

use crate::args::ServeArgs;
use crate::failure::{Ending, Failure};
use crate::input::Located;
use crate::{catalogue, input, print, warn};

/// Serves until Ctrl-C or a SIGTERM.
pub(crate) fn serve(args: &ServeArgs) -> Result<Ending, Failure> {
    if let Some(folder) = args.ui_dir.as_ref().filter(|folder| !folder.is_dir()) {
        return Err(Failure::new(format!("`{}` is not a folder", folder.display())));
    }
    let (interrupt, interrupted) = mpsc::channel();
    // Without a handler a signal just kills, which is no reason not to serve.
    let _ = ctrlc::set_handler(move || {
        let _ = interrupt.send(());
    });
    let token = match &args.token {
        Some(token) => Some(token.clone()),
        None if args.bind.ip().is_loopback() => None,
        None => Some(random_token()?),
    };
    let library = library(args.source.as_deref().map(input::locate).transpose()?);
    let settings = Settings { bind: args.bind, token: token.clone(), page: args.ui_dir.clone(), library };
    let lab = Lab::serve(settings).map_err(|error| unbindable(args.bind, &error))?;
    let address = lab.address();
    let url = token.map_or(format!("http://{address}"), |token| format!("http://{address}/?token={token}"));
    print(&format!("{url}\n"))?;
    if args.open {
        open(&url);
    }
    // Nobody interrupts any more when there is no handler: then this waits for ever, as it should.
    let _ = interrupted.recv();
    drop(lab);
    Ok(Ending::Done)
}

/// The catalogue, and what was chosen: first of all if it is no part of it.
fn library(chosen: Option<Located>) -> Library {
    let mut folder = None;
    let (own, in_catalogue) = match chosen {
        None => (None, None),
        Some(Located::Catalogue(name)) => (None, Some(name)),
        Some(Located::Text(text)) => (Some(("stdin".to_owned(), Text::Given(Cow::Owned(text)))), None),
        Some(Located::File(path)) => {
            folder = path.parent().map(Path::to_owned);
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            (Some((name, Text::OnDisk(path))), None)
        }
    };
    let own = own.map(|(name, text)| Architecture { name, origin: Origin::File, text, is_chosen: true });
    let entries = catalogue::entries().iter().map(|(name, text)| Architecture {
        name: (*name).to_owned(),
        origin: if name.starts_with("lessons/") { Origin::Lesson } else { Origin::Catalogue },
        text: Text::Given(Cow::Borrowed(text)),
        is_chosen: in_catalogue.as_deref() == Some(name),
    });
    Library {
        architectures: own.into_iter().chain(entries).collect(),
        files: Box::new(move |path| input::read_beside(folder.as_deref(), path)),
    }
}

/// 128 bits that nobody guesses.
fn random_token() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    let read = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    let failure = |_| Failure::with_hint("this machine has no randomness for a token", "give one: `--token`");
    read.map_err(failure)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn unbindable(address: SocketAddr, error: &io::Error) -> Failure {
    let message = format!("cannot listen on {address}: {error}");
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            Failure::with_hint(message, "`--bind 127.0.0.1:0` picks a port that is free")
        }
        _ => Failure::new(message),
    }
}

/// What this desktop opens addresses with; where there is none, the address has been printed.
fn open(url: &str) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let started = Command::new(opener).arg(url).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    if let Err(error) = started {
        warn(&format!("cannot open a browser with {opener}: {error}"));
    }
}
