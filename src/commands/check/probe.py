# Loads a web app as gunicorn does, without binding a port, and tells what happened.
#
# Run as `python -c PROBE CHANNEL SECONDS PATH [GUNICORN ARGUMENT]...`. With a PATH the loaded app is asked for it, too, to
# learn why a site that runs answers with an error. CHANNEL is an open file descriptor; one JSON object
# a line goes there, as soon as a fact is known, so that a crash or a hang leaves what was known before it. Standard
# output and error belong to the app. Works from Python 3.5 on, and uses gunicorn's own command line parser and
# loader, so that every option, configuration file and GUNICORN_CMD_ARGS count as they do when the site starts.
import sys

FRAMES = 100
NAMES = 12
SERVERS_OF_WSGI = ("gunicorn.workers.sync", "gunicorn.workers.gthread", "gunicorn.workers.ggevent",
                   "gunicorn.workers.geventlet", "gunicorn.workers.gtornado")
SERVERS_OF_ASGI = ("uvicorn", "uvicorn_worker", "gunicorn.workers.gasgi")


class Stop(BaseException):
    """The failure was told; nothing else is to be done."""


class Channel(object):
    """The way back. What cannot be encoded is replaced, never lost."""

    def __init__(self, descriptor):
        import json
        import os
        self.descriptor, self.json, self.os = descriptor, json, os

    def tell(self, event, **facts):
        line = self.json.dumps({event: facts}) + "\n"
        data = line.encode("ascii")
        while data:
            data = data[self.os.write(self.descriptor, data):]


def text(value):
    return str(value).encode("utf-8", "replace").decode("utf-8")


def module_file(module):
    return text(getattr(module, "__file__", None) or getattr(module, "__path__", ""))


def frames_of(error):
    """Where it was raised: file, line, function and source, outermost first, without the frames of this probe."""
    import traceback
    frames = [[text(frame[0]), frame[1] or 0, text(frame[2]), text(frame[3] or "")]
              for frame in traceback.extract_tb(error.__traceback__)]
    return [frame for frame in frames if frame[0] != "<string>"][-FRAMES:]


def facts_of(error):
    kind = type(error)
    try:
        message = text(error)
    except Exception:
        message = "(its message cannot be printed)"
    facts = {"kind": kind.__name__, "home": text(kind.__module__), "message": message, "frames": frames_of(error)}
    if isinstance(error, ImportError) and error.name:
        facts["missing"] = text(error.name)
    if isinstance(error, SyntaxError):
        facts.update(message=text(error.msg), file=text(error.filename or ""), line=error.lineno or 0,
                     source=text(error.text or "").strip())
    return facts


def tell_failure(channel, stage, error):
    """The error and those behind it, the last one first."""
    chain, seen = [], set()
    while error is not None and id(error) not in seen and len(chain) < 4:
        seen.add(id(error))
        chain.append(facts_of(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    channel.tell("failure", stage=stage, chain=chain)


def interface_of(value):
    """`wsgi`, `asgi`, or `unknown` for what the signature does not tell."""
    import functools
    import inspect
    while isinstance(value, functools.partial):
        value = value.func
    if inspect.isclass(value):
        # A class that takes the scope (ASGI 2) or the two WSGI arguments: both are called the same way.
        return "unknown"
    if not inspect.isroutine(value):
        value = getattr(type(value), "__call__", None)
    if value is None:
        return "unknown"
    is_async = inspect.iscoroutinefunction(value)
    try:
        arguments = [argument for argument in inspect.signature(value).parameters.values()
                     if argument.kind in (argument.POSITIONAL_ONLY, argument.POSITIONAL_OR_KEYWORD)]
    except (TypeError, ValueError):
        return "asgi" if is_async else "unknown"
    if arguments and arguments[0].name == "self":
        del arguments[0]
    names = [argument.name for argument in arguments]
    if names == ["scope", "receive", "send"]:
        return "asgi"
    if is_async:
        # A coroutine function without arguments is a factory of aiohttp, whose worker class awaits it.
        return "asgi" if len(names) == 3 else "unknown"
    required = [argument for argument in arguments if argument.default is argument.empty]
    if len(required) <= 2 <= len(arguments):
        return "wsgi"
    return "unknown"


def candidates_in(module):
    """What could have been meant: apps first, then functions that make one, both by name."""
    import inspect
    apps, factories = [], []
    for name, value in sorted(vars(module).items()):
        if name.startswith("_") or inspect.isclass(value) or inspect.ismodule(value) or not callable(value):
            continue
        is_app = interface_of(value) != "unknown"
        if not inspect.isroutine(value):
            if is_app:
                apps.append(text(name))
        elif getattr(value, "__module__", None) == module.__name__:
            if is_app and inspect.signature(value).parameters.keys() & {"environ", "start_response", "scope"}:
                apps.append(text(name))
            elif "app" in name.lower():
                factories.append(text(name) + "()")
    return (apps + factories)[:NAMES]


def worker_facts(worker):
    home = worker.__module__
    for interface, servers in (("wsgi", SERVERS_OF_WSGI), ("asgi", SERVERS_OF_ASGI)):
        if any(home == server or home.startswith(server + ".") for server in servers):
            break
    else:
        interface = "unknown"
    return {"name": text(home + "." + worker.__name__), "interface": interface}


def get_wsgi(app, path):
    """The status of `GET path`."""
    from wsgiref.util import setup_testing_defaults
    path, _, query = path.partition("?")
    environ, told = {"PATH_INFO": path, "QUERY_STRING": query, "HTTP_HOST": "localhost", "HTTP_USER_AGENT": "pystart"}, []
    setup_testing_defaults(environ)

    def start_response(status, headers, exc_info=None):
        told.append((status, exc_info))
        return lambda data: None

    body = app(environ, start_response)
    try:
        for _ in body:
            pass
    finally:
        if hasattr(body, "close"):
            body.close()
    if told[-1][1] and told[-1][1][1]:
        raise told[-1][1][1]
    return int(told[-1][0].split(" ")[0])


def get_asgi(app, path):
    """The status of `GET path`, after the start that the app asks for."""
    import asyncio

    async def serve():
        told = []
        started, questions = asyncio.Event(), asyncio.Queue()

        async def tell(message):
            told.append(message)
            if message["type"].startswith("lifespan.startup"):
                started.set()

        async def life():
            try:
                await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, questions.get, tell)
            except Exception:
                # An app that has no such protocol says so by raising.
                pass
            started.set()

        task = asyncio.ensure_future(life())
        await questions.put({"type": "lifespan.startup"})
        await started.wait()
        asked = []

        async def receive():
            asked.append(True)
            if len(asked) > 1:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": b"", "more_body": False}

        scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
                 "path": path.partition("?")[0], "raw_path": path.encode(), "root_path": "",
                 "query_string": path.partition("?")[2].encode(), "headers": [(b"host", b"localhost")],
                 "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000), "state": {}}
        try:
            await app(scope, receive, tell)
        finally:
            task.cancel()
        return [message["status"] for message in told if message["type"] == "http.response.start"][-1]

    return asyncio.run(serve())


def bound_to_this_thread():
    """Connections to SQLite that modules hold and only the thread that made them may use, as name and file."""
    import threading
    sqlite3 = sys.modules.get("sqlite3")
    if sqlite3 is None:
        return []
    held = [(text(name), module_file(module), value) for module in list(sys.modules.values())
            for name, value in list(getattr(module, "__dict__", {}).items()) if isinstance(value, sqlite3.Connection)]
    unusable = []

    def use():
        unusable[:] = []
        for name, file, connection in held:
            try:
                connection.cursor()
            except sqlite3.ProgrammingError:
                unusable.append((name, file))

    # One that was closed is no matter of threads.
    use()
    closed = list(unusable)
    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    return [connection for connection in unusable if connection not in closed]


def ask(channel, app, interface, path):
    """Asks the app for `path`. Frameworks answer 500 for what was raised and give that to a logger: it is taken there."""
    import logging
    raised, handle = [], logging.Logger.handle

    def note(logger, record):
        if record.exc_info and isinstance(record.exc_info, tuple) and record.exc_info[1] is not None:
            raised.append(record.exc_info[1])
        return handle(logger, record)

    logging.Logger.handle = note
    try:
        channel.tell("answer", status=(get_asgi if interface == "asgi" else get_wsgi)(app, path))
    except Exception as error:
        raised.insert(0, error)
    if raised:
        raise raised[0]


def load(channel, stage, path):
    """Every step that gunicorn takes between its start and its first request, in its order."""
    import importlib
    import os

    stage("gunicorn")
    import gunicorn
    from gunicorn.app.wsgiapp import WSGIApplication
    channel.tell("gunicorn", version=text(gunicorn.__version__), file=module_file(gunicorn))

    class Loader(WSGIApplication):
        """Its own `do_load_config` prints an error and exits; the error is what we are here for."""

        def do_load_config(self):
            pass

    stage("settings")
    loader = Loader("%(prog)s [OPTIONS] [APP_MODULE]", prog="gunicorn")
    loader.load_default_config()
    loader.load_config()
    settings = loader.cfg
    if settings.pythonpath:
        for folder in settings.pythonpath.split(","):
            if os.path.abspath(folder) not in sys.path:
                sys.path.insert(0, os.path.abspath(folder))
    os.environ.update(settings.env)
    channel.tell("settings", app=text(loader.app_uri), folder=text(settings.chdir),
                 addresses=[text(address[0]) + ":" + text(address[1]) if isinstance(address, tuple) else text(address)
                            for address in settings.address])

    stage("worker")
    channel.tell("worker", **worker_facts(settings.worker_class))

    stage("module")
    module = None
    if getattr(settings, "paste", None) is None:
        name, _, expression = loader.app_uri.partition(":")
        module = importlib.import_module(name)
        channel.tell("module", name=text(name), file=module_file(module))
        wanted = (expression or "application").partition("(")[0].strip()
        if wanted.isidentifier() and not hasattr(module, wanted):
            channel.tell("absent", wanted=text(wanted), present=candidates_in(module))
            raise Stop()

    stage("object")
    app = loader.load()
    kind, interface = type(app), interface_of(app)
    channel.tell("object", type=text(kind.__module__ + "." + kind.__qualname__), interface=interface)

    for name, file in bound_to_this_thread():
        channel.tell("bound", name=name, file=file)

    if path:
        stage("request")
        ask(channel, app, interface, path)


def main():
    import faulthandler
    channel, seconds = Channel(int(sys.argv[1])), float(sys.argv[2])
    faulthandler.dump_traceback_later(seconds, exit=True, file=channel.descriptor)
    path, sys.argv = sys.argv[3], ["gunicorn"] + sys.argv[4:]
    # `-c` puts the current folder in front, gunicorn's own script does not.
    if sys.path and sys.path[0] == "":
        del sys.path[0]
    reached = [""]

    def stage(name):
        reached[0] = name
        channel.tell("stage", name=name)

    channel.tell("python", version=sys.version.split()[0], executable=text(sys.executable), prefix=text(sys.prefix))
    try:
        load(channel, stage, path)
    except Stop:
        pass
    except BaseException as error:
        tell_failure(channel, reached[0], error)
    faulthandler.cancel_dump_traceback_later()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    channel.tell("end")
    # Without waiting for threads, and without the app's exit functions: nothing was started.
    channel.os._exit(0)


main()
