"""The files of labml's page, and nothing but them."""

import re

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

# The page's own views, such as /run/ID/compare: it reads the path itself.
VIEW = re.compile(r"/(?!api/)[\w/-]*", re.ASCII)


class Page(StaticFiles):
    """Starlette's files of one folder; a path of one of the page's views gives the page."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file at `path`, or the page; 404 for all else."""
        try:
            return await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404 or not VIEW.fullmatch(scope["path"]):
                raise
            return await super().get_response("index.html", scope)
