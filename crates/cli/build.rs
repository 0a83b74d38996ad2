//! Embeds `architectures/`: every `.yaml` file is an entry of the catalogue, every `.csv` file data for one.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root =
        PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../../architectures");
    println!("cargo::rerun-if-changed={}", root.display());
    let code = format!(
        "const ARCHITECTURES: &[(&str, &str)] = &{};\nconst DATA: &[(&str, &str)] = &{};\n",
        embedded(&root, "yaml", |path| path.file_stem())?,
        embedded(&root, "csv", |path| path.file_name())?,
    );
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("catalogue.rs"), code)
}

/// A list of names and `include_str!`s, in the order of the names.
fn embedded(root: &Path, extension: &str, name: fn(&Path) -> Option<&std::ffi::OsStr>) -> io::Result<String> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == extension) {
            paths.push(path);
        }
    }
    paths.sort();
    let mut list = String::from("[");
    for path in paths {
        let name = name(&path).expect("a file has a name").to_string_lossy().into_owned();
        let path = path.to_string_lossy();
        write!(list, "({name:?}, include_str!({path:?})), ").expect("a string takes it");
    }
    list.push(']');
    Ok(list)
}
