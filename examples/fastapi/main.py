"""An ASGI app: gunicorn serves it with the worker class that requirements.txt brings."""

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

app = FastAPI()


@app.get("/", response_class=PlainTextResponse)
def index():
    return "Hello from FastAPI, started by pystart.\n"
