"""`airmend send`: send a file to a webhook as its sender would, signed, and show the answer."""

from __future__ import annotations

import json
import os
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import httpx
import typer

from airmend.errors import AirmendError, ConfigurationError
from airmend.incident.proofs import SIGNERS, parse_secrets, sign_delivery
from airmend.settings import get_settings

TIMEOUT_SECONDS = 30


def send_command(
    source: Annotated[str, typer.Argument(help="Name of the alert source: alertmanager, ...")],
    file: Annotated[Path, typer.Argument(help="The JSON to send; - reads standard input.")],
    url: Annotated[str, typer.Option(help="Where Airflow is; by default AIRMEND_BASE_URL.")] = "",
    secret_env: Annotated[
        str,
        typer.Option(
            help="Name of the environment variable that holds the source's secret. "
            "A whsec_ key signs the body, anything else is sent as a bearer token."
        ),
    ] = "AIRMEND_HOOK_SECRET",  # noqa: S107 - a name, and no secret
    proof: Annotated[
        str,
        typer.Option(
            "--as",
            help=f"Prove it in the form of one kind of sender: {', '.join(SIGNERS)}. "
            "The secret is then all of the variable, taken as it is.",
        ),
    ] = "",
) -> None:
    """Send an alert from a file, and print which incident and run came of it."""
    try:
        body = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        headers = prove_ourselves(secret_env, body, proof)
        response = post_alert(url or get_settings().base_url, source, body, headers)
    except (AirmendError, OSError, httpx.HTTPError, httpx.InvalidURL) as error:
        typer.echo(f"airmend send: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(_show(response), err=response.is_error)
    if response.status_code != httpx.codes.ACCEPTED:
        raise typer.Exit(1)


def prove_ourselves(secret_env: str, body: bytes, proof: str = "") -> dict[str, str]:
    """The headers that prove the sender, from a secret in the environment.

    A secret given as an argument would be seen in the process list, so there is no such way.

    Args:
        secret_env: Name of the environment variable.
        body: What is sent.
        proof: Name of a kind of proof; "" signs with a `whsec_` key, or else sends the token.

    Raises:
        ConfigurationError: The variable is empty, its key is not a key, or there is no such proof.
    """
    secret = os.environ.get(secret_env, "")
    now = datetime.now(UTC)
    if proof and proof not in SIGNERS:
        raise ConfigurationError(f"--as {proof}: choose one of {', '.join(SIGNERS)}")
    if proof and secret:
        return SIGNERS[proof](secret, body, now)
    known = parse_secrets(secret)
    if known.hmac:
        return sign_delivery(known.hmac[0], f"msg_{secrets.token_hex(12)}", now, body)
    if known.bearer:
        return {"authorization": f"Bearer {known.bearer[0]}"}
    raise ConfigurationError(
        f"the environment variable {secret_env} holds no secret; set it to the source's token "
        "or whsec_ key, or name another variable with --secret-env"
    )


def post_alert(url: str, source: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    """Send one delivery; redirects are not followed, so that the secret goes nowhere else."""
    address = f"{url.rstrip('/')}/airmend/hooks/{quote(source, safe='')}"
    return httpx.post(
        address,
        content=body,
        headers={"content-type": "application/json"} | headers,
        timeout=TIMEOUT_SECONDS,
        follow_redirects=False,
    )


def _show(response: httpx.Response) -> str:
    try:
        return json.dumps(response.json(), indent=2, ensure_ascii=False)
    except ValueError:
        place = response.headers.get("location", "")
        return f"HTTP {response.status_code} {place}: {response.text[:500]}".rstrip(": ")
