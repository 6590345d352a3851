"""Amazon SNS: a signature in the body, made with the key of a certificate that Amazon publishes.

Three things make it proof. The topic is one that the connection allows; anybody may have a
topic, and Amazon signs for all of them. The certificate lies on the one host of that topic's
region, so that no address in a message sends us elsewhere. The signature fits the fields that
Amazon signs. The signed time may be a day old: Amazon tries for an hour, and within the time
that delivery ids are remembered a message that is sent again is known by its id.

Source of the rules:
https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm

from airmend.errors import MalformedBodyError, ProofUnavailableError, SignatureError
from airmend.incident.fields import decode_json
from airmend.incident.proofs import digests
from airmend.incident.proofs.secrets_of_source import Amazon, SourceSecrets

ASKED_FOR = "a message that Amazon SNS signed, of an allowed topic"

MAXIMUM_AGE = timedelta(hours=24)
"""How old a message may be; shorter than the time for which delivery ids are remembered."""

CONFIRMATION = "SubscriptionConfirmation"

_HEADER = "x-amz-sns-message-type"
_RAW_HEADER = "x-amz-sns-rawdelivery"
_NOTIFICATION_FIELDS = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION_FIELDS = (
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
)
_SIGNED_FIELDS = {
    "Notification": _NOTIFICATION_FIELDS,
    CONFIRMATION: _CONFIRMATION_FIELDS,
    "UnsubscribeConfirmation": _CONFIRMATION_FIELDS,
}
_OPTIONAL = "Subject"
_HASHES: dict[str, HashAlgorithm] = {"1": SHA1(), "2": SHA256()}  # noqa: S303 - Amazon's default
_DOMAINS = {"aws": "amazonaws.com", "aws-us-gov": "amazonaws.com", "aws-cn": "amazonaws.com.cn"}
_CERTIFICATE_NAME = re.compile(r"sns\.(?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?")
_KEY_BITS_MINIMUM = 2048


@dataclass(frozen=True)
class Envelope:
    """A message of SNS, of which nothing is believed yet."""

    fields: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        """A field; empty where it is missing or no text."""
        return self.fields.get(name, "")

    @property
    def host(self) -> str:
        """The host of SNS in the region of the topic."""
        _, partition, _, region, *_ = self["TopicArn"].split(":")
        return f"sns.{region}.{_DOMAINS[partition]}"

    def signed_content(self) -> bytes:
        """What Amazon signs: names and values in the order of the names, a line each."""
        names = _SIGNED_FIELDS[self["Type"]]
        lines = [f"{name}\n{self.fields[name]}\n" for name in names if name in self.fields]
        return "".join(lines).encode("utf-8", "surrogatepass")


def is_set(secrets: SourceSecrets) -> bool:
    """Whether a topic is allowed."""
    return bool(secrets.topic_arns)


def is_sent(headers: Mapping[str, str]) -> bool:
    """Whether a delivery says that it is from SNS, and signed: raw messages are not."""
    return _HEADER in headers and headers.get(_RAW_HEADER, "") != "true"


def prove(secrets: SourceSecrets, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Return when Amazon signed the message, of an allowed topic; see `Scheme.prove`.

    Raises:
        ProofUnavailableError: Amazon's certificate cannot be had now.
    """
    read_proven(secrets, body, now)


def read_proven(secrets: SourceSecrets, body: bytes, now: datetime) -> Envelope:
    """The message, once it is proven; raises as `prove` does."""
    envelope = _read_envelope(body)
    if envelope["TopicArn"] not in secrets.topic_arns:
        raise SignatureError(
            "the topic is not one of the 'topic_arns' in the extra of the connection"
        )
    _check_age(envelope["Timestamp"], now)
    signature = digests.read_base64(envelope["Signature"])
    algorithm = _HASHES.get(envelope["SignatureVersion"])
    if not signature or algorithm is None:
        raise SignatureError("the message has no signature of version 1 or 2 in base64")
    url = envelope["SigningCertURL"]
    if not re.fullmatch(rf"https://{re.escape(envelope.host)}/[A-Za-z0-9_-]{{1,200}}\.pem", url):
        raise SignatureError(f"the certificate is not a .pem file on https://{envelope.host}/")
    key = _read_key(require_amazon(secrets).certificate(url), now)
    try:
        key.verify(signature, envelope.signed_content(), padding.PKCS1v15(), algorithm)
    except InvalidSignature as error:
        raise SignatureError("the signature does not fit the message") from error
    return envelope


def confirmation_url(envelope: Envelope) -> str:
    """The address by which a proven confirmation is answered.

    Raises:
        SignatureError: It does not confirm this topic on the host of the topic's region.
    """
    url, head = envelope["SubscribeURL"], f"https://{envelope.host}/?"
    try:
        query = parse_qs(url.removeprefix(head), max_num_fields=20)
    except ValueError:
        query = {}
    if (
        not url.startswith(head)
        or not url.isascii()
        or not url.isprintable()
        or " " in url
        or query.get("Action") != ["ConfirmSubscription"]
        or query.get("TopicArn") != [envelope["TopicArn"]]
    ):
        raise SignatureError(f"SubscribeURL confirms no subscription on https://{envelope.host}/")
    return url


def require_amazon(secrets: SourceSecrets) -> Amazon:
    """The way to Amazon.

    Raises:
        ProofUnavailableError: Whoever looked the secrets up gave none: nothing can be proven.
    """
    if secrets.amazon is None:
        raise ProofUnavailableError("no certificate of Amazon can be had in this process")
    return secrets.amazon


def _read_envelope(body: bytes) -> Envelope:
    try:
        document = decode_json(body)
    except MalformedBodyError as error:
        raise SignatureError(f"no message of SNS: {error}") from error
    items = document.items() if isinstance(document, dict) else ()
    envelope = Envelope({name: text for name, text in items if isinstance(text, str)})
    if not isinstance(document, dict) or envelope["Type"] not in _SIGNED_FIELDS:
        raise SignatureError(f"no message of SNS: 'Type' is none of {', '.join(_SIGNED_FIELDS)}")
    for name in _SIGNED_FIELDS[envelope["Type"]]:
        # a field that is there and no text would be read, and not be part of what is signed
        if (name in document or name != _OPTIONAL) and name not in envelope.fields:
            raise SignatureError(f"no message of SNS: '{name}' is missing or no text")
    return envelope


def _check_age(timestamp: str, now: datetime) -> None:
    try:
        sent_at = datetime.fromisoformat(timestamp)
        if sent_at.tzinfo is None:
            raise ValueError("no zone")
        age = now - sent_at
    except (ValueError, OverflowError) as error:
        raise SignatureError("no message of SNS: 'Timestamp' is no time with a zone") from error
    if not -timedelta(seconds=digests.TOLERANCE_SECONDS) <= age <= MAXIMUM_AGE:
        raise SignatureError(
            "the message is older than a day or from the future; compare the clocks"
        )


def _read_key(certificate: x509.Certificate, now: datetime) -> rsa.RSAPublicKey:
    """The key of a certificate that is valid now and made for SNS.

    Amazon publishes no chain beside it. Who made it is known from where it lies: it came over
    TLS from the host of SNS itself.
    """
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise SignatureError("the certificate of the message is not valid today")
    if not any(_CERTIFICATE_NAME.fullmatch(name) for name in _names_of(certificate)):
        raise SignatureError("the certificate of the message was not made for SNS")
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _KEY_BITS_MINIMUM:
        raise SignatureError(f"the certificate has no RSA key of {_KEY_BITS_MINIMUM} bits")
    return key


def _names_of(certificate: x509.Certificate) -> list[str]:
    common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    names = [str(attribute.value) for attribute in common]
    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return names
    return names + alternatives.value.get_values_for_type(x509.DNSName)
