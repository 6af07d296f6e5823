//! What a Python file says, from its text alone: nothing is executed.
//!
//! [`read`] turns source text into a [`Module`]: which names it binds, to what kind of value, what it imports and what
//! it calls. Nothing here knows a framework; what a value *means* is decided by [`crate::detect`]. This is the only
//! user of the parser, so that a change of its interface stays in here.

mod encoding;
mod module;
mod nesting;
mod reader;
mod value;

use ruff_python_ast::Mod;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};

pub(crate) use module::{Binding, Bound, Call, Class, Function, Import, Imported, Module, Place, Scope, Value};

/// Up to this many bytes the tokens of a text are estimated and not read.
const SHORT: usize = 8 * 1024;

/// From this many bytes on the tree of a text is freed: few files of a site are as large.
const LARGE: usize = 64 * 1024;

/// What the parser needs for text that is not nested.
const SHALLOW_STACK: usize = 128 * 1024;

/// What one level of nesting takes of the stack: the parser's own functions, or those that drop a tree.
const STACK_PER_LEVEL: usize = if cfg!(debug_assertions) { 16 * 1024 } else { 4 * 1024 };

/// What may be used of the stack that is there: half of what the kernel gives a process, and in tests a quarter of what
/// the standard library gives a thread. Up to here nothing has to be asked or mapped.
const OWN_STACK: usize = if cfg!(debug_assertions) { 512 * 1024 } else { 4 * 1024 * 1024 };

/// Reads a Python file. Total: whatever the bytes are, there is a module, perhaps an empty one.
///
/// Of the calls in functions none is kept; see [`read_with_calls`].
#[must_use]
pub(crate) fn read(source: &[u8]) -> Module {
    read_with_calls(source, |_| false)
}

/// Reads a Python file, and keeps the calls in functions whose last name `keeps_call` knows: `run` of `uvicorn.run()`.
/// Most calls in functions tell nothing, and a large file has tens of thousands.
#[must_use]
pub(crate) fn read_with_calls(source: &[u8], keeps_call: fn(&str) -> bool) -> Module {
    let text = encoding::decode(source);
    let depth = if text.len() <= SHORT { Ok(nesting::most_tokens(&text)) } else { nesting::depth(&text) };
    match depth {
        Ok(depth) => {
            let stack = SHALLOW_STACK + depth * STACK_PER_LEVEL;
            if stack <= OWN_STACK {
                parse(&text, keeps_call)
            } else {
                stacker::maybe_grow(stack, stack, || parse(&text, keeps_call))
            }
        }
        Err(reason) => not_parsed(reason),
    }
}

/// A file of which nothing is told, for this reason: the end of a sentence that begins with the file.
#[must_use]
pub(crate) fn not_parsed(reason: &'static str) -> Module {
    Module { broken: true, not_parsed: Some(reason), ..Module::default() }
}

fn parse(text: &str, keeps_call: fn(&str) -> bool) -> Module {
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module));
    let read = match parsed.syntax() {
        Mod::Module(tree) => reader::module(&tree.body, keeps_call),
        Mod::Expression(_) => Ok(Module::default()),
    };
    let module = match read {
        Ok(module) => Module { broken: parsed.has_syntax_errors(), ..module },
        Err(reason) => not_parsed(reason),
    };
    // The tree is left alone on purpose: freeing it takes as long as building it, and the launcher is gone a moment later.
    // Large ones add up, and so do those of a process that reads ten million files.
    if text.len() < LARGE && !cfg!(fuzzing) {
        std::mem::forget(parsed);
    }
    module
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        assert_eq!(module.value("timeout"), Some(&Value::Number(30)));
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

    /// Ways to nest, each with what closes it.
    const NESTING: [(&str, &str); 24] = [
        ("x = [", "]"),
        ("x = (", ")"),
        ("x = {1:", "}"),
        ("x = f'{", "}'"),
        ("x = f(", ")"),
        ("x = -", ""),
        ("x = not ", ""),
        ("x = lambda:", ""),
        ("x = lambda a, b=", ""),
        ("x = a if b else ", ""),
        ("x = a if ", ""),
        ("x = a**", ""),
        ("x = a+", ""),
        ("x = a/", ""),
        ("x = a.", ""),
        ("x = a()", ""),
        ("x = await ", ""),
        ("match [", ""),
        ("match -", ""),
        ("match * ", ""),
        ("match (a|", ")"),
        ("with (..)|a:", ""),
        ("f(a.", "=1)"),
        ("class A(..", "=1): pass"),
    ];

    /// What stands behind the first blank or bracket is repeated.
    fn nested((line, close): (&str, &str), count: usize) -> String {
        let at = if line.starts_with("x = ") { 4 } else { line.find([' ', '(']).map_or(0, |at| at + 1) };
        let (head, part) = line.split_at(at);
        let closes = if close.len() <= 2 { count } else { 1 };
        format!("app = 1\n{head}{}a{}\n", part.repeat(count), close.repeat(closes))
    }

    #[test]
    fn text_of_any_depth_ends_in_a_module() {
        for nesting in NESTING {
            for count in [190, 1_500, 8_000, crate::files::READ_LIMIT / 2] {
                let source = nested(nesting, count);
                let module = read(&source.as_bytes()[..source.len().min(crate::files::READ_LIMIT)]);
                assert!(module.not_parsed.is_some() || module.binds("app"), "{nesting:?} {count}");
            }
        }
        let blocks: Vec<_> = (0..900).map(|depth| " ".repeat(depth) + "if x:\n").collect();
        for source in [blocks.concat(), "def f():\n".repeat(1000), "elif x:\n".repeat(1000)] {
            assert!(read(source.as_bytes()).broken);
        }
    }

    #[test]
    fn text_is_not_parsed_only_where_python_would_not_read_it_either() {
        for nesting in NESTING {
            let module = read(nested(nesting, 20_000).as_bytes());
            assert_eq!((module.not_parsed, module.broken), (Some(nesting::TOO_DEEP), true), "{nesting:?}");
            assert!(!module.binds("app"), "{nesting:?}");
        }
        // What CPython 3.11 compiles, at its limits.
        for (part, count) in [("a+", 2990), ("a.", 2990), ("-", 2990), ("not ", 2990), ("lambda:", 2980)] {
            let module = read(format!("app = 1\nx = {}a\n", part.repeat(count)).as_bytes());
            assert!(module.binds("x") && !module.broken, "{part}");
        }
        for part in ["a or ", "a < ", "f'{a}' ", "-a or ", "f(x)(y) or ", "a+b or "] {
            let module = read(format!("app = 1\nx = {}a\n", part.repeat(20_000)).as_bytes());
            assert!(module.binds("app") && module.not_parsed.is_none(), "{part}");
        }
        let table = "app = [\n".to_owned() + &"    (-1, {'a': not x}),\n".repeat(10_000) + "]\n";
        assert!(read(table.as_bytes()).binds("app"));
    }

    #[test]
    fn a_file_that_binds_more_names_than_anybody_writes_is_not_read() {
        let lines = |count: usize| "app = f()\n".repeat(count);
        assert!(read(lines(16_000).as_bytes()).binds("app"));
        for source in [
            lines(17_000),
            format!("from m import {}a\n", "a,".repeat(17_000)),
            format!("{}a = f()\n", "a,".repeat(17_000)),
            format!("with f() as ({}): pass\n", "a,".repeat(17_000)),
            "def f(): pass\n".repeat(17_000),
            "class A: pass\n".repeat(17_000),
            "import a\n".repeat(17_000),
            format!("def f():\n{}", " a = 1\n".repeat(17_000)),
        ] {
            let module = read(source.as_bytes());
            let reason = module.not_parsed.unwrap_or_default();
            assert_eq!(reason, "is not read: it binds more than 16,384 names", "{}", &source[..30]);
            assert!(module.scope.bindings.is_empty() && module.broken);
        }
    }

    #[test]
    fn a_value_is_not_copied_without_end() {
        let text = "x".repeat(4000);
        let tuple = "1,".repeat(60);
        let last = "a,".repeat(50);
        for (name, source) in [
            ("a string", format!("{}'{text}'\n", "a=".repeat(16_000))),
            ("a tuple", format!("{}({tuple})\n", "a=".repeat(16_000))),
            ("a call", format!("{}f({tuple})\n", "a=".repeat(16_000))),
            ("items", format!("{}'{text}'\n", "a,a,=".repeat(8_000))),
            ("with items", format!("with '{text}' as ({}): pass\n", "a,".repeat(16_000))),
            ("imports", format!("from {text} import {last}{}a\n", "a,".repeat(16_000))),
        ] {
            let module = read(source.as_bytes());
            let sizes = module.scope.bindings.iter().map(|binding| match &binding.bound {
                Bound::Value(value) => value::size(value),
                Bound::Import(import) => import.module.len(),
                _ => 0,
            });
            let copied: usize = sizes.sum();
            assert!((4000..14_000_000).contains(&copied), "{name}: {copied}");
        }
        // What people write gets its value whatever stands in front of it.
        let long = format!("x = '{}'\n{}", "x".repeat(400_000), "application = app = f()\n".repeat(3000));
        assert!(read(long.as_bytes()).value("app").is_some_and(|value| value.callee().is_some()));
    }

    /// Pieces of Python, so that the text gets past the lexer, and bytes that no text holds.
    fn pieces() -> impl Strategy<Value = Vec<u8>> {
        let pieces: [&[u8]; 40] = [
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
        prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..60).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]
        #[test]
        fn no_bytes_make_the_reader_fail(source in pieces()) {
            prop_assert!(read(&source).scope.bindings.len() <= 60);
        }
    }
}
