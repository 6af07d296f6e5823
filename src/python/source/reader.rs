//! From the syntax tree to a [`Module`].

use std::collections::BTreeSet;
use std::rc::Rc;

use ruff_python_ast::{
    Alias, ElifElseClause, ExceptHandler, Expr, Parameters, Stmt, StmtClassDef, StmtFunctionDef, StmtImportFrom,
};

use super::value::{size, value};
use super::{Binding, Bound, Call, Class, Function, Import, Imported, Module, Place, Scope, Value};

/// How deep blocks and functions are followed: CPython's own limit of indentation.
const MAX_BLOCKS: usize = 100;

/// How many bytes of values are copied for one file. `a = b = f()` gives each name the value, so a line may ask for as
/// many copies as it has letters; the longest file of `app=f()` that is parsed asks for less.
const MAX_COPIED: usize = 6 * 1024 * 1024;

/// How many names one file may bind: nobody writes as many, and each of them is looked at.
const MAX_BINDINGS: usize = 16 * 1024;

/// Why nothing is told of a file, as the end of a sentence that begins with it.
const TOO_MANY_BINDINGS: &str = "is not read: it binds more than 16,384 names";

/// Reads the statements of a module; of the calls in functions those whose method or function `keeps_call` names.
///
/// # Errors
///
/// Why nothing is told of it, as the end of a sentence.
pub(super) fn module(body: &[Stmt], keeps_call: fn(&str) -> bool) -> Result<Module, &'static str> {
    let mut reader = Reader { imports: Vec::new(), globals: Vec::new(), keeps_call, copied: 0, bound: 0 };
    let mut scope = Scope::default();
    reader.block(body, Place::Import, &mut scope, 0);
    if reader.bound > MAX_BINDINGS {
        return Err(TOO_MANY_BINDINGS);
    }
    let at_import = scope.calls.iter().filter(|call| call.place == Place::Import);
    let called: BTreeSet<&str> = at_import.filter_map(|call| call.value.callee()?.name()).collect();
    let globals = reader.globals.into_iter().filter(|(function, _)| called.contains(function.as_str()));
    let globals: Vec<Binding> = globals.map(|(_, binding)| binding).collect();
    scope.bindings.extend(globals);
    scope.sort_names();
    Ok(Module { scope, imports: reader.imports, broken: false, not_parsed: None, empty: body.is_empty() })
}

struct Reader {
    imports: Vec<Imported>,
    /// What functions bind through `global`, with the function's name.
    globals: Vec<(String, Binding)>,
    /// Is a call in a function kept, by the last name of what is called?
    keeps_call: fn(&str) -> bool,
    /// How many bytes were copied so far.
    copied: usize,
    /// How many names were bound so far.
    bound: usize,
}

impl Reader {
    /// Binds a name, unless too many are bound: then nothing is told of the file.
    fn push(&mut self, scope: &mut Scope, name: &str, bound: Bound, place: Place) {
        self.bound += 1;
        if self.bound <= MAX_BINDINGS {
            scope.bindings.push(Binding { name: name.to_owned(), bound, place });
        }
    }

    /// Is there room for another copy of this many bytes?
    fn may_copy(&mut self, bytes: usize) -> bool {
        self.copied = self.copied.saturating_add(bytes);
        self.copied <= MAX_COPIED
    }

    /// A copy, or [`Value::Other`] where too much was copied: such text tells no app.
    fn copy(&mut self, value: &Value) -> Value {
        if self.may_copy(size(value)) { value.clone() } else { Value::Other }
    }

    /// Is `value` a call that is kept? At the top level every one is.
    fn keeps(&self, value: &Value, place: Place) -> bool {
        let method = match value.callee() {
            Some(Value::Name(name)) => name.rsplit('.').next().unwrap_or_default(),
            Some(Value::Attribute { name, .. }) => name,
            _ => return false,
        };
        place != Place::Function || (self.keeps_call)(method)
    }

    /// Keeps a call that is a statement of its own.
    fn call(&self, value: Value, place: Place, scope: &mut Scope) {
        if self.keeps(&value, place) {
            scope.calls.push(Call { value, place });
        }
    }

    /// Binds what an assignment assigns to, and keeps what it calls.
    fn assign<'a>(
        &mut self,
        targets: impl IntoIterator<Item = &'a Expr>,
        value: Value,
        place: Place,
        scope: &mut Scope,
    ) {
        if self.keeps(&value, place) {
            let value = self.copy(&value);
            self.call(value, place, scope);
        }
        let (mut value, mut targets) = (value, targets.into_iter().peekable());
        while let Some(target) = targets.next() {
            let next = if targets.peek().is_some() { self.copy(&value) } else { Value::Other };
            self.bind(target, std::mem::replace(&mut value, next), place, scope);
        }
    }

    /// Binds one target. `os.environ["X"] = y` is kept as the call that does the same.
    fn bind(&mut self, target: &Expr, value: Value, place: Place, scope: &mut Scope) {
        match target {
            Expr::Name(name) => self.push(scope, &name.id, Bound::Value(value), place),
            // What a method keeps: `self.app = Flask(__name__)`.
            Expr::Attribute(attribute) if matches!(&*attribute.value, Expr::Name(name) if name.id.as_str() == "self") =>
            {
                self.push(scope, &format!("self.{}", attribute.attr), Bound::Value(value), place);
            }
            // What is kept on anything else: `app.db = db`.
            Expr::Attribute(attribute) if place == Place::Import => {
                if let Value::Name(of) = self::value(&attribute.value, 0) {
                    let callee = Box::new(Value::Name(format!("{of}.__setattr__")));
                    let arguments = vec![Value::String(attribute.attr.to_string()), value];
                    scope.calls.push(Call { value: Value::Call { callee, arguments, keywords: Vec::new() }, place });
                }
            }
            Expr::Tuple(targets) => self.bind_items(&targets.elts, value, place, scope),
            Expr::List(targets) => self.bind_items(&targets.elts, value, place, scope),
            Expr::Subscript(item) => {
                let (of, key) = (self::value(&item.value, 0), self::value(&item.slice, 0));
                if let (Value::Name(of), Value::String(_)) = (of, &key) {
                    let callee = Box::new(Value::Name(format!("{of}.setdefault")));
                    let value = Value::Call { callee, arguments: vec![key, value], keywords: Vec::new() };
                    scope.calls.push(Call { value, place });
                }
            }
            _ => {}
        }
    }

    fn bind_items(&mut self, targets: &[Expr], value: Value, place: Place, scope: &mut Scope) {
        if targets.len() > MAX_BINDINGS {
            self.bound += targets.len();
            return;
        }
        let items = match value {
            Value::Tuple(items) if items.len() == targets.len() => items,
            value => {
                let mut item = |index| match self.copy(&value) {
                    Value::Other => Value::Other,
                    of => Value::Item { of: Box::new(of), index },
                };
                (0..targets.len()).map(&mut item).collect()
            }
        };
        for (target, item) in targets.iter().zip(items) {
            if let Expr::Name(name) = target {
                self.push(scope, &name.id, Bound::Value(item), place);
            }
        }
    }

    fn block(&mut self, body: &[Stmt], place: Place, scope: &mut Scope, depth: usize) {
        if depth < MAX_BLOCKS {
            for statement in body {
                if self.bound > MAX_BINDINGS {
                    break;
                }
                self.statement(statement, place, scope, depth + 1);
            }
        }
    }

    fn statement(&mut self, statement: &Stmt, place: Place, scope: &mut Scope, depth: usize) {
        match statement {
            Stmt::Assign(assign) => self.assign(&assign.targets, value(&assign.value, 0), place, scope),
            Stmt::AnnAssign(assign) => {
                if let Some(assigned) = &assign.value {
                    self.assign([&*assign.target], value(assigned, 0), place, scope);
                }
            }
            Stmt::Expr(statement) => match &*statement.value {
                Expr::Named(named) => self.bind(&named.target, value(&named.value, 0), place, scope),
                Expr::Await(awaited) => self.call(value(&awaited.value, 0), place, scope),
                Expr::Call(_) => self.call(value(&statement.value, 0), place, scope),
                _ => {}
            },
            Stmt::Return(statement) => {
                if let Some(returned) = &statement.value {
                    scope.returns.push(value(returned, 0));
                }
            }
            Stmt::FunctionDef(def) => {
                let function = self.function(def, depth);
                self.push(scope, &def.name, Bound::Function(Rc::new(function)), place);
            }
            Stmt::ClassDef(def) => {
                let class = self.class(def, depth);
                self.push(scope, &def.name, Bound::Class(Rc::new(class)), place);
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    self.import(alias, place, scope);
                }
            }
            Stmt::ImportFrom(import) => self.import_from(import, place, scope),
            _ => self.compound(statement, place, scope, depth),
        }
    }

    fn compound(&mut self, statement: &Stmt, place: Place, scope: &mut Scope, depth: usize) {
        match statement {
            Stmt::If(block) => {
                if let Expr::Named(named) = &*block.test {
                    self.bind(&named.target, value(&named.value, 0), place, scope);
                }
                match test(&block.test) {
                    Test::Main => {
                        self.block(&block.body, if place == Place::Import { Place::Main } else { place }, scope, depth);
                    }
                    Test::Typing => {}
                    Test::Unknown => self.block(&block.body, place, scope, depth),
                }
                for ElifElseClause { body, .. } in &block.elif_else_clauses {
                    self.block(body, place, scope, depth);
                }
            }
            Stmt::Try(block) => {
                self.block(&block.body, place, scope, depth);
                for ExceptHandler::ExceptHandler(handler) in &block.handlers {
                    self.block(&handler.body, place, scope, depth);
                }
                self.block(&block.orelse, place, scope, depth);
                self.block(&block.finalbody, place, scope, depth);
            }
            Stmt::With(block) => {
                for item in &block.items {
                    self.assign(item.optional_vars.as_deref(), value(&item.context_expr, 0), place, scope);
                }
                self.block(&block.body, place, scope, depth);
            }
            Stmt::For(block) => {
                self.block(&block.body, place, scope, depth);
                self.block(&block.orelse, place, scope, depth);
            }
            Stmt::While(block) => {
                self.block(&block.body, place, scope, depth);
                self.block(&block.orelse, place, scope, depth);
            }
            Stmt::Match(block) => {
                for case in &block.cases {
                    self.block(&case.body, place, scope, depth);
                }
            }
            _ => {}
        }
    }

    fn function(&mut self, def: &StmtFunctionDef, depth: usize) -> Function {
        let (parameters, required) = parameters(&def.parameters);
        let mut scope = Scope::default();
        self.block(&def.body, Place::Function, &mut scope, depth);
        let globals = global_names(&def.body);
        if !globals.is_empty() {
            let bound = scope.bindings.iter().filter(|binding| globals.contains(binding.name.as_str()));
            let bound = bound.map(|binding| Binding { place: Place::Import, ..binding.clone() });
            self.globals.extend(bound.map(|binding| (def.name.to_string(), binding)));
        }
        scope.sort_names();
        Function {
            parameters,
            required,
            is_async: def.is_async,
            is_generator: def.body.iter().any(yields),
            decorators: def.decorator_list.iter().map(|decorator| value(&decorator.expression, 0)).collect(),
            annotation: def.returns.as_deref().map(|annotation| match value(annotation, 0) {
                Value::String(name) => Value::Name(name),
                other => other,
            }),
            scope,
        }
    }

    fn class(&mut self, def: &StmtClassDef, depth: usize) -> Class {
        let bases = def.arguments.as_ref().map(|arguments| arguments.args.iter().map(|base| value(base, 0)).collect());
        let mut class = Class { bases: bases.unwrap_or_default(), ..Class::default() };
        for statement in &def.body {
            if let Stmt::FunctionDef(method) = statement {
                let mut function = self.function(method, depth);
                function.required = function.required.saturating_sub(1);
                function.parameters.drain(..function.parameters.len().min(1));
                class.methods.push((method.name.to_string(), Rc::new(function)));
            }
        }
        class
    }

    fn import(&mut self, alias: &Alias, place: Place, scope: &mut Scope) {
        let module = alias.name.to_string();
        // `import a.b` binds `a`; `import a.b as c` binds `c` to `a.b`.
        let top = module.split('.').next().unwrap_or_default();
        let (name, bound) = alias.asname.as_ref().map_or((top, top), |name| (name.as_str(), module.as_str()));
        let import = Import { level: 0, module: bound.to_owned(), name: None };
        self.push(scope, name, Bound::Import(import), place);
        self.imports.push(Imported { level: 0, module, names: Vec::new(), place });
    }

    fn import_from(&mut self, import: &StmtImportFrom, place: Place, scope: &mut Scope) {
        let module = import.module.as_ref().map(ToString::to_string).unwrap_or_default();
        for alias in &import.names {
            // No package of that name is there, nor can be.
            if !self.may_copy(module.len()) || self.bound > MAX_BINDINGS {
                break;
            }
            let origin = Import { level: import.level, module: module.clone(), name: Some(alias.name.to_string()) };
            if alias.name.as_str() == "*" {
                scope.stars.push(Import { name: None, ..origin });
            } else {
                let name = alias.asname.as_ref().unwrap_or(&alias.name);
                self.push(scope, name, Bound::Import(origin), place);
            }
        }
        if self.bound > MAX_BINDINGS {
            return;
        }
        let names = import.names.iter().map(|alias| alias.name.to_string()).collect();
        self.imports.push(Imported { level: import.level, module, names, place });
    }
}

enum Test {
    Main,
    Typing,
    Unknown,
}

/// Does a condition say when its block runs?
fn test(condition: &Expr) -> Test {
    match condition {
        Expr::Compare(compare) => {
            let is_name = |expr: &Expr| matches!(expr, Expr::Name(name) if name.id.as_str() == "__name__");
            let is_main =
                |expr: &Expr| matches!(expr, Expr::StringLiteral(string) if string.value.to_str() == "__main__");
            let mut sides = std::iter::once(&*compare.left).chain(&compare.comparators);
            let equal = compare.ops.iter().all(|op| matches!(op, ruff_python_ast::CmpOp::Eq));
            if equal && sides.clone().any(is_name) && sides.any(is_main) { Test::Main } else { Test::Unknown }
        }
        Expr::BoolOp(all) if matches!(all.op, ruff_python_ast::BoolOp::And) => {
            let is_main = all.values.iter().any(|part| matches!(test(part), Test::Main));
            if is_main { Test::Main } else { Test::Unknown }
        }
        Expr::Name(name) if name.id.as_str() == "TYPE_CHECKING" => Test::Typing,
        Expr::Attribute(attribute) if attribute.attr.as_str() == "TYPE_CHECKING" => Test::Typing,
        _ => Test::Unknown,
    }
}

fn global_names(body: &[Stmt]) -> BTreeSet<&str> {
    let globals = body.iter().filter_map(|statement| match statement {
        Stmt::Global(global) => Some(global.names.iter().map(ruff_python_ast::Identifier::as_str)),
        _ => None,
    });
    globals.flatten().collect()
}

/// Does a statement yield, as far as it shows at its own level or one block down?
fn yields(statement: &Stmt) -> bool {
    let is_yield = |expr: &Expr| matches!(expr, Expr::Yield(_) | Expr::YieldFrom(_));
    match statement {
        Stmt::Expr(statement) => is_yield(&statement.value),
        Stmt::Assign(assign) => is_yield(&assign.value),
        Stmt::With(block) => block.body.iter().any(yields),
        Stmt::Try(block) => block.body.iter().any(yields),
        _ => false,
    }
}

fn parameters(parameters: &Parameters) -> (Vec<String>, usize) {
    let all = parameters.posonlyargs.iter().chain(&parameters.args).chain(&parameters.kwonlyargs);
    let required = all.clone().filter(|parameter| parameter.default.is_none()).count();
    (all.map(|parameter| parameter.parameter.name.to_string()).collect(), required)
}
