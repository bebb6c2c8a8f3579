"""Nobody without valid credentials reads or changes anything: every route, every way."""

from __future__ import annotations

import httpx
import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from reactive_kernel.server.handlers import routes
from tests.server.live import TOKEN, Door, Server

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PATHS = ("/reactive-kernel/notebooks", "/reactive-kernel/notebooks/{}", "/reactive-kernel/notebooks/{}/channel")


def test_every_route_is_tried() -> None:
    patterns = [pattern for pattern, _, _ in routes(None)]  # type: ignore[arg-type]
    assert len(patterns) == len(PATHS)


WITHOUT = {"none": {}, "wrong": {"Authorization": "token wrong"}, "cookie": {"Cookie": "username=me"}}


@pytest.mark.parametrize("headers", WITHOUT.values(), ids=WITHOUT.keys())
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", METHODS)
def test_nothing_without_credentials(server: Server, opened: str, method: str, path: str, headers) -> None:
    before = server.state(opened)
    target = server.url + path.format(opened)
    reply = httpx.request(method, target, headers=headers, json={} if method in ("POST", "PUT", "PATCH") else None)
    if method == "OPTIONS" and reply.status_code in (200, 204):  # a preflight is answered to anyone, and says nothing
        assert not reply.content
    else:
        assert reply.status_code in (302, 400, 401, 403, 405), reply
    assert "x = 'private'" not in reply.text
    assert reply.status_code != 302 or "login" in reply.headers["location"]
    assert server.state(opened) == before


@pytest.fixture
def opened(server: Server) -> str:
    if not hasattr(server, "private"):
        server.private, _ = server.open("x = 'private'")  # type: ignore[attr-defined]
        import asyncio

        async def wait() -> None:
            await (await server.connect(server.private)).ready()

        asyncio.run(wait())
    return server.private


@pytest.mark.parametrize("token", ["", "wrong"])
async def test_a_channel_without_valid_credentials_is_refused_before_it_opens(server: Server, token: str) -> None:
    path = server.notebook("x = 1")
    server.session(path)
    with pytest.raises(HTTPClientError, match="403"):
        await Door.open(server, path, token=token)


async def test_a_channel_from_another_site_is_refused(server: Server) -> None:
    """What a browser sends by itself (its cookies) is not enough; the same rule as for a kernel's own channel."""
    path = server.notebook("x = 1")
    session = server.session(path)
    async with httpx.AsyncClient(base_url=server.url) as browser:
        await browser.get(f"/?token={TOKEN}")
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        for target in (PATHS[2].format(path), f"/api/kernels/{session['kernel']['id']}/channels"):
            url = f"{server.url}{target}".replace("http", "ws", 1)
            with pytest.raises(HTTPClientError, match="403"):
                await websocket_connect(HTTPRequest(url, headers={"Cookie": cookie, "Origin": "http://evil.example"}))
            (await websocket_connect(HTTPRequest(url, headers={"Cookie": cookie, "Origin": server.url}))).close()


def test_cross_site_requests_are_treated_as_the_servers_own_routes_treat_them(server: Server) -> None:
    with httpx.Client(base_url=server.url) as browser:
        browser.get(f"/?token={TOKEN}")
        for headers in ({}, {"Referer": "http://evil.example/"}, {"Origin": "http://evil.example"}):
            for method in ("GET", "POST", "DELETE"):
                ours = browser.request(method, PATHS[0], headers=headers).status_code
                theirs = browser.request(method, "/api/kernelspecs", headers=headers).status_code
                assert ours == theirs, (method, headers)


async def test_the_deployments_authorizer_is_asked(start, tmp_path) -> None:
    allowed = tmp_path / "allowed"
    allowed.write_text("write:sessions read:kernels execute:kernels")
    server = start("--ServerApp.authorizer_class=tests.server.deny.Deny", env={"ALLOWED": str(allowed)})
    path, _ = server.open("x = 1")
    door = await server.connect(path)
    assert (await door.next())["type"] == "notebook"
    assert server.http.get(PATHS[0]).status_code == 200
    allowed.write_text("read:kernels execute:contents")
    assert server.http.get(PATHS[1].format(path)).status_code == 200
    with pytest.raises(HTTPClientError, match="403"):
        await server.connect(path)
    allowed.write_text("read:contents execute:contents write:kernels")
    for target in (PATHS[0], PATHS[1].format(path)):
        assert server.http.get(target).status_code == 403
