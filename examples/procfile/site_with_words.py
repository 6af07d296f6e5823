"""An app that nobody could find: the Procfile says how it is started."""


def page(author):
    def application(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"Hello from {author}, started by pystart.\n".encode()]

    return application
