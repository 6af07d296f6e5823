//! An app that somebody has named: is it there, and what is it?

use std::path::{Path, PathBuf};

use super::Sources;
use super::candidate::report::FileReport;
use super::candidate::server_calls::named_target;
use super::infer::{Inferred, interface_of_signature};
use super::project::locate::{Located, dotted_name};
use crate::model::Interface;
use crate::python::source::{self, Value};

/// An app that was named and is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedApp {
    /// The folder that the module path starts from, relative to the app root.
    pub folder: PathBuf,
    /// The dotted path of the module.
    pub module: String,
    /// `app`, `create_app()` or `create_app("x", 2)`.
    pub object: String,
    /// The file of the module, relative to the app root.
    pub file: PathBuf,
    /// The framework's name.
    pub framework: &'static str,
    /// WSGI or ASGI.
    pub interface: Interface,
}

/// Names under which Flask looks for an app, and for what makes one (`flask.cli.find_best_app`).
const FLASK_NAMES: [&str; 4] = ["app", "application", "create_app()", "make_app()"];

impl Sources<'_> {
    /// The app `object` of a module; `assumed` is what it is when its file does not tell.
    ///
    /// # Errors
    ///
    /// Why it cannot be served, as the end of a sentence that begins with whoever names it.
    pub fn named(
        &self,
        folder: &Path,
        module: &str,
        object: &str,
        assumed: (&'static str, Interface),
    ) -> Result<NamedApp, String> {
        let (file, report) = self.report(folder, module)?;
        let named = |object: String, (framework, interface)| NamedApp {
            folder: folder.to_owned(),
            module: module.to_owned(),
            object,
            file: file.clone(),
            framework,
            interface,
        };
        let shown = file.display();
        let (name, arguments) = match object.split_once('(') {
            Some((name, _)) => (name, Some(literal_arguments(object)?)),
            None => (object, None),
        };
        let called = format!("{name}()");
        if let Some(known) = report.objects.iter().find(|known| known.name == name || known.name == called) {
            let object = if arguments.is_some() { object } else { &known.name };
            return Ok(named(object.to_owned(), (known.kind.framework, known.kind.interface)));
        }
        let value = self.inference.name(&report.source, folder, name);
        match &value {
            Inferred::Standalone(framework) => Err(format!("names `{object}`, which is {}", framework.described())),
            Inferred::Data | Inferred::Class(..) | Inferred::Module(_) | Inferred::Folder(_) => {
                Err(format!("names `{object}`, and `{name}` in `{shown}` is no app"))
            }
            Inferred::Function(_, function) if arguments.is_none() && interface_of_signature(function).is_some() => {
                Ok(named(object.to_owned(), (assumed.0, interface_of_signature(function).unwrap_or(assumed.1))))
            }
            // A decorator may make anything of it.
            Inferred::Function(_, function) if arguments.is_none() && !function.decorators.is_empty() => {
                Ok(named(object.to_owned(), assumed))
            }
            Inferred::Function(_, function) if arguments.unwrap_or(0) < function.required => Err(format!(
                "names `{object}`, and `{name}` in `{shown}` cannot be called without `{}`",
                function.parameters.get(arguments.unwrap_or(0)).map_or("an argument", String::as_str)
            )),
            Inferred::Function(..) => {
                let kind = match self.inference.call(&report.source, folder, &value) {
                    Inferred::App(kind) => (kind.framework, kind.interface),
                    _ => assumed,
                };
                Ok(named(if arguments.is_some() { object.to_owned() } else { called }, kind))
            }
            _ if report.source.module.binds(name) || may_bind_more(&report) => Ok(named(object.to_owned(), assumed)),
            _ => Err(format!("names `{object}`, and `{shown}` binds no `{name}`")),
        }
    }

    /// The app of a module as Flask finds it when only the module is named: `app` or `application`, else the only app
    /// that there is, else `create_app` or `make_app`.
    ///
    /// # Errors
    ///
    /// As [`Sources::named`].
    pub fn flask_app(&self, folder: &Path, module: &str) -> Result<NamedApp, String> {
        let (file, report) = self.report(folder, module)?;
        let by_name = |name: &&str| report.objects.iter().find(|object| object.name == **name);
        let (plain, factories) = FLASK_NAMES.split_at(2);
        let mut instances = report.objects.iter().filter(|object| !object.is_factory);
        let only = match (instances.next(), instances.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        };
        let found = plain.iter().find_map(by_name).or(only).or_else(|| factories.iter().find_map(by_name));
        match found {
            Some(object) => self.named(folder, module, &object.name, ("Flask", Interface::Wsgi)),
            None if may_bind_more(&report) || report.source.module.binds("app") => {
                self.named(folder, module, "app", ("Flask", Interface::Wsgi))
            }
            None => Err(format!("names `{module}`, and `{}` {}", file.display(), report.rejection)),
        }
    }

    /// The folder and the dotted name of a module that is named by its path, as Flask reads it
    /// (`flask.cli.prepare_import`): `hello.py`, `src/hello`, `pkg`, `pkg.web`.
    #[must_use]
    pub fn module_of_path(&self, path: &Path) -> Option<(PathBuf, String)> {
        let mut path = if path.extension().is_some_and(|extension| extension == "py") {
            path.with_extension("")
        } else {
            path.to_owned()
        };
        if path.file_name().is_some_and(|name| name == "__init__") {
            path.pop();
        }
        let mut module = path.file_name()?.to_str()?.to_owned();
        let mut folder = path.parent()?.to_owned();
        while !folder.as_os_str().is_empty() && self.inference.project.folder(&folder).has("__init__.py") {
            module = format!("{}.{module}", folder.file_name()?.to_str()?);
            folder.pop();
        }
        Some((folder, module))
    }

    /// The app that a file serves itself when it is run as a script.
    #[must_use]
    pub fn served_by_script(&self, file: &Path) -> Option<NamedApp> {
        let folder = file.parent()?.to_owned();
        let module = dotted_name(&folder, file)?;
        let report = FileReport::new(&self.inference, file, &folder)?;
        let found = |module: &str, object: &str| {
            self.named(&folder, module, object, ("WSGI", Interface::Wsgi)).ok().filter(|app| app.framework != "WSGI")
        };
        if let Some((module, object)) = named_target(&report.source.module) {
            return found(&module, &object);
        }
        let object = report.objects.first().filter(|_| report.serves)?;
        found(&module, &object.name)
    }

    /// The file of a module, relative to the app root, if there is one.
    #[must_use]
    pub fn file_of_module(&self, folder: &Path, module: &str) -> Option<PathBuf> {
        self.inference.project.locate(folder, module).and_then(Located::file)
    }

    /// The dotted name of a file from a folder.
    #[must_use]
    pub fn module_of_file(&self, folder: &Path, file: &Path) -> Option<String> {
        dotted_name(folder, file)
    }

    fn report(&self, folder: &Path, module: &str) -> Result<(PathBuf, FileReport), String> {
        let located = self.file_of_module(folder, module);
        let file = located.ok_or_else(|| format!("names the module `{module}`, which is not in the app root"))?;
        let report = FileReport::new(&self.inference, &file, folder)
            .ok_or_else(|| format!("names `{}`, and no more files are read", file.display()))?;
        Ok((file, report))
    }
}

/// May the file bind names that nobody has seen?
fn may_bind_more(report: &FileReport) -> bool {
    let module = &report.source.module;
    module.broken || report.source.error.is_some() || !module.scope.stars.is_empty()
}

/// How many arguments a call has that is written out, `create_app("x", 2)`: servers call nothing else.
fn literal_arguments(object: &str) -> Result<usize, String> {
    let module = source::read(format!("object = {object}\n").as_bytes());
    let is_literal = |value: &Value| {
        !matches!(value, Value::Name(_) | Value::Call { .. } | Value::Attribute { .. } | Value::Item { .. })
    };
    match module.value("object") {
        Some(Value::Call { callee, arguments, keywords })
            if !module.broken
                && callee.name().is_some()
                && arguments.iter().chain(keywords.iter().map(|(_, value)| value)).all(is_literal) =>
        {
            Ok(arguments.len() + keywords.len())
        }
        _ => Err(format!("names `{object}`, which is no call with arguments that are written out")),
    }
}
