"""Secrets as they are configured: which forms are read, and that none is ever shown."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from airmend.errors import ConfigurationError
from airmend.incident.proofs import SourceSecrets, parse_secrets

KEY = "whsec_" + base64.b64encode(bytes(range(32))).decode()
TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"


def test_words_are_keys_and_tokens_and_lists_are_the_rest() -> None:
    assert parse_secrets(
        f" a-token\n{KEY} ",
        {
            "signing_secrets": ["It's a Secret to Everybody", "pÄss"],
            "basic_passwords": ["airmend:pass:word"],
            "query_tokens": ["t" * 20],
            "topic_arns": [TOPIC, f"{TOPIC}.fifo"],
            "timestamp_header": "X-When",
        },
    ) == SourceSecrets(
        bearer=("a-token",),
        hmac=(KEY,),
        signing=("It's a Secret to Everybody", "pÄss"),
        basic=("airmend:pass:word",),
        query_tokens=("t" * 20,),
        topic_arns=(TOPIC, f"{TOPIC}.fifo"),
        timestamp_header="x-when",
    )


def test_nothing_configured_is_nothing_known() -> None:
    assert parse_secrets("", {}) == parse_secrets(" \n") == SourceSecrets()


def test_one_text_is_a_list_of_one_as_a_connection_in_a_url_has_it() -> None:
    assert parse_secrets("", {"signing_secrets": "secret"}).signing == ("secret",)


@pytest.mark.parametrize(
    "text",
    ["whsec_", "whsec_short", "whsec_" + "!" * 40, f"{KEY} {KEY} {KEY}", "a b c", "t\xf6ken-of-1"],
)
def test_words_that_cannot_be_used_are_refused_without_showing_them(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_secrets(text)
    for word in text.split():
        assert len(word) < 8 or word not in str(caught.value)


@pytest.mark.parametrize(
    "extra",
    [
        {"signing_secret": ["misspelt-key"]},
        {"my-secret-as-key": 1},
        {"signing_secrets": ["first-secret", "other-secret", "third-secret"]},
        {"signing_secrets": ["good-secret", ""]},
        {"signing_secrets": " "},
        {"signing_secrets": 4711},
        {"signing_secrets": [["nested-secret"]]},
        {"signing_secrets": None},
        {"signing_secrets": {"a-secret": 1}},
        {"basic_passwords": ["password-alone"]},
        {"basic_passwords": [":password-alone"]},
        {"basic_passwords": ["user-alone:"]},
        {"query_tokens": ["too-short"]},
        {"query_tokens": ["with space and more than 20"]},
        {"topic_arns": ["*"]},
        {"topic_arns": ["arn:aws:sns:*:123456789012:alarms"]},
        {"topic_arns": ["arn:aws:sns:s3:123456789012:alarms"]},
        {"topic_arns": ["arn:aws:sns:s3-us-west-2:123456789012:alarms"]},
        {"topic_arns": ["arn:aws:sqs:us-east-1:123456789012:alarms"]},
        {"topic_arns": ["arn:evil:sns:us-east-1:123456789012:alarms"]},
        {"topic_arns": [f"{TOPIC}\n"]},
        {"timestamp_header": "X When"},
        {"timestamp_header": ["X-When"]},
    ],
)
def test_an_extra_that_cannot_be_used_is_refused_without_showing_it(extra: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_secrets("", extra)
    for text in ("misspelt-key", "my-secret", "-secret", "-alone", "too-short", "with space"):
        assert text not in str(caught.value).replace("connection", "")


def test_secrets_do_not_show_when_printed() -> None:
    shown = repr(
        parse_secrets(
            f"my-token {KEY}",
            {
                "signing_secrets": ["my-signing"],
                "basic_passwords": ["me:my-password"],
                "query_tokens": ["my-query-token-of-20-characters"],
            },
        )
    )
    assert "my-" not in shown
    assert KEY not in shown
