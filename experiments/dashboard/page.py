"""labml's page with all that it loads, from this machine, and nothing but that."""

from __future__ import annotations

import re
from html import escape
from mimetypes import guess_type
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from experiments.dashboard.outside import Outside
from experiments.dashboard.outside_file import URL
from experiments.dashboard.page_script import SCRIPT

# The page's own views, such as /run/ID/compare: it reads the path itself.
VIEW = re.compile(r"/(?!api/)[\w/-]*", re.ASCII)
INDEX = "index.html"
BUNDLE = '<script src="/js/bundle.min.js">'
SCRIPT_PATH = URL + "page.js"
NOTICE = (
    '<div id="lacking" role="alert" style="font: 14px sans-serif; background: #fff3cd;'
    ' color: #000; padding: 0.5em 1em">'
    "<p>This page lacks files of the internet:</p><ul>{items}</ul><p>{cure}</p></div>"
)


class Page(StaticFiles):
    """labml_app's files in one folder; the path of a view of the page gives the page.

    What the page would load from afar, it loads from `outside`; where that lacks a file, the page
    says so.
    """

    def __init__(self, directory: Path, outside: Outside) -> None:
        super().__init__(directory=directory)
        self._index = directory / INDEX
        self._outside = outside
        self._paths = {file.path: file for file in outside.files}

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the file at `path`, or the page; raise a 404 for all else."""
        asked = scope["path"]
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404:
                raise
            if asked == SCRIPT_PATH:
                return Response(SCRIPT, media_type="text/javascript")
            if asked in self._paths:
                return await run_in_threadpool(self._from_outside, asked)
            if not VIEW.fullmatch(asked):
                raise
            path = INDEX
        if path != INDEX:
            return response
        if "text/html" in Headers(scope=scope).get("accept", ""):  # a browser, not a run's probe
            await run_in_threadpool(self._outside.wait)
        return await run_in_threadpool(self._page)

    def _from_outside(self, path: str) -> Response:
        try:
            content = self._outside.read(self._paths[path])
        except (OSError, ValueError):
            raise HTTPException(404) from None
        return Response(content, media_type=guess_type(path)[0])

    def _page(self) -> Response:
        text = self._index.read_text()
        for file in self._outside.files:
            text = text.replace(file.address, file.path)
        text = text.replace(BUNDLE, f'<script src="{SCRIPT_PATH}"></script>\n    {BUNDLE}')
        return HTMLResponse(text.replace("</body>", f"{self._notice()}</body>"))

    def _notice(self) -> str:
        lacking = self._outside.lacking()
        if not lacking:
            return ""
        items = "".join(f"<li>{escape(sentence)}</li>" for sentence in lacking.values())
        return NOTICE.format(items=items, cure=escape(self._outside.cure()))
