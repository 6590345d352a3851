"""The forms that a document comes in: JSON, or JSON in a field of an HTML form.

Called for every source that has no `decode` of its own. The content type decides nothing by
itself: Amazon SNS sends JSON as text/plain, and `curl --data` as a form.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from airmend.errors import MalformedBodyError
from airmend.incident.fields import decode_json

FORM_TYPE = "application/x-www-form-urlencoded"
FORM_FIELD = "payload"
"""The field that senders of forms put their JSON into; Datadog's "Encode as form" does."""

_FIELDS_LIMIT = 100


def decode_body(body: bytes, headers: Mapping[str, str]) -> object:
    """Decode a body as JSON, or as a form with JSON in its field `payload`.

    Args:
        body: The bytes as they came.
        headers: HTTP headers, names in lower case.

    Raises:
        MalformedBodyError: It is neither.
    """
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != FORM_TYPE or body.lstrip()[:1] in (b"{", b"["):
        return decode_json(body)
    try:
        fields = dict(
            parse_qsl(body.decode("ascii"), strict_parsing=True, max_num_fields=_FIELDS_LIMIT)
        )
    except ValueError as error:  # a UnicodeDecodeError too
        raise MalformedBodyError("the body is no form; send JSON") from error
    if FORM_FIELD not in fields:
        raise MalformedBodyError(f"the form has no field '{FORM_FIELD}'; put the JSON there")
    return decode_json(fields[FORM_FIELD].encode("utf-8", "surrogatepass"))
