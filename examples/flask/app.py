"""The smallest app that pystart starts without being told how."""

from flask import Flask

app = Flask(__name__)


@app.route("/")
def index():
    return "Hello from Flask, started by pystart.\n"
