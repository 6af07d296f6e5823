"""gunicorn's access log, one JSON object to a line, whatever a client sends.

gunicorn's own format puts a backslash before quotes and nothing else, so that a client could end a string and forge
fields. Here every value goes through `json`, as ASCII: no quote, line end or control character gets into a line as it
is. Every value has a bound, so that a line is written to a pipe whole (PIPE_BUF is 4096 bytes) and two processes
cannot mix theirs.

What other servers than gunicorn's own workers log through the same handler is understood as well: that of uvicorn's
worker class and of aiohttp's. Works from Python 3.5 and gunicorn 20.0 on.
"""
import json
import logging
import time

from gunicorn import glogging

# The most characters of each text as JSON; those of one line, its names and its numbers are less than 4096 together.
LIMITS = {"remote": 100, "method": 50, "target": 1500, "protocol": 20, "referer": 800, "user_agent": 800,
          "message": 3000}
NUMBERS = ("status", "bytes", "duration_us")

LONGEST_ESCAPE = len("\\ud83d\\ude00")


def bounded(value, most):
    """A text that is at most `most` characters long as JSON, its quotes left out; `None` for what is not there."""
    if value is None or value == "-":
        return None
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    value = str(value)[:most]
    try:
        # What a server takes from a request is Latin-1 (PEP 3333); most clients mean UTF-8.
        value = value.encode("latin-1").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        # A lone surrogate is no text in any encoding.
        value = value.encode("utf-8", "backslashreplace").decode("utf-8")
    value = value[:most]
    return value if len(json.dumps(value)) <= most + 2 else value[: most // LONGEST_ESCAPE]


def number(value):
    """A whole number, or `None`."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def of_gunicorn(atoms):
    """From the values that gunicorn formats its own line with."""
    return {
        "remote": atoms.get("h"),
        "method": atoms.get("m"),
        "target": atoms.get("{raw_uri}e", atoms.get("U")),
        "protocol": atoms.get("H"),
        "status": atoms.get("s"),
        "bytes": atoms.get("B"),
        "duration_us": atoms.get("D"),
        "referer": atoms.get("f"),
        "user_agent": atoms.get("a"),
    }


def of_uvicorn(arguments):
    """From the arguments of its line: address, method, target, version, status."""
    remote, method, target, version, status = arguments
    return {"remote": remote, "method": method, "target": target, "protocol": "HTTP/%s" % version, "status": status}


def of_aiohttp(record):
    """From what aiohttp adds to a record for the formats that gunicorn has by default."""
    line = record.first_request_line.split(" ")
    headers = getattr(record, "request_header", {})
    return {
        "remote": getattr(record, "remote_address", None),
        "method": line[0],
        "target": " ".join(line[1:-1]),
        "protocol": line[-1],
        "status": getattr(record, "response_status", None),
        "bytes": getattr(record, "response_size", None),
        "referer": headers.get("Referer"),
        "user_agent": headers.get("User-Agent"),
    }


class Formatter(logging.Formatter):
    """A record of the access log as a line of JSON."""

    def format(self, record):
        if isinstance(record.args, dict):
            request = of_gunicorn(record.args)
        elif isinstance(record.args, tuple) and len(record.args) == 5:
            request = of_uvicorn(record.args)
        elif hasattr(record, "first_request_line"):
            request = of_aiohttp(record)
        else:
            request = {"message": record.getMessage()}
        second = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {"timestamp": "%s.%03dZ" % (second, record.msecs), "pid": record.process}
        for name, value in request.items():
            value = number(value) if name in NUMBERS else bounded(value, LIMITS[name])
            if value is not None:
                line[name] = value
        return json.dumps(line)


class Logger(glogging.Logger):
    """gunicorn's logger, with this format for the access log."""

    # The values as they are: quotes are escaped once, in the formatter.
    atoms_wrapper_class = dict

    def setup(self, cfg):
        super().setup(cfg)
        for handler in self.access_log.handlers:
            # To a stream or a file; a line for syslog has a beginning of its own.
            if isinstance(handler, logging.StreamHandler):
                handler.setFormatter(Formatter())
