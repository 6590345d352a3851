"""A server that speaks the chat completions of OpenAI's API, and answers as a test wants."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

Answer = Callable[[BaseHTTPRequestHandler], None]


class ChatServer:
    """Answers one request after the other; the last answer stays."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.paths: list[str] = []
        self.done = Event()  # lets a slow answer end with the test
        self.url = ""

    def say(self, *texts: str) -> None:
        """Answer with these texts."""
        self.answers = [_completion(text) for text in texts]

    def send(self, status: int, body: bytes) -> None:
        """Answer with these bytes."""
        self.answers = [_raw(status, body)]

    def wait(self) -> None:
        """Answer nothing until the test is over."""

        def answer(_handler: BaseHTTPRequestHandler) -> None:
            self.done.wait()

        self.answers = [answer]

    def drip(self) -> None:
        """Answer with a byte now and then, without an end."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.end_headers()
            while not self.done.wait(0.05):
                handler.wfile.write(b" ")
                handler.wfile.flush()

        self.answers = [answer]


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    """The server, on a port of its own."""
    chat = ChatServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            chat.paths.append(self.path)
            chat.requests.append(json.loads(body))
            chat.keys.append(self.headers["Authorization"])
            answer = chat.answers[0] if len(chat.answers) == 1 else chat.answers.pop(0)
            try:
                answer(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # whoever asked has had enough

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    chat.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield chat
    finally:
        chat.done.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _completion(text: str) -> Answer:
    message = {"role": "assistant", "content": text}
    document = {"object": "chat.completion", "choices": [{"index": 0, "message": message}]}
    return _raw(200, json.dumps(document).encode())


def _raw(status: int, body: bytes) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer
