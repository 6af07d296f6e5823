//! Django over ASGI: when `asgi.py` does more than wrap Django, and something that serves ASGI is required, the author
//! serves ASGI, and WSGI would lose what is added (websockets, other apps beside Django).

use std::path::PathBuf;

use super::project::{self, DJANGO_ALONE, DjangoProject};
use crate::detect::limits;
use crate::detect::names::ASGI_SERVERS;
use crate::detect::project::locate::dotted_name;
use crate::detect::project::{Project, SourceFile};
use crate::model::Interface;
use crate::python::source::{Bound, Module, Place, Value};

/// The ASGI side of a project that has a WSGI side.
pub(super) struct AsgiSide {
    /// Its `asgi.py`, relative to the app root.
    pub file: PathBuf,
    /// The project as it is served over ASGI; `None` if WSGI serves the same, or nothing says that ASGI is meant.
    pub project: Option<DjangoProject>,
    /// Why, as the end of a sentence that begins with the file.
    pub reason: String,
}

/// The ASGI side of a project that is served by its `wsgi.py`, if it has one.
pub(super) fn asgi_side(files: &Project, project: &DjangoProject) -> Option<AsgiSide> {
    if project.file.file_name()? != "wsgi.py" {
        return None;
    }
    let file = project.file.with_file_name("asgi.py");
    if !files.is_file(&file) {
        return None;
    }
    let wsgi = project.file.display();
    let only_wraps = files.text(&file).is_some_and(|text| is_as_generated(&text));
    let source = if only_wraps { None } else { Some(files.source(&file)?) };
    let Some(source) = source.filter(|source| adds_to_django(&source.module)) else {
        return Some(AsgiSide { file, project: None, reason: format!("only wraps Django, as `{wsgi}` does") });
    };
    let Some(required) = what_serves_asgi(files, project, &source) else {
        return Some(AsgiSide {
            file,
            project: None,
            reason: "is for ASGI, and no ASGI server is required".to_owned(),
        });
    };
    let module = dotted_name(&project.root, &file)?;
    let reason = format!("adds to Django what `{wsgi}` does not have, and {required}");
    let object = project::other_name(&source.module);
    let asgi = DjangoProject { file: file.clone(), module, object, interface: Interface::Asgi, ..project.clone() };
    Some(AsgiSide { file, project: Some(asgi), reason })
}

/// Is the file what `django-admin startproject` writes, as far as `application` goes? Most are, and reading the words
/// takes a tenth of what parsing does. Whatever else is done with the name leaves the question to the parser.
fn is_as_generated(text: &str) -> bool {
    const NAME: &str = "application";
    let is_part_of_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let mut bindings = 0;
    let is_known = text.lines().all(|line| {
        let words = || line.match_indices(NAME).map(|(start, _)| line.as_bytes().split_at(start));
        let mut uses = words().filter(|(before, rest)| {
            let after = rest.get(NAME.len());
            let is_quoted = before.ends_with(b"`") && after == Some(&b'`');
            !is_part_of_word(before.last()) && !is_part_of_word(after) && !is_quoted
        });
        let maker = line.strip_prefix("application = ").and_then(|rest| rest.trim_end().strip_suffix("()"));
        let is_binding = maker.is_some_and(|maker| DJANGO_ALONE.contains(&maker));
        bindings += usize::from(is_binding);
        is_binding || uses.next().is_none()
    });
    is_known && bindings == 1
}

/// Can `application` be anything but the plain `get_asgi_application()`? Of several assignments (`try` and `except`,
/// `if` and `else`) one is enough.
fn adds_to_django(module: &Module) -> bool {
    let other = project::other_name(module);
    let mut waiting = vec![other.as_deref().unwrap_or("application")];
    let mut seen = Vec::new();
    while let Some(name) = waiting.pop() {
        seen.push(name);
        let bindings = module.scope.named(name).rev().filter(|(_, binding)| binding.place == Place::Import);
        for (_, binding) in bindings.take(limits::ASSIGNMENTS) {
            let Bound::Value(value) = &binding.bound else { return true };
            match wrapped(value) {
                Wrapped::Django => {}
                Wrapped::Name(other) if seen.len() >= limits::HOPS || other == name => return true,
                Wrapped::Name(other) if seen.contains(&other) => {}
                Wrapped::Name(other) => waiting.push(other),
                Wrapped::More => return true,
            }
        }
    }
    false
}

/// What a value comes to, where a router for nothing but HTTP is no more than what it routes to.
enum Wrapped<'v> {
    Django,
    Name(&'v str),
    More,
}

fn wrapped(value: &Value) -> Wrapped<'_> {
    match value {
        Value::Name(name) => Wrapped::Name(name),
        Value::Call { callee, arguments, .. } => match (callee.name(), arguments.as_slice()) {
            (Some(name), _) if DJANGO_ALONE.iter().any(|maker| name.ends_with(maker)) => Wrapped::Django,
            (Some(name), [Value::Entry { key, value }]) if name.ends_with("ProtocolTypeRouter") && key == "http" => {
                wrapped(value)
            }
            _ => Wrapped::More,
        },
        _ => Wrapped::More,
    }
}

/// What says that the project is served over ASGI, as a part of a sentence.
fn what_serves_asgi(files: &Project, project: &DjangoProject, asgi: &SourceFile) -> Option<String> {
    if let Some(package) = files.first_required(asgi.folder(), ASGI_SERVERS.iter()) {
        return Some(format!("`{package}` is required"));
    }
    let is_set = project::has_setting(files, project, asgi, "ASGI_APPLICATION");
    is_set.then(|| "`ASGI_APPLICATION` is set".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `asgi.py` as Django 5 writes it.
    const GENERATED: &str = r#""""
ASGI config for shop project.

It exposes the ASGI callable as a module-level variable named ``application``.

For more information on this file, see
https://docs.djangoproject.com/en/5.2/howto/deployment/asgi/
"""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')

application = get_asgi_application()
"#;

    #[test]
    fn what_django_writes_is_known_without_the_parser_and_any_other_use_of_the_name_is_not() {
        let parsed = |text: &str| adds_to_django(&crate::python::source::read(text.as_bytes()));
        assert!(is_as_generated(GENERATED) && !parsed(GENERATED));
        for (more, adds) in [
            ("application = Middleware(application)\n", true),
            ("if True:\n    application = Middleware(application)\n", true),
            ("from .routing import application\n", true),
            ("from .routing import router as application\n", true),
            ("async def application(scope, receive, send):\n    pass\n", true),
            ("application: object = ProtocolTypeRouter({})\n", true),
            ("app = application\n", false),
            ("application = get_asgi_application()\n", false),
        ] {
            let text = format!("{GENERATED}{more}");
            assert!(!is_as_generated(&text), "{more}");
            assert_eq!(parsed(&text), adds, "{more}");
        }
        assert!(!is_as_generated("from shop.routing import *\n"));
        let copy_of_wsgi = GENERATED.replace("asgi", "wsgi");
        assert!(is_as_generated(&copy_of_wsgi) && !parsed(&copy_of_wsgi));
    }
}
