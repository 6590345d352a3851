"""The language model: any server with the chat completions of OpenAI's API.

One request, one answer, within one limit of time that also holds for a server that sends a byte
now and then. The key is sent to nobody but that server and is in no message and no log.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx

from airmend.errors import ConfigurationError, ProseError

MOST_BYTES = 256 * 1024
MOST_TOKENS = 700
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class ChatEndpoint:
    """A model behind an address.

    Args:
        url: Of the API, such as https://llm.example/v1; `/chat/completions` is added.
        model: Its name there.
        key: Sent as a bearer token; "" for none.
        timeout_seconds: For the whole answer.
        transport: For tests that need none of the network.
        clock: Seconds that only rise.

    Raises:
        ConfigurationError: The address is none, or the key would cross a network in the clear.
    """

    def __init__(
        self,
        url: str,
        model: str,
        key: str = "",
        *,
        timeout_seconds: float,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise ConfigurationError(
                "AIRMEND_PROSE_URL is no address of an API; write https://llm.example/v1"
            )
        if key and parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise ConfigurationError("AIRMEND_PROSE_URL would send the key in the clear; use https")
        self._url, self._model, self._key = f"{url.rstrip('/')}/chat/completions", model, key
        self._timeout, self._transport, self._clock = timeout_seconds, transport, clock

    @property
    def model(self) -> str:
        """The name of the model, as it is asked for."""
        return self._model

    def complete(self, messages: Sequence[dict[str, str]]) -> str:
        """The answer to some messages, as text.

        Raises:
            ProseError: There is none: not reached, too slow, refused, or no text.
        """
        body = {
            "model": self._model,
            "messages": list(messages),
            "temperature": 0,
            "max_tokens": MOST_TOKENS,
            "stream": False,
        }
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        try:
            with (
                httpx.Client(timeout=self._timeout, transport=self._transport) as client,
                client.stream("POST", self._url, json=body, headers=headers) as answer,
            ):
                if not answer.is_success:
                    raise ProseError(f"the language model answers {answer.status_code}")
                data = self._read(answer)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise ProseError(
                f"the language model cannot be reached: {type(error).__name__}"
            ) from None  # the error may quote what was sent
        return _find_text(data)

    def _read(self, answer: httpx.Response) -> bytes:
        until, data = self._clock() + self._timeout, b""
        for part in answer.iter_bytes():
            data += part
            if self._clock() > until:
                raise ProseError(f"the language model took longer than {self._timeout:g} s")
            if len(data) > MOST_BYTES:
                raise ProseError("the language model answers with more than is read")
        return data


def _find_text(data: bytes) -> str:
    try:
        document: Any = json.loads(data)
        text = document["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise ProseError("the language model answers with what is no chat completion") from None
    if not isinstance(text, str):
        raise ProseError("the language model answers without a text")
    return text
