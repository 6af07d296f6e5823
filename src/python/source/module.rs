//! The vocabulary of what a Python file says.

use std::rc::Rc;

/// A Python file, as far as a launcher is concerned.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Module {
    /// What the top level binds and calls.
    pub scope: Scope,
    /// Every import statement of the file, wherever it stands.
    pub imports: Vec<Imported>,
    /// Was there anything the parser had to skip? What it could make out is here all the same.
    pub broken: bool,
    /// Why the parser did not even try, as the end of a sentence that begins with the file.
    pub not_parsed: Option<&'static str>,
    /// Is there nothing but comments and white space?
    pub empty: bool,
}

/// The statements of a module or of a function body, reduced to what they bind, call and return.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Scope {
    /// In the order of the text; a name may be bound more than once.
    pub bindings: Vec<Binding>,
    /// `from x import *`.
    pub stars: Vec<Import>,
    /// Calls that are statements of their own, or the value of an assignment.
    pub calls: Vec<Call>,
    /// What `return` gives back; for functions.
    pub returns: Vec<Value>,
    /// The places in `bindings`, sorted by name and then by place; see [`Scope::named`].
    by_name: Vec<usize>,
}

impl Scope {
    /// The bindings of a name in the order of the text, each with its place in `bindings`.
    #[must_use]
    pub(crate) fn named(&self, name: &str) -> impl DoubleEndedIterator<Item = (usize, &Binding)> {
        let name_at = |place: &usize| self.bindings[*place].name.as_str();
        let start = self.by_name.partition_point(|place| name_at(place) < name);
        let count = self.by_name[start..].partition_point(|place| name_at(place) == name);
        self.by_name[start..start + count].iter().map(|place| (*place, &self.bindings[*place]))
    }

    /// Makes the bindings ready to be looked up, once all are there.
    pub(super) fn sort_names(&mut self) {
        self.by_name = (0..self.bindings.len()).collect();
        self.by_name.sort_by(|one, other| self.bindings[*one].name.cmp(&self.bindings[*other].name));
    }
}

/// A name and what it is bound to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Binding {
    /// The name.
    pub name: String,
    /// What it is bound to.
    pub bound: Bound,
    /// Where the statement stands.
    pub place: Place,
}

/// Where a statement stands, and so when it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// At the top level, also inside `if`, `try` and `with` blocks: it runs on import.
    Import,
    /// Under `if __name__ == "__main__"`: it does not run on import.
    Main,
    /// In a function.
    Function,
}

/// What a name can be bound to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Bound {
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
pub(crate) struct Import {
    /// The number of leading dots.
    pub level: u32,
    /// The dotted module; empty in `from . import x`.
    pub module: String,
    /// The name in that module; `None` if the module itself is bound.
    pub name: Option<String>,
}

/// One import statement, or one module of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Imported {
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
    pub(crate) fn package(&self) -> &str {
        self.module.split('.').next().unwrap_or_default()
    }
}

/// A function.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Function {
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
pub(crate) struct Class {
    /// What it is derived from.
    pub bases: Vec<Value>,
    /// Its methods by name, without the parameter `self`. What they keep is bound as `self.name` in their scope.
    pub methods: Vec<(String, Rc<Function>)>,
}

/// A call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    /// The call.
    pub value: Value,
    /// Where it stands.
    pub place: Place,
}

/// An expression, as far as it can tell what a name is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
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
    /// A dictionary with one entry: `{"http": app}`.
    Entry {
        /// Its key.
        key: String,
        /// What it maps to.
        value: Box<Value>,
    },
    /// A string that is written out.
    String(String),
    /// A whole number that is written out.
    Number(i64),
    /// `True` or `False`.
    Bool(bool),
    /// `None`.
    Nothing,
    /// A list, a larger dictionary, a formula, a lambda: nothing that tells what a name is.
    Other,
}

impl Value {
    /// What is called, if it is a call.
    #[must_use]
    pub(crate) fn callee(&self) -> Option<&Self> {
        match self {
            Self::Call { callee, .. } => Some(callee),
            _ => None,
        }
    }

    /// The dotted name, if it is one.
    #[must_use]
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }
}

impl Module {
    /// Is this name bound when the module is imported?
    #[must_use]
    pub(crate) fn binds(&self, name: &str) -> bool {
        self.scope.named(name).any(|(_, binding)| binding.place == Place::Import)
    }

    /// The last value assigned to a name at import.
    #[must_use]
    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.scope.named(name).rev().find_map(|(_, binding)| match &binding.bound {
            Bound::Value(value) if binding.place == Place::Import => Some(value),
            _ => None,
        })
    }

    /// The string that is written out for a name.
    #[must_use]
    pub(crate) fn string(&self, name: &str) -> Option<&str> {
        match self.value(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }
}
