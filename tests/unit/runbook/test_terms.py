"""Text becomes terms: names taken apart, forms made alike, pairs joined, anything taken."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.runbook.terms import MAX_WORDS, name_key, read_terms


def _singles(text: str) -> list[str]:
    return [term.words for term in read_terms(text) if not term.is_pair]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("KubePodCrashLooping", ["Kube", "Pod", "Crash", "Looping"]),
        ("etcdHighNumberOfFailedGRPCRequests", ["etcd", "High", "Number", "Failed", "GRPC"]),
        ("node_filesystem_files_free", ["node", "filesystem", "files", "free"]),
        ("KubeAPIDown", ["Kube", "API", "Down"]),
        ("PVCs of the node", ["PVC", "node"]),
        ("the node's disk", ["node", "disk"]),
        ("42 % of 3 disks", ["disks"]),
        ("Überlastung der Größe", ["Überlastung", "Größe"]),
        ("磁盘已满", ["磁盘已满"]),
    ],
)
def test_names_and_sentences_are_taken_apart(text: str, words: list[str]) -> None:
    assert _singles(text)[: len(words)] == words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("file system full", "filesystem full"),
        ("the node is unready", "the node is not ready"),
        ("k8s pods", "Kubernetes pod"),
        ("mem usage", "memory utilisation"),
        ("crash loop", "CrashLoopBackOff"),
        ("daemon set", "DaemonSet"),
    ],
)
def test_what_means_the_same_shares_its_terms(one: str, other: str) -> None:
    shared = {term.stem for term in read_terms(one)} & {term.stem for term in read_terms(other)}
    assert shared


def test_of_a_placeholder_only_its_label_stays() -> None:
    text = "Pod {{ $labels.namespace }} has {{ $value | humanizePercentage }}"
    assert _singles(text) == ["Pod", "namespace"]


def test_words_that_stand_in_every_alert_say_nothing() -> None:
    assert read_terms("This alert fires when the alert is firing") == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("KubePodCrashLooping", "Kubernetes pod crash looping"),
        ("NodeClockNotSynchronising", "Host clock not synchronizing"),
        ("disk-full", "DiskFull"),
    ],
)
def test_a_name_is_the_same_in_every_spelling(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


def test_names_that_say_something_else_differ() -> None:
    assert name_key("KubeletDown") != name_key("KubeProxyDown")


def test_a_long_text_is_cut_at_a_number_of_words() -> None:
    terms = read_terms("disk memory " * MAX_WORDS)
    assert sum(not term.is_pair for term in terms) == MAX_WORDS


@pytest.mark.parametrize(
    "text", ["{{" * 50_000, "aB" * 50_000, "{{ " + "a" * 99_997, "a'" * 50_000]
)
def test_no_text_takes_long(text: str) -> None:
    begun = time.perf_counter()
    read_terms(text)
    assert time.perf_counter() - begun < 2


@given(st.text())
def test_every_text_can_be_read(text: str) -> None:
    for term in read_terms(text):
        assert term.stem
        assert term.words
