"""An Amazon of our own: a key, certificates, and messages that are signed as SNS does."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from airmend.errors import ProofUnavailableError

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
REGION = "eu-central-1"
TOPIC = f"arn:aws:sns:{REGION}:123456789012:alarms"
HOST = f"sns.{REGION}.amazonaws.com"
CERTIFICATE_URL = f"https://{HOST}/SimpleNotificationService-{'0' * 31}a.pem"
SUBSCRIBE_URL = f"https://{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37f"
HEADERS = {"x-amz-sns-message-type": "Notification"}
CONFIRMATION_HEADERS = {"x-amz-sns-message-type": "SubscriptionConfirmation"}


class FakeAmazon:
    """Gives one certificate, and notes what it is asked for."""

    def __init__(self, certificate: x509.Certificate | None = None) -> None:
        self.known = certificate or make_certificate()
        self.is_up = True
        self.asked: list[str] = []
        self.confirmed: list[str] = []

    def certificate(self, url: str) -> x509.Certificate:
        """See the port."""
        self.asked.append(url)
        if not self.is_up:
            raise ProofUnavailableError("Amazon cannot be reached")
        return self.known

    def confirm(self, url: str) -> None:
        """See the port."""
        if not self.is_up:
            raise ProofUnavailableError("Amazon cannot be reached")
        self.confirmed.append(url)


@lru_cache
def make_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key; the same for the same size."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def make_certificate(
    *,
    name: str = "sns.amazonaws.com",
    alternatives: tuple[str, ...] = (),
    valid_from: datetime = NOW - timedelta(days=30),
    valid_until: datetime = NOW + timedelta(days=300),
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | None = None,
) -> x509.Certificate:
    """A certificate; signed by itself, since nothing rests on who signed it."""
    key = key or make_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(valid_from)
        .not_valid_after(valid_until)
    )
    if alternatives:
        names = x509.SubjectAlternativeName([x509.DNSName(each) for each in alternatives])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(key, hashes.SHA256())


def to_pem(certificate: x509.Certificate) -> bytes:
    """A certificate as Amazon publishes it."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def make_message(**override: Any) -> dict[str, Any]:
    """A notification before it is signed."""
    return {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Subject": 'ALARM: "disk" in EU (Frankfurt)',
        "Message": '{"AlarmName": "disk"}',
        "Timestamp": "2026-03-02T08:59:58.655Z",
        "SignatureVersion": "1",
        "SigningCertURL": CERTIFICATE_URL,
        "UnsubscribeURL": f"https://{HOST}/?Action=Unsubscribe&SubscriptionArn={TOPIC}:c9135db0",
    } | override


def make_confirmation(**override: Any) -> dict[str, Any]:
    """What SNS asks when somebody subscribes us, before it is signed."""
    message = make_message(
        Type="SubscriptionConfirmation",
        Message=f"You have chosen to subscribe to the topic {TOPIC}.",
        Token="2336412f37f",
        SubscribeURL=SUBSCRIBE_URL,
    )
    del message["Subject"], message["UnsubscribeURL"]
    return message | override


def sign_message(message: dict[str, Any], key: rsa.RSAPrivateKey | None = None) -> bytes:
    """The body that SNS posts: the message with its signature.

    Written from Amazon's description and apart from the code under test.
    """
    text = f"Message\n{message['Message']}\nMessageId\n{message['MessageId']}\n"
    if message["Type"] == "Notification":
        if "Subject" in message:
            text += f"Subject\n{message['Subject']}\n"
        text += f"Timestamp\n{message['Timestamp']}\n"
    else:
        text += f"SubscribeURL\n{message['SubscribeURL']}\nTimestamp\n{message['Timestamp']}\n"
        text += f"Token\n{message['Token']}\n"
    text += f"TopicArn\n{message['TopicArn']}\nType\n{message['Type']}\n"
    algorithm = hashes.SHA1() if message["SignatureVersion"] == "1" else hashes.SHA256()  # noqa: S303
    signature = (key or make_key()).sign(text.encode(), padding.PKCS1v15(), algorithm)
    return json.dumps(message | {"Signature": base64.b64encode(signature).decode()}).encode()
