"""The API documentation as a page that loads nothing from elsewhere."""

from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

FOLDER: Final = Path(__file__).with_name("static")
FILES: Final = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "start.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
# Swagger UI sets styles of elements; nothing else comes from the page itself.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>analytics-sync</title>
<link rel="icon" type="image/png" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""


async def page(_: Request) -> Response:
    return HTMLResponse(PAGE, headers={"Content-Security-Policy": POLICY})


async def asset(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in FILES:
        from analytics_sync.shim.answers import failure

        return failure(404, "not_found", "There is nothing here.", "/docs has the documentation.")
    headers = {"Cache-Control": "private, max-age=3600"}
    return FileResponse(FOLDER / name, media_type=FILES[name], headers=headers)


ROUTES: Final = (
    Route("/docs", page, include_in_schema=False),
    Route("/docs/{name}", asset, include_in_schema=False),
)
