//! What the frameworks' own names mean.

#[cfg(test)]
mod samples;
mod table;

use super::words::Words;
use crate::model::Interface;
use crate::python::releases::Release;
use table::{ASGI_MIDDLEWARE, FRAMEWORKS};

/// One line of the table: calling one of `makers` of `package` gives something.
#[derive(Debug)]
pub(super) struct Framework {
    /// The package that is imported, dotted where it takes a part of it to tell.
    pub package: &'static str,
    /// Functions and classes of it, by their last name; empty: any name of the package.
    pub makers: &'static [&'static str],
    /// How people call it, as the start of a sentence.
    pub name: &'static str,
    /// What a call gives.
    pub gives: Gives,
}

/// What calling a maker gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gives {
    /// A web app.
    App(Interface),
    /// Nothing: the name itself is a web app, and is not called.
    Is(Interface),
    /// A web app around the one that is handed in.
    Around(Interface),
    /// A web app of one interface before a release of the package, and of another from it on.
    Changed(Interface, Release, Interface),
    /// Something whose attribute of this name is the web app; itself one only from a release on, if ever.
    Holder(&'static str, Interface, Option<Release>),
    /// Something that runs in a server of its own, or in none: the command, in which `{file}` stands for the file that
    /// is started; empty for "there is no server in it".
    Standalone(&'static str),
}

/// The command of what is started as a script.
const PYTHON: &str = "python {file}";

/// Web apps inside an app, by the framework and the attribute: `application = connexion.App(__name__).app`.
const INSIDE: [(&str, &str, Interface); 1] = [("Connexion", "app", Interface::Wsgi)];

/// Packages whose names that end in `Middleware` are ASGI apps around another.
static MIDDLEWARE_PACKAGES: Words =
    Words::new("MIDDLEWARE_PACKAGES", &["starlette", "fastapi", "uvicorn", "sentry_sdk", "asgi_correlation_id"]);

/// The lines of the table.
fn lines() -> impl DoubleEndedIterator<Item = &'static Framework> {
    #[cfg(test)]
    let is_there =
        |line: &&Framework| !line.makers.is_empty() || !super::words::deletion::is_deleted(TABLE, &line.entry(""));
    #[cfg(not(test))]
    let is_there = |_: &&Framework| true;
    FRAMEWORKS.iter().filter(is_there)
}

/// The line for what is called by a dotted name such as `flask.Flask`.
pub(super) fn maker(path: &str) -> Option<&'static Framework> {
    let (_, name) = path.rsplit_once('.')?;
    let package = path.split('.').next()?;
    let known =
        lines().filter(|line| is_within(path, line.package) && line.makes(name) && !matches!(line.gives, Gives::Is(_)));
    // The longest package says most: `falcon.asgi` before `falcon`; of equals, the first line.
    let known = known.rev().max_by_key(|line| line.package.len());
    known.or_else(|| (MIDDLEWARE_PACKAGES.has(package) && name.ends_with("Middleware")).then_some(&ASGI_MIDDLEWARE))
}

/// Is a dotted name in this package?
fn is_within(path: &str, package: &str) -> bool {
    path.strip_prefix(package).is_some_and(|rest| rest.starts_with('.'))
}

/// The interface of what is an app without being called, by its dotted name: `cherrypy.tree`.
pub(super) fn app_by_name(path: &str) -> Option<(&'static Framework, Interface)> {
    let (package, name) = path.rsplit_once('.')?;
    lines().find_map(|line| match line.gives {
        Gives::Is(interface) if line.package == package && line.makes(name) => Some((line, interface)),
        _ => None,
    })
}

/// The interface of the app that an app of this framework keeps under an attribute.
pub(super) fn app_inside(framework: &str, attribute: &str) -> Option<Interface> {
    let found = INSIDE.iter().find(|(of, name, _)| (*of, *name) == (framework, attribute));
    found.map(|(.., interface)| *interface)
}

/// The package of a framework whose app is a name of it, so that the app's attributes are names of the package too:
/// `cherrypy.tree.mount`.
pub(super) fn package_of_app(framework: &str) -> Option<&'static str> {
    let line = lines().find(|line| line.name == framework && matches!(line.gives, Gives::Is(_)));
    line.map(|line| line.package)
}

/// The line for a package of which any use says what a file is: Streamlit, a bot, a desktop window.
pub(super) fn standalone_package(package: &str) -> Option<&'static Framework> {
    lines().find(|line| line.package == package && matches!(line.gives, Gives::Standalone(_)))
}

/// Is there a line for the package of a dotted name, so that its names are known?
pub(super) fn is_known_package(path: &str) -> bool {
    let package = path.split('.').next().unwrap_or_default();
    lines().any(|line| line.package.split('.').next() == Some(package))
}

/// Is an app of this framework held by something else, as Dash holds its Flask app?
pub(super) fn is_held(name: &str) -> bool {
    lines().any(|line| line.name == name && matches!(line.gives, Gives::Holder(..)))
}

/// Is this the name of an interface, because no framework is known?
pub(super) fn is_interface(name: &str) -> bool {
    matches!(name, "WSGI" | "ASGI")
}

impl Framework {
    /// Is this one of the names that give what the line says?
    pub(super) fn makes(&self, name: &str) -> bool {
        #[cfg(test)]
        if super::words::deletion::is_deleted(TABLE, &self.entry(name)) {
            return false;
        }
        self.makers.is_empty() || self.makers.contains(&name)
    }

    /// "a Streamlit app", "a Discord bot", "an aiohttp app".
    pub(super) fn described(&self) -> String {
        let sounds_of_vowel =
            self.name == "MCP" || self.name.to_ascii_lowercase().starts_with(['a', 'e', 'i', 'o', 'u']);
        let article = if sounds_of_vowel { "an" } else { "a" };
        let noun = if NOUNS.iter().any(|noun| self.name.ends_with(noun)) { "" } else { " app" };
        format!("{article} {}{noun}", self.name)
    }

    /// The command that starts it, if it starts a server; `as_script` runs the file itself.
    pub(super) fn command(&self, file: &str, as_script: impl FnOnce() -> String) -> Option<String> {
        match self.gives {
            Gives::Standalone(PYTHON) => Some(as_script()),
            Gives::Standalone(command) if !command.is_empty() => Some(command.replace("{file}", file)),
            _ => None,
        }
    }

    /// Does a tool of its own run any file, as `streamlit run` does, so that the file need not start anything itself?
    pub(super) fn has_runner(&self) -> bool {
        matches!(self.gives, Gives::Standalone(command) if !command.is_empty() && command != PYTHON)
    }

    /// What the tests call one name of a line.
    #[cfg(test)]
    fn entry(&self, name: &str) -> String {
        format!("{} {name} {:?}", self.package, self.gives)
    }
}

/// Names of frameworks that end in one of these need no "app" behind them.
static NOUNS: Words = Words::new("NOUNS", &["bot", "app", "game", "line", "worker", "client", "server"]);

/// What the tests call the table.
#[cfg(test)]
const TABLE: &str = "FRAMEWORKS";

/// Every table of words, for the tests.
#[cfg(test)]
pub(super) static TABLES: &[&Words] = &[&MIDDLEWARE_PACKAGES, &NOUNS];
