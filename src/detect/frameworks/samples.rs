//! A sample for each name of the table: a few lines of a `main.py`, and what follows from them. One test runs them all,
//! another that no name can be deleted unnoticed.

use std::path::Path;

use super::{FRAMEWORKS, TABLE};
use crate::detect::detect;
use crate::detect::words::deletion::without;
use crate::files::Memory;
use crate::model::Verdict;

/// The file, with `; ` between its lines, and the object with its interface and framework; or why there is none.
type Sample = (&'static str, &'static str);

#[rustfmt::skip]
const SAMPLES: &[Sample] = &[
    // WSGI
    ("from django.core.wsgi import get_wsgi_application; server = get_wsgi_application()", "server wsgi Django"),
    ("from django.core.handlers.wsgi import WSGIHandler; server = WSGIHandler()", "server wsgi Django"),
    ("from django.contrib.staticfiles.handlers import StaticFilesHandler; app = StaticFilesHandler(object())", "app wsgi Django"),
    ("from configurations.wsgi import get_wsgi_application; application = get_wsgi_application()", "application wsgi Django"),
    ("from flask import Flask; app = Flask(__name__)", "app wsgi Flask"),
    ("from flask_api import FlaskAPI; app = FlaskAPI(__name__)", "app wsgi Flask"),
    ("from flask.ext.api import FlaskAPI; app = FlaskAPI(__name__)", "app wsgi Flask"),
    ("from flask_openapi3 import OpenAPI; app = OpenAPI(__name__)", "app wsgi Flask"),
    ("from apiflask import APIFlask; app = APIFlask(__name__)", "app wsgi APIFlask"),
    ("from eve import Eve; app = Eve()", "app wsgi Eve"),
    ("import falcon; app = falcon.App()", "app wsgi Falcon"),
    ("import falcon; api = falcon.API()", "api wsgi Falcon"),
    ("import falcon.asgi; app = falcon.asgi.App()", "app asgi Falcon"),
    ("import hug; from hug import __hug_wsgi__ as make; app = make()", "app wsgi hug"),
    ("from bottle import Bottle; app = Bottle()", "app wsgi Bottle"),
    ("import bottle; app = bottle.default_app()", "app wsgi Bottle"),
    ("import bottle; application = bottle.app()", "application wsgi Bottle"),
    ("from pyramid.config import Configurator; app = Configurator().make_wsgi_app()", "app wsgi Pyramid"),
    ("from paste.deploy import loadapp; app = loadapp('config:production.ini')", "app wsgi Paste"),
    ("from plaster import get_wsgi_app; app = get_wsgi_app('production.ini')", "app wsgi Pyramid"),
    ("import web; app = web.application((), globals()).wsgifunc()", "app wsgi web.py"),
    ("import cherrypy; app = cherrypy.tree.mount(object(), '/')", "app wsgi CherryPy"),
    ("import cherrypy; app = cherrypy.Application(object())", "app wsgi CherryPy"),
    ("import cherrypy; application = cherrypy.tree", "application wsgi CherryPy"),
    ("import webapp2; app = webapp2.WSGIApplication([])", "app wsgi webapp2"),
    ("from spyne.server.wsgi import WsgiApplication; app = WsgiApplication(object())", "app wsgi Spyne"),
    ("from molten import App; app = App(routes=[])", "app wsgi Molten"),
    ("import morepath; app = morepath.App()", "app wsgi Morepath"),
    ("from pecan import make_app; app = make_app('root')", "app wsgi Pecan"),
    ("from pecan.deploy import load_app; app = load_app('config.py')", "app wsgi Pecan"),
    ("from superset.app import create_app; app = create_app()", "app wsgi Superset"),
    ("from prometheus_client import make_wsgi_app; app = make_wsgi_app()", "app wsgi WSGI"),
    ("from prometheus_client import make_asgi_app; app = make_asgi_app()", "app asgi ASGI"),
    // ASGI
    ("from django.core.asgi import get_asgi_application; server = get_asgi_application()", "server asgi Django"),
    ("from django.core.handlers.asgi import ASGIHandler; app = ASGIHandler()", "app asgi Django"),
    ("import django.channels.routing as routing; app = routing.get_default_application()", "app asgi Django"),
    ("from channels.routing import ProtocolTypeRouter; app = ProtocolTypeRouter({})", "app asgi Django"),
    ("from channels.routing import get_default_application; app = get_default_application()", "app asgi Django"),
    ("from fastapi import FastAPI; app = FastAPI()", "app asgi FastAPI"),
    ("from starlette.applications import Starlette; app = Starlette()", "app asgi Starlette"),
    ("from quart import Quart; app = Quart(__name__)", "app asgi Quart"),
    ("from quart_trio import QuartTrio; app = QuartTrio(__name__)", "app asgi Quart"),
    ("from quart_openapi import Pint; app = Pint(__name__)", "app asgi Quart"),
    ("from quart_cors import cors; app = cors(Quart(__name__))", "app asgi Quart"),
    ("from starlette.routing import Router; app = Router()", "app asgi Starlette"),
    ("from litestar import Litestar; app = Litestar([])", "app asgi Litestar"),
    ("from starlite import Starlite; app = Starlite([])", "app asgi Starlite"),
    ("from blacksheep import Application; app = Application()", "app asgi BlackSheep"),
    ("import responder; api = responder.API()", "api asgi Responder"),
    ("from fasthtml.common import FastHTML; app = FastHTML()", "app asgi FastHTML"),
    ("from fasthtml.common import fast_app; app, rt = fast_app()", "app asgi FastHTML"),
    ("from emmett import App; app = App(__name__)", "app asgi Emmett"),
    ("from esmerald import Esmerald; app = Esmerald()", "app asgi Esmerald"),
    ("from lilya.apps import Lilya; app = Lilya()", "app asgi Lilya"),
    ("from shiny import App; app = App(object(), None)", "app asgi Shiny"),
    ("from sanic import Sanic; app = Sanic('x')", "app asgi Sanic"),
    ("from aiohttp import web; app = web.Application()", "app aiohttp aiohttp"),
    ("from ariadne.wsgi import GraphQL; app = GraphQL(object())", "app wsgi Ariadne"),
    ("from ariadne.asgi import GraphQL; app = GraphQL(object())", "app asgi Ariadne"),
    ("from strawberry.asgi import GraphQL; app = GraphQL(object())", "app asgi Strawberry"),
    ("from fastmcp import FastMCP; app = FastMCP('x').http_app()", "app asgi FastMCP"),
    ("from fastmcp import FastMCP; app = FastMCP('x').streamable_http_app()", "app asgi FastMCP"),
    ("from fastmcp import FastMCP; app = FastMCP('x').sse_app()", "app asgi FastMCP"),
    ("from mcp.server.fastmcp import FastMCP; app = FastMCP('x').streamable_http_app()", "app asgi MCP"),
    ("from mcp.server.fastmcp import FastMCP; app = FastMCP('x').sse_app()", "app asgi MCP"),
    // Changed with a release
    ("import connexion; app = connexion.AsyncApp(__name__)", "app asgi Connexion"),
    ("import connexion; app = connexion.App(__name__)", "app asgi Connexion"),
    ("import connexion; app = connexion.FlaskApp(__name__)", "app asgi Connexion"),
    // Around another app
    ("import socketio; app = socketio.ASGIApp(socketio.AsyncServer())", "app asgi Socket.IO"),
    ("import socketio; app = socketio.WSGIApp(socketio.Server())", "app wsgi Socket.IO"),
    ("import socketio; app = socketio.Middleware(socketio.Server())", "app wsgi Socket.IO"),
    ("import engineio; app = engineio.ASGIApp(engineio.AsyncServer())", "app asgi Engine.IO"),
    ("import engineio; app = engineio.WSGIApp(engineio.Server())", "app wsgi Engine.IO"),
    ("import engineio; app = engineio.Middleware(engineio.Server())", "app wsgi Engine.IO"),
    ("from werkzeug.middleware.dispatcher import DispatcherMiddleware; app = DispatcherMiddleware(object())", "app wsgi WSGI"),
    ("from werkzeug.middleware.proxy_fix import ProxyFix; app = ProxyFix(object())", "app wsgi WSGI"),
    ("from werkzeug.middleware.shared_data import SharedDataMiddleware; app = SharedDataMiddleware(object(), {})", "app wsgi WSGI"),
    ("from werkzeug.debug import DebuggedApplication; app = DebuggedApplication(object())", "app wsgi WSGI"),
    ("from werkzeug.middleware.profiler import ProfilerMiddleware; app = ProfilerMiddleware(object())", "app wsgi WSGI"),
    ("from dj_static import Cling; app = Cling(object())", "app wsgi Django"),
    ("from dj_static import MediaCling; app = MediaCling(object())", "app wsgi Django"),
    ("from whitenoise import WhiteNoise; app = WhiteNoise(object())", "app wsgi WSGI"),
    ("from whitenoise.django import DjangoWhiteNoise; app = DjangoWhiteNoise(object())", "app wsgi WSGI"),
    ("from asgiref.wsgi import WsgiToAsgi; app = WsgiToAsgi(object())", "app asgi ASGI"),
    ("from a2wsgi import ASGIMiddleware; app = ASGIMiddleware(object())", "app wsgi WSGI"),
    ("from a2wsgi import WSGIMiddleware; app = WSGIMiddleware(object())", "app asgi ASGI"),
    ("import gradio; app = gradio.mount_gradio_app(object(), object())", "app asgi FastAPI"),
    ("from wsgiref.validate import validator; app = validator(object())", "app wsgi WSGI"),
    ("from starlette.middleware.cors import CORSMiddleware; app = CORSMiddleware(object())", "app asgi ASGI"),
    // The app is an attribute
    ("from dash import Dash; app = Dash(__name__)", "app wsgi Dash"),
    ("from jupyter_dash import JupyterDash; app = JupyterDash(__name__); server = app.server", "server wsgi Dash"),
    ("from dash_extensions.enrich import DashProxy; app = DashProxy(); server = app.server", "server wsgi Dash"),
    ("from dash_extensions.enrich import Dash; app = Dash(); server = app.server", "server wsgi Dash"),
    ("from django_plotly_dash import DjangoDash; app = DjangoDash('x')", "`app` is a Dash app"),
    // A server of its own
    ("import streamlit as st; st.title('x')", "is a Streamlit app"),
    ("import chainlit as cl", "is a Chainlit app"),
    ("import marimo; app = marimo.App()", "`app` is a marimo app"),
    ("import mesop as me", "is a Mesop app"),
    ("import panel as pn; pn.panel('x').servable()", "is a Panel app"),
    ("import solara", "is a Solara app"),
    ("import reflex as rx; app = rx.App()", "`app` is a Reflex app"),
    ("from shiny.express import ui; ui.input_slider('n')", "is a Shiny app"),
    ("import gradio as gr; demo = gr.Interface(fn=None); client.run()", "is a Gradio app"),
    ("from nicegui import ui; ui.run()", "is a NiceGUI app"),
    ("from taipy.gui import Gui; Gui().run()", "is a Taipy app"),
    ("from robyn import Robyn; app = Robyn(__file__)", "`app` is a Robyn app"),
    ("from tornado.wsgi import WSGIContainer; app = WSGIContainer(object())", "`app` is a Tornado app"),
    ("from tornado.wsgi import WSGIAdapter; app = WSGIAdapter(object())", "`app` is a Tornado app"),
    ("import tornado.web; app = tornado.web.Application([])", "`app` is a Tornado app"),
    ("import tornado.web; make().listen(8888)", "is a Tornado app"),
    ("from tornado import httpserver; httpserver.HTTPServer(make)", "is a Tornado app"),
    ("from aiohttp import web; web.run_app(make())", "is an aiohttp app"),
    ("from japronto import Application; app = Application()", "`app` is a Japronto app"),
    ("from socketify import App; app = App()", "`app` is a Socketify app"),
    ("from http.server import HTTPServer; server = HTTPServer(('', 80), object)", "`server` is a plain HTTP server"),
    ("from http.server import ThreadingHTTPServer; server = ThreadingHTTPServer(('', 80), object)", "`server` is a plain HTTP server"),
    ("import socketserver; server = socketserver.TCPServer(('', 80), object)", "`server` is a plain TCP server"),
    ("import socketserver; server = socketserver.ThreadingTCPServer(('', 80), object)", "`server` is a plain TCP server"),
    ("import grpc; server = grpc.server(object())", "`server` is a gRPC app"),
    ("from fastmcp import FastMCP; app = FastMCP('x')", "`app` is a FastMCP app"),
    ("from mcp.server.fastmcp import FastMCP; app = FastMCP('x')", "`app` is an MCP app"),
    ("from mcp.server import Server; server = Server('x')", "`server` is an MCP app"),
    ("import flet as ft; ft.app(target=object); client.run()", "is a Flet app"),
    ("import modal; app = modal.App()", "`app` is a Modal app"),
    ("import modal; app = modal.Stub()", "`app` is a Modal app"),
    ("from chalice import Chalice; app = Chalice(app_name='x')", "`app` is a Chalice app"),
    // Bots
    ("import discord; client = discord.Client(); client.run()", "is a Discord bot"),
    ("import nextcord; client.run()", "is a Discord bot"),
    ("import disnake; client.run()", "is a Discord bot"),
    ("import interactions; client.run()", "is a Discord bot"),
    ("from telegram.ext import Updater; client.run()", "is a Telegram bot"),
    ("import telebot; client.run()", "is a Telegram bot"),
    ("from aiogram import Bot; client.run()", "is a Telegram bot"),
    ("from pyrogram import Client; client.run()", "is a Telegram bot"),
    ("from telethon import TelegramClient; client.run()", "is a Telegram bot"),
    ("from slack_bolt import App; app = App()", "`app` is a Slack bot"),
    ("from slack_bolt.async_app import AsyncApp; app = AsyncApp()", "`app` is a Slack bot"),
    ("import tweepy; client.run()", "is a Twitter client"),
    ("import praw; client.run()", "is a Reddit bot"),
    // Desktop
    ("import tkinter as tk; root = tk.Tk(); window.mainloop()", "is a Tkinter desktop app"),
    ("import Tkinter; window.mainloop()", "is a Tkinter desktop app"),
    ("import customtkinter; window.mainloop()", "is a Tkinter desktop app"),
    ("from PyQt4 import QtGui; window.mainloop()", "is a Qt desktop app"),
    ("from PyQt5 import QtWidgets; window.mainloop()", "is a Qt desktop app"),
    ("from PyQt6 import QtWidgets; window.mainloop()", "is a Qt desktop app"),
    ("from PySide2 import QtWidgets; window.mainloop()", "is a Qt desktop app"),
    ("from PySide6 import QtWidgets; window.mainloop()", "is a Qt desktop app"),
    ("from kivy.app import App; window.mainloop()", "is a Kivy desktop app"),
    ("from kivymd.app import MDApp; window.mainloop()", "is a Kivy desktop app"),
    ("import wx; app = wx.App()", "`app` is a wxPython desktop app"),
    ("import webview; window.mainloop()", "is a desktop app"),
    ("import pygame; window.mainloop()", "is a Pygame game"),
    ("from ursina import Ursina; window.mainloop()", "is an Ursina game"),
    // Other things that are often called `app`
    ("import typer; app = typer.Typer()", "`app` is a Typer command line"),
    ("from cyclopts import App; app = App()", "`app` is a Cyclopts command line"),
    ("from celery import Celery; app = Celery('x')", "`app` is a Celery worker"),
    ("import faust; app = faust.App('x')", "`app` is a Faust worker"),
    ("import firebase_admin; app = firebase_admin.initialize_app()", "`app` is a Firebase client"),
    ("from textual.app import App; class Shop(App): pass; app = Shop()", "`app` is a Textual terminal app"),
    ("from flask_socketio import SocketIO; server = SocketIO()", "`server` is a Flask-SocketIO server"),
];

/// What a sample comes to.
fn outcome(source: &str) -> String {
    let root = Path::new("/site");
    let files = Memory::new([(root.join("main.py"), source.replace("; ", "\n"))]);
    let detection = detect(&files, root, &|| "uvicorn_worker.UvicornWorker");
    if let Some(app) = detection.app {
        let interface = format!("{:?}", app.interface).to_lowercase();
        return format!("{} {interface} {}", app.object.unwrap_or_default(), app.framework);
    }
    let rejected = |fact: &&crate::model::Evidence| fact.subject == "main.py" && fact.verdict == Verdict::Rejected;
    detection.evidence.iter().find(rejected).map_or_else(String::new, |fact| fact.reason.clone())
}

#[test]
fn every_sample_comes_to_what_it_says() {
    let wrong: Vec<String> = SAMPLES
        .iter()
        .map(|(source, expected)| (source, expected, outcome(source)))
        .filter(|(_, expected, found)| found != *expected)
        .map(|(source, expected, found)| format!("{source}\n    expected `{expected}`, found `{found}`"))
        .collect();
    assert!(wrong.is_empty(), "{} samples are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_name_of_a_framework_can_be_deleted_unnoticed() {
    let mut unnoticed = Vec::new();
    for line in FRAMEWORKS {
        let names = if line.makers.is_empty() { &[""] } else { line.makers };
        let package = line.package.split('.').next().unwrap_or_default();
        for name in names {
            let samples = SAMPLES.iter().filter(|(source, _)| source.contains(package) && source.contains(name));
            let is_missed =
                |(source, expected): &Sample| without(TABLE, &line.entry(name), || outcome(source)) != *expected;
            if !samples.into_iter().any(is_missed) {
                unnoticed.push(format!("{} {name} {:?}", line.package, line.gives));
            }
        }
    }
    assert!(unnoticed.is_empty(), "{} names have no sample:\n{}", unnoticed.len(), unnoticed.join("\n"));
}
