"""The files of labml's page, and nothing but them."""

import re

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

# The page's own views, such as /run/ID/compare: it reads the path itself.
VIEW = re.compile(r"/(?!api/)[\w/-]*", re.ASCII)


class Page(StaticFiles):
    """Starlette's files of one folder; the path of a view of the page gives the page."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the file at `path`, or the page; raise a 404 for all else."""
        try:
            return await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404 or not VIEW.fullmatch(scope["path"]):
                raise
            return await super().get_response("index.html", scope)
