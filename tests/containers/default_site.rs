//! The default site, served by the image's own gunicorn, and seen by a real browser where there is one.

use std::path::Path;
use std::process::Command;

use crate::docker::Container;
use crate::http::{self, Answer};
use crate::images::images;
use crate::{Test, program, test, test_with};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("the_page_is_small_and_self_contained", page),
        test("head_has_the_headers_of_get_and_no_body", head),
        test("every_other_path_is_404_and_every_other_method_405", other_requests),
        test("every_answer_has_the_security_headers", headers),
        test("nothing_private_is_shown", nothing_private),
        test("its_files_cannot_be_written_to", read_only),
        // Debian's name, then those of other systems.
        test_with(
            program(&["chromium", "chromium-browser", "google-chrome"]),
            "a_browser_shows_both_themes_and_finds_nothing_to_refuse",
            seen_in,
        ),
    ]
}

fn start() -> (Container, u16) {
    let container = Container::start(&["--env", "SECRET_SETTING=hunter2"], &images().runtime, &[]);
    container.first_200();
    let port = container.published(8000);
    (container, port)
}

fn ask(port: u16, method: &str, path: &str) -> Answer {
    http::request(port, method, path, "", "").unwrap()
}

fn page() {
    let (container, port) = start();
    let answer = ask(port, "GET", "/");
    assert_eq!(answer.status, 200);
    assert!(answer.body.len() < 30_000, "{}", answer.body.len());
    assert_eq!(answer.header("Content-Length"), Some(answer.body.len().to_string().as_str()));
    assert_eq!(answer.header("Content-Type"), Some("text/html; charset=utf-8"));
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    let version = container.exec_text(&["python3", "-c", "import platform; print(platform.python_version())"]);
    for expected in [
        version.trim(),
        "lang=\"en\"",
        "name=\"viewport\"",
        "<header",
        "<main",
        "<footer",
        "pystart</b> explain",
        "application.py",
        "wsgi.py",
        "PYSTART_COMMAND",
        "PYSTART_BUILD=1",
        "restart the container",
        "pip install -r requirements.txt",
        "Container is up",
        "pystart --help",
    ] {
        assert!(answer.body.contains(expected), "no {expected:?}");
    }
    for remote in ["src=", "@import", "url(", "<script", "//fonts", "{{"] {
        assert!(!answer.body.contains(remote), "{remote:?} would fetch or run something");
    }
}

fn head() {
    let (_container, port) = start();
    let (get, head) = (ask(port, "GET", "/"), ask(port, "HEAD", "/"));
    let without_date =
        |answer: &Answer| answer.head.lines().filter(|line| !line.starts_with("Date:")).collect::<Vec<_>>().join("\n");
    assert_eq!(without_date(&head), without_date(&get));
    assert_eq!(head.body, "");
}

fn other_requests() {
    let (_container, port) = start();
    for path in ["/index.html", "/robots933456.txt", "/favicon.ico", "//", "/%2e%2e/etc/passwd"] {
        assert_eq!(ask(port, "GET", path).status, 404, "{path}");
    }
    assert_eq!(ask(port, "GET", "/?utm=1").status, 200);
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let answer = ask(port, method, "/");
        assert_eq!((answer.status, answer.header("Allow")), (405, Some("GET, HEAD")), "{method}");
    }
    assert_eq!(http::request(port, "POST", "/", "", "a=b").unwrap().status, 405);
}

fn headers() {
    let (_container, port) = start();
    for (method, path) in [("GET", "/"), ("HEAD", "/"), ("GET", "/nothing"), ("POST", "/")] {
        let answer = ask(port, method, path);
        let policy = answer.header("Content-Security-Policy").unwrap_or_default();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{method} {path}: {policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Frame-Options", "DENY"),
            ("Cache-Control", "no-store"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{method} {path}");
        }
    }
}

fn nothing_private() {
    let (container, port) = start();
    let host_name = container.exec_text(&["hostname"]);
    for (method, path) in [("GET", "/"), ("GET", "/nothing/hunter3"), ("POST", "/")] {
        let answer = ask(port, method, path);
        let text = answer.head + &answer.body;
        for secret in ["hunter", host_name.trim(), "/opt/", "SECRET_SETTING", "/usr/"] {
            assert!(!text.contains(secret), "{method} {path} shows {secret:?}");
        }
    }
}

fn read_only() {
    let (container, _) = start();
    let user = ["sh", "-c", "find /opt/defaultsite -perm /222"];
    assert_eq!(container.exec_text(&user), "");
}

fn seen_in(browser: &str) {
    let (_container, port) = start();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("browser-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let shot = |theme: u8, width: u16| {
        let file = folder.join(format!("{theme}-{width}.png"));
        let output = Command::new(browser)
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--enable-logging=stderr",
                "--v=0",
            ])
            .arg(format!("--user-data-dir={}", folder.join("profile").display()))
            .arg(format!("--blink-settings=preferredColorScheme={theme}"))
            .arg(format!("--window-size={width},1000"))
            .arg(format!("--screenshot={}", file.display()))
            .arg(format!("http://127.0.0.1:{port}/"))
            .output()
            .unwrap();
        let console = String::from_utf8_lossy(&output.stderr).into_owned();
        // What the page's own policy refuses, and what the page lacks, is told on the console.
        assert!(!console.contains("CONSOLE"), "{console}");
        std::fs::read(&file).unwrap_or_else(|error| panic!("{error}: {console}"))
    };
    for width in [1280, 768, 390] {
        // Only the page's style knows about themes: were it refused, both would be the same.
        assert_ne!(shot(0, width), shot(1, width), "{width} pixels wide");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
