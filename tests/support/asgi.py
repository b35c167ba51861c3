"""Asks an ASGI application in this process, as a program on this machine would."""

import asyncio
from typing import Any

import httpx


class Caller:
    """Sends requests to `app` as if over a connection from `address`."""

    def __init__(
        self,
        app: Any,
        *,
        address: str = "127.0.0.1",
        base_url: str = "http://127.0.0.1:8003",
        headers: dict[str, str] | None = None,
    ) -> None:
        self._app = app
        self._address = address
        self._base_url = base_url
        self._headers = headers or {}

    def __call__(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, client=(self._address, 50_000))
            async with httpx.AsyncClient(transport=transport, base_url=self._base_url) as client:
                return await client.request(method, path, **options)

        options["headers"] = {**self._headers, **(options.get("headers") or {})}
        return asyncio.run(ask())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self("POST", path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self("DELETE", path, **options)
