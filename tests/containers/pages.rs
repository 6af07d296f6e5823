//! The Dockerfiles and the calls of `docker run` that the documentation shows, with the images under test for those that
//! it names. Each has to serve the app that docs/install.md makes.

#[path = "../docs/pages.rs"]
#[allow(dead_code, reason = "the tests of the documentation read more of a page")]
mod markdown;

use std::process::Command;

use crate::docker::{Container, docker};
use crate::images::{classic_builder, images};
use crate::site::Site;
use crate::{Test, succeed, test};
use markdown::pages;

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("every_dockerfile_of_the_pages_serves_the_app", dockerfiles),
        test("the_app_is_served_from_its_mounted_sources", mounted),
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

/// The one line of docs/install.md; the network of the host, for machines whose containers reach no index otherwise.
fn mounted() {
    let all = pages();
    let page = all.iter().find(|page| page.path.ends_with("install.md")).expect("the page is there");
    let line = "docker run --publish 8000:8000 --volume \"$PWD:/home/site/wwwroot\" --env PYSTART_BUILD=1 pystart";
    assert!(page.blocks().iter().any(|block| block.lines == [line]), "{line}");
    let site = hello();
    let port = crate::ports::free_port();
    let (volume, variable) = (site.mount_writable(), format!("PORT={port}"));
    let options = ["--network", "host", "--env", &variable, "--volume", &volume, "--env", "PYSTART_BUILD=1"];
    let container = Container::start_unpublished(&options, &images().runtime, &[]);
    let page = crate::docker::until("the app", || {
        assert!(container.is_running(), "{}", container.logs());
        crate::http::get(port, "/").ok().filter(|answer| answer.status == 200)
    });
    assert_eq!(page.body, "Hello\n");
}
