//! The report for people.

use std::fmt;

use super::observation::Calling;
use super::report::Report;
use crate::printable::printable;

impl fmt::Display for Report {
    /// Facts as `name value` lines in the order in which they were established, then the verdict.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (label, value) in self.rows() {
            writeln!(out, "  {label:<9}  {}", printable(&value))?;
        }
        let Some(problem) = &self.problem else { return Ok(()) };
        writeln!(out, "  problem    {}", message_lines(&problem.message))?;
        for line in &problem.lines {
            write!(out, "             `{}`, line {}", printable(&line.file), line.line)?;
            if line.function != "<module>" {
                write!(out, ", in {}", printable(&line.function))?;
            }
            out.write_str(if line.source.is_empty() { "" } else { ": " })?;
            writeln!(out, "{}", printable(&line.source))?;
        }
        problem.hint.iter().try_for_each(|hint| writeln!(out, "  hint       {}", printable(hint)))
    }
}

impl Report {
    /// Everything but the problem.
    fn rows(&self) -> Vec<(&'static str, String)> {
        let facts = [
            ("python", self.python.as_ref().map(|python| format!("{} ({})", python.version, python.executable))),
            ("gunicorn", self.gunicorn.as_ref().map(|gunicorn| format!("{} ({})", gunicorn.version, gunicorn.file))),
            ("directory", self.settings.as_ref().map(|settings| settings.folder.clone())),
            ("module", self.module.as_ref().map(|module| format!("{} ({})", module.name, module.file))),
            ("object", self.object.as_ref().map(|object| format!("{}{}", object.kind, called(object.interface)))),
            ("worker", self.worker.as_ref().map(|worker| worker.name.clone())),
            ("running", self.running.clone()),
            ("answer", self.answer.clone()),
        ];
        let mut rows: Vec<_> = facts.into_iter().filter_map(|(label, value)| Some((label, value?))).collect();
        for notice in &self.notices {
            rows.push(("note", notice.message.clone()));
            rows.extend(notice.hint.iter().map(|hint| ("hint", hint.clone())));
        }
        if self.problem.is_none() {
            rows.push(("ok", self.summary.clone()));
        }
        rows
    }
}

/// A message of Python's may have several lines.
fn message_lines(message: &str) -> String {
    message.lines().map(printable).collect::<Vec<_>>().join("\n             ")
}

fn called(interface: Calling) -> &'static str {
    match interface {
        Calling::Wsgi => ", WSGI",
        Calling::Asgi => ", ASGI",
        Calling::Unknown => "",
    }
}
