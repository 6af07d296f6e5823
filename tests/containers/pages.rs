//! The Dockerfiles and the calls of `docker` that the documentation shows, with the images under test for those that it
//! names. Each has to serve the app that docs/install.md makes.

#[path = "../docs/pages.rs"]
#[allow(dead_code, reason = "the tests of the documentation read more of a page")]
mod markdown;

use std::process::Command;

use crate::commands::by;
use crate::docker::{Container, docker, until};
use crate::images::{self, classic_builder, images, root};
use crate::site::{DEFAULT_SITE, Site};
use crate::{Test, http, succeed, test};
use markdown::pages;

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("every_dockerfile_of_the_pages_serves_the_app", dockerfiles),
        test("every_call_of_docker_does_what_the_pages_say", commands),
    ]
}

/// Its base is the target `build`, which `build::` makes and uses in the same three lines.
const BUILT_ELSEWHERE: &str = "FROM pystart:build ";

/// The first lines that a newcomer types: they make an app in the folder `hello`.
fn hello() -> Site {
    let site = Site::empty();
    let all = pages();
    let page = all.iter().find(|page| page.path.ends_with("install.md")).expect("the page is there");
    let blocks = page.blocks();
    let typed = &blocks.iter().find(|block| block.language == "sh").expect("it begins with a block for a shell").lines;
    assert_eq!(typed[0], "mkdir hello && cd hello");
    succeed(Command::new("sh").args(["-ec", &typed[1..].join("\n")]).current_dir(site.folder()));
    site
}

fn dockerfiles() {
    let all = pages();
    let blocks = all.iter().flat_map(|page| page.blocks().into_iter().map(|block| (page.path.clone(), block)));
    let mut served = 0;
    for (path, block) in blocks.filter(|(_, block)| block.language == "dockerfile") {
        let text = block.lines.join("\n") + "\n";
        if text.starts_with(BUILT_ELSEWHERE) {
            continue;
        }
        let text = text.replace("FROM pystart\n", &format!("FROM {}\n", images().runtime));
        let text = text.replace("FROM python:3.13-slim\n", &format!("FROM {}\n", images().python));
        let text = text.replace("--from=pystart:binary ", &format!("--from={} ", images().binary));
        assert!(text.contains("FROM pystart-test/"), "{}: another base\n{text}", path.display());
        let site = hello();
        site.write("Dockerfile", &text);
        let id = succeed(classic_builder().arg(site.folder()));
        let container = Container::start(&[], &id, &[]);
        assert_eq!(container.first_200(), "Hello\n", "{}", path.display());
        drop(container);
        docker(&["rmi", "--force", &id]);
        served += 1;
    }
    assert!(served >= 3, "{served}");
}

/// Every call of `docker` that the pages show, in the order of the list, and what has to come of it.
fn commands() {
    let mut count = 0;
    for typed in by("tests/containers/pages.rs::commands") {
        match typed.split_whitespace().nth(1) {
            Some("build") => builds(typed),
            Some("run") => runs(typed),
            _ => panic!("neither built nor run: {typed}"),
        }
        count += 1;
    }
    assert!(count >= 10, "{count}");
}

/// In the checkout, on the stand-ins, under a name of the tests.
fn builds(typed: &str) {
    let name = format!("pystart-test/page:{}", std::process::id());
    let mut words = typed.split_whitespace().skip(2);
    let mut build = images::from_checkout();
    while let Some(word) = words.next() {
        match word {
            "-t" | "--tag" => {
                assert!(words.next().is_some_and(|name| name.starts_with("pystart")), "{typed}");
                build.args(["--tag", &name]);
            }
            "." => _ = build.arg(root()),
            word => _ = build.arg(word),
        }
    }
    succeed(&mut build);
    let version = docker(&["run", "--rm", &name, "--version"]);
    docker(&["rmi", &name]);
    assert!(version.starts_with(concat!("pystart ", env!("CARGO_PKG_VERSION"), " (")), "{typed}: {version}");
}

/// In the folder of the app, by a shell; with the image under test, on a free port, in the background.
fn runs(typed: &str) {
    let site = if typed.contains("/examples/flask:") { examples() } else { hello() };
    let port = crate::ports::free_port();
    let container = Container::named();
    let volume = format!("pystart-test-cache-{}", std::process::id());
    let whole = format!("{typed} ");
    let (call, words) = whole.rsplit_once("pystart ").unwrap_or_else(|| panic!("another image: {typed}"));
    // The network of the host, for machines whose containers reach no index otherwise.
    let published = if call.contains("PYSTART_BUILD=1") {
        format!("--network host --env PORT={port} ")
    } else {
        format!("--publish 127.0.0.1:{port}:8000 ")
    };
    let mut line = call.replace("docker run ", &format!("docker run --detach --name {} ", container.name));
    for form in ["-p 8000:8000 ", "--publish 8000:8000 ", "--publish 127.0.0.1:8000:8000 "] {
        line = line.replace(form, &published);
    }
    let line = line.replace("-v pystart-cache:", &format!("-v {volume}:")) + &images().runtime + " " + words;
    succeed(Command::new("sh").args(["-ec", &line]).current_dir(site.folder()));
    if words.trim() == "explain" {
        assert_eq!(container.wait(), 0);
        assert!(container.logs().contains("pystart would start a Flask app"), "{}", container.logs());
        return;
    }
    let page = until("the app", || {
        assert!(container.is_running(), "{typed}\n{}", container.logs());
        http::get(port, "/").ok().filter(|answer| answer.status == 200).map(|answer| answer.body)
    });
    if !typed.contains("$PWD") {
        assert!(page.contains(DEFAULT_SITE), "{typed}: {page}");
    } else if typed.contains("/examples/flask:") {
        assert_eq!(page, "Hello from Flask, started by pystart.\n", "{typed}");
    } else {
        assert_eq!(page, "Hello\n", "{typed}");
    }
    drop(container);
    if line.contains(&volume) {
        docker(&["volume", "rm", &volume]);
    }
}

/// A folder with the example that the README mounts.
fn examples() -> Site {
    let site = Site::empty();
    for name in ["examples/flask/app.py", "examples/flask/requirements.txt"] {
        site.write(name, &std::fs::read_to_string(root().join(name)).unwrap());
    }
    site
}
