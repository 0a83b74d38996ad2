//! Where architectures come from: the catalogue, and the file that the server was started with.

use std::borrow::Cow;
use std::path::PathBuf;
use std::{fs, io};

use tarsier_interop::spigo;
use tarsier_language::{Diagnostic, Severity};
use tarsier_model::SealedModel;

/// What there is to open.
pub struct Library {
    pub architectures: Vec<Architecture>,
    /// Reads what an architecture refers to; the path leads out of no folder.
    pub files: FileReader,
}

type FileReader = Box<dyn Fn(&str) -> Result<Vec<u8>, String> + Send + Sync>;

pub struct Architecture {
    pub name: String,
    pub origin: Origin,
    pub text: Text,
    /// The server was started with it.
    pub is_chosen: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    Catalogue,
    Lesson,
    File,
}

pub enum Text {
    Given(Cow<'static, str>),
    /// Read whenever it is asked for: somebody may be editing it.
    OnDisk(PathBuf),
}

/// What came of a text.
pub(crate) struct Opened {
    pub(crate) model: Option<SealedModel>,
    /// In our language, of a foreign file what it became; the diagnostics are about what it was.
    pub(crate) text: String,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Library {
    pub(crate) fn find(&self, name: &str) -> Option<&Architecture> {
        self.architectures.iter().find(|it| it.name == name)
    }

    /// Reads a text, also a foreign one.
    pub(crate) fn open(&self, name: &str, text: String) -> Opened {
        if spigo::recognise(text.as_bytes()) {
            return self.open_foreign(name, &text);
        }
        let loaded = tarsier_language::load_with(name, text.as_bytes(), &|path| (self.files)(path));
        Opened { model: loaded.model, text, diagnostics: loaded.diagnostics }
    }

    fn open_foreign(&self, name: &str, text: &str) -> Opened {
        let imported = spigo::import(name, text.as_bytes(), &spigo::Options { scale: 100, regions: 1 });
        let Some(translation) = imported.architecture else {
            return Opened { model: None, text: String::new(), diagnostics: imported.diagnostics };
        };
        let opened = self.open(name, translation.text);
        // What is doubtful has been said about the foreign file; of the translation only errors are news.
        let errors = opened.diagnostics.into_iter().filter(|it| it.severity == Severity::Error);
        Opened { diagnostics: imported.diagnostics.into_iter().chain(errors).collect(), ..opened }
    }
}

impl Architecture {
    pub(crate) fn text(&self) -> io::Result<String> {
        match &self.text {
            Text::Given(text) => Ok(text.clone().into_owned()),
            Text::OnDisk(path) => fs::read_to_string(path),
        }
    }
}

impl Origin {
    pub(crate) fn key(self) -> &'static str {
        match self {
            Origin::Catalogue => "architecture",
            Origin::Lesson => "lesson",
            Origin::File => "file",
        }
    }
}
