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

pub use module::{Binding, Bound, Call, Class, Function, Import, Imported, Module, Place, Scope, Value};

/// Reads a Python file. Total: whatever the bytes are, there is a module, perhaps an empty one.
///
/// Of the calls in functions none is kept; see [`read_with_calls`].
#[must_use]
pub fn read(source: &[u8]) -> Module {
    read_with_calls(source, |_| false)
}

/// Reads a Python file, and keeps the calls in functions whose last name `keeps_call` knows: `run` of `uvicorn.run()`.
/// Most calls in functions tell nothing, and a large file has tens of thousands.
#[must_use]
pub fn read_with_calls(source: &[u8], keeps_call: fn(&str) -> bool) -> Module {
    let text = encoding::decode(source);
    if nesting::is_excessive(&text) {
        return Module { broken: true, ..Module::default() };
    }
    let parsed = parse_unchecked(&text, ParseOptions::from(Mode::Module));
    let mut module = match parsed.syntax() {
        Mod::Module(tree) => reader::module(&tree.body, keeps_call),
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
    fn text_that_is_deeper_than_python_allows_is_not_parsed() {
        for part in ["[", "(", "-", "not ", "lambda:", "a if b else ", "2**"] {
            let source = format!("app = 1\nx = {}", part.repeat(10_000));
            assert_eq!(read(source.as_bytes()), Module { broken: true, ..Module::default() }, "{part}");
        }
        let table = "app = [\n".to_owned() + &"    (-1, {'a': not x}),\n".repeat(10_000) + "]\n";
        assert!(read(table.as_bytes()).binds("app"));
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
