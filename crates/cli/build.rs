//! Embeds `architectures/`: every `.yaml` file is an entry of the catalogue, every `.csv` file data for one. Those in a
//! folder below are called after it: `lessons/retry-storm`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root =
        PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../../architectures");
    println!("cargo::rerun-if-changed={}", root.display());
    let code = format!(
        "const ARCHITECTURES: &[(&str, &str)] = &{};\nconst DATA: &[(&str, &str)] = &{};\n",
        embedded(&root, "yaml", |path| path.with_extension(""))?,
        embedded(&root, "csv", Path::to_path_buf)?,
    );
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("catalogue.rs"), code)
}

/// A list of names and `include_str!`s, in the order of the names.
fn embedded(root: &Path, extension: &str, name: fn(&Path) -> PathBuf) -> io::Result<String> {
    let mut paths: Vec<PathBuf> = Vec::new();
    collect(root, extension, &mut paths)?;
    // What stands at the top comes first.
    paths.sort_by_key(|path| (path.components().count(), path.clone()));
    let mut list = String::from("[");
    for path in paths {
        let name = name(path.strip_prefix(root).expect("it was found there"));
        let name = name.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
        let path = path.to_string_lossy();
        write!(list, "({name:?}, include_str!({path:?})), ").expect("a string takes it");
    }
    list.push(']');
    Ok(list)
}

fn collect(folder: &Path, extension: &str, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, extension, paths)?;
        } else if path.extension().is_some_and(|it| it == extension) {
            paths.push(path);
        }
    }
    Ok(())
}
