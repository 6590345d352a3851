"""Who may send: tokens and Standard Webhooks, and what counts when several proofs are sent."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from airmend.errors import SignatureError
from airmend.incident.proofs import (
    QUERY,
    SCHEMES,
    SIGNERS,
    TOLERANCE_SECONDS,
    SourceSecrets,
    parse_secrets,
    prove_sender,
    sign_delivery,
)
from airmend.incident.sources import accepted_proofs, source_names

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEY = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER_KEY = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()
BODY = b'{"name": "ServiceDown"}'
SIGNED = SourceSecrets(hmac=(KEY,))
TOKEN = SourceSecrets(bearer=("token-of-alertmanager",))
RIGHT_TOKEN = {"authorization": "Bearer token-of-alertmanager"}


def prove(
    secrets: SourceSecrets, headers: dict[str, str], body: bytes = BODY, now: datetime = NOW
) -> None:
    prove_sender(secrets, headers, body, now, source="alertmanager")


def test_a_right_signature_is_proof() -> None:
    prove(SIGNED, sign_delivery(KEY, "msg_1", NOW, BODY))


def test_the_published_vector_of_standard_webhooks_is_proof() -> None:
    prove(
        parse_secrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
        b'{"test": 2432232314}',
        datetime.fromtimestamp(1614265330, UTC),
    )


@given(body=st.text(max_size=60), identity=st.from_regex(r"msg_[A-Za-z0-9]{1,20}", fullmatch=True))
def test_we_sign_as_the_library_of_standard_webhooks_does(body: str, identity: str) -> None:
    theirs = Webhook(KEY).sign(identity, NOW, body)
    assert sign_delivery(KEY, identity, NOW, body.encode())["webhook-signature"] == theirs


def test_a_body_that_is_no_text_is_signed_over_its_bytes() -> None:
    body = b"\xff\x00\xfe"
    prove(SIGNED, sign_delivery(KEY, "msg_1", NOW, body), body)


@given(st.binary(max_size=40), st.integers(min_value=0, max_value=39), st.integers(1, 255))
def test_any_other_body_is_no_proof(body: bytes, place: int, flip: int) -> None:
    headers = sign_delivery(KEY, "msg_1", NOW, body)
    changed = bytearray(body or b"x")
    changed[place % len(changed)] ^= flip
    with pytest.raises(SignatureError, match="does not fit"):
        prove(SIGNED, headers, bytes(changed))


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp"])
def test_identity_and_time_are_part_of_what_is_signed(header: str) -> None:
    headers = sign_delivery(KEY, "msg_1", NOW, BODY)
    changed = {"webhook-id": "msg_2", "webhook-timestamp": str(int(NOW.timestamp()) + 1)}[header]
    with pytest.raises(SignatureError, match="does not fit"):
        prove(SIGNED, headers | {header: changed})
    with pytest.raises(SignatureError, match="needs the headers"):
        prove(SIGNED, {name: text for name, text in headers.items() if name != header})


@pytest.mark.parametrize("side", [-1, 1])
def test_a_signature_holds_for_five_minutes_both_ways(side: int) -> None:
    headers = sign_delivery(KEY, "msg_1", NOW, BODY)
    prove(SIGNED, headers, now=NOW + side * timedelta(seconds=TOLERANCE_SECONDS))
    with pytest.raises(SignatureError, match=r"too (old|far in the future)"):
        prove(SIGNED, headers, now=NOW + side * timedelta(seconds=TOLERANCE_SECONDS + 1))


def test_one_right_signature_among_several_is_enough() -> None:
    headers = sign_delivery(KEY, "msg_1", NOW, BODY)
    wrong = sign_delivery(OTHER_KEY, "msg_1", NOW, BODY)["webhook-signature"]
    several = f"v1a,x v1,! {wrong} {headers['webhook-signature']}"
    prove(SIGNED, headers | {"webhook-signature": several})


def test_a_flood_of_signatures_is_refused() -> None:
    headers = sign_delivery(KEY, "msg_1", NOW, BODY)
    many = " ".join([headers["webhook-signature"]] * 21)
    with pytest.raises(SignatureError, match="more than 20"):
        prove(SIGNED, headers | {"webhook-signature": many})


def test_old_and_new_secret_both_hold_while_one_takes_the_others_place() -> None:
    rotating = parse_secrets(f"old-token {KEY}\n new-token {OTHER_KEY} ")
    for key in (KEY, OTHER_KEY):
        prove(rotating, sign_delivery(key, "msg_1", NOW, BODY))
    for token in ("old-token", "new-token"):
        prove(rotating, {"authorization": f"Bearer {token}"})


@pytest.mark.parametrize(
    "header", ["bearer token-of-alertmanager", "Bearer  token-of-alertmanager "]
)
def test_a_right_token_is_proof(header: str) -> None:
    prove(TOKEN, {"authorization": header})


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer token-of-alertmanage",
        "Bearer token-of-alertmanager2",
        "token-of-alertmanager",
        "Basic token-of-alertmanager",
        "Bearer \xe9",
    ],
)
def test_a_wrong_token_is_no_proof(header: str) -> None:
    with pytest.raises(SignatureError):
        prove(TOKEN, {"authorization": header})


def test_a_wrong_signature_is_not_made_good_by_a_token() -> None:
    both = SourceSecrets(bearer=TOKEN.bearer, hmac=SIGNED.hmac)
    headers = sign_delivery(OTHER_KEY, "msg_1", NOW, BODY) | RIGHT_TOKEN
    with pytest.raises(SignatureError):
        prove(both, headers)


def test_a_proof_of_the_other_kind_does_not_count() -> None:
    with pytest.raises(SignatureError, match="Standard Webhooks"):
        prove(SIGNED, RIGHT_TOKEN)
    with pytest.raises(SignatureError, match="Bearer"):
        prove(TOKEN, sign_delivery(KEY, "msg_1", NOW, BODY))


def test_without_a_secret_nobody_is_let_in_and_the_message_says_where_it_goes() -> None:
    for headers in ({}, {"authorization": "Bearer "}, RIGHT_TOKEN):
        with pytest.raises(SignatureError, match="'airmend_hook_alertmanager'"):
            prove(parse_secrets(" \n"), headers)


def test_a_wrong_token_is_not_made_good_by_a_signature() -> None:
    both = SourceSecrets(bearer=TOKEN.bearer, hmac=SIGNED.hmac)
    headers = sign_delivery(KEY, "msg_1", NOW, BODY) | {"authorization": "Bearer wrong"}
    with pytest.raises(SignatureError, match="token is wrong"):
        prove(both, headers)


def test_a_proof_of_a_kind_that_is_not_configured_is_not_looked_at() -> None:
    prove(TOKEN, RIGHT_TOKEN | {"webhook-signature": "v1,AAAA", "x-hub-signature": "sha1=0"})


def test_a_proof_that_the_source_does_not_take_is_none() -> None:
    known = SourceSecrets(signing=("secret",), query_tokens=("t" * 20,), bearer=TOKEN.bearer)
    for headers in (SIGNERS["pagerduty"]("secret", BODY, NOW), {QUERY: "token=" + "t" * 20}):
        with pytest.raises(SignatureError, match="Bearer"):
            prove(known, {name.lower(): text for name, text in headers.items()})


@pytest.mark.parametrize("source", source_names())
def test_every_source_takes_proofs_that_there_are(source: str) -> None:
    proofs = accepted_proofs(source)
    assert proofs
    assert set(proofs) <= set(SCHEMES)
    assert len(set(proofs)) == len(proofs)


def test_no_message_holds_what_was_sent_or_what_is_set() -> None:
    known = parse_secrets(f"right-token {KEY}")
    for headers in (
        {"authorization": "Bearer sent-by-somebody"},
        sign_delivery(OTHER_KEY, "sent-by-somebody", NOW, BODY),
        {"webhook-signature": "sent-by-somebody", "webhook-id": "sent-by-somebody"},
        {"webhook-signature": "v1,", "webhook-id": "x", "webhook-timestamp": "sent-by-somebody"},
    ):
        with pytest.raises(SignatureError) as caught:
            prove(known, headers)
        for secret in ("sent-by-somebody", "right-token", KEY):
            assert secret not in str(caught.value)
