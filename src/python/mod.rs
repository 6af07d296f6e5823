//! What a Python file says, from its text alone: nothing is executed.
//!
//! [`read`] turns source text into a [`Module`]: which names it binds, to what kind of value, what it imports and what
//! it calls. Nothing here knows a framework; what a value *means* is decided by [`crate::detect`]. This is the only
//! user of the parser, so that a change of its interface stays in here.

mod depth;
mod reader;
mod source;

use std::rc::Rc;

use ruff_python_ast::Mod;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};

/// A Python file, as far as a launcher is concerned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Module {
    /// What the top level binds and calls.
    pub scope: Scope,
    /// Every import statement of the file, wherever it stands.
    pub imports: Vec<Imported>,
    /// Was there anything the parser had to skip? What it could make out is here all the same.
    pub broken: bool,
    /// Is there nothing but comments and white space?
    pub empty: bool,
}

/// The statements of a module or of a function body, reduced to what they bind, call and return.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scope {
    /// In the order of the text; a name may be bound more than once.
    pub bindings: Vec<Binding>,
    /// `from x import *`.
    pub stars: Vec<Import>,
    /// Calls that are statements of their own, or the value of an assignment.
    pub calls: Vec<Call>,
    /// What `return` gives back; for functions.
    pub returns: Vec<Value>,
}

/// A name and what it is bound to.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    /// The name.
    pub name: String,
    /// What it is bound to.
    pub bound: Bound,
    /// Where the statement stands.
    pub place: Place,
}

/// Where a statement stands, and so when it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At the top level, also inside `if`, `try` and `with` blocks: it runs on import.
    Import,
    /// Under `if __name__ == "__main__"`: it does not run on import.
    Main,
    /// In a function.
    Function,
}

/// What a name can be bound to.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// By an assignment.
    Value(Value),
    /// By `def`.
    Function(Rc<Function>),
    /// By `class`.
    Class(Rc<Class>),
    /// By `import` or `from ... import`.
    Import(Import),
}

/// Where an imported name comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The number of leading dots.
    pub level: u32,
    /// The dotted module; empty in `from . import x`.
    pub module: String,
    /// The name in that module; `None` if the module itself is bound.
    pub name: Option<String>,
}

/// One import statement, or one module of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The number of leading dots.
    pub level: u32,
    /// The dotted module; empty in `from . import x`.
    pub module: String,
    /// The names of `from ... import`.
    pub names: Vec<String>,
    /// Where the statement stands.
    pub place: Place,
}

impl Imported {
    /// The first part of an absolute import.
    #[must_use]
    pub fn package(&self) -> &str {
        self.module.split('.').next().unwrap_or_default()
    }
}

/// A function.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Function {
    /// Every parameter but `*args` and `**kwargs`, in order.
    pub parameters: Vec<String>,
    /// How many of them must be given.
    pub required: usize,
    /// Is it `async def`?
    pub is_async: bool,
    /// Does it `yield`? Then a call gives a generator.
    pub is_generator: bool,
    /// Its decorators, the outermost first.
    pub decorators: Vec<Value>,
    /// The annotation of what it returns.
    pub annotation: Option<Value>,
    /// Its body.
    pub scope: Scope,
}

/// A class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Class {
    /// What it is derived from.
    pub bases: Vec<Value>,
    /// Its methods by name, without the parameter `self`. What they keep is bound as `self.name` in their scope.
    pub methods: Vec<(String, Rc<Function>)>,
}

/// A call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The call.
    pub value: Value,
    /// Where it stands.
    pub place: Place,
}

/// An expression, as far as it can tell what a name is.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `name` or `a.b.c`.
    Name(String),
    /// `f(...)`.
    Call {
        /// What is called.
        callee: Box<Value>,
        /// The positional arguments.
        arguments: Vec<Value>,
        /// The named arguments.
        keywords: Vec<(String, Value)>,
    },
    /// An attribute of something that is no plain name: `f().x`.
    Attribute {
        /// Of what.
        of: Box<Value>,
        /// Its name.
        name: String,
    },
    /// One item of what is unpacked: `a, b = f()`.
    Item {
        /// What is unpacked.
        of: Box<Value>,
        /// Which item, from 0.
        index: usize,
    },
    /// One of several: `a if c else b`, `a or b`.
    Either(Vec<Value>),
    /// `a / b`, as `pathlib` joins paths.
    Join(Box<Value>, Box<Value>),
    /// `(a, b)`.
    Tuple(Vec<Value>),
    /// A string that is written out.
    String(String),
    /// A whole number that is written out.
    Number(i64),
    /// `True` or `False`.
    Bool(bool),
    /// `None`.
    Nothing,
    /// A list, a dictionary, a formula, a lambda: nothing that tells what a name is.
    Other,
}

impl Value {
    /// The dotted name, if it is one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }
}

impl Module {
    /// Is this name bound when the module is imported?
    #[must_use]
    pub fn binds(&self, name: &str) -> bool {
        self.scope.bindings.iter().any(|binding| binding.place == Place::Import && binding.name == name)
    }

    /// The last value assigned to a name at import.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Value> {
        let mut assigned = self.scope.bindings.iter().rev();
        assigned.find_map(|binding| match &binding.bound {
            Bound::Value(value) if binding.place == Place::Import && binding.name == name => Some(value),
            _ => None,
        })
    }

    /// The string that is written out for a name.
    #[must_use]
    pub fn string(&self, name: &str) -> Option<&str> {
        match self.value(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The whole number that is written out for a name.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i64> {
        match self.value(name) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }
}

/// Reads a Python file. Total: whatever the bytes are, there is a module, perhaps an empty one.
#[must_use]
pub fn read(source: &[u8]) -> Module {
    let text = source::decode(source);
    if depth::is_excessive(&text) {
        return Module { broken: true, ..Module::default() };
    }
    let parsed = parse_unchecked(&text, ParseOptions::from(Mode::Module));
    let mut module = match parsed.syntax() {
        Mod::Module(tree) => reader::module(&tree.body),
        Mod::Expression(_) => Module::default(),
    };
    module.broken = parsed.has_syntax_errors();
    // The tree is left alone on purpose: a tree can be as deep as the file is long (`a+a+a+...`), and freeing it
    // recurses. The launcher is gone a moment later.
    std::mem::forget(parsed);
    module
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(source: &str) -> Vec<(String, Place)> {
        let bindings = read(source.as_bytes()).scope.bindings;
        bindings.into_iter().map(|binding| (binding.name, binding.place)).collect()
    }

    #[test]
    fn every_way_to_bind_a_name_at_the_top_level_is_seen() {
        let cases = [
            ("app = f()", "app"),
            ("app: App = f()", "app"),
            ("application = app = f()", "application app"),
            ("app, rt = f()", "app rt"),
            ("[a, b] = 1, 2", "a b"),
            ("(app := f())", "app"),
            ("if (app := f()):\n    pass", "app"),
            ("if debug:\n    app = 1\nelse:\n    other = 2", "app other"),
            ("try:\n    app = 1\nexcept E:\n    other = 2\nfinally:\n    last = 3", "app other last"),
            ("with f() as config:\n    app = config.g()", "config app"),
            ("for x in y:\n    app = 1", "app"),
            ("match x:\n    case 1:\n        app = 1", "app"),
            ("def create_app(): pass", "create_app"),
            ("async def app(): pass", "app"),
            ("class App: pass", "App"),
            ("import a.b", "a"),
            ("import a.b as c", "c"),
            ("from a import app as application, b", "application b"),
            ("from . import app", "app"),
            ("if TYPE_CHECKING:\n    from a import app", ""),
            ("def f():\n    global app\n    app = 1\nf()", "f app"),
            ("def f():\n    global app\n    app = 1", "f"),
            ("x.app = 1", ""),
        ];
        for (source, names) in cases {
            let bound: Vec<_> = bound(source).into_iter().map(|(name, _)| name).collect();
            assert_eq!(bound.join(" "), names, "{source}");
        }
    }

    #[test]
    fn what_runs_only_as_a_script_is_told_apart() {
        let guards = ["if __name__ == '__main__':", "if '__main__' == __name__:", "if __name__ == '__main__' and x:"];
        for guard in guards {
            assert_eq!(bound(&format!("{guard}\n    app = f()")), [("app".to_owned(), Place::Main)], "{guard}");
        }
        assert_eq!(bound("if __name__ != '__main__':\n    app = 1"), [("app".to_owned(), Place::Import)]);
    }

    #[test]
    fn settings_that_are_written_out_can_be_looked_up() {
        let module =
            read(b"bind = '0.0.0.0:' '80'\ntimeout = 5\ntimeout = 30\nworkers = f()\ndef g():\n    chdir = 'x'\n");
        assert_eq!(module.string("bind"), Some("0.0.0.0:80"));
        assert_eq!(module.number("timeout"), Some(30));
        assert!(module.binds("workers"));
        assert_eq!(module.string("workers"), None);
        assert!(!module.binds("chdir"));
    }

    #[test]
    fn text_of_any_age_and_encoding_is_read() {
        let cases: [&[u8]; 5] = [
            b"\xef\xbb\xbfapp = 1\r\n",
            b"# caf\xe9\napp = '\xe9'\n",
            b"print 'hello'\napp = 1\nexec 'x' in y\n",
            b"app = 1\ndef f(:\n  x = (\n",
            b"\x00\napp = 1\n",
        ];
        for source in cases {
            assert!(read(source).binds("app"), "{source:?}");
        }
    }

    #[test]
    fn deep_text_ends_in_a_module() {
        let count = crate::files::READ_LIMIT;
        for part in
            ["[", "(", "{1:", "-", "not ", "lambda:", "a if b else ", "a**", "a+", "a.", "f(", "()", "await ", "~"]
        {
            let source = format!("app = 1\nx = {}", part.repeat(count / part.len()));
            let module = read(source.as_bytes());
            assert!(module.broken || module.binds("app"), "{part}");
        }
        let blocks: Vec<_> = (0..900).map(|depth| " ".repeat(depth) + "if x:\n").collect();
        for source in [blocks.concat(), "def f():\n".repeat(1000), "elif x:\n".repeat(1000)] {
            assert!(read(source.as_bytes()).broken);
        }
    }

    #[test]
    fn no_bytes_make_the_reader_fail() {
        // A small generator instead of a dependency: xorshift, seeded, so that a failure can be seen again.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % below as u64).unwrap_or(0)
        };
        let parts: [&[u8]; 40] = [
            b"app",
            b" = ",
            b"Flask",
            b"(",
            b")",
            b"[",
            b"]",
            b"{",
            b"}",
            b":",
            b"\n",
            b"    ",
            b"\t",
            b"def ",
            b"class ",
            b"if ",
            b"else",
            b"try",
            b"except",
            b"with ",
            b"import ",
            b"from ",
            b".",
            b",",
            b"*",
            b"'",
            b"\"",
            b"\"\"\"",
            b"f'{",
            b"\\",
            b"#",
            b"\r",
            b"\x00",
            b"\xff",
            b"\xf0\x9f",
            b"lambda ",
            b"async ",
            b"match ",
            b"case ",
            b"0x",
        ];
        for _ in 0..3000 {
            let source: Vec<u8> = (0..next(60)).flat_map(|_| parts[next(parts.len())].iter().copied()).collect();
            assert!(read(&source).scope.bindings.len() <= 60);
        }
    }
}
