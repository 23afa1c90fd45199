"""An OpenID Connect provider on loopback that lets the caller choose an identity.

Enough of OpenID Connect Core 1.0 and Discovery 1.0 for the code flow that Streamlit uses.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.routing import Route

from tests.support.threads import bound, serving_app

PEOPLE = {"ann": "Ann", "bob": "Bob"}


@contextmanager
def provider() -> Iterator[str]:
    """Run it; yields its address, which is its issuer."""
    listener, issuer = bound()
    with serving_app(_app(issuer), listener, lifespan="off"):
        yield issuer


def _app(issuer: str) -> Starlette:
    key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
    given: dict[str, tuple[str, str]] = {}

    def configuration(_: Request) -> JSONResponse:
        return JSONResponse(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": f"{issuer}/token",
                "jwks_uri": f"{issuer}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    def authorize(request: Request) -> HTMLResponse:
        links = []
        for subject, name in PEOPLE.items():
            code = secrets.token_urlsafe(8)
            given[code] = (subject, request.query_params.get("nonce", ""))
            back = urlencode({"code": code, "state": request.query_params["state"]})
            links.append(f"<a href='{request.query_params['redirect_uri']}?{back}'>{name}</a>")
        return HTMLResponse(" ".join(links))

    async def token(request: Request) -> JSONResponse:
        form = parse_qs((await request.body()).decode())
        subject, nonce = given.pop(form["code"][0])
        now = int(time.time())
        claims = {
            "iss": issuer,
            "sub": subject,
            "name": PEOPLE[subject],
            "aud": "diglot",
            "nonce": nonce,
            "iat": now,
            "exp": now + 600,
        }
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": signed})

    def keys(_: Request) -> JSONResponse:
        return JSONResponse({"keys": [key.as_dict(private=False)]})

    def out(request: Request) -> RedirectResponse:
        return RedirectResponse(request.query_params["post_logout_redirect_uri"])

    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", configuration),
            Route("/authorize", authorize),
            Route("/token", token, methods=["POST"]),
            Route("/keys", keys),
            Route("/out", out),
        ]
    )
