"""Each vendor's own form of proof: published vectors, right ones, and every kind of wrong one."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.errors import SignatureError
from airmend.incident.proofs import QUERY, SCHEMES, SIGNERS, SourceSecrets, parse_secrets
from airmend.incident.proofs.digests import SIGNATURES_LIMIT, sign

ROOT = Path(__file__).parents[4]
SHARED = Path(os.environ.get("AIRMEND_SHARED", ROOT.parent / "shared"))
VECTORS = SHARED / "payloads/vectors.json"

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BODY = b'{"name": "ServiceDown"}'
SECRET, OTHER = "It's a Secret to Everybody", "another secret"
PAIR = "airmend:pass word"
KNOWN = parse_secrets(
    "",
    {
        "signing_secrets": [OTHER, SECRET],
        "basic_passwords": ["old:pass", PAIR],
        "query_tokens": ["o" * 20, "t" * 20],
    },
)
SIGNED_HEADERS = {
    "hub": "x-hub-signature-256",
    "pagerduty": "x-pagerduty-signature",
    "grafana": "x-grafana-alerting-signature",
    "sentry": "sentry-hook-signature",
}

# Published by the vendors: GitHub's documentation on validating webhook deliveries, Atlassian's
# on secure admin webhooks, PagerDuty's go-pagerduty (webhookv3_test.go), and the inputs of
# Grafana's grafana/alerting (http/hmac_test.go) with the digest that they have.
PAGERDUTY_BODY = (ROOT / "tests/unit/incident/proofs/pagerduty_published.json").read_bytes().strip()
PUBLISHED = [
    (
        "hub",
        "It's a Secret to Everybody",
        b"Hello, World!",
        {
            "x-hub-signature-256": "sha256="
            "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        },
    ),
    (
        "hub",
        "It's a Secret to Everybody",
        b"Hello World!",
        {
            "x-hub-signature": "sha256="
            "a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
        },
    ),
    (
        "pagerduty",
        "lDQHScfUeXUKaQRNF+8XIiDKZ7XX3itBAYzwU0TARw8lJqRnkKl2iB1anSb0Z+IK",
        PAGERDUTY_BODY,
        {
            "x-pagerduty-signature": "v1="
            "0c0b9495b893a39e70d1fea2fe11fbe0a825f88b9f67846f6cc07dd2bc5476cd"
        },
    ),
    (
        "grafana",
        "secret",
        b"test message",
        {
            "x-grafana-alerting-signature": (
                "3bcebf43c85d20bba6e3b6ba278af1d2ba3ab0d57de271b0ad30b833e851c5a6"
            )
        },
    ),
    (
        "grafana",
        "secret",
        b"test message",
        {
            "x-grafana-alerting-signature": (
                "ac18a483a582b60a883e974541afe25aa1026136163e94665649743324183ef1"
            ),
            "x-grafana-alerting-timestamp": "0",
        },
    ),
]


def prove(
    scheme: str,
    headers: dict[str, str],
    body: bytes = BODY,
    secrets: SourceSecrets = KNOWN,
    now: datetime = NOW,
) -> None:
    """Ask one scheme, as `prove_sender` does where it is configured and sent."""
    assert SCHEMES[scheme].is_set(secrets)
    assert SCHEMES[scheme].is_sent(headers)
    SCHEMES[scheme].prove(secrets, headers, body, now)


def signed(scheme: str, body: bytes = BODY, secret: str = SECRET) -> dict[str, str]:
    """The headers of a right sender, names in lower case."""
    return {name.lower(): text for name, text in SIGNERS[scheme](secret, body, NOW).items()}


@pytest.mark.parametrize(("scheme", "secret", "body", "headers"), PUBLISHED)
def test_published_vectors_are_proof(
    scheme: str, secret: str, body: bytes, headers: dict[str, str]
) -> None:
    known = parse_secrets("", {"signing_secrets": [secret]})
    when = datetime.fromtimestamp(0, UTC)  # of the one vector with a time
    prove(scheme, headers, body, known, when)
    with pytest.raises(SignatureError, match="does not fit"):
        prove(scheme, headers, body + b" ", known, when)


@pytest.mark.skipif(not VECTORS.exists(), reason=f"there is no {VECTORS}")
def test_every_vector_that_is_shared_is_proof() -> None:
    schemes = {"standard-webhooks": "standard_webhooks", "github": "hub", "jira": "hub"}
    schemes |= {"grafana": "grafana", "grafana+timestamp": "grafana"}
    vectors: list[dict[str, Any]] = json.loads(VECTORS.read_text())
    assert {vector["vendor"] for vector in vectors} <= set(schemes)
    for vector in vectors:
        scheme = schemes[vector["vendor"]]
        headers = {vector["header"].lower(): vector["value"]}
        when = datetime.fromtimestamp(vector.get("timestamp", 0), UTC)
        if scheme == "standard_webhooks":
            known = parse_secrets(vector["secret"])
            headers |= {
                "webhook-id": vector["id"],
                "webhook-timestamp": str(vector["timestamp"]),
            }
        else:
            known = parse_secrets("", {"signing_secrets": [vector["secret"]]})
            if "timestamp" in vector:
                headers["x-grafana-alerting-timestamp"] = str(vector["timestamp"])
        prove(scheme, headers, vector["body"].encode(), known, when)


@pytest.mark.parametrize("scheme", SIGNED_HEADERS)
class TestEverySignature:
    """What holds for each form of HMAC over the body."""

    @given(body=st.binary(max_size=60))
    def test_a_right_signature_of_any_bytes_is_proof(self, scheme: str, body: bytes) -> None:
        prove(scheme, signed(scheme, body), body)

    def test_old_and_new_secret_both_hold(self, scheme: str) -> None:
        for secret in (SECRET, OTHER):
            prove(scheme, signed(scheme, secret=secret))
        with pytest.raises(SignatureError, match="does not fit"):
            prove(scheme, signed(scheme, secret="a third one"))

    @given(body=st.binary(max_size=40), place=st.integers(0, 39), flip=st.integers(1, 255))
    def test_any_other_body_is_no_proof(
        self, scheme: str, body: bytes, place: int, flip: int
    ) -> None:
        changed = bytearray(body or b"x")
        changed[place % len(changed)] ^= flip
        with pytest.raises(SignatureError, match="does not fit"):
            prove(scheme, signed(scheme, body), bytes(changed))

    @given(text=st.text(st.characters(categories=None), max_size=80))
    def test_a_header_of_any_shape_is_no_proof_and_no_crash(self, scheme: str, text: str) -> None:
        with pytest.raises(SignatureError):
            prove(scheme, {SIGNED_HEADERS[scheme]: text})

    @pytest.mark.parametrize("change", ["", "cut", "longer", "spaces", "base64", "huge", "o0"])
    def test_a_digest_in_another_form_is_no_proof(self, scheme: str, change: str) -> None:
        headers = signed(scheme)
        name = SIGNED_HEADERS[scheme]
        right = headers[name].rpartition("=")[2]
        assert len(right) == 64
        other = {
            "": "",
            "cut": right[:-2],
            "longer": right + "00",
            "spaces": " ".join(right[i : i + 2] for i in range(0, 64, 2)),
            "base64": "q" * 43 + "=",
            "huge": right * 5_000,
            "o0": "\uff10" + right[1:],  # a digit, and not ASCII
        }[change]
        with pytest.raises(SignatureError):
            prove(scheme, headers | {name: headers[name].replace(right, other)})

    def test_a_header_that_was_sent_twice_picks_no_winner(self, scheme: str) -> None:
        # two headers of one name are joined with a comma before they come here
        right = signed(scheme)
        wrong = signed(scheme, secret="wrong")
        name = SIGNED_HEADERS[scheme]
        both = right | {name: f"{right[name]}, {wrong[name]}"}
        if scheme == "pagerduty":  # whose own form is a list
            prove(scheme, both)
        else:
            with pytest.raises(SignatureError):
                prove(scheme, both)


class TestHub:
    """GitHub's two headers, and Jira's one."""

    def test_githubs_sha1_beside_the_right_signature_is_not_looked_at(self) -> None:
        prove("hub", signed("hub") | {"x-hub-signature": "sha1=" + "0" * 40})

    @pytest.mark.parametrize("text", ["sha1=" + "0" * 40, "SHA256=" + "0" * 64, "sha256", ""])
    def test_without_sha256_there_is_no_proof(self, text: str) -> None:
        with pytest.raises(SignatureError):
            prove("hub", {"x-hub-signature": text})

    def test_each_of_two_signatures_has_to_be_right(self) -> None:
        right = signed("hub")["x-hub-signature-256"]
        for one, other in ((right, "sha256=" + "0" * 64), ("sha256=" + "0" * 64, right)):
            with pytest.raises(SignatureError, match="does not fit"):
                prove("hub", {"x-hub-signature-256": one, "x-hub-signature": other})


class TestPagerDuty:
    """A list of signatures, while PagerDuty changes its secret."""

    def test_one_right_signature_among_several_is_enough(self) -> None:
        right = signed("pagerduty")["x-pagerduty-signature"]
        several = f"v1={'0' * 64},v2=abc,{right}, v1=zz"
        prove("pagerduty", {"x-pagerduty-signature": several})

    def test_another_version_is_no_proof(self) -> None:
        right = signed("pagerduty")["x-pagerduty-signature"]
        with pytest.raises(SignatureError, match="does not fit"):
            prove("pagerduty", {"x-pagerduty-signature": right.replace("v1=", "v2=")})

    def test_a_flood_of_signatures_is_refused(self) -> None:
        right = signed("pagerduty")["x-pagerduty-signature"]
        with pytest.raises(SignatureError, match=f"more than {SIGNATURES_LIMIT}"):
            prove("pagerduty", {"x-pagerduty-signature": ",".join([right] * 21)})


BODY_ONLY = {"x-grafana-alerting-signature": sign(SECRET, BODY).hex()}


class TestGrafana:
    """With a signed time and without."""

    def test_the_body_alone_is_enough_where_no_header_for_the_time_is_configured(self) -> None:
        prove("grafana", BODY_ONLY)

    def test_where_one_is_configured_the_body_alone_is_refused(self) -> None:
        known = SourceSecrets(signing=(SECRET,), timestamp_header="x-when")
        with pytest.raises(SignatureError, match="x-when"):
            prove("grafana", BODY_ONLY, secrets=known)
        when = str(int(NOW.timestamp()))
        digest = sign(SECRET, when.encode(), b":", BODY).hex()
        right = {"x-grafana-alerting-signature": digest, "x-when": when}
        prove("grafana", right, secrets=known)

    @pytest.mark.parametrize("side", [-1, 1])
    def test_a_signed_time_holds_for_five_minutes_both_ways(self, side: int) -> None:
        headers = signed("grafana")
        prove("grafana", headers, now=NOW + side * timedelta(seconds=300))
        with pytest.raises(SignatureError, match=r"too (old|far in the future)"):
            prove("grafana", headers, now=NOW + side * timedelta(seconds=301))

    def test_a_time_cannot_be_added_changed_or_taken_away(self) -> None:
        later = str(int(NOW.timestamp()) + 60)
        headers = signed("grafana")
        for changed in (
            BODY_ONLY | {"x-grafana-alerting-timestamp": later},
            headers | {"x-grafana-alerting-timestamp": later},
            {"x-grafana-alerting-signature": headers["x-grafana-alerting-signature"]},
        ):
            with pytest.raises(SignatureError, match="does not fit"):
                prove("grafana", changed)

    @pytest.mark.parametrize("time", ["", "soon", "1e9", "-1", "9" * 13, "٣", "1,2", " "])
    def test_what_is_no_time_is_no_proof(self, time: str) -> None:
        with pytest.raises(SignatureError, match="not a number of seconds"):
            prove("grafana", signed("grafana") | {"x-grafana-alerting-timestamp": time})

    def test_the_name_that_grafanas_code_falls_back_to_counts_too(self) -> None:
        digest = BODY_ONLY["x-grafana-alerting-signature"]
        prove("grafana", {"x-grafana-alert-signature": digest})
        with pytest.raises(SignatureError):
            prove("grafana", BODY_ONLY | {"x-grafana-alert-signature": "0" * 64})


class TestBasic:
    """User and password."""

    @pytest.mark.parametrize("pair", [PAIR, "old:pass"])
    def test_a_right_pair_is_proof(self, pair: str) -> None:
        prove("basic", signed("basic", secret=pair))

    @pytest.mark.parametrize(
        "header",
        [
            "Basic",
            "Basic ",
            "basic !",
            "Basic YWlybWVuZDpwYXNz",  # airmend:pass
            "Basic YWlybWVuZDpwYXNzIHdvcmQ",  # the right pair without its padding
            "Basic " + "A" * 100_000,
            "Basic \xe9",
            "Basic YWly\nbWVuZDpwYXNzIHdvcmQ=",
            "Basic YWlybWVuZDpwYXNzIHdvcmQ=, Basic YWlybWVuZDpwYXNzIHdvcmQ=",
        ],
    )
    def test_a_wrong_pair_is_no_proof(self, header: str) -> None:
        with pytest.raises(SignatureError, match="user or the password"):
            prove("basic", {"authorization": header})


class TestQueryToken:
    """A token in the address."""

    @pytest.mark.parametrize("query", ["token=" + "t" * 20, "a=1&token=" + "o" * 20])
    def test_a_right_token_is_proof(self, query: str) -> None:
        prove("query_token", {QUERY: query})

    @pytest.mark.parametrize(
        "query",
        [
            "token=",
            "token=" + "t" * 19,
            "token=" + "t" * 20 + "&token=" + "t" * 20,
            "token=" + "t" * 20 + "%00",
            "token=%ff",
            "token=\xff",
            "&".join(["a=1"] * 200) + "&token=" + "t" * 20,
        ],
    )
    def test_a_wrong_token_is_no_proof(self, query: str) -> None:
        with pytest.raises(SignatureError, match="address is wrong"):
            prove("query_token", {QUERY: query})

    @pytest.mark.parametrize("headers", [{}, {QUERY: ""}, {QUERY: "Token=" + "t" * 20}])
    def test_no_token_is_none(self, headers: dict[str, str]) -> None:
        assert not SCHEMES["query_token"].is_sent(headers)


headers_of_any_shape = st.dictionaries(
    st.sampled_from(
        [
            "webhook-id",
            "webhook-timestamp",
            "webhook-signature",
            "authorization",
            "x-hub-signature",
            "x-hub-signature-256",
            "x-pagerduty-signature",
            "x-grafana-alerting-signature",
            "x-grafana-alerting-timestamp",
            "sentry-hook-signature",
            "x-amz-sns-message-type",
            QUERY,
        ]
    ),
    st.text(st.characters(categories=None), max_size=30)
    | st.sampled_from(["v1,", "v1,=", "v1,AAAA", "v1=", "sha256=", "Bearer", "Basic ", "token="])
    | st.sampled_from(["1e9", "٣", "-1", "9" * 13, str(2**40), str(int(NOW.timestamp()))]),
)


@given(headers_of_any_shape, st.binary(max_size=20))
def test_headers_of_any_shape_are_no_proof_of_any_scheme(
    headers: dict[str, str], body: bytes
) -> None:
    known = parse_secrets(
        "token whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        {
            "signing_secrets": [SECRET],
            "basic_passwords": [PAIR],
            "query_tokens": ["t" * 20],
            "topic_arns": ["arn:aws:sns:us-east-1:123456789012:alarms"],
        },
    )
    for scheme in SCHEMES.values():
        assert scheme.is_set(known)
        assert not scheme.is_set(SourceSecrets())
        if scheme.is_sent(headers):
            with pytest.raises(SignatureError):
                scheme.prove(known, headers, body, NOW)
