"""The parts of labml_app and labml_db in use: the only module that imports them."""

import os

# labml_app reads these when it is imported, for links that are not made here.
os.environ.setdefault("LABML_APP_SERVER_IP", "127.0.0.1")
os.environ.setdefault("LABML_APP_SERVER_PORT", "5005")

import labml_app
from labml_app import db, handlers, utils  # db first: the others import one another through it
from labml_app.analyses import series, series_collection
from labml_app.analyses.experiments import comparison, custom_metrics, metrics
from labml_app.analyses_settings import computer_analyses
from labml_app.db import project, run, session, user
from labml_db import Index, Model

__all__ = [
    "Index",
    "Model",
    "comparison",
    "computer_analyses",
    "custom_metrics",
    "db",
    "handlers",
    "labml_app",
    "metrics",
    "project",
    "run",
    "series",
    "series_collection",
    "session",
    "user",
    "utils",
]
