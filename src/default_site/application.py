"""The default site: the page that is served when there is no app to start.

Plain WSGI and the standard library alone, so that it runs on every Python the image can hold (3.8 and newer).
Everything is put together once, at import; a request only picks an answer.
"""

import base64
import hashlib
import os
import platform
from html import escape
from http import HTTPStatus

FOLDER = os.path.dirname(os.path.abspath(__file__))


def read(name):
    """The text of one of the files beside this one."""
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return file.read()


def searched_folder():
    """The folder in which no app was found, as text; the launcher says it, by hand it is the platform's."""
    folder = os.environb.get(b"PYSTART_SEARCHED_FOLDER") or b"/home/site/wwwroot"
    return folder.decode("utf-8", "replace")


def documentation():
    """Where the documentation is, as HTML: the launcher knows, once it has a home."""
    address = os.environ.get("PYSTART_DOCUMENTATION", "")
    if address.startswith("https://"):
        return '<a href="{}" rel="noreferrer">Documentation: how the app is found and started</a>'.format(escape(address))
    return "Documentation: <code>pystart --help</code> in the container, and <code>docs/</code> of pystart."


STYLE = read("style.css")
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

HEADERS = [
    ("Content-Type", "text/html; charset=utf-8"),
    # The next request may be for the app that has been deployed meanwhile.
    ("Cache-Control", "no-store"),
    # The page needs its own style and the icon inside it, nothing else.
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'sha256-" + STYLE_HASH + "'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    # Nothing here is for a search engine.
    ("X-Robots-Tag", "noindex"),
]


def page(template, **values):
    """A page as bytes: `{{name}}` in the template becomes the value of that name."""
    text = read(template).replace("{{style}}", STYLE).replace("{{documentation}}", documentation())
    for name, value in values.items():
        text = text.replace("{{" + name + "}}", escape(value))
    return text.encode("utf-8")


def answer(status, body, *more_headers):
    """What `start_response` takes, and the body."""
    line = "{} {}".format(status.value, status.phrase)
    return line, HEADERS + [("Content-Length", str(len(body)))] + list(more_headers), body


WELCOME = answer(HTTPStatus.OK, page("welcome.html", python=platform.python_version(), folder=searched_folder()))
NOT_FOUND = answer(
    HTTPStatus.NOT_FOUND,
    page(
        "notice.html",
        title="Not found",
        text="No web app was found when this container started, so there is only one page here.",
    ),
)
NOT_ALLOWED = answer(
    HTTPStatus.METHOD_NOT_ALLOWED,
    page(
        "notice.html",
        title="Method not allowed",
        text="No web app was found when this container started. Its one page can only be read.",
    ),
    ("Allow", "GET, HEAD"),
)


def app(environ, start_response):
    """The WSGI application."""
    method = environ.get("REQUEST_METHOD", "GET")
    if method not in ("GET", "HEAD"):
        status, headers, body = NOT_ALLOWED
    elif environ.get("PATH_INFO", "") in ("", "/"):
        status, headers, body = WELCOME
    else:
        status, headers, body = NOT_FOUND
    start_response(status, list(headers))
    return [] if method == "HEAD" else [body]
