//! Folders that a file adds to `sys.path`: `sys.path.insert(0, os.path.join(os.path.dirname(__file__), "src"))`.

use std::path::{Component, Path, PathBuf};

use super::SourceFile;
use crate::detect::limits;
use crate::detect::words::Words;
use crate::python::source::{Module, Place, Value};

/// Methods of a `Path` that give the same path, for what is asked here.
pub(super) static SAME_PATH_METHODS: Words = Words::new("SAME_PATH_METHODS", &["resolve", "absolute", "as_posix"]);

/// Functions that give the path that they are given.
pub(super) static SAME_PATH_FUNCTIONS: Words =
    Words::new("SAME_PATH_FUNCTIONS", &["abspath", "realpath", "normpath", "str", "Path", "fspath"]);

/// Functions that give the folder in which the app is started.
pub(super) static WORKING_FOLDER_FUNCTIONS: Words = Words::new("WORKING_FOLDER_FUNCTIONS", &["getcwd", "cwd"]);

/// The folders that a file adds to `sys.path` on import, relative to the app root.
pub(super) fn added(source: &SourceFile, root: &Path) -> Vec<PathBuf> {
    let calls = source.module.scope.calls.iter().filter(|call| call.place == Place::Import);
    let folders = calls.filter_map(|call| match &call.value {
        Value::Call { callee, arguments, .. }
            if matches!(callee.name(), Some("sys.path.insert" | "sys.path.append")) =>
        {
            path(arguments.last()?, source, root, limits::PATH_EXPRESSION)
        }
        _ => None,
    });
    folders.collect()
}

/// The path that an expression gives, relative to the app root; `None` if nobody can tell, or it leads out of it.
fn path(value: &Value, source: &SourceFile, root: &Path, depth: usize) -> Option<PathBuf> {
    let depth = depth.checked_sub(1)?;
    let first = |arguments: &[Value]| path(arguments.first()?, source, root, depth);
    match value {
        Value::String(text) => joined(root, text),
        Value::Name(name) if name == "__file__" => Some(source.path.clone()),
        Value::Name(name) => {
            if let Some(value) = assigned(&source.module, name) {
                return path(value, source, root, depth);
            }
            let (of, last) = name.rsplit_once('.')?;
            let of = path(&Value::Name(of.to_owned()), source, root, depth)?;
            (last == "parent").then(|| of.parent().map(Path::to_owned)).flatten()
        }
        Value::Attribute { of, name } if name == "parent" => {
            path(of, source, root, depth)?.parent().map(Path::to_owned)
        }
        // `Path(__file__).parents[1]`
        Value::Item { of, index } => match &**of {
            Value::Attribute { of, name } if name == "parents" => {
                path(of, source, root, depth)?.ancestors().nth(index + 1).map(Path::to_owned)
            }
            _ => None,
        },
        Value::Join(folder, name) => match &**name {
            Value::String(name) => joined(&path(folder, source, root, depth)?, name),
            _ => None,
        },
        Value::Call { callee, arguments, .. } => match &**callee {
            Value::Attribute { of, name } if SAME_PATH_METHODS.has(name) => path(of, source, root, depth),
            Value::Name(name) => match name.rsplit('.').next()? {
                last if WORKING_FOLDER_FUNCTIONS.has(last) => Some(root.to_owned()),
                last if SAME_PATH_FUNCTIONS.has(last) => first(arguments),
                "dirname" => first(arguments)?.parent().map(Path::to_owned),
                "join" => arguments.iter().skip(1).try_fold(first(arguments)?, |folder, name| match name {
                    Value::String(name) => joined(&folder, name),
                    Value::Name(name) if name.ends_with("pardir") => joined(&folder, ".."),
                    _ => None,
                }),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

fn assigned<'m>(module: &'m Module, name: &str) -> Option<&'m Value> {
    module.value(name).filter(|value| value.name() != Some(name))
}

/// A path below another, without leaving the app root.
fn joined(folder: &Path, name: &str) -> Option<PathBuf> {
    let mut path = folder.to_owned();
    for part in Path::new(name).components() {
        match part {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::ParentDir => {
                if !path.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}
