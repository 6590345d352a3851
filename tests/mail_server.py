"""A mail server, as far as SMTP has to go for a mail to arrive."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default


class MailServer:
    """Takes mails and keeps them.

    Args:
        port: Where it listens.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.mails: list[EmailMessage] = []
        self.kept_waiting: list[int] = []  # ports of clients whose mail arrived unanswered
        self.answers = threading.Event()
        self.answers.set()

    def take(self, content: bytes, client_port: int) -> None:
        """Keep a mail; while `answers` is not set, its client is kept waiting."""
        mail = message_from_bytes(content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        if not self.answers.is_set():
            self.kept_waiting.append(client_port)
            self.answers.wait(60)

    def about(self, words: str) -> list[EmailMessage]:
        """Mails with these words in the subject or the text, in their order."""
        return [mail for mail in self.mails if words in mail["Subject"] or words in text_of(mail)]


def text_of(mail: EmailMessage) -> str:
    """The HTML of a mail."""
    body = mail.get_body(("html",))
    assert body is not None
    return str(body.get_content()).strip()


@contextmanager
def running_mail_server() -> Iterator[MailServer]:
    """A mail server on a port of its own."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            for line in self.rfile:
                if line.upper().startswith(b"DATA"):
                    self.wfile.write(b"354 go on\r\n")
                    content = b"".join(iter(self.rfile.readline, b".\r\n"))
                    mails.take(content, self.client_address[1])
                is_end = line.upper().startswith(b"QUIT")
                self.wfile.write(b"221 bye\r\n" if is_end else b"250 fine\r\n")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that went away is no news."""

    with Server(("127.0.0.1", 0), Handler) as server:
        mails = MailServer(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield mails
        finally:
            mails.answers.set()
            server.shutdown()
            thread.join()
