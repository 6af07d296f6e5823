//! The report for people: the answer first, then the reasons, then what to do.
//!
//! Names of files and words of commands are somebody else's: everything goes through [`printable`] on its way out.

use std::fmt::{self, Write as _};
use std::io::IsTerminal as _;

use super::Report;
use crate::deployment;
use crate::environ::Environ;
use crate::gunicorn::options::EffectiveOption;
use crate::model::{Evidence, Mode, Step, Verdict};
use crate::printable::printable;
use crate::python::environment::Origin;
use crate::shell::words;

/// Colours, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    is_coloured: bool,
}

impl Style {
    /// Without colours.
    pub const PLAIN: Self = Self { is_coloured: false };

    /// Colours on a terminal that can show them, unless `NO_COLOR` is set (<https://no-color.org>).
    #[must_use]
    pub fn for_stdout(environ: &Environ) -> Self {
        let is_dumb = environ.get("TERM").is_none_or(|term| term == "dumb");
        Self { is_coloured: environ.filled("NO_COLOR").is_none() && !is_dumb && std::io::stdout().is_terminal() }
    }

    fn paint(self, code: &str, text: &str) -> String {
        let text = printable(text);
        if self.is_coloured { format!("\x1b[{code}m{text}\x1b[0m") } else { text.into_owned() }
    }

    fn heading(self, text: &str) -> String {
        self.paint("1", text)
    }
}

/// The order of the steps, and what people call them.
const STEPS: [(Step, &str); 7] = [
    (Step::Custom, "the custom command"),
    (Step::Django, "Django"),
    (Step::Flask, "the documented file"),
    (Step::Declared, "the declared start"),
    (Step::Other, "any other web app"),
    (Step::OwnServer, "an app with its own server"),
    (Step::DefaultSite, "the default site"),
];

fn number_of(step: Step) -> usize {
    1 + STEPS.iter().position(|(own, _)| *own == step).unwrap_or_default()
}

impl Report {
    /// The report as aligned lines. The files that were read are counted, or listed too.
    #[must_use]
    pub fn to_text(&self, style: Style, lists_files: bool) -> String {
        let mut out = String::new();
        // Writing into a string cannot fail.
        let _ = self.write(&mut out, style, lists_files);
        out
    }

    fn write(&self, out: &mut String, style: Style, lists_files: bool) -> fmt::Result {
        write!(out, "{}\n\n{}", self.heading(style), self.caveats_text())?;
        for (label, value) in self.rows() {
            writeln!(out, "  {label:<10}  {}", printable(&value))?;
        }
        if let Some(error) = &self.cannot_start {
            writeln!(out, "\n{}", style.paint("1;31", "It cannot start"))?;
            write_message(out, &error.message, error.hint.as_deref())?;
        }
        self.write_reasons(out, style)?;
        if !self.warnings.is_empty() {
            writeln!(out, "\n{}", style.heading("Worth knowing"))?;
            for warning in &self.warnings {
                write_message(out, &warning.message, warning.hint.as_deref())?;
            }
        }
        if !self.near_misses.is_empty() {
            writeln!(out, "\n{}", style.heading("Nearly"))?;
            for miss in &self.near_misses {
                writeln!(out, "  {}: {}", printable(&miss.path.to_string_lossy()), printable(&miss.reason))?;
                if let Some(command) = &miss.command {
                    writeln!(out, "    start it with: {}", printable(command))?;
                }
            }
        }
        self.write_files(out, style, lists_files)
    }

    /// The first line of the report: what is started.
    #[must_use]
    pub fn heading(&self, style: Style) -> String {
        style.heading(&self.summary())
    }

    /// What limits the report; nothing when nothing does.
    #[must_use]
    pub fn caveats_text(&self) -> String {
        let mut out = String::new();
        for caveat in &self.caveats {
            let _ = write_message(&mut out, &caveat.message, caveat.hint.as_deref());
        }
        out
    }

    fn summary(&self) -> String {
        let verb = if self.cannot_start.is_some() { "would fail to start" } else { "would start" };
        match (&self.app, self.step) {
            (Some(app), _) => format!("pystart {verb} {} app: {}", with_article(app.framework), app.reason),
            (None, Step::Custom) => format!("pystart {verb} the custom command"),
            (None, Step::Declared) => format!("pystart {verb} what the author has declared: {}", self.chosen()),
            (None, Step::OwnServer) => format!("pystart {verb} an app with its own server: {}", self.chosen()),
            (None, _) if self.intended.is_none() && self.target.is_none() && self.is_without_default_site() => {
                "pystart would start nothing: no app was found".into()
            }
            (None, _) => format!("pystart {verb} the default site: no app was found"),
        }
    }

    /// The fact that has settled it: `` `web` in `Procfile` ``.
    fn chosen(&self) -> &str {
        let is_settled =
            |fact: &&Evidence| fact.step == self.step && matches!(fact.verdict, Verdict::Chosen | Verdict::Rejected);
        self.evidence.iter().rfind(is_settled).map_or("", |fact| fact.subject.as_str())
    }

    fn is_without_default_site(&self) -> bool {
        self.evidence.iter().any(|fact| fact.step == Step::DefaultSite && fact.verdict == Verdict::Rejected)
    }

    /// What is started, and with what.
    fn rows(&self) -> Vec<(&'static str, String)> {
        let mut rows = Vec::new();
        if let Some(running) = &self.running {
            rows.push(("running", running.sentence()));
        }
        rows.push(("step", format!("{} of {}, {}", number_of(self.step), STEPS.len(), self.step_name())));
        rows.extend(self.source.as_ref().and_then(deployment::Report::described).map(|source| ("source", source)));
        if let Some(before) = &self.before {
            let shown = match (&before.argv, &before.cannot_start) {
                (Some(argv), _) => words::join(argv).to_string_lossy().into_owned(),
                (None, failure) => failure.as_ref().map(|failure| failure.message.clone()).unwrap_or_default(),
            };
            rows.push(("before", format!("{shown} (`{}`)", before.from)));
        }
        if let Some(argv) = self.argv.as_ref().or(self.intended.as_ref()) {
            rows.push(("command", words::join(argv).to_string_lossy().into_owned()));
        }
        if let Some(target) = &self.target {
            let interface = if self.asgi { ", ASGI" } else { "" };
            rows.push(("target", format!("{target}{interface}, from {}", self.cwd.display())));
        }
        rows.extend(self.program.iter().map(|program| ("program", program.display().to_string())));
        rows.extend(self.start_dir.iter().map(|folder| ("directory", folder.display().to_string())));
        rows.extend(self.mode.map(|mode| {
            let who = match mode {
                Mode::Exec => "the server takes the place of pystart",
                Mode::Init => "pystart stays in front of it as init",
            };
            ("process", who.to_owned())
        }));
        rows.push(("Python", self.python_line()));
        if let Some(gunicorn) = &self.gunicorn {
            let version = gunicorn.version.as_deref().unwrap_or("of unknown version");
            let from = if gunicorn.from == "image" { "image" } else { "app's environment" };
            rows.push(("gunicorn", format!("{version}, from the {from}")));
            rows.extend(options_by_place(&gunicorn.options).map(|options| ("options", options)));
        }
        for (label, names) in [("sets", &self.env.set), ("unsets", &self.env.removed)] {
            if !names.is_empty() {
                rows.push((label, names.join(", ")));
            }
        }
        rows
    }

    fn step_name(&self) -> String {
        match (&self.app, self.step) {
            (Some(app), Step::Flask) => format!("the documented {}", app.file.display()),
            _ => STEPS[number_of(self.step) - 1].1.to_owned(),
        }
    }

    fn python_line(&self) -> String {
        let python = &self.python;
        let Some(interpreter) = &python.interpreter else { return "none was found".into() };
        let mut line = python.version.as_deref().map(|version| format!("{version}, ")).unwrap_or_default();
        line.push_str(&interpreter.display().to_string());
        if let Some(environment) = &python.environment {
            let _ = write!(line, ", environment {}", environment.display());
            line.push_str(match python.environment_from {
                Some(Origin::SearchPath) => " by `PATH`",
                Some(Origin::Program) => ", which pystart is installed in",
                Some(Origin::VirtualEnv) => " by `VIRTUAL_ENV`",
                _ => "",
            });
        }
        if let Some(fault) = &python.fault {
            let _ = write!(line, " ({fault})");
        }
        line
    }

    /// The facts, with the number of the step in front of the first one of each.
    fn write_reasons(&self, out: &mut String, style: Style) -> fmt::Result {
        writeln!(out, "\n{}", style.heading("Why"))?;
        let subject = |fact: &Evidence| printable(&fact.subject).into_owned();
        let width = self.evidence.iter().map(|fact| subject(fact).chars().count()).max().unwrap_or_default().min(40);
        let mut last = None;
        for fact in &self.evidence {
            let number = if last == Some(fact.step) { " ".to_owned() } else { number_of(fact.step).to_string() };
            last = Some(fact.step);
            let (mark, code) = match fact.verdict {
                Verdict::Chosen => ("+", "1;32"),
                Verdict::Rejected => ("x", "31"),
                Verdict::Absent => ("-", "2"),
                Verdict::Outranked => ("~", "33"),
                Verdict::Noted => ("·", "2"),
            };
            let (subject, reason) = (subject(fact), printable(&fact.reason));
            writeln!(out, "  {number} {} {subject:<width$}  {reason}", style.paint(code, mark))?;
        }
        Ok(())
    }

    fn write_files(&self, out: &mut String, style: Style, lists_files: bool) -> fmt::Result {
        if !lists_files {
            return match self.files_read.len() {
                0 => Ok(()),
                1 => writeln!(out, "\n1 file was read; `--verbose` names it"),
                count => writeln!(out, "\n{count} files were read; `--verbose` lists them"),
            };
        }
        writeln!(out, "\n{}", style.heading("Files read"))?;
        for file in &self.files_read {
            writeln!(out, "  {:>7} bytes  {}", file.bytes, printable(&file.path.to_string_lossy()))?;
        }
        Ok(())
    }
}

/// `bind, timeout (pystart); threads (GUNICORN_CMD_ARGS)`; `None` where there is no option.
fn options_by_place(options: &[EffectiveOption]) -> Option<String> {
    let mut places: Vec<(&str, Vec<&str>)> = Vec::new();
    for option in options {
        match places.iter_mut().find(|(place, _)| *place == option.from) {
            Some((_, names)) => names.push(option.name),
            None => places.push((&option.from, vec![option.name])),
        }
    }
    let told: Vec<_> = places.iter().map(|(place, names)| format!("{} ({place})", names.join(", "))).collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// `a Flask`, `an ASGI`.
fn with_article(word: &str) -> String {
    let article = if word.starts_with(['A', 'E', 'I', 'O', 'a', 'e', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {word}")
}

fn write_message(out: &mut String, message: &str, hint: Option<&str>) -> fmt::Result {
    writeln!(out, "  {}", printable(message))?;
    hint.map_or(Ok(()), |hint| writeln!(out, "    hint: {}", printable(hint)))
}
