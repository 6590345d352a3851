r"""AWS CloudWatch alarms through Amazon SNS.

Sources of the form: https://docs.aws.amazon.com/sns/latest/dg/http-notification-json.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html.

SNS wraps what CloudWatch says, as JSON in a text:

    {
      "Type": "Notification", "MessageId": "22b80b92-...", "Timestamp": "2026-03-02T09:00:00.134Z",
      "TopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms", "Subject": "ALARM: ...",
      "Message": "{\"AlarmName\": ..., \"NewStateValue\": \"ALARM\", ...}",
      "SignatureVersion": "1", "Signature": "...", "SigningCertURL": "...", "UnsubscribeURL": "..."
    }

With raw message delivery the message is the whole body. The message:

    {
      "AlarmName": "ShopErrors", "AlarmDescription": "...", "AWSAccountId": "123456789012",
      "AlarmArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:ShopErrors",
      "NewStateValue": "ALARM", "OldStateValue": "OK", "NewStateReason": "Threshold Crossed: ...",
      "StateChangeTime": "2026-03-02T09:00:00.093+0000", "Region": "EU (Ireland)",
      "Trigger": {
        "Namespace": "AWS/EC2", "MetricName": "CPUUtilization", "Threshold": 90.0,
        "Dimensions": [{"name": "InstanceId", "value": "i-0123456789abcdef0"}], ...
      }
    }

An alarm over several metrics has them in `Trigger.Metrics`; a composite alarm has `AlarmRule`
and `TriggeringChildren`. Older messages have no `AlarmArn`.

ALARM fires and OK ends it. INSUFFICIENT_DATA gives no alert: no data is no evidence of trouble,
nor that it is over. CloudWatch knows no severity; a tag of the alarm, or an attribute of the
message, called `severity` or `priority` is one. A question of SNS, to confirm or to leave a
topic, is no alert.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from airmend.errors import MalformedBodyError, PayloadError
from airmend.incident import fields, tags
from airmend.incident.document import Document, fingerprint_key, first_word
from airmend.incident.labels import first_machine, merge_labels, read_pairs
from airmend.incident.model import Alert, AlertStatus

NAME = "sns"
PROOFS = ("sns", "basic", "bearer", "standard_webhooks")

_NOTIFICATION = "Notification"
_QUESTIONS = {"SubscriptionConfirmation", "UnsubscribeConfirmation"}
_OF_THE_PROOF = ("Signature", "SignatureVersion", "SigningCertURL", "UnsubscribeURL")
_STATUS = {"ALARM": AlertStatus.FIRING, "OK": AlertStatus.RESOLVED}
_NO_EVIDENCE = "INSUFFICIENT_DATA"
_HOSTS = ("host", "hostname", "computername", "nodename", "instanceid")
_SERVICES = ("service", "servicename", "application", "app", "functionname")
_SEVERITIES = ("severity", "priority")
_ARN = re.compile(
    r"arn:(?P<partition>aws(?:-cn|-us-gov)?):cloudwatch:(?P<region>[a-z0-9-]+):\d+:alarm:(?P<name>.+)",
    re.DOTALL,
)
_CONSOLES = {
    "aws": "{}.console.aws.amazon.com",
    "aws-cn": "{}.console.amazonaws.cn",
    "aws-us-gov": "{}.console.amazonaws-us-gov.com",
}


def parse(body: object, headers: Mapping[str, str]) -> list[Alert]:
    """Turn a notification, or an alarm without an envelope, into an alert; see `Source.parse`."""
    envelope = Document(body)
    if "Type" not in envelope and "AlarmName" in envelope:
        return _read_alarm(envelope, Document({}), "")
    kind = envelope.text("Type")
    if kind in _QUESTIONS:
        return []
    if kind != _NOTIFICATION:
        raise PayloadError("Type", f"is '{kind[:40]}'; SNS sends alarms as '{_NOTIFICATION}'")
    return _read_alarm(_open_message(envelope.take("Message")), envelope, "Message")


def delivery_id(headers: Mapping[str, str], body: object) -> str | None:
    """The id of the message, which is the same when SNS sends it again.

    The one in the envelope goes before that in the header, which nobody has signed.
    """
    given = body.get("MessageId") if isinstance(body, Mapping) else None
    return fields.read_text(given) or headers.get("x-amz-sns-message-id")


def _open_message(message: object) -> Document:
    """The alarm in an envelope; mostly a text, of which only an alarm is read."""
    if isinstance(message, str):
        try:
            message = fields.decode_json(message.encode("utf-8", "surrogatepass"))
        except MalformedBodyError as error:
            raise PayloadError(
                "Message", "is free text; subscribe to a topic that CloudWatch alarms write to"
            ) from error
    return Document(message, "Message")


def _read_alarm(alarm: Document, envelope: Document, place: str) -> list[Alert]:
    name = alarm.require("AlarmName", remedy="only alarms of CloudWatch are read")
    state = alarm.text("NewStateValue").upper()
    if state == _NO_EVIDENCE:
        return []
    if state not in _STATUS:
        raise PayloadError(
            alarm.place_of("NewStateValue"), f"is none of ALARM, OK and {_NO_EVIDENCE}"
        )
    status, changed_at = _STATUS[state], alarm.moment("StateChangeTime")
    trigger = alarm.part("Trigger")
    dimensions = _read_dimensions(trigger)
    attributes = _read_attributes(envelope.take("MessageAttributes"))
    marks = tags.read_tags(alarm.take("AlarmTags", "Tags")) | attributes
    known = {key.casefold(): value for key, value in (marks | dimensions).items()}
    arn, region, account = (alarm.text(key) for key in ("AlarmArn", "Region", "AWSAccountId"))
    reason, description = alarm.text("NewStateReason"), alarm.text("AlarmDescription")
    labels = {
        "aws_account": account,
        "aws_region": _region_of(arn) or region,
        "aws_namespace": trigger.text("Namespace"),
        "aws_metric": trigger.text("MetricName"),
        "aws_alarm_rule": alarm.text("AlarmRule"),
    }
    return [
        Alert(
            source=NAME,
            name=fields.cut(name, fields.NAME_LIMIT),
            status=status,
            severity=fields.read_priority(first_word(known, *_SEVERITIES)),
            fingerprint=fingerprint_key(NAME, *([arn] if arn else [account, region, name])),
            service=first_word(known, *_SERVICES) or None,
            host=first_machine(known.get(key) for key in _HOSTS),
            summary=fields.cut(
                description or reason or envelope.text("Subject"), fields.SUMMARY_LIMIT
            ),
            description=fields.cut(reason, fields.TEXT_LIMIT),
            labels=merge_labels(labels, dimensions, marks),
            annotations=merge_labels({"old_state": alarm.text("OldStateValue")}),
            starts_at=changed_at if status is AlertStatus.FIRING else None,
            ends_at=changed_at if status is AlertStatus.RESOLVED else None,
            link=_link(arn),
            unmapped=_rest(alarm, envelope),
        )
    ]


def _read_dimensions(trigger: Document) -> dict[str, str]:
    """What an alarm is about; over several metrics, a dimension has the values of all."""
    pairs = _as_pairs(trigger.take("Dimensions"))
    metrics = trigger.peek("Metrics")
    for metric in metrics if isinstance(metrics, list) else ():
        if isinstance(metric, dict):
            pairs += _as_pairs(
                Document(metric).part("MetricStat").part("Metric").take("Dimensions")
            )
    return read_pairs(pairs)


def _as_pairs(value: object) -> list[object]:
    if isinstance(value, Mapping):
        return [list(pair) for pair in value.items()]
    return list(value) if isinstance(value, list) else []


def _read_attributes(value: object) -> dict[str, str]:
    """Attributes of a message: an object with `Type` and `Value` by name."""
    attributes = value if isinstance(value, Mapping) else {}
    return merge_labels(
        {name: item.get("Value") for name, item in attributes.items() if isinstance(item, Mapping)}
    )


def _region_of(arn: str) -> str:
    found = _ARN.fullmatch(arn)
    return found["region"] if found else ""


def _link(arn: str) -> str | None:
    """The page of an alarm in the console, which CloudWatch leaves to find."""
    found = _ARN.fullmatch(arn)
    if found is None:
        return None
    host = _CONSOLES[found["partition"]].format(found["region"])
    page = (
        f"cloudwatch/home?region={found['region']}#alarmsV2:alarm/{quote(found['name'], safe='')}"
    )
    return fields.read_link(f"https://{host}/{page}")


def _rest(alarm: Document, envelope: Document) -> dict[str, object]:
    left = {key: value for key, value in envelope.rest().items() if key not in _OF_THE_PROOF}
    return fields.without_empty(alarm.rest() | {f"sns.{key}": left[key] for key in left})
