"""What the dashboard takes from labml_app and labml_db: the only module that imports them."""

import os

# labml_app reads these when it is imported, for links that are not made here.
os.environ.setdefault("LABML_APP_SERVER_IP", "127.0.0.1")
os.environ.setdefault("LABML_APP_SERVER_PORT", "5005")

import labml_app
from labml_app import db, handlers, utils  # db first: the others import one another through it
from labml_app.analyses.experiments.comparison import (
    ComparisonPreferencesIndex,
    ComparisonPreferencesModel,
)
from labml_app.analyses.experiments.custom_metrics import (
    CustomMetricsListIndex,
    CustomMetricsListModel,
)
from labml_app.analyses.experiments.metrics import MetricsAnalysis, MetricsPreferencesIndex
from labml_app.db import project, run, session, user
from labml_db import Index, Model

__all__ = [
    "ComparisonPreferencesIndex",
    "ComparisonPreferencesModel",
    "CustomMetricsListIndex",
    "CustomMetricsListModel",
    "Index",
    "MetricsAnalysis",
    "MetricsPreferencesIndex",
    "Model",
    "db",
    "handlers",
    "labml_app",
    "project",
    "run",
    "session",
    "user",
    "utils",
]
