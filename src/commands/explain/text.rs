//! The report for people.

use std::fmt::{self, Write as _};
use std::io::IsTerminal as _;

use super::Report;
use crate::deployment;
use crate::environ::Environ;
use crate::model::Mode;
use crate::model::{Step, Verdict};
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
        if self.is_coloured { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn heading(self, text: &str) -> String {
        self.paint("1", text)
    }
}

/// The order of the steps, and what people call them.
const STEPS: [(Step, &str); 7] = [
    (Step::Custom, "custom command"),
    (Step::Django, "Django"),
    (Step::Flask, "Flask"),
    (Step::Declared, "declared start"),
    (Step::Other, "other web app"),
    (Step::OwnServer, "app with its own server"),
    (Step::DefaultSite, "default site"),
];

fn number_and_name(step: Step) -> (usize, &'static str) {
    let at = STEPS.iter().position(|(own, _)| *own == step).unwrap_or_default();
    (at + 1, STEPS[at].1)
}

impl Report {
    /// The report as aligned lines.
    #[must_use]
    pub fn to_text(&self, style: Style) -> String {
        let mut out = String::new();
        // Writing into a string cannot fail.
        let _ = self.write(&mut out, style);
        out
    }

    fn write(&self, out: &mut String, style: Style) -> fmt::Result {
        let (number, name) = number_and_name(self.step);
        writeln!(out, "{}", style.heading(&self.summary()))?;
        writeln!(out)?;
        let mut row = |label: &str, value: &str| writeln!(out, "  {label:<10}  {value}");
        if let Some(running) = &self.running {
            row("running", &running.sentence())?;
        }
        row("step", &format!("{number} of {}, {name}", STEPS.len()))?;
        if let Some(source) = self.source.as_ref().and_then(deployment::Report::described) {
            row("source", &source)?;
        }
        if let Some(before) = &self.before {
            let shown = match (&before.argv, &before.cannot_start) {
                (Some(argv), _) => words::join(argv).to_string_lossy().into_owned(),
                (None, failure) => failure.as_ref().map(|failure| failure.message.clone()).unwrap_or_default(),
            };
            row("before", &format!("{shown} (`{}`)", before.from))?;
        }
        if let Some(argv) = &self.argv {
            row("command", &words::join(argv).to_string_lossy())?;
        }
        if let Some(program) = &self.program {
            row("program", &program.display().to_string())?;
        }
        if let Some(folder) = &self.start_dir {
            row("directory", &folder.display().to_string())?;
        }
        match self.mode {
            Some(Mode::Exec) => row("process", "the server takes the place of pystart")?,
            Some(Mode::Init) => row("process", "pystart stays in front of it as init")?,
            None => {}
        }
        row("Python", &self.python_line())?;
        if let Some(gunicorn) = &self.gunicorn {
            let version = gunicorn.version.as_deref().unwrap_or("of unknown version");
            row(
                "gunicorn",
                &format!(
                    "{version}, from the {}",
                    if gunicorn.from == "image" { "image" } else { "app's environment" }
                ),
            )?;
        }
        for (label, names) in [("sets", &self.env.set), ("unsets", &self.env.removed)] {
            if !names.is_empty() {
                row(label, &names.join(", "))?;
            }
        }
        self.write_reasons(out, style)?;
        if let Some(error) = &self.cannot_start {
            writeln!(out, "\n{}", style.paint("1;31", "It cannot start"))?;
            writeln!(out, "  {}", error.message)?;
            write_hint(out, error.hint.as_deref())?;
        }
        if !self.warnings.is_empty() {
            writeln!(out, "\n{}", style.heading("Worth knowing"))?;
            for warning in &self.warnings {
                writeln!(out, "  {}", warning.message)?;
                write_hint(out, warning.hint.as_deref())?;
            }
        }
        if !self.near_misses.is_empty() {
            writeln!(out, "\n{}", style.heading("Nearly"))?;
            for miss in &self.near_misses {
                writeln!(out, "  {}: {}", miss.path.display(), miss.reason)?;
                if let Some(command) = &miss.command {
                    writeln!(out, "    start it with: {command}")?;
                }
            }
        }
        if !self.files_read.is_empty() {
            writeln!(out, "\n{}", style.heading("Files read"))?;
            for file in &self.files_read {
                writeln!(out, "  {:>7} bytes  {}", file.bytes, file.path.display())?;
            }
        }
        Ok(())
    }

    fn summary(&self) -> String {
        let verb = if self.cannot_start.is_some() { "would fail to start" } else { "would start" };
        match (&self.app, self.step) {
            (Some(app), _) => format!("pystart {verb} a {} app: {}", app.framework, app.reason),
            (None, Step::Custom) => format!("pystart {verb} the custom command"),
            (None, _) => format!("pystart {verb} the default site: no app was found"),
        }
    }

    fn python_line(&self) -> String {
        let python = &self.python;
        let Some(interpreter) = &python.interpreter else { return "none was found".into() };
        let mut line = python.version.as_deref().map(|version| format!("{version}, ")).unwrap_or_default();
        line.push_str(&interpreter.display().to_string());
        if let Some(environment) = &python.environment {
            let _ = write!(line, ", environment {}", environment.display());
        }
        if let Some(fault) = &python.fault {
            let _ = write!(line, " ({fault})");
        }
        line
    }

    fn write_reasons(&self, out: &mut String, style: Style) -> fmt::Result {
        writeln!(out, "\n{}", style.heading("Why"))?;
        let width = self.evidence.iter().map(|fact| fact.subject.chars().count()).max().unwrap_or_default().min(40);
        let mut last = None;
        for fact in &self.evidence {
            if last != Some(fact.step) {
                let (number, name) = number_and_name(fact.step);
                writeln!(out, "  {number} {name}")?;
                last = Some(fact.step);
            }
            let (mark, code) = match fact.verdict {
                Verdict::Chosen => ("+", "1;32"),
                Verdict::Rejected => ("x", "31"),
                Verdict::Absent => ("-", "2"),
                Verdict::Outranked => ("~", "33"),
                Verdict::Noted => ("·", "2"),
            };
            writeln!(out, "    {} {:<width$}  {}", style.paint(code, mark), fact.subject, fact.reason)?;
        }
        Ok(())
    }
}

fn write_hint(out: &mut String, hint: Option<&str>) -> fmt::Result {
    hint.map_or(Ok(()), |hint| writeln!(out, "    hint: {hint}"))
}
