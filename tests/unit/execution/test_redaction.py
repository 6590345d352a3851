"""A secret never survives, and ordinary text does."""

from __future__ import annotations

import json
import string
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.execution.redaction import MASK, redact

# Letters of the middle alphabet, so that no shape holds the secret by chance, and signs that
# passwords have.
SIGNS = "!%+-._~^*@/="
SECRETS = st.text(alphabet="ghijkGHIJK246" + SIGNS, min_size=6, max_size=40).filter(
    lambda text: text[0].isalnum() and text[-1].isalnum() and len(set(text)) > 3
)
WORDS = st.text(
    alphabet="abcdefABCDEF01357 =:,;\"'\\\n{}[]<>|-+", max_size=60
)  # none of its letters
NAMES = st.sampled_from(
    [
        *("password", "PASSWORD", "db_password", "dbPassword", "passwd", "MYSQL_PWD", "db_pass"),
        *("token", "access_token", "secret", "client-secret", "aws_secret_access_key", "apiKey"),
        *("api_key", "ansible_ssh_pass", "ansible_become_password", "credential", "Cookie"),
        *("private_key", "encryption_key", "AIRFLOW__CORE__FERNET_KEY", "session_id"),
    ]
)

SHAPES: dict[str, Callable[[str, str], str]] = {
    "key=value": lambda name, secret: f"{name}={secret}",
    "key = value": lambda name, secret: f"{name} = {secret}",
    "key: value": lambda name, secret: f"{name}: {secret}",
    "key: two words": lambda name, secret: f"{name}: words {secret} and more",
    "single quotes": lambda name, secret: f"{name}: '{secret}'",
    "double quotes": lambda name, secret: f'{name}="{secret}"',
    "JSON": lambda name, secret: json.dumps({name: secret, "port": 80}),
    "compact JSON": lambda name, secret: json.dumps({name: secret}, separators=(",", ":")),
    "JSON in JSON": lambda name, secret: json.dumps({"out": json.dumps({name: secret})}),
    "JSON list": lambda name, secret: json.dumps({name: ["first", secret]}),
    "Python": lambda name, secret: repr({name: secret, "port": 80}),
    "YAML block": lambda name, secret: f"{name}: |\n  first\n  {secret}\nport: 80",
    "YAML list": lambda name, secret: f"{name}:\n  - first\n  - {secret}\nport: 80",
    "YAML list item": lambda name, secret: f"- {name}: {secret}",
    "diff": lambda name, secret: f"-{name}: old\n+{name}: {secret}",
    "option": lambda name, secret: f"tool --{name} {secret} --verbose",
    "option=value": lambda name, secret: f"tool --{name}={secret} --verbose",
    "quoted option": lambda name, secret: f"tool --{name} 'a {secret}' --verbose",
    "XML": lambda name, secret: f"<{name}>{secret}</{name}>",
    "escaped lines": lambda name, secret: rf'"stdout": "a\n{name}={secret}\nb"',
    "ruby": lambda name, secret: f"{name} => {secret}",
}


@pytest.mark.parametrize("shape", SHAPES)
@given(name=NAMES, secret=SECRETS, before=WORDS, after=WORDS)
def test_a_named_secret_never_survives(
    shape: str, name: str, secret: str, before: str, after: str
) -> None:
    text = f"{before}\n{SHAPES[shape](name, secret)}\n{after}"

    assert secret not in redact(text)


BASE64 = string.ascii_letters + string.digits + "+/"
TOKEN = st.text(alphabet="ghijklmnopqrstGHIJKLMNOPQRST24689", min_size=36, max_size=60)
PLAIN_SHAPES: dict[str, Callable[[str], str]] = {
    "bearer": lambda token: f"Authorization: Bearer {token}",
    "basic": lambda token: f"authorization=Basic {token} next",
    "bearer alone": lambda token: f"sent Bearer {token} to the server",
    "signing secret": lambda token: f"whsec_{token}",
    "JWT": lambda token: f"eyJhbGciOiJIUzI1NiJ9.{token}.{token}",
    "GitHub": lambda token: f"ghp_{token}",
    "GitLab": lambda token: f"glpat-{token}",
    "Slack": lambda token: f"https://hooks.slack.com/services/T0/B0/{token}",
    "password hash": lambda token: f"root:$6$salt${token}:19000",
    "URL": lambda token: f"postgresql://user:{token}@db.example/name?x=y",
    "URL without user": lambda token: f"redis://:{token}@cache:6379/0",
    "URL with user alone": lambda token: f"https://{token}@git.example/repository",
    "URL with signs": lambda token: f"amqp://user:{token}/a@b:{token}@queue/",
    "curl": lambda token: f"curl -u admin:{token} http://web-1/",
    "PEM": lambda token: (
        f"-----BEGIN RSA PRIVATE KEY-----\n{token}\n{token}\n-----END RSA PRIVATE KEY-----\n"
    ),
    "PEM cut off": lambda token: f"-----BEGIN OPENSSH PRIVATE KEY-----\n{token}",
    "PEM in JSON": lambda token: json.dumps(
        {"key": f"-----BEGIN PRIVATE KEY-----\n{token}\n-----END PRIVATE KEY-----"}
    ),
}


@pytest.mark.parametrize("shape", PLAIN_SHAPES)
@given(token=TOKEN, before=WORDS)
def test_a_secret_of_known_shape_never_survives(shape: str, token: str, before: str) -> None:
    assert token not in redact(f"{before} {PLAIN_SHAPES[shape](token)}")


def test_an_aws_key_never_survives() -> None:
    assert "AKIAIOSFODNN7EXAMPLE" not in redact("key id AKIAIOSFODNN7EXAMPLE was used")


@given(
    line=st.text(alphabet=BASE64, min_size=64, max_size=64).filter(
        lambda text: any(sign not in "0123456789abcdef" for sign in text)
    )
)
def test_the_middle_of_a_key_file_never_survives(line: str) -> None:
    if any(sign in "GHIJKLMNOPQRSTUVWXYZghijklmnopqrstuvwxyz" for sign in line):
        assert line not in redact(f" context\n+{line}\n context")


@pytest.mark.parametrize(
    "text",
    [
        "TASK [Restart the service] ****",
        "ok=3 changed=1 unreachable=0 failed=0 skipped=2",
        "http://web-1:8080/health?full=1",
        "ssh://git@example.org/repository",
        "bypass: on, passed: 3, compass: north",
        "PWD=/root OLDPWD=/",
        "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "ansible_ssh_private_key_file=/etc/airmend/key",
        "public_key: ssh-ed25519 AAAA",
        "mode: '0644'",
        "password=",
        "",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_what_stands_beside_a_secret_stays_readable() -> None:
    text = '{"host": "web-1", "password": "hunter2", "port": 80}'

    assert redact(text) == f'{{"host": "web-1", "password": "{MASK}", "port": 80}}'


@given(name=NAMES, secret=SECRETS, shape=st.sampled_from(sorted(SHAPES)))
def test_redacting_twice_changes_nothing_more(name: str, secret: str, shape: str) -> None:
    once = redact(SHAPES[shape](name, secret))

    assert redact(once) == once


@pytest.mark.parametrize(
    "unit",
    [
        *("a", " ", "\\", '"', "x=", "password", "password=", "password='", "--token ", "Bearer "),
        *("://a:", "eyJ", "-----BEGIN PRIVATE KEY-----", "password:\n ", "token: {", "password["),
        *('password=\\"', "-u a", "whsec_", "A" * 64 + "\n", "://a@/"),
    ],
)
def test_the_time_grows_with_the_length_alone(unit: str) -> None:
    def seconds(length: int) -> float:
        text = (unit * (length // len(unit) + 1))[:length]
        started = time.process_time()
        redact(text)
        return time.process_time() - started

    # eight times the text; sixty-four times the time would be quadratic
    assert seconds(400_000) < 24 * max(min(seconds(50_000) for _ in range(3)), 0.004)
