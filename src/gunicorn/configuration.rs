//! gunicorn's configuration: a Python file, or a module, that binds the names of settings.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::files::Files;
use crate::python::source::{self, Module, Place, Value};

/// How many files may take over the names of one another: `base`, `production`, and one more.
const MOST_FILES: usize = 8;

/// What a configuration says, as far as its text tells.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    /// The file itself, then those that it takes over with `from x import *`, the last one first.
    modules: Vec<Module>,
    /// More may be set than can be read: by a module that is not in the app root, or by code that makes names.
    pub(super) is_uncertain: bool,
}

impl Configuration {
    /// Reads what `--config` names: a path, `file:PATH` or `python:MODULE`. gunicorn runs in `root`, which is first on
    /// its module path.
    pub(super) fn read(files: &dyn Files, root: &Path, location: &OsStr) -> Self {
        let location = location.as_bytes();
        let path = match location.strip_prefix(b"python:") {
            Some(module) => std::str::from_utf8(module).ok().and_then(|module| module_file(files, root, module)),
            None => Some(root.join(OsStr::from_bytes(location.strip_prefix(b"file:").unwrap_or(location)))),
        };
        let mut configuration = Self::default();
        configuration.add(files, root, path);
        configuration
    }

    fn add(&mut self, files: &dyn Files, root: &Path, path: Option<PathBuf>) {
        let content = path.filter(|_| self.modules.len() < MOST_FILES).and_then(|path| files.read(&path).ok());
        let Some(module) = content.map(|content| source::read(&content)) else {
            self.is_uncertain = true;
            return;
        };
        self.is_uncertain |= module.broken || makes_names(&module);
        let stars = module.scope.stars.clone();
        self.modules.push(module);
        for star in stars.iter().rev() {
            let absolute = (star.level == 0).then(|| module_file(files, root, &star.module)).flatten();
            self.add(files, root, absolute);
        }
    }

    /// Is this setting bound?
    pub(super) fn sets(&self, name: &str) -> bool {
        self.modules.iter().any(|module| module.binds(name))
    }

    /// The string that is written out for a setting.
    pub(super) fn string(&self, name: &str) -> Option<&str> {
        self.modules.iter().find(|module| module.binds(name))?.string(name)
    }
}

/// The file of a module in the app root.
fn module_file(files: &dyn Files, root: &Path, module: &str) -> Option<PathBuf> {
    let path = root.join(module.replace('.', "/"));
    let package = path.join("__init__.py");
    // Not `with_extension`: a dot would end the name.
    let file = PathBuf::from(format!("{}.py", path.display()));
    [package, file].into_iter().find(|path| files.is_file(path))
}

/// Does it bind names that do not stand in its text (`exec(...)`, `globals().update(...)`)?
fn makes_names(module: &Module) -> bool {
    let calls = module.scope.calls.iter().filter(|call| call.place == Place::Import);
    calls.filter_map(|call| call.value.callee()).any(|callee| match callee {
        Value::Name(name) => name == "exec",
        Value::Attribute { of, .. } => {
            let space = of.callee().and_then(Value::name);
            matches!(space, Some("globals" | "locals" | "vars"))
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Memory;

    fn read(files: &[(&str, &str)], location: &str) -> Configuration {
        let files = Memory::new(files.iter().map(|(name, text)| (format!("/site/{name}"), text)));
        Configuration::read(&files, Path::new("/site"), OsStr::new(location))
    }

    #[test]
    fn a_configuration_is_a_file_or_a_module_of_the_app_root() {
        let files = [("c.py", "timeout = 1"), ("conf/g.py", "bind = 'x'"), ("p/__init__.py", "workers = 2")];
        for (location, name) in [
            ("c.py", "timeout"),
            ("file:c.py", "timeout"),
            ("/site/c.py", "timeout"),
            ("python:c", "timeout"),
            ("python:conf.g", "bind"),
            ("conf/g.py", "bind"),
            ("python:p", "workers"),
        ] {
            let configuration = read(&files, location);
            assert!(configuration.sets(name) && !configuration.is_uncertain, "{location}");
            assert!(!configuration.sets("chdir"), "{location}");
        }
        for location in ["python:elsewhere", "python:c.d", "missing.py", "file:"] {
            assert!(read(&files, location).is_uncertain, "{location}");
        }
    }

    #[test]
    fn names_that_are_taken_over_count_too() {
        let files = [
            ("c.py", "from base import *\ntimeout = 5\nwsgi_app = 'a:b'\n"),
            ("base.py", "from more.deep import *\nbind = 'x'\nwsgi_app = 'c:d'\n"),
            ("more/deep.py", "chdir = 'y'\n"),
        ];
        let configuration = read(&files, "c.py");
        assert!(!configuration.is_uncertain);
        assert!(["timeout", "bind", "chdir"].iter().all(|name| configuration.sets(name)));
        assert_eq!((configuration.string("wsgi_app"), configuration.string("chdir")), (Some("a:b"), Some("y")));
    }

    #[test]
    fn what_cannot_be_read_for_certain_is_said_to_be_so() {
        for text in [
            "from elsewhere import *\n",
            "from .base import *\n",
            "from c import *\n",
            "exec(open('x').read())\n",
            "globals().update(x)\n",
            "vars().update(x)\n",
            "locals().update(x)\n",
            "timeout = (\n",
        ] {
            assert!(read(&[("c.py", text), ("base.py", "")], "c.py").is_uncertain, "{text}");
        }
        for text in ["from elsewhere import bind\n", "import os\nbind = os.environ['B']\n", "f()\nx.update(y)\n"] {
            assert!(!read(&[("c.py", text)], "c.py").is_uncertain, "{text}");
        }
    }
}
