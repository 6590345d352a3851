"""Two ticket systems that speak HTTP: what ServiceNow and Jira answer, and how they fail.

Each keeps its records in memory, refuses what the real one refuses, and can be told to fail: to
answer a code, to hang, or to cut the line before or after it has done what it was asked to.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

LOGIN, PASSWORD, TOKEN = "airmend", "pass word", "a-long-token"
"""What the sites believe."""

_BASIC = "Basic " + base64.b64encode(f"{LOGIN}:{PASSWORD}".encode()).decode()

Json = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """What was asked."""

    method: str
    path: str
    query: dict[str, str]
    body: Json

    def matches(self, wanted: str) -> bool:
        """Whether this is "POST /path/prefix" as a test writes it."""
        method, _, path = wanted.partition(" ")
        return self.method == method and path in self.path


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the next request that fits.

    Args:
        status: The code that is answered; 0 cuts the line.
        headers: Further headers.
        after: The request is carried out before.
        body: What is answered.
        hangs: No answer until the site is closed.
    """

    on: str
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    after: bool = False
    body: Any = None
    hangs: bool = False


class Refusal(Exception):  # noqa: N818 - an answer, no mistake of ours
    """An answer that is an error."""

    def __init__(self, status: int, body: Any) -> None:
        self.status, self.body = status, body
        super().__init__(status)


class Site:
    """What both have in common: a login, faults, and a list of what was asked."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.faults: list[Fault] = []
        self.url = ""
        self.closed = threading.Event()
        self.lock = threading.Lock()

    def fail(self, on: str, status: int = 0, **more: Any) -> None:
        """Let the next request that fits go wrong."""
        self.faults.append(Fault(on, status, **more))

    def count(self, wanted: str) -> int:
        """How many such requests came."""
        return sum(request.matches(wanted) for request in self.asked)

    def unknown_login(self) -> Any:
        """What a stranger is told."""
        raise NotImplementedError

    def answer(self, request: Request) -> tuple[int, Any]:
        """What is answered when all is well."""
        raise NotImplementedError


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def _handle(self) -> None:
        site = self.server.site
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        text = self.rfile.read(length)
        request = Request(
            self.command,
            unquote(parts.path),
            {name: values[0] for name, values in parse_qs(parts.query).items()},
            json.loads(text) if text else {},
        )
        with site.lock:
            site.asked.append(request)
            fault = next((each for each in site.faults if request.matches(each.on)), None)
            if fault is not None:
                site.faults.remove(fault)
        if fault is not None and fault.hangs:
            site.closed.wait(30)
        if fault is not None and not fault.after:
            self._fail(fault)
            return
        if self.headers.get("Authorization") not in {_BASIC, f"Bearer {TOKEN}"}:
            status, body = 401, site.unknown_login()
        else:
            with site.lock:
                try:
                    status, body = site.answer(request)
                except Refusal as refusal:
                    status, body = refusal.status, refusal.body
        if fault is not None:
            self._fail(fault)
            return
        self._send(status, body, {})

    def _fail(self, fault: Fault) -> None:
        if fault.status:
            self._send(fault.status, fault.body, fault.headers)
        else:
            self.close_connection = True  # nothing is sent: the line is cut

    def _send(self, status: int, body: Any, headers: dict[str, str]) -> None:
        content = body if isinstance(body, bytes) else b""
        if body is not None and not isinstance(body, bytes):
            content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = _handle  # noqa: N815 - as the server calls them

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    site: Site

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up is no news."""


@contextmanager
def running(site: Site, port: int = 0) -> Iterator[str]:
    """The address of a site that answers, on a port of its own when none is named."""
    with _Server(("127.0.0.1", port), _Handler) as server:
        server.site = site
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            site.url = f"http://127.0.0.1:{server.server_port}"
            yield site.url
        finally:
            site.closed.set()
            server.shutdown()
            thread.join()


class ServiceNow(Site):
    """The Table API over change_request and incident.

    Enforced, as the real one does: legal transitions a type, close code and notes at the end
    (a data policy), choices of the close code, journals that are written and never replaced.
    """

    WAYS: ClassVar = {
        "normal": {("-5", "-4"), ("-4", "-3"), ("-3", "-2")},
        "standard": {("-5", "-2")},
        "emergency": {("-5", "-3"), ("-3", "-2")},
    }
    ALWAYS: ClassVar = {("-2", "-1"), ("-1", "0"), ("0", "3")}
    CODES: ClassVar = {
        "change_request": {"successful", "successful_issues", "unsuccessful"},
        "incident": {
            *("Resolved by change", "Solution provided", "No resolution provided"),
            *("Workaround provided", "Duplicate"),
        },
    }

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, dict[str, Json]] = {"change_request": {}, "incident": {}}
        self.silent_columns: set[str] = set()  # an access rule: written without effect
        self.history: list[tuple[str, str]] = []  # states of changes as they were set

    def unknown_login(self) -> Any:
        return {
            "error": {
                "message": "User Not Authenticated",
                "detail": "Required to provide Auth information",
            },
            "status": "failure",
        }

    def rows(self, table: str = "change_request") -> list[Json]:
        """All records of a table."""
        return list(self.tables[table].values())

    def add(self, table: str, **columns: str) -> Json:
        """A record that a person made."""
        number = sum(map(len, self.tables.values())) + 1
        prefix = "CHG" if table == "change_request" else "INC"
        row: Json = {
            "sys_id": f"{number:032x}",
            "number": f"{prefix}{number:07}",
            "state": "-5" if table == "change_request" else "1",
            "work_notes": [],
            "approval": "not requested",
            "correlation_id": "",
        } | columns
        self.tables[table][row["sys_id"]] = row
        return row

    def answer(self, request: Request) -> tuple[int, Any]:
        if found := re.fullmatch(r"/api/sn_chg_rest/change/standard/([0-9a-f]{32})", request.path):
            row = self._insert("change_request", {**request.body, "type": "standard"})
            row["std_change_producer_version"] = found[1]
            return 200, {"result": self._show(row, {"sysparm_display_value": "all"})}
        found = re.fullmatch(r"/api/now/table/(change_request|incident)(?:/(\w+))?", request.path)
        if not found:
            raise Refusal(400, self._error("Invalid table", ""))
        table, sys_id = found[1], found[2]
        if request.method == "POST":
            return 201, {"result": self._show(self._insert(table, request.body), request.query)}
        if sys_id is None:
            rows = self._query(table, request.query["sysparm_query"])
            limit = int(request.query.get("sysparm_limit", 10_000))
            return 200, {"result": [self._show(row, request.query) for row in rows[:limit]]}
        if sys_id not in self.tables[table]:
            raise Refusal(404, self._error("No Record found", "Record doesn't exist or ACL"))
        row = self.tables[table][sys_id]
        if request.method == "PATCH":
            self._update(table, row, request.body)
        return 200, {"result": self._show(row, request.query)}

    def _insert(self, table: str, body: Json) -> Json:
        if table == "change_request" and "assignment_group" not in body:
            text = "Data Policy Exception: The following fields are mandatory: Assignment group"
            raise Refusal(403, self._error("Operation Failed", text))
        notes = body.pop("work_notes", "")
        row = self.add(table, **body)
        if notes:
            row["work_notes"].insert(0, notes)
        return row

    def _update(self, table: str, row: Json, body: Json) -> None:
        body = {name: value for name, value in body.items() if name not in self.silent_columns}
        state = str(body.get("state", row["state"]))
        if table == "change_request":
            self._check_way(row, state)
        if state == {"change_request": "3", "incident": "6"}[table]:
            both = row | body
            if not both.get("close_code") or not both.get("close_notes"):
                text = "Data Policy Exception: The following fields are mandatory: Close code"
                raise Refusal(403, self._error("Operation Failed", text))
            if both["close_code"] not in self.CODES[table]:
                raise Refusal(403, self._error("Operation Failed", "Invalid choice: Close code"))
        notes = body.pop("work_notes", "")
        if notes:
            row["work_notes"].insert(0, notes)
        if state != row["state"] and table == "change_request":
            self.history.append((row["state"], state))
        row.update(body)

    def _check_way(self, row: Json, state: str) -> None:
        ways = self.WAYS[row.get("type", "normal")] | self.ALWAYS
        may_cancel = row["state"] not in {"0", "3", "4"} and state == "4"
        if state == row["state"] or (row["state"], state) in ways or may_cancel:
            return
        text = (
            "Operation against file 'change_request' was aborted by Business Rule "
            "'Change Model: Check State Transition^2e7a'"
        )
        raise Refusal(403, self._error("Operation Failed", text))

    def _query(self, table: str, query: str) -> list[Json]:
        wanted = [part.split("=", 1) for part in query.split("^") if "=" in part]
        return [
            row
            for row in self.tables[table].values()
            if all(row.get(name) == value for name, value in wanted)
        ]

    def _show(self, row: Json, query: dict[str, str]) -> Json:
        names = query.get("sysparm_fields", ",".join(row)).split(",")
        shown: Json = {}
        for name in names:
            value = row.get(name, "")
            text = value
            if name == "work_notes":  # a journal has no value of its own
                header = "2026-03-02 10:00:00 - Airmend (Work notes)"
                value, text = "", "".join(f"{header}\n{each}\n\n" for each in row[name])
            is_all = query.get("sysparm_display_value") == "all"
            shown[name] = {"value": value, "display_value": text} if is_all else value
        return shown

    def _error(self, message: str, detail: str) -> Json:
        return {"error": {"message": message, "detail": detail}, "status": "failure"}


STATUSES = {
    "Open": "new",
    "Planning": "indeterminate",
    "Awaiting approval": "indeterminate",
    "Awaiting implementation": "indeterminate",
    "Implementing": "indeterminate",
    "Completed": "done",
    "Failed": "done",
    "Declined": "done",
    "Canceled": "done",
    "Work in progress": "indeterminate",
    "Resolved": "done",
}


class Jira(Site):
    """Jira's REST API over one service project with a workflow for changes and one for incidents.

    Enforced: only transitions that start where the issue is, required fields of their screens,
    an index of the search that may lag behind.
    """

    WAYS: ClassVar = {
        "[System] Change": {
            "Open": ("Planning", "Declined", "Canceled"),
            "Planning": ("Awaiting approval", "Awaiting implementation", "Canceled", "Declined"),
            "Awaiting approval": ("Awaiting implementation", "Declined", "Canceled"),
            "Awaiting implementation": ("Implementing", "Canceled"),
            "Implementing": ("Completed", "Failed", "Canceled"),
        },
        "[System] Incident": {
            "Open": ("Work in progress", "Resolved", "Canceled"),
            "Work in progress": ("Resolved", "Canceled"),
            "Resolved": ("Work in progress",),
        },
    }

    def __init__(self) -> None:
        super().__init__()
        self.issues: dict[str, Json] = {}
        self.index_is_late = False  # the search does not know new issues yet
        self.indexed: set[str] = set()
        self.history: list[tuple[str, str]] = []

    def unknown_login(self) -> Any:
        return {"errorMessages": ["Client must be authenticated to access this resource."]}

    def catch_up(self) -> None:
        """The index of the search knows everything now."""
        self.index_is_late, self.indexed = False, set(self.issues)

    def add(self, issue_type: str, **fields: Any) -> Json:
        """An issue, as a person makes it."""
        key = f"OPS-{len(self.issues) + 1}"
        issue: Json = {
            "key": key,
            "id": str(10_000 + len(self.issues)),
            "fields": {"issuetype": {"name": issue_type}, "labels": []} | fields,
            "status": "Open",
            "comments": [],
            "links": [],
        }
        self.issues[key] = issue
        if not self.index_is_late:
            self.indexed.add(key)
        return issue

    def answer(self, request: Request) -> tuple[int, Any]:
        if request.path == "/rest/api/3/issue" and request.method == "POST":
            return self._create(request.body)
        if request.path == "/rest/api/3/search/jql":
            return self._search(request.body)
        found = re.fullmatch(r"/rest/api/3/issue/([A-Z]+-\d+)(/\w+)?", request.path)
        if not found or found[1] not in self.issues:
            text = "Issue does not exist or you do not have permission to see it."
            raise Refusal(404, {"errorMessages": [text], "errors": {}})
        issue = self.issues[found[1]]
        return self._part(request, issue, found[2] or "")

    def _part(self, request: Request, issue: Json, part: str) -> tuple[int, Any]:
        if part == "/comment" and request.method == "GET":
            start, size = int(request.query["startAt"]), int(request.query["maxResults"])
            page = issue["comments"][::-1][start : start + size]
            return 200, {"comments": page, "total": len(issue["comments"])}
        if part == "/comment":
            issue["comments"].append(request.body)
            return 201, {"id": str(len(issue["comments"]))}
        if part == "/transitions" and request.method == "GET":
            return 200, {"transitions": self._offer(issue)}
        if part == "/transitions":
            return self._move(issue, request.body)
        if request.method == "PUT":
            issue["fields"].update(request.body["fields"])
            return 204, None
        names = request.query["fields"].split(",")
        return 200, self._show(issue, names)

    def _create(self, body: Json) -> tuple[int, Any]:
        fields = body["fields"]
        if fields["project"]["key"] != "OPS":
            raise Refusal(400, {"errorMessages": [], "errors": {"project": "valid project"}})
        if fields["issuetype"]["name"] not in self.WAYS:
            text = "Specify a valid issue type"
            raise Refusal(400, {"errorMessages": [], "errors": {"issuetype": text}})
        assert fields["description"]["type"] == "doc"
        assert all(" " not in label for label in fields["labels"])
        issue = self.add(fields["issuetype"]["name"], **fields)
        issue["links"] = body.get("update", {}).get("issuelinks", [])
        return 201, {"id": issue["id"], "key": issue["key"], "self": f"{self.url}/rest"}

    def _search(self, body: Json) -> tuple[int, Any]:
        found = re.fullmatch(
            r'project = "(\w+)" AND labels = "([^"]+)" ORDER BY created ASC', body["jql"]
        )
        if not found:
            raise Refusal(400, {"errorMessages": ["Error in the JQL Query"], "errors": {}})
        hits = [
            self._show(issue, body["fields"])
            for key, issue in self.issues.items()
            if key in self.indexed and found[2] in issue["fields"]["labels"]
        ]
        return 200, {"issues": hits[: body["maxResults"]], "isLast": True}

    def _offer(self, issue: Json) -> list[Json]:
        ways = self.WAYS[issue["fields"]["issuetype"]["name"]].get(issue["status"], ())
        return [
            {
                "id": str(list(STATUSES).index(name)),
                "name": f"To {name}",
                "to": self._status(name),
                "fields": {"resolution": {"required": True}} if STATUSES[name] == "done" else {},
            }
            for name in ways
        ]

    def _move(self, issue: Json, body: Json) -> tuple[int, Any]:
        wanted = body["transition"]["id"]
        chosen = next((each for each in self._offer(issue) if each["id"] == wanted), None)
        if chosen is None:
            text = "It seems that you have tried to perform an illegal workflow operation."
            raise Refusal(400, {"errorMessages": [text], "errors": {}})
        if chosen["fields"] and "resolution" not in body.get("fields", {}):
            raise Refusal(400, {"errors": {"resolution": "Resolution is required."}})
        self.history.append((issue["status"], chosen["to"]["name"]))
        issue["status"] = chosen["to"]["name"]
        issue["fields"].update(body.get("fields", {}))
        return 204, None

    def _show(self, issue: Json, names: list[str]) -> Json:
        fields = {**issue["fields"], "status": self._status(issue["status"])}
        shown = {name: fields.get(name) for name in names}
        return {"key": issue["key"], "id": issue["id"], "fields": shown}

    def _status(self, name: str) -> Json:
        return {"name": name, "statusCategory": {"key": STATUSES[name]}}

    def words(self, key: str) -> str:
        """All comments of an issue as text."""
        return "\n".join(
            node["text"]
            for comment in self.issues[key]["comments"]
            for paragraph in comment["body"]["content"]
            for node in paragraph["content"]
        )


MakeSite = Callable[[], Site]
