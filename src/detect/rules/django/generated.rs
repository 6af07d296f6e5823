//! `wsgi.py` as `django-admin startproject` writes it: known by its lines, which takes a tenth of what parsing does.
//! Most projects never touch it.

/// What every version of Django has written, each once.
const IMPORTS: [&str; 2] = ["import os", "from django.core.wsgi import get_wsgi_application"];
const BINDING: &str = "application = get_wsgi_application()";
const SETTINGS: (&str, &str) = ("os.environ.setdefault(", ")");

/// The settings module that a generated `wsgi.py` names. `None` where one line is another than Django writes: that is
/// for the parser to read.
pub(super) fn settings_module(text: &str) -> Option<&str> {
    let (imports, statements): (Vec<_>, Vec<_>) =
        code_lines(text)?.into_iter().partition(|line| IMPORTS.contains(line));
    let [settings, BINDING] = statements.as_slice() else { return None };
    let is_usual = IMPORTS.iter().all(|import| imports.contains(import));
    let arguments = settings.strip_prefix(SETTINGS.0)?.strip_suffix(SETTINGS.1)?;
    let (key, module) = arguments.split_once(',')?;
    let module = unquoted(module.trim())?;
    (is_usual && unquoted(key)? == "DJANGO_SETTINGS_MODULE" && is_dotted(module)).then_some(module)
}

/// The lines that are neither empty nor a comment nor the description at the top. `None` where that is not told apart
/// by looking at whole lines.
fn code_lines(text: &str) -> Option<Vec<&str>> {
    const FENCE: &str = "\"\"\"";
    let described = match text.strip_prefix(FENCE) {
        Some(rest) => rest.split_once(FENCE)?.1.strip_prefix(['\n', '\r'])?,
        None => text,
    };
    let lines = described.lines().map(str::trim_end);
    Some(lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect())
}

fn unquoted(word: &str) -> Option<&str> {
    ['"', '\''].iter().find_map(|quote| word.strip_prefix(*quote)?.strip_suffix(*quote))
}

fn is_dotted(module: &str) -> bool {
    module.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte)) && !module.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Django 5 writes it.
    const GENERATED: &str = r#""""
WSGI config for shop project.

It exposes the WSGI callable as a module-level variable named ``application``.
"""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

application = get_wsgi_application()
"#;

    #[test]
    fn a_generated_file_is_known_in_the_forms_of_all_versions() {
        let older = GENERATED.replace("import os\n\nfrom", "# a comment\nimport os\r\nfrom").replace("(\"DJ", "('DJ");
        let older = older.replace("MODULE\", \"shop.settings\"", "MODULE', 'shop.settings'");
        let without_description = GENERATED.rsplit_once("\"\"\"\n").unwrap().1;
        for text in [GENERATED, &older, without_description] {
            assert_eq!(settings_module(text), Some("shop.settings"), "{text}");
        }
    }

    #[test]
    fn whatever_else_stands_in_it_is_left_to_the_parser() {
        let changes = [
            (
                "application = get_wsgi_application()\n",
                "application = get_wsgi_application()\napplication = More(application)\n",
            ),
            ("application = get_wsgi_application()\n", "application = More(get_wsgi_application())\n"),
            ("application = get_wsgi_application()\n", "app = get_wsgi_application()\n"),
            ("application = get_wsgi_application()\n", ""),
            ("import os\n", ""),
            ("import os\n", "import os, sys\n"),
            ("from django.core.wsgi import get_wsgi_application\n", "from mine import get_wsgi_application\n"),
            ("os.environ.setdefault(", "    os.environ.setdefault("),
            ("\"shop.settings\"", "os.environ[\"S\"]"),
            ("\"shop.settings\"", "\"shop.\" + \"settings\""),
            ("\"shop.settings\"", "\"\""),
            ("DJANGO_SETTINGS_MODULE", "SHOP_SETTINGS_MODULE"),
            ("\"\"\"\n\nimport", "\"\"\" + str(\n\nimport"),
            ("\"\"\"\n\nimport", "\n\nimport"),
        ];
        for (from, to) in changes {
            let text = GENERATED.replace(from, to);
            assert_ne!(text, GENERATED, "{from}");
            assert_eq!(settings_module(&text), None, "{text}");
        }
    }
}
