//! Procfiles as people write them.

use super::{FASTAPI, FLASK, G, Row, check, decided, told};

#[test]
fn a_procfile_is_read_however_it_is_written() {
    let sh = |line: &str| format!("declared: /bin/sh -c {line} sh");
    let (cd, bind, comment, export) = (
        sh("cd src && gunicorn main:app"),
        sh("gunicorn main:app --bind 0.0.0.0:${PORT:-8000}"),
        sh("server --x # the site"),
        sh("export A=1; exec gunicorn main:app"),
    );
    let app = ("main.py", FLASK);
    let web = |text: &'static str| [("Procfile", text), app];
    let rows: &[Row] = &[
        ("a byte order mark", G, &web("\u{feff}web: server --x\n"), &[], "declared: server --x"),
        ("a comment in front", G, &web("# web: no\n\nweb: server --x\n"), &[], "declared: server --x"),
        ("a comment behind", G, &web("web: server --x # the site\n"), &[], &comment),
        ("blanks", G, &web("  web :   server --x  \n"), &[], "declared: server --x"),
        ("no line end", G, &web("worker: x\nweb: server --x"), &[], "declared: server --x"),
        ("quotes", G, &web("web: server --name 'my site' \"--x\"\n"), &[], "declared: server --name my site --x"),
        ("a variable in front", G, &web("web: A=1 server --x\n"), &[], "declared: server --x"),
        ("a folder", G, &web("web: cd src && gunicorn main:app\n"), &[], &cd),
        ("a default", G, &web("web: gunicorn main:app --bind 0.0.0.0:${PORT:-8000}\n"), &[], &bind),
        ("several commands", G, &web("web: export A=1; exec gunicorn main:app\n"), &[], &export),
        (
            "a script",
            G,
            &[("Procfile", "web: sh start.sh\n"), ("start.sh", "server\n"), app],
            &[],
            "declared: sh start.sh",
        ),
        (
            "a script with Windows line ends",
            G,
            &[("Procfile", "web: sh start.sh x\r\n"), ("start.sh", "server\r\n"), app],
            &[],
            "declared: /bin/sh -c server\n /site/start.sh x",
        ),
        (
            "a script by itself",
            G,
            &[("Procfile", "web: ./start.sh\n"), ("start.sh", "server\n"), app],
            &[],
            "declared: /bin/sh /site/./start.sh",
        ),
        (
            "a Python file",
            G,
            &[("Procfile", "web: python3 run.py\n"), ("run.py", ""), app],
            &[],
            "declared: python3 run.py",
        ),
        (
            "gunicorn as a module",
            G,
            &web("web: python3 -m gunicorn main:app\n"),
            &[],
            "declared: python3 -m gunicorn main:app",
        ),
        ("only a worker", G, &web("worker: server --x\n"), &[], "other: main:app"),
        ("a quote that is not closed", G, &web("web: server 'x\n"), &[], "other: main:app"),
        ("a folder in place of the file", G, &[("Procfile/x", ""), app], &[], "other: main:app"),
        (
            "poetry that is not there",
            G,
            &web("web: poetry run gunicorn main:app\n"),
            &[],
            "declared: gunicorn main:app",
        ),
        ("pipenv that is not there", G, &web("web: pipenv run server --x\n"), &[], "declared: server --x"),
        ("uv that is not there", G, &web("web: A=1 uv run --frozen -- server --x\n"), &[], "declared: server --x"),
        ("a tool that is not there for a shell", G, &web("web: cd src && poetry run gunicorn main:app\n"), &[], &cd),
        (
            "a tool that is not there, strictly",
            G,
            &web("web: poetry run server\n"),
            &[("PYSTART_STRICT", "1")],
            "declared: 127 `poetry` was not found, neither in `/site` nor on PATH",
        ),
        ("a tool that runs nothing", G, &web("web: poetry run\n"), &[], "other: main:app"),
    ];
    check(rows);
}

#[test]
fn a_custom_command_does_without_a_tool_that_is_not_there_too() {
    for words in [&["poetry", "run", "server", "--x"][..], &["poetry run server --x"], &["A=1 poetry run server --x"]] {
        let words: Vec<&str> = ["--"].iter().chain(words).copied().collect();
        let decision = decided(G, &[("main.py", FASTAPI)], &[], &words);
        assert_eq!(told(&decision), "custom: server --x", "{words:?}");
        let notices: Vec<_> = decision.notices.iter().map(|notice| notice.message.as_str()).collect();
        assert!(notices.iter().any(|notice| notice.starts_with("`poetry` is not installed: ")), "{notices:?}");
    }
    let there = decided(&["gunicorn", "poetry"], &[], &[], &["--", "poetry", "run", "server"]);
    assert_eq!(told(&there), "custom: poetry run server");
}

#[test]
fn what_a_procfile_serves_is_known_where_its_words_tell() {
    for (text, files, target, folder) in [
        ("web: gunicorn a.b:c\n", None, Some("a.b:c"), "/site"),
        ("web: flask db upgrade; gunicorn a:b\n", None, Some("a:b"), "/site"),
        ("web: cd src;gunicorn a:b\n", None, Some("a:b"), "/site/src"),
        ("web: newrelic-admin run-program gunicorn shop.wsgi\n", None, Some("shop.wsgi:application"), "/site"),
        ("web: sh start.sh\n", Some("cd web\nexec gunicorn a:b\n"), Some("a:b"), "/site/web"),
        ("web: ./start.sh\n", Some("#!/bin/sh\nuvicorn a:b\n"), Some("a:b"), "/site"),
        ("web: cd $APP && gunicorn a:b\n", None, None, "/site"),
        ("web: server a:b\n", None, None, "/site"),
    ] {
        let files: Vec<_> = [("Procfile", text)].into_iter().chain(files.map(|text| ("start.sh", text))).collect();
        let packages = ["gunicorn", "newrelic-admin"];
        let decision = decided(&packages, &files, &[], &[]);
        assert_eq!((decision.target.as_deref(), decision.folder.to_str()), (target, Some(folder)), "{text}");
    }
}
