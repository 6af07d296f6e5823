//! Apps with their own server: every package, and what never is one.

use super::{FLASK, G, Row, check};

const DEFAULT: &str = "default-site: --chdir=/opt/defaultsite application:app";
const TORNADO: &str = "from tornado.web import Application\napp = Application([])\napp.listen(8000)\n";
const AIOHTTP: &str = "from aiohttp import web\ndef main():\n    web.run_app(web.Application())\nif __name__ == '__main__':\n    main()\n";
const NICEGUI: &str = "from nicegui import ui\nui.label('x')\nui.run()\n";
const GRADIO: &str = "import gradio as gr\ndemo = gr.Interface(print)\ndemo.launch()\n";

#[test]
fn every_package_is_started_by_its_own_command() {
    let rows: &[Row] = &[
        (
            "Streamlit",
            &["gunicorn", "streamlit"],
            &[("x.py", "import streamlit\n")],
            &[],
            "own-server: streamlit run x.py --server.port 8000 --server.address 0.0.0.0",
        ),
        (
            "Chainlit",
            &["gunicorn", "chainlit"],
            &[("x.py", "import chainlit\n")],
            &[],
            "own-server: chainlit run x.py --host 0.0.0.0 --port 8000",
        ),
        (
            "marimo",
            &["gunicorn", "marimo"],
            &[("x.py", "import marimo\n")],
            &[],
            "own-server: marimo run x.py --host 0.0.0.0 --port 8000",
        ),
        (
            "Panel",
            &["gunicorn", "panel"],
            &[("x.py", "import panel\n")],
            &[],
            "own-server: panel serve x.py --address 0.0.0.0 --port 8000",
        ),
        (
            "Solara",
            &["gunicorn", "solara"],
            &[("x.py", "import solara\n")],
            &[],
            "own-server: solara run x.py --host 0.0.0.0 --port 8000",
        ),
        (
            "Shiny",
            &["gunicorn", "shiny"],
            &[("x.py", "from shiny.express import ui\n")],
            &[],
            "own-server: shiny run x.py --host 0.0.0.0 --port 8000",
        ),
        ("Gradio", &["gunicorn", "gradio"], &[("x.py", GRADIO)], &[], "own-server: /site/x.py"),
        ("Gradio, tried out", &["gunicorn", "gradio"], &[("demo.py", GRADIO)], &[], "own-server: /site/demo.py"),
        ("NiceGUI", &["gunicorn", "nicegui"], &[("x.py", NICEGUI)], &[], "own-server: /site/x.py"),
        ("Tornado", &["gunicorn", "tornado"], &[("x.py", TORNADO)], &[], "own-server: /site/x.py"),
        ("aiohttp", &["gunicorn", "aiohttp"], &[("x.py", AIOHTTP)], &[], "own-server: /site/x.py"),
        (
            "Tornado in a function",
            &["gunicorn", "tornado"],
            &[(
                "x.py",
                "import tornado.ioloop\nimport tornado.web\ndef make_app():\n    return tornado.web.Application([])\n\
                 if __name__ == '__main__':\n    app = make_app()\n    app.listen(8888)\n    tornado.ioloop.IOLoop.current().start()\n",
            )],
            &[],
            "own-server: /site/x.py",
        ),
        (
            "Tornado in a coroutine",
            &["gunicorn", "tornado"],
            &[(
                "x.py",
                "import asyncio\nfrom tornado import web\nasync def main():\n    web.Application([]).listen(8888)\n    \
                 await asyncio.Event().wait()\nasyncio.run(main())\nif __name__ == '__main__':\n    main()\n",
            )],
            &[],
            "own-server: /site/x.py",
        ),
        (
            "uvicorn.run of what nobody can name",
            &["gunicorn", "uvicorn"],
            &[(
                "x.py",
                "import uvicorn\nfrom installed import build\nif __name__ == '__main__':\n    uvicorn.run(build('x'))\n",
            )],
            &[],
            "own-server: /site/x.py",
        ),
        (
            "run of uvicorn in a function",
            &["gunicorn", "uvicorn"],
            &[(
                "x.py",
                "from uvicorn import run\nfrom installed import build\ndef main():\n    run(build(), port=81)\n\
                 if __name__ == '__main__':\n    main()\n",
            )],
            &[],
            "own-server: /site/x.py",
        ),
    ];
    check(rows);
    let not_installed: Vec<Row> =
        rows.iter().map(|(name, _, files, vars, _)| (*name, G, *files, *vars, DEFAULT)).collect();
    check(&not_installed);
}

#[test]
fn of_several_the_one_with_a_usual_name_wins() {
    let s = &["gunicorn", "streamlit", "gradio"];
    let text = "import streamlit\n";
    let end = "--server.port 8000 --server.address 0.0.0.0";
    let run = |file: &str| format!("own-server: streamlit run {file} {end}");
    let (first, app, main) = (run("streamlit_app.py"), run("app.py"), run("main.py"));
    let rows: &[Row] = &[
        ("streamlit_app.py", s, &[("app.py", text), ("main.py", text), ("streamlit_app.py", text)], &[], &first),
        ("app.py", s, &[("app.py", text), ("main.py", text), ("a.py", text)], &[], &app),
        ("main.py", s, &[("main.py", text), ("a.py", text)], &[], &main),
        ("none", s, &[("a.py", text), ("b.py", GRADIO)], &[], DEFAULT),
        ("not below the root", s, &[("demo/x.py", text)], &[], DEFAULT),
        ("after an app", s, &[("x.py", text), ("main.py", FLASK)], &[], "other: main:app"),
        ("after a declaration", s, &[("x.py", text), ("Procfile", "web: server")], &[], "declared: server"),
    ];
    check(rows);
}

#[test]
fn bots_windows_and_command_lines_never_are_one() {
    let rows: &[Row] = &[
        (
            "Telegram",
            &["gunicorn", "telebot"],
            &[("x.py", "import telebot\nbot = telebot.TeleBot('x')\nbot.polling()\n")],
            &[],
            DEFAULT,
        ),
        (
            "Slack",
            &["gunicorn", "slack_bolt"],
            &[("x.py", "from slack_bolt import App\napp = App()\napp.start()\n")],
            &[],
            DEFAULT,
        ),
        ("a window", &["gunicorn", "tkinter"], &[("x.py", "import tkinter\ntkinter.Tk().mainloop()\n")], &[], DEFAULT),
        (
            "a command line",
            &["gunicorn", "typer"],
            &[("x.py", "import typer\napp = typer.Typer()\nif __name__ == '__main__':\n    app()\n")],
            &[],
            DEFAULT,
        ),
        ("a game", &["gunicorn", "pygame"], &[("x.py", "import pygame\npygame.init()\n")], &[], DEFAULT),
        ("a worker", &["gunicorn", "celery"], &[("x.py", "from celery import Celery\napp = Celery()\n")], &[], DEFAULT),
        (
            "a part that uvicorn is run for elsewhere",
            &["gunicorn", "uvicorn"],
            &[("x.py", "import uvicorn\nfrom installed import build\ndef serve():\n    uvicorn.run(build())\n")],
            &[],
            DEFAULT,
        ),
        ("a notebook", &["gunicorn", "streamlit"], &[("x.ipynb", "{}")], &[], DEFAULT),
        (
            "a client of aiohttp",
            &["gunicorn", "aiohttp"],
            &[(
                "x.py",
                "import aiohttp\ndef main():\n    aiohttp.request('x')\nif __name__ == '__main__':\n    main()\n",
            )],
            &[],
            DEFAULT,
        ),
        (
            "a Gradio part that starts nothing",
            &["gunicorn", "gradio"],
            &[("x.py", "import gradio as gr\ndemo = gr.Interface(print)\n")],
            &[],
            DEFAULT,
        ),
    ];
    check(rows);
}
