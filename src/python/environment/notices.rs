//! What is the matter with an environment, and what to do.

use super::{Minor, Origin, Python};
use crate::model::Notice;

impl Python<'_> {
    /// A build for another version of Python than the one that runs here, where no environment tells: `build` is the
    /// version that it was for, `3.12.3`.
    #[must_use]
    pub fn notice_of_build(&self, build: Option<&str>) -> Option<Notice> {
        let folder = self.package_folder.as_ref()?.file_name()?.display();
        let built_for = Minor::of_name(&format!("python{}", build?))?;
        let here = self.interpreter()?.minor.filter(|here| *here != built_for)?;
        Some(Notice {
            message: format!(
                "`{folder}` is for Python {built_for}, this image has {here}; packages with compiled parts will fail"
            ),
            hint: Some(format!("use an image with Python {built_for}, or build for {here}")),
        })
    }

    /// What is the matter with the environment, if anything.
    #[must_use]
    pub fn notice(&self) -> Option<Notice> {
        let environment = self.environment.as_ref()?;
        let fault = environment.fault.as_deref()?;
        let name = &environment.name;
        let image = self.image().and_then(|image| image.minor);
        let hint = Some(match environment.origin {
            Origin::Build | Origin::AppRoot => format!("build it in this image: `pystart build` makes `{name}` anew"),
            Origin::VirtualEnv => "make it in this image, or take `VIRTUAL_ENV` out".into(),
            Origin::Program => "make it in this image, or call another pystart".into(),
            Origin::SearchPath => format!("make it in this image, or take `{name}/bin` out of `PATH`"),
        });
        let message = match (environment.minors.first(), image) {
            (Some(own), Some(image)) if !environment.minors.contains(&image) => {
                format!("`{name}` is for Python {own}, this image has {image}; packages with compiled parts will fail")
            }
            // Moved, and all is well with the packages: worth a line of the reasoning, not a warning.
            (Some(_), Some(_)) => return None,
            _ => format!("the virtual environment `{name}` cannot be used: {fault}"),
        };
        Some(Notice { message, hint })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::scene::*;
    use super::*;

    #[test]
    fn another_minor_version_is_named() {
        let files = image()
            .file("/site/antenv/pyvenv.cfg", "")
            .empty("/site/antenv/lib/python3.9/site-packages")
            .dead_link("/site/antenv/bin/python", "/opt/python/3.9/bin/python3.9");
        let python = Python::find(&files, Path::new(ROOT), &environ(&[]));
        let message = python.notice().unwrap().message;
        assert!(message.starts_with("`antenv` is for Python 3.9, this image has 3.12"), "{message}");
        assert_eq!(python.lent_packages(), Some("/site/antenv/lib/python3.9/site-packages".into()));
    }

    #[test]
    fn without_a_version_that_fits_the_newest_is_named_and_lent() {
        let files = image()
            .empty("/site/antenv/lib/python3.11/site-packages")
            .empty("/site/antenv/lib/python3.10/site-packages")
            .empty("/site/antenv/lib/python3.9/site-packages");
        let python = Python::find(&files, Path::new(ROOT), &environ(&[]));
        assert_eq!(python.lent_packages(), Some("/site/antenv/lib/python3.11/site-packages".into()));
        assert!(python.notice().unwrap().message.contains("is for Python 3.11"));
    }

    #[test]
    fn the_way_out_depends_on_who_names_the_environment() {
        let files = |folder: &str| {
            image()
                .file(format!("{folder}/pyvenv.cfg"), "")
                .dead_link(format!("{folder}/bin/python3"), "/gone/python3")
                .dead_link(format!("{folder}/bin/python"), "/gone/python3")
        };
        for (folder, vars, part) in [
            ("/site/antenv", [("PATH", "/bin")], "`pystart build` makes `antenv` anew"),
            ("/opt/venv", [("VIRTUAL_ENV", "/opt/venv")], "take `VIRTUAL_ENV` out"),
            ("/opt/venv", [("PATH", "/opt/venv/bin:/bin")], "take `/opt/venv/bin` out of `PATH`"),
        ] {
            let vars = vars.into_iter().chain([("PATH", "/bin")]).collect();
            let notice = Python::find(&files(folder), Path::new(ROOT), &vars).notice().unwrap();
            assert!(notice.hint.as_ref().is_some_and(|hint| hint.contains(part)), "{notice:?}");
        }
    }
}
