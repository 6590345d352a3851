"""Amazon SNS: who signed, of which topic, with whose certificate."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from airmend.errors import ProofUnavailableError, SignatureError
from airmend.incident.proofs import SourceSecrets, confirm_subscription, prove_sender, sns
from airmend.incident.sources import generic
from tests.unit.incident.proofs.amazon import (
    CERTIFICATE_URL,
    CONFIRMATION_HEADERS,
    HEADERS,
    HOST,
    NOW,
    SUBSCRIBE_URL,
    TOPIC,
    FakeAmazon,
    make_certificate,
    make_confirmation,
    make_key,
    make_message,
    sign_message,
)


@pytest.fixture(scope="module")
def amazon() -> FakeAmazon:
    """An Amazon with a good certificate."""
    return FakeAmazon()


def allow(amazon: FakeAmazon | None, *topics: str) -> SourceSecrets:
    """What is configured for a source of SNS."""
    return SourceSecrets(topic_arns=topics or (TOPIC,), amazon=amazon)


def prove(amazon: FakeAmazon | None, body: bytes, now: datetime = NOW, *topics: str) -> None:
    """Ask the scheme."""
    sns.prove(allow(amazon, *topics), HEADERS, body, now)


def refuse(body: bytes, match: str | None, amazon: FakeAmazon | None = None) -> None:
    """The message is no proof, for this reason."""
    with pytest.raises(SignatureError, match=match):
        prove(amazon or FakeAmazon(), body)


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("make", [make_message, make_confirmation])
def test_a_message_that_amazon_signed_is_proof(amazon: FakeAmazon, make: Any, version: str) -> None:
    prove(amazon, sign_message(make(SignatureVersion=version)))


def test_a_message_without_a_subject_is_signed_without_it(amazon: FakeAmazon) -> None:
    message = make_message()
    del message["Subject"]
    prove(amazon, sign_message(message))


def test_the_end_of_a_subscription_is_proven_as_its_beginning(amazon: FakeAmazon) -> None:
    prove(amazon, sign_message(make_confirmation(Type="UnsubscribeConfirmation")))


@given(text=st.text(max_size=50))
def test_a_message_of_any_text_is_signed_as_it_is_read(text: str) -> None:
    prove(FakeAmazon(), sign_message(make_message(Message=text, Subject=text)))


SIGNED = ("Message", "MessageId", "Subject", "Timestamp", "Type")


@pytest.mark.parametrize("field", SIGNED)
def test_whatever_is_signed_cannot_be_changed(amazon: FakeAmazon, field: str) -> None:
    document = json.loads(sign_message(make_message()))
    document[field] = {
        "Timestamp": "2026-03-02T08:59:59.000Z",
        "Type": "UnsubscribeConfirmation",
    }.get(field, document[field] + " ")
    document |= {"Token": "x", "SubscribeURL": "x"} if field == "Type" else {}
    refuse(json.dumps(document).encode(), "does not fit", amazon)


def test_a_subject_cannot_be_added_or_taken_away(amazon: FakeAmazon) -> None:
    without = make_message()
    del without["Subject"]
    document = json.loads(sign_message(without)) | {"Subject": "ALARM"}
    refuse(json.dumps(document).encode(), "does not fit", amazon)
    document = json.loads(sign_message(make_message()))
    del document["Subject"]
    refuse(json.dumps(document).encode(), "does not fit", amazon)


def test_a_subject_that_is_no_text_would_be_read_and_not_signed() -> None:
    without = make_message()
    del without["Subject"]
    document = json.loads(sign_message(without)) | {"Subject": ["ALARM"]}
    refuse(json.dumps(document).encode(), "'Subject' is missing or no text")


def test_the_version_that_is_not_signed_cannot_be_swapped(amazon: FakeAmazon) -> None:
    document = json.loads(sign_message(make_message())) | {"SignatureVersion": "2"}
    refuse(json.dumps(document).encode(), "does not fit", amazon)


def test_another_key_is_not_amazons(amazon: FakeAmazon) -> None:
    refuse(sign_message(make_message(), make_key(3072)), "does not fit", amazon)


def test_a_raw_message_is_not_signed_and_needs_another_proof(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert sns.is_sent(HEADERS)
    raw = HEADERS | {"x-amz-sns-rawdelivery": "true"}
    assert not sns.is_sent(raw)
    monkeypatch.setattr(generic, "PROOFS", ("sns", "bearer"), raising=False)
    known = SourceSecrets(topic_arns=(TOPIC,), amazon=FakeAmazon(), bearer=("token",))
    with pytest.raises(SignatureError, match="not proven"):
        prove_sender(known, raw, b"{}", NOW, source="generic")
    prove_sender(known, raw | {"authorization": "Bearer token"}, b"{}", NOW, source="generic")


class TestTopics:
    """Anybody may have a topic, and Amazon signs for all of them."""

    def test_a_topic_that_is_not_allowed_is_refused_before_amazon_is_asked(self) -> None:
        amazon = FakeAmazon()
        other = TOPIC.replace("123456789012", "666666666666")
        refuse(sign_message(make_message(TopicArn=other)), "not one of the 'topic_arns'", amazon)
        assert amazon.asked == []

    def test_without_an_allowed_topic_the_proof_is_not_set(self) -> None:
        assert not sns.is_set(SourceSecrets(amazon=FakeAmazon()))
        with pytest.raises(SignatureError, match="topic_arns"):
            sns.prove(SourceSecrets(), HEADERS, sign_message(make_message()), NOW)

    def test_one_of_several_topics_is_enough(self, amazon: FakeAmazon) -> None:
        prove(amazon, sign_message(make_message()), NOW, TOPIC + "-other", TOPIC)


class TestCertificate:
    """Where it lies, and what it says."""

    @pytest.mark.parametrize(
        "url",
        [
            "",
            CERTIFICATE_URL.replace("https", "http"),
            CERTIFICATE_URL.replace("https", "HTTPS"),
            CERTIFICATE_URL.replace(HOST, "evil.example"),
            CERTIFICATE_URL.replace(HOST, f"{HOST}.evil.example"),
            CERTIFICATE_URL.replace(HOST, f"evil-{HOST}"),
            CERTIFICATE_URL.replace(HOST, f"{HOST}@evil.example"),
            CERTIFICATE_URL.replace(HOST, f"user:pass@{HOST}"),
            CERTIFICATE_URL.replace(HOST, f"{HOST}:443"),
            CERTIFICATE_URL.replace(HOST, f"{HOST}:8080"),
            CERTIFICATE_URL.replace(HOST, "sns.us-east-1.amazonaws.com"),  # another region
            CERTIFICATE_URL.replace(HOST, "sns.s3.amazonaws.com"),  # somebody's bucket
            CERTIFICATE_URL.replace(HOST, "sns.s3-us-west-2.amazonaws.com"),
            CERTIFICATE_URL.replace(HOST, f"sns{HOST}"),
            CERTIFICATE_URL.replace(HOST, HOST.upper()),
            CERTIFICATE_URL.replace(HOST, HOST.replace(".", "x", 1)),
            CERTIFICATE_URL + "\n",
            CERTIFICATE_URL + "?.pem",
            CERTIFICATE_URL + "#.pem",
            CERTIFICATE_URL.replace(".pem", ".txt"),
            CERTIFICATE_URL.replace("/Simple", "/../Simple"),
            CERTIFICATE_URL.replace("/Simple", "/%2e%2e/Simple"),
            CERTIFICATE_URL.replace("/Simple", "\\Simple"),
            f"https://{HOST}/?Action=GetThing&x=.pem",
            f"https://{HOST}/.pem",
            f"https://{HOST}/{'a' * 300}.pem",
        ],
    )
    def test_an_address_that_is_not_amazons_is_not_asked_for(self, url: str) -> None:
        amazon = FakeAmazon()
        refuse(sign_message(make_message(SigningCertURL=url)), "not a .pem file", amazon)
        assert amazon.asked == []

    @pytest.mark.parametrize(
        ("topic", "host"),
        [
            ("arn:aws:sns:us-east-1:123456789012:a", "sns.us-east-1.amazonaws.com"),
            ("arn:aws-us-gov:sns:us-gov-west-1:123456789012:a", "sns.us-gov-west-1.amazonaws.com"),
            ("arn:aws-cn:sns:cn-north-1:123456789012:a", "sns.cn-north-1.amazonaws.com.cn"),
        ],
    )
    def test_the_host_is_the_one_of_the_topics_region(self, topic: str, host: str) -> None:
        amazon = FakeAmazon()
        url = CERTIFICATE_URL.replace(HOST, host)
        body = sign_message(make_message(TopicArn=topic, SigningCertURL=url))
        prove(amazon, body, NOW, topic)
        assert amazon.asked == [url]

    @pytest.mark.parametrize("days", [-1, 301])
    def test_one_that_is_not_valid_today_is_refused(self, days: int) -> None:
        amazon = FakeAmazon(make_certificate(valid_from=NOW))
        now = NOW + timedelta(days=days)
        message = make_message(Timestamp=now.isoformat())
        with pytest.raises(SignatureError, match="not valid today"):
            prove(amazon, sign_message(message), now)

    @pytest.mark.parametrize("name", ["amazonaws.com", "sns.amazonaws.com.evil.example", "*"])
    def test_one_that_was_made_for_another_service_is_refused(self, name: str) -> None:
        amazon = FakeAmazon(make_certificate(name=name, alternatives=("s3.amazonaws.com",)))
        refuse(sign_message(make_message()), "not made for SNS", amazon)

    def test_the_name_may_stand_among_the_alternative_ones(self) -> None:
        amazon = FakeAmazon(make_certificate(name="Amazon", alternatives=("sns.amazonaws.com",)))
        prove(amazon, sign_message(make_message()))

    def test_a_weak_key_is_refused(self) -> None:
        key = make_key(1024)
        amazon = FakeAmazon(make_certificate(key=key))
        refuse(sign_message(make_message(), key), "no RSA key of 2048 bits", amazon)

    def test_a_key_of_another_kind_is_refused(self) -> None:
        amazon = FakeAmazon(make_certificate(key=ec.generate_private_key(ec.SECP256R1())))
        refuse(sign_message(make_message()), "no RSA key", amazon)

    def test_when_it_cannot_be_had_nobody_is_blamed(self, amazon: FakeAmazon) -> None:
        down = FakeAmazon()
        down.is_up = False
        for way in (down, None):
            with pytest.raises(ProofUnavailableError):
                prove(way, sign_message(make_message()))


class TestTime:
    """A message may be a day old."""

    def test_a_message_of_yesterday_is_too_old(self, amazon: FakeAmazon) -> None:
        body = sign_message(make_message(Timestamp=NOW.isoformat()))
        prove(amazon, body, NOW + sns.MAXIMUM_AGE)
        with pytest.raises(SignatureError, match="older than a day"):
            prove(amazon, body, NOW + sns.MAXIMUM_AGE + timedelta(seconds=1))

    def test_a_message_from_the_future_is_refused(self, amazon: FakeAmazon) -> None:
        body = sign_message(make_message(Timestamp=NOW.isoformat()))
        prove(amazon, body, NOW - timedelta(seconds=300))
        with pytest.raises(SignatureError, match="future"):
            prove(amazon, body, NOW - timedelta(seconds=301))

    @pytest.mark.parametrize(
        "time", ["", "now", "1772442000", "2026-03-02T08:59:58", "9999-12-31T23:59:59-23:59"]
    )
    def test_what_is_no_time_is_no_proof(self, time: str) -> None:
        refuse(sign_message(make_message(Timestamp=time)), "Timestamp|older")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"Notification"',
        b"\xff",
        b"[" * 100_000,
        b'{"Type": "Notification"}',
        b'{"Type": ["Notification"]}',
        b'{"Type": "Other"}',
        sign_message(make_message()).replace(b'"Message"', b'"message"'),
    ],
)
def test_what_is_no_message_is_no_proof(body: bytes) -> None:
    refuse(body, "no message of SNS")


@pytest.mark.parametrize(
    "override",
    [
        {"Signature": ""},
        {"Signature": "not base64!"},
        {"Signature": 7},
        {"Signature": base64.b64encode(b"x" * 256).decode()},
        {"Signature": base64.b64encode(b"x").decode()},
        {"SignatureVersion": "3"},
        {"SignatureVersion": 1},
        {"SignatureVersion": None},
        {"Message": None},
        {"Message": {"AlarmName": "disk"}},
        {"SigningCertURL": None},
        {"TopicArn": [TOPIC]},
    ],
)
def test_a_message_with_an_odd_field_is_no_proof(
    amazon: FakeAmazon, override: dict[str, Any]
) -> None:
    document = json.loads(sign_message(make_message())) | override
    refuse(json.dumps(document).encode(), None, amazon)


class TestConfirmation:
    """Yes is said to Amazon alone, and for allowed topics alone."""

    def confirm(self, amazon: FakeAmazon, body: bytes, **known: Any) -> None:
        secrets = replace(SourceSecrets(topic_arns=(TOPIC,), amazon=amazon), **known)
        confirm_subscription(secrets, body, NOW, source="sns")

    def test_a_proven_one_is_confirmed_each_time_it_is_asked(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        amazon, body = FakeAmazon(), sign_message(make_confirmation())
        with caplog.at_level("INFO"):
            self.confirm(amazon, body)
            self.confirm(amazon, body)
        assert amazon.confirmed == [SUBSCRIBE_URL] * 2
        assert TOPIC in caplog.text
        assert "2336412f37f" not in caplog.text

    def test_an_unproven_one_is_not(self) -> None:
        amazon = FakeAmazon()
        forged = json.loads(sign_message(make_confirmation()))
        forged["SubscribeURL"] += "&evil=1"
        other = TOPIC.replace("123456789012", "666666666666")
        for body, known in (
            (json.dumps(forged).encode(), {}),
            (sign_message(make_confirmation(TopicArn=other)), {}),
            (sign_message(make_confirmation()), {"topic_arns": ()}),
            (sign_message(make_confirmation()), {"topic_arns": (), "bearer": ("token",)}),
        ):
            with pytest.raises(SignatureError):
                self.confirm(amazon, body, **known)
        assert amazon.confirmed == []

    @pytest.mark.parametrize(
        "url",
        [
            "",
            SUBSCRIBE_URL.replace("https", "http"),
            SUBSCRIBE_URL.replace(HOST, "evil.example"),
            SUBSCRIBE_URL.replace(HOST, f"{HOST}:8080"),
            SUBSCRIBE_URL.replace(HOST, f"a@{HOST}"),
            SUBSCRIBE_URL.replace(HOST, f"{HOST}@evil.example"),
            SUBSCRIBE_URL.replace("/?", "/other?"),
            SUBSCRIBE_URL.replace("ConfirmSubscription", "DeleteTopic"),
            SUBSCRIBE_URL.replace(TOPIC, TOPIC + "-other"),
            SUBSCRIBE_URL + "&Action=DeleteTopic",
            SUBSCRIBE_URL + "&a=1" * 30,
            SUBSCRIBE_URL + "\n",
            SUBSCRIBE_URL + " ",
            SUBSCRIBE_URL + "é",
        ],
    )
    def test_an_address_that_confirms_nothing_is_not_asked_for_though_signed(
        self, url: str
    ) -> None:
        amazon = FakeAmazon()
        with pytest.raises(SignatureError, match="confirms no subscription"):
            self.confirm(amazon, sign_message(make_confirmation(SubscribeURL=url)))
        assert amazon.confirmed == []

    def test_a_notification_that_says_to_be_one_confirms_nothing(self) -> None:
        amazon = FakeAmazon()
        self.confirm(amazon, sign_message(make_message(SubscribeURL=SUBSCRIBE_URL)))
        assert amazon.confirmed == []
        assert CONFIRMATION_HEADERS != HEADERS

    def test_when_amazon_does_not_take_the_yes_it_is_told_to_ask_again(self) -> None:
        amazon = FakeAmazon()
        amazon.is_up = False
        with pytest.raises(ProofUnavailableError):
            self.confirm(amazon, sign_message(make_confirmation()))
