//! Half a mebibyte of Python that is deep, or that asks for a copy of something long for each of its letters.
//!
//! The bounds are those of a debug build: several times what a release takes, and far below what any of these takes where
//! the work or the memory grows with the square of the file. What a release takes is measured in `docs/testing.md`.

use std::fs;

use super::{Root, bounded, explain};

const LENGTH: usize = pystart::files::READ_LIMIT;

/// `head`, as many `part`s as fit, `tail`.
fn filled(head: &str, part: &str, tail: &str) -> String {
    let count = (LENGTH - head.len() - tail.len()) / part.len();
    format!("{head}{}{tail}", part.repeat(count))
}

/// Half of the file `part`s in front of a long tail.
fn half(part: &str, open: &str, filling: &str, close: &str) -> String {
    filled(&format!("{}{open}", part.repeat(LENGTH / 2 / part.len())), filling, close)
}

fn numbered(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

fn sources() -> Vec<(&'static str, String)> {
    vec![
        ("brackets", filled("x = ", "[", "")),
        ("signs", filled("x = ", "-", "a")),
        ("sums", filled("x = ", "a+", "a")),
        ("dots", filled("x = a", ".a", "")),
        ("calls", filled("x = a", "()", "")),
        ("alternatives of a pattern", filled("match (", "a|", "a):\n case 1: pass\n")),
        ("with items", filled("with (", "a|", "a)|a: pass\n")),
        ("a keyword", filled("f(", "a.", "a=1)")),
        ("a base", filled("class A(", "a.", "a=1): pass\n")),
        ("a class pattern", filled("match x:\n case A(", "a.", "a=1): pass\n")),
        ("as deep as is parsed", format!("x = {}a{}\n", "(".repeat(9_900), ")".repeat(9_900))),
        ("as many tokens as are parsed", filled("x = [", "'a b',", "]")),
        ("a string for many names", half("a=", "\"", "x", "\"")),
        ("a string for many items", half("a,a,=", "\"", "x", "\"")),
        ("a tuple for many names", half("a=", "(", "1,", ")")),
        ("a call for many names", half("a=", "f(", "1,", ")")),
        ("names of a with", format!("with \"{}\" as ({}): pass\n", "x".repeat(262_000), "a,".repeat(90_000))),
        ("an import of a long name", filled(&format!("from {} import ", "m".repeat(4000)), "a,", "a")),
        ("an import of many names", format!("from m import {}a\n", numbered(60_000, |name| format!("n{name},")))),
        ("bindings", numbered(25_000, |name| format!("app{name} = Flask()\n"))),
        ("a chain", numbered(20_000, |name| format!("app{} = app{name}\n", name + 1)) + "app = app20000\n"),
        ("one name", filled("", "app = f(app)\n", "")),
        (
            "globals",
            format!(
                "def f():\n global {}a\n{}f()\n",
                numbered(18_000, |name| format!("g{name},")),
                numbered(18_000, |name| format!(" g{name} = 1\n"))
            ),
        ),
        ("functions with a global", numbered(11_000, |name| format!("def f{name}():\n global a\n a = 1\nf{name}()\n"))),
        ("errors", filled("", "a=)(\n", "")),
        ("zeros", "\0".repeat(LENGTH)),
    ]
}

#[test]
fn no_file_takes_long_or_much_memory() {
    for (name, source) in sources() {
        assert!(source.len() <= LENGTH, "{name}");
        let root = Root::new();
        fs::write(root.0.join("app.py"), source).unwrap();
        let output = bounded(&mut explain(&root.0), 10, 400);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{name}: {} {}", output.status, String::from_utf8_lossy(&output.stderr));
        assert!(text.contains("app.py"), "{name}: {text}");
    }
}

/// Every file that a search reads, each half a mebibyte of what takes longest: there are bounds on all of them together.
#[test]
fn a_folder_of_such_files_takes_no_longer_than_a_few() {
    let (_, source) = sources().into_iter().find(|(name, _)| *name == "a chain").unwrap();
    let root = Root::new();
    for number in 0..30 {
        let folder = root.0.join(format!("p{number}"));
        fs::create_dir(&folder).unwrap();
        for file in ["p/app.py", "p/wsgi.py", "p/__init__.py", "m.py"] {
            let file = file.replace("p/", &format!("p{number}/")).replace("m.", &format!("m{number}."));
            fs::write(root.0.join(file), &source).unwrap();
        }
    }
    let output = bounded(&mut explain(&root.0), 20, 400);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{} {}", output.status, String::from_utf8_lossy(&output.stderr));
    // One of them is more than what is parsed in all.
    assert!(text.contains("\n1 file was read"), "{text}");
    assert!(text.contains("is not parsed: 320 KiB of Python were parsed before it"), "{text}");
}

#[test]
fn what_is_not_parsed_is_said_to_be_so() {
    for (source, reason) in [
        (filled("x = ", "[", ""), "is not parsed: it is nested deeper than Python itself reads"),
        (filled("x = [", "1,", "]"), "is not parsed: it has more than 196,608 tokens"),
    ] {
        let root = Root::new();
        fs::write(root.0.join("main.py"), &source).unwrap();
        let output = bounded(&mut explain(&root.0), 10, 400);
        let text = String::from_utf8(output.stdout).unwrap();
        // The columns are as wide as the longest line wants them.
        let line = text.lines().find(|line| line.contains(" main.py ")).unwrap_or_default();
        assert!(line.contains("x main.py ") && line.ends_with(&format!("  {reason}")), "{text}");
        // The documented name is started all the same, and nobody says that it holds no app.
        fs::rename(root.0.join("main.py"), root.0.join("app.py")).unwrap();
        let output = bounded(&mut explain(&root.0), 10, 400);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(&format!("`app.py` {reason}; it is started as documented")), "{text}");
    }
}
