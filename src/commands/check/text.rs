//! The report for people.

use std::fmt;

use super::observation::Calling;
use super::report::Report;

impl fmt::Display for Report {
    /// Facts as `name: value` lines in the order in which they were established, then the verdict.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(python) = &self.python {
            writeln!(out, "  python     {} ({})", python.version, python.executable)?;
        }
        if let Some(gunicorn) = &self.gunicorn {
            writeln!(out, "  gunicorn   {} ({})", gunicorn.version, gunicorn.file)?;
        }
        if let Some(settings) = &self.settings {
            writeln!(out, "  directory  {}", settings.folder)?;
        }
        if let Some(module) = &self.module {
            writeln!(out, "  module     {} ({})", module.name, module.file)?;
        }
        if let Some(object) = &self.object {
            writeln!(out, "  object     {}{}", object.kind, called(object.interface))?;
        }
        if let Some(worker) = &self.worker {
            writeln!(out, "  worker     {}", worker.name)?;
        }
        for (label, line) in [("running", &self.running), ("answer", &self.answer)] {
            if let Some(line) = line {
                writeln!(out, "  {label:<9}  {line}")?;
            }
        }
        for notice in &self.notices {
            writeln!(out, "  note       {}", notice.message)?;
            if let Some(hint) = &notice.hint {
                writeln!(out, "  hint       {hint}")?;
            }
        }
        match &self.problem {
            None => writeln!(out, "  ok         {}", self.summary),
            Some(problem) => {
                writeln!(out, "  problem    {}", problem.message.replace('\n', "\n             "))?;
                for line in &problem.lines {
                    write!(out, "             `{}`, line {}", line.file, line.line)?;
                    if line.function != "<module>" {
                        write!(out, ", in {}", line.function)?;
                    }
                    out.write_str(if line.source.is_empty() { "" } else { ": " })?;
                    writeln!(out, "{}", line.source)?;
                }
                match &problem.hint {
                    Some(hint) => writeln!(out, "  hint       {hint}"),
                    None => Ok(()),
                }
            }
        }
    }
}

fn called(interface: Calling) -> &'static str {
    match interface {
        Calling::Wsgi => ", WSGI",
        Calling::Asgi => ", ASGI",
        Calling::Unknown => "",
    }
}
