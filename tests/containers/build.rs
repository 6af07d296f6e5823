//! The target `build`: an app whose package needs a compiler is built in it and served by the small image.

use std::process::Command;

use crate::docker::{Container, docker};
use crate::images::{classic_builder, images, root};
use crate::site::Site;
use crate::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![test("a_package_is_compiled_in_one_image_and_served_in_another", compiled_and_served)]
}

fn built(docker: &mut Command) -> String {
    let output = docker.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn compiled_and_served() {
    let mut target = classic_builder();
    target.args(["--target", "build", "--build-arg", &format!("PYTHON_IMAGE={}", images().python)]);
    target.args(["--build-arg", &format!("BINARY={}", images().binary)]).arg(root());
    let build = built(&mut target);
    let app = "import setproctitle\n\n\ndef app(environ, start_response):\n    start_response('200 OK', [])\n    \
               return [setproctitle.__name__.encode()]\n";
    let dockerfile = format!(
        "FROM {build} AS build\nCOPY app.py requirements.txt ./\nRUN pystart build\nFROM {}\n\
         COPY --from=build /home/site/wwwroot .\n",
        images().runtime
    );
    let site = Site::new(&[
        ("app.py", app),
        ("requirements.txt", "--no-binary setproctitle\nsetproctitle==1.3.4\n"),
        ("Dockerfile", &dockerfile),
    ]);
    let image = built(classic_builder().arg(site.folder()));
    let container = Container::start(&[], &image, &[]);
    assert_eq!(container.first_200(), "setproctitle");
    let found =
        container.exec_text(&["sh", "-c", "command -v gcc uv; ls antenv/lib/*/site-packages/setproctitle/*.so"]);
    assert!(found.starts_with("antenv/lib/") && found.lines().count() == 1, "{found}");
    drop(container);
    docker(&["rmi", "--force", &image]);
}
