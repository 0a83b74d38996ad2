//! The files that come with Tarsier.

use std::path::PathBuf;

use crate::golden::files;

/// Every architecture and lesson, with its text.
pub(crate) fn catalogue() -> Vec<(PathBuf, String)> {
    let folders = ["architectures", "architectures/lessons"];
    let paths = folders.iter().flat_map(|folder| files(folder, ".yaml"));
    paths.map(|path| (path.clone(), std::fs::read_to_string(path).expect("it is text"))).collect()
}
