//! From an expression to a [`Value`].

use ruff_python_ast::{Arguments, Expr, Number, Operator};

use super::Value;

/// How deep an expression is followed; what tells an app is never deeper.
const MAX_EXPRESSION: usize = 12;

/// Longer names and strings name nothing: `PATH_MAX` is the longest path, and no module is called longer.
const MAX_TEXT: usize = 4096;

/// How many items of a tuple, or arguments of a call, are looked at.
const MAX_ITEMS: usize = 64;

/// Reduces an expression.
pub(super) fn value(expr: &Expr, depth: usize) -> Value {
    if depth > MAX_EXPRESSION {
        return Value::Other;
    }
    let next = depth + 1;
    match expr {
        Expr::Name(name) if name.id.len() <= MAX_TEXT => Value::Name(name.id.to_string()),
        Expr::Attribute(attribute) if attribute.attr.len() <= MAX_TEXT => {
            let name = attribute.attr.to_string();
            match value(&attribute.value, next) {
                Value::Name(of) => Value::Name(format!("{of}.{name}")),
                Value::Other => Value::Other,
                of => Value::Attribute { of: Box::new(of), name },
            }
        }
        Expr::Call(call) => {
            let (arguments, keywords) = arguments(&call.arguments, next);
            Value::Call { callee: Box::new(value(&call.func, next)), arguments, keywords }
        }
        Expr::Await(awaited) => value(&awaited.value, next),
        Expr::Named(named) => value(&named.value, next),
        Expr::If(either) => Value::Either(vec![value(&either.body, next), value(&either.orelse, next)]),
        Expr::BoolOp(either) => {
            Value::Either(either.values.iter().take(MAX_ITEMS).map(|part| value(part, next)).collect())
        }
        Expr::BinOp(binary) if binary.op == Operator::Div => {
            Value::Join(Box::new(value(&binary.left, next)), Box::new(value(&binary.right, next)))
        }
        Expr::Tuple(tuple) if tuple.elts.len() <= MAX_ITEMS => {
            Value::Tuple(tuple.elts.iter().map(|item| value(item, next)).collect())
        }
        Expr::Dict(dict) => match dict.items.as_slice() {
            [ruff_python_ast::DictItem { key: Some(Expr::StringLiteral(key)), value: of }]
                if key.value.len() <= MAX_TEXT =>
            {
                Value::Entry { key: key.value.to_str().to_owned(), value: Box::new(value(of, next)) }
            }
            _ => Value::Other,
        },
        Expr::Subscript(item) => match (value(&item.value, next), value(&item.slice, next)) {
            // `Optional[Flask]` as an annotation, and `f()[0]`.
            (of, Value::Number(index)) => {
                usize::try_from(index).map_or(Value::Other, |index| Value::Item { of: Box::new(of), index })
            }
            (_, inner @ Value::Name(_)) => inner,
            _ => Value::Other,
        },
        Expr::StringLiteral(text) if text.value.len() <= MAX_TEXT => Value::String(text.value.to_str().to_owned()),
        Expr::NumberLiteral(number) => match &number.value {
            Number::Int(int) => int.as_i64().map_or(Value::Other, Value::Number),
            _ => Value::Other,
        },
        Expr::BooleanLiteral(boolean) => Value::Bool(boolean.value),
        Expr::NoneLiteral(_) => Value::Nothing,
        _ => Value::Other,
    }
}

/// About how many bytes a copy of a value takes.
pub(super) fn size(value: &Value) -> usize {
    let all = |values: &[Value]| values.iter().map(size).sum::<usize>();
    let inner = match value {
        Value::Name(text) | Value::String(text) => text.len(),
        Value::Call { callee, arguments, keywords } => {
            let named = keywords.iter().map(|(name, value)| size_of::<String>() + name.len() + size(value));
            size(callee) + all(arguments) + named.sum::<usize>()
        }
        Value::Attribute { of, name } => size(of) + name.len(),
        Value::Item { of, .. } => size(of),
        Value::Entry { key, value } => key.len() + size(value),
        Value::Either(values) | Value::Tuple(values) => all(values),
        Value::Join(left, right) => size(left) + size(right),
        Value::Number(_) | Value::Bool(_) | Value::Nothing | Value::Other => 0,
    };
    size_of::<Value>() + inner
}

fn arguments(arguments: &Arguments, depth: usize) -> (Vec<Value>, Vec<(String, Value)>) {
    let positional = arguments.args.iter().take(MAX_ITEMS).map(|argument| value(argument, depth)).collect();
    let named = arguments
        .keywords
        .iter()
        .take(MAX_ITEMS)
        .filter_map(|keyword| keyword.arg.as_ref().map(|name| (name.to_string(), value(&keyword.value, depth))));
    (positional, named.collect())
}
