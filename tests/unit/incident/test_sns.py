"""CloudWatch alarms as SNS sends them, read as alerts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from airmend.errors import PayloadError
from airmend.incident.model import Alert, AlertStatus, Severity
from airmend.incident.sources import sns
from tests.unit.incident.sample_files import LEFT_OUT, changed, sample

MOMENT = datetime(2026, 3, 2, 9, 0, 0, 93_000, UTC)


def alarm(**override: Any) -> dict[str, Any]:
    """The message of CloudWatch inside the sample."""
    return changed(json.loads(sample("sns")["Message"]), override)


def notification(**override: Any) -> dict[str, Any]:
    """The sample with a message of which fields are replaced or left out."""
    return sample("sns", Message=json.dumps(alarm(**override)))


def read(**override: Any) -> Alert:
    """The alert of an alarm of which fields are replaced or left out."""
    (alert,) = sns.parse(notification(**override), {})
    return alert


def read_trigger(**override: Any) -> Alert:
    """The alert of an alarm with another trigger."""
    return read(Trigger=changed(alarm()["Trigger"], override))


def metric(identity: str, **dimensions: str) -> dict[str, Any]:
    """One metric of an alarm over several."""
    listed = [{"name": name, "value": value} for name, value in dimensions.items()]
    return {
        "Id": identity,
        "MetricStat": {"Metric": {"Namespace": "Shop", "Dimensions": listed}, "Stat": "Sum"},
        "ReturnData": False,
    }


def test_every_field_finds_its_place() -> None:
    alert = read()
    assert (alert.source, alert.name) == ("sns", "ShopErrors")
    assert alert.status is AlertStatus.FIRING
    assert alert.severity is Severity.UNKNOWN
    assert alert.fingerprint == ("sns:arn:aws:cloudwatch:eu-west-1:123456789012:alarm:ShopErrors")
    assert (alert.service, alert.host) == ("shop", "i-0123456789abcdef0")
    assert alert.summary == "The shop answers with errors."
    assert alert.description.startswith("Threshold Crossed: 1 datapoint")
    assert (alert.starts_at, alert.ends_at) == (MOMENT, None)
    assert alert.annotations == {"old_state": "OK"}
    assert alert.link == (
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1"
        "#alarmsV2:alarm/ShopErrors"
    )
    assert alert.labels == {
        "aws_account": "123456789012",
        "aws_region": "eu-west-1",
        "aws_namespace": "Shop",
        "aws_metric": "Errors",
        "InstanceId": "i-0123456789abcdef0",
        "Service": "shop",
    }


def test_what_has_no_place_is_kept_and_the_signature_is_not() -> None:
    unmapped = read().unmapped
    assert unmapped["Trigger"]["Threshold"] == 5.0
    assert unmapped["sns.TopicArn"] == "arn:aws:sns:eu-west-1:123456789012:alarms"
    assert not [key for key in unmapped if "Sign" in key or "Unsubscribe" in key]


def test_ok_ends_what_alarm_began() -> None:
    over = read(NewStateValue="OK", OldStateValue="ALARM")
    assert over.status is AlertStatus.RESOLVED
    assert (over.starts_at, over.ends_at) == (None, MOMENT)
    assert over.fingerprint == read().fingerprint


@pytest.mark.parametrize("old", ["ALARM", "OK"])
def test_no_data_is_neither_trouble_nor_its_end(old: str) -> None:
    assert sns.parse(notification(NewStateValue="INSUFFICIENT_DATA", OldStateValue=old), {}) == []


@pytest.mark.parametrize("kind", ["SubscriptionConfirmation", "UnsubscribeConfirmation"])
def test_a_question_of_sns_is_no_alert(kind: str) -> None:
    question = {
        "Type": kind,
        "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
        "Token": "2336412f37",
        "TopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms",
        "Message": "You have chosen to subscribe to the topic.",
        "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription",
    }
    assert sns.parse(question, {}) == []


def test_raw_delivery_has_the_alarm_as_its_body() -> None:
    (raw,) = sns.parse(alarm(), {"x-amz-sns-message-id": "m-1"})
    wrapped = read()
    assert raw.fingerprint == wrapped.fingerprint
    assert raw.labels == wrapped.labels
    assert sns.delivery_id({"x-amz-sns-message-id": "m-1"}, alarm()) == "m-1"


def test_a_message_that_is_an_object_already_is_read() -> None:
    (alert,) = sns.parse(sample("sns", Message=alarm()), {})
    assert alert.name == "ShopErrors"


def test_the_signed_id_of_the_message_goes_before_the_header() -> None:
    given = "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324"
    assert sns.delivery_id({"x-amz-sns-message-id": "other"}, sample("sns")) == given
    assert sns.delivery_id({}, []) is None


def test_an_old_message_without_an_arn_is_known_by_account_region_and_name() -> None:
    one = read(AlarmArn=LEFT_OUT)
    assert one.fingerprint == "sns:123456789012:EU (Ireland):ShopErrors"
    assert one.fingerprint == read(AlarmArn=LEFT_OUT, NewStateValue="OK").fingerprint
    assert one.labels["aws_region"] == "EU (Ireland)"
    assert one.link is None


def test_a_long_name_is_told_from_another_one_that_begins_alike() -> None:
    start = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:" + "x" * 250
    one, two = read(AlarmArn=f"{start}a"), read(AlarmArn=f"{start}b")
    assert one.fingerprint != two.fingerprint
    assert len(one.fingerprint) < 128


@pytest.mark.parametrize(
    ("partition", "region", "name", "console", "quoted"),
    [
        ("aws-cn", "cn-north-1", "A/B C", "cn-north-1.console.amazonaws.cn", "A%2FB%20C"),
        (
            "aws-us-gov",
            "us-gov-west-1",
            "店",
            "us-gov-west-1.console.amazonaws-us-gov.com",
            "%E5%BA%97",
        ),
    ],
)
def test_the_link_leads_to_the_console_of_the_partition(
    partition: str, region: str, name: str, console: str, quoted: str
) -> None:
    link = read(AlarmArn=f"arn:{partition}:cloudwatch:{region}:1:alarm:{name}").link
    assert link == (f"https://{console}/cloudwatch/home?region={region}#alarmsV2:alarm/{quoted}")


@pytest.mark.parametrize(
    "arn",
    ["arn:evil:cloudwatch:eu-west-1:1:alarm:A", "arn:aws:cloudwatch:evil.example/:1:alarm:A", "x"],
)
def test_the_link_leads_to_amazon_alone(arn: str) -> None:
    assert read(AlarmArn=arn).link is None


@pytest.mark.parametrize(
    ("dimensions", "host", "service"),
    [
        ([], None, None),
        (None, None, None),
        ("x", None, None),
        ([{"name": "host", "value": "ip-10-0-0-7"}], "ip-10-0-0-7", None),
        ([{"Name": "InstanceId", "Value": "i-1"}], "i-1", None),
        ({"InstanceId": "i-1", "FunctionName": "cart"}, "i-1", "cart"),
        ([{"name": "ServiceName", "value": "cart"}], None, "cart"),
        ([{"name": "BucketName", "value": "try.alerta.io"}], None, None),
        ([{"name": "InstanceId", "value": "${instance}"}], None, None),
        ([{"name": "InstanceId", "value": None}, 7, None], None, None),
    ],
)
def test_dimensions_tell_host_and_service(
    dimensions: Any, host: str | None, service: str | None
) -> None:
    alert = read_trigger(Dimensions=dimensions)
    assert (alert.host, alert.service) == (host, service)


def test_the_metrics_of_a_formula_give_their_dimensions_together() -> None:
    expression = {"Id": "e1", "Expression": "m1/m2", "ReturnData": True}
    metrics = [
        metric("m1", InstanceId="i-1", Service="shop"),
        metric("m2", InstanceId="i-2", Service="shop"),
        expression,
        "odd",
    ]
    alert = read(Trigger={"Period": 60, "Metrics": metrics})
    assert alert.labels["InstanceId"] == "i-1,i-2"
    assert alert.host is None
    assert alert.service == "shop"
    assert alert.unmapped["Trigger"]["Metrics"][2] == expression


def test_a_composite_alarm_needs_no_trigger() -> None:
    alert = read(
        Trigger=LEFT_OUT,
        AlarmDescription=None,
        AlarmRule="ALARM(a) OR ALARM(b)",
        TriggeringChildren=[{"Arn": "arn:aws:cloudwatch:eu-west-1:1:alarm:a"}],
    )
    assert alert.labels["aws_alarm_rule"] == "ALARM(a) OR ALARM(b)"
    assert alert.summary == alert.description
    assert alert.unmapped["TriggeringChildren"]


def test_a_tag_or_an_attribute_tells_severity_and_service() -> None:
    assert read(AlarmTags={"Severity": "critical"}).severity is Severity.CRITICAL
    attributes = {
        "priority": {"Type": "String", "Value": "P2"},
        "service": {"Type": "String", "Value": "cart"},
        "odd": 7,
    }
    (alert,) = sns.parse(notification(Trigger=None) | {"MessageAttributes": attributes}, {})
    assert alert.severity is Severity.ERROR
    assert alert.service == "cart"
    assert alert.labels["priority"] == "P2"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-02T09:00:00.093+0000", MOMENT),
        ("2026-03-02T09:00:00.093Z", MOMENT),
        (MOMENT.timestamp() * 1_000, MOMENT),
        ("yesterday", None),
        (None, None),
    ],
)
def test_the_time_of_the_change_is_read_or_left_out(text: Any, moment: datetime | None) -> None:
    assert read(StateChangeTime=text).starts_at == moment


def test_a_time_that_cannot_be_read_is_kept_as_it_came() -> None:
    assert read(StateChangeTime="yesterday").unmapped["StateChangeTime"] == "yesterday"


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], ""),
        (None, ""),
        ({}, "Type"),
        (sample("sns", Type="Other"), "Type"),
        (sample("sns", Type=None), "Type"),
        (sample("sns", Message="Verification"), "Message"),
        (sample("sns", Message="[" * 100_000), "Message"),
        (sample("sns", Message="\ud800"), "Message"),
        (sample("sns", Message=None), "Message"),
        (sample("sns", Message="[1]"), "Message"),
        (sample("sns", Message='"text"'), "Message"),
        (sample("sns", Message='{"detail-type": "Scheduled Event"}'), "Message.AlarmName"),
        (sample("sns", Message={"AlarmName": "HighCPUUsage"}), "Message.NewStateValue"),
        (notification(AlarmName=""), "Message.AlarmName"),
        (notification(NewStateValue="PAUSED"), "Message.NewStateValue"),
        (notification(NewStateValue=None), "Message.NewStateValue"),
        (alarm(NewStateValue=7), "NewStateValue"),
        (alarm(AlarmName={}), "AlarmName"),
    ],
)
def test_a_mistake_names_its_field(document: Any, field: str) -> None:
    with pytest.raises(PayloadError) as caught:
        sns.parse(document, {})
    assert caught.value.field == field
