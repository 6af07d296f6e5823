//! HTTPS detection: on the platform the front end's header is believed, elsewhere it is not.

use crate::docker::Container;
use crate::images::{antenv, images};
use crate::site::{ROOT, Site};
use crate::{Test, http, test};

const FORWARDED: &str = "X-Forwarded-Proto: https\r\n";
const FLASK: &str = "from flask import Flask, request\napp = Flask(__name__)\n\n@app.route('/')\ndef home():\n    \
                     return f'{request.is_secure} {request.headers.get(\"X-Forwarded-Proto\")}'\n";
const DJANGO: [(&str, &str); 3] = [
    ("mysite/__init__.py", ""),
    (
        "mysite/wsgi.py",
        "import os\nfrom django.core.wsgi import get_wsgi_application\n\
         os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')\napplication = get_wsgi_application()\n",
    ),
    (
        "mysite/settings.py",
        "from django.http import HttpResponse\nfrom django.urls import path\nSECRET_KEY = 'x'\nALLOWED_HOSTS = ['*']\n\
         ROOT_URLCONF = __name__\nWSGI_APPLICATION = 'mysite.wsgi.application'\n\
         SECURE_PROXY_SSL_HEADER = ('HTTP_X_FORWARDED_PROTO', 'https')\n\
         urlpatterns = [path('', lambda request: HttpResponse(str(request.is_secure())))]\n",
    ),
];

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("on_the_platform_flask_sees_https", || assert_eq!(flask(true, FORWARDED), "True https")),
        test("on_the_platform_plain_http_stays_http", || assert_eq!(flask(true, ""), "False None")),
        test("elsewhere_a_spoofed_header_changes_nothing", || assert_eq!(flask(false, FORWARDED), "False https")),
        test("on_the_platform_django_sees_https_with_its_documented_setting", django),
    ]
}

fn flask(on_the_platform: bool, header: &str) -> String {
    let site = Site::new(&[("app.py", FLASK)]);
    let mount = site.mount();
    let mut options = vec!["--volume", &mount];
    if on_the_platform {
        options.extend(["--env", "WEBSITE_HOSTNAME=example.azurewebsites.net"]);
    }
    let container = Container::start(&options, &images().runtime, &[]);
    container.first_200();
    http::request(container.published(8000), "GET", "/", header, "").unwrap().body
}

fn django() {
    let site = Site::new(&DJANGO);
    site.write("antenv/.keep", "");
    let (mount, environment) = (site.mount(), format!("{}:{ROOT}/antenv:ro", antenv().display()));
    let variable = "WEBSITE_SITE_NAME=example";
    let options = ["--volume", &mount, "--volume", &environment, "--env", variable];
    let container = Container::start(&options, &images().runtime, &[]);
    assert_eq!(container.first_200(), "False");
    let port = container.published(8000);
    assert_eq!(http::request(port, "GET", "/", FORWARDED, "").unwrap().body, "True");
}
