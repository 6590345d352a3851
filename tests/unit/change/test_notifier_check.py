"""A mistake in the notifiers' file is found before anybody should have been told."""

from __future__ import annotations

from pathlib import Path

import pytest

from airmend.change.notifier_check import check_notifiers
from tests.documents import ROOT, blocks_of

SMTP = "airflow.providers.smtp.notifications.smtp.SmtpNotifier"


def check(folder: Path, text: str) -> tuple[list[str], list[str]]:
    """Mistakes and warnings, without the folder."""
    path = folder / "notifiers.yaml"
    path.write_text(text)
    mistakes, warnings = check_notifiers(path)
    front = f"{folder}/"
    return [e.replace(front, "") for e in mistakes], [e.replace(front, "") for e in warnings]


def with_argument(value: str) -> str:
    return (
        f"notifiers:\n  - name: mail\n    class: {SMTP}\n    arguments:\n"
        f"      to: [a@example.com]\n      subject: {value}\n"
    )


def test_the_shipped_file_and_that_of_the_documents_have_no_mistake(tmp_path: Path) -> None:
    assert check_notifiers(ROOT / "config/notifiers.yaml") == ([], [])
    (block,) = [b for b in blocks_of(ROOT / "docs/approvals.md") if b.label == "notifiers.yaml"]
    mistakes, warnings = check(tmp_path, block.text)
    assert mistakes == []
    (warning,) = warnings  # what it names for the chat is not installed here
    assert "airflow.providers.slack" in warning


def test_the_form_is_checked_first(tmp_path: Path) -> None:
    mistakes, warnings = check(tmp_path, "notifiers:\n  - {name: a, class: b.C, when: always}\n")
    assert mistakes == [
        "notifiers.yaml:2: unknown key 'notifiers.0.when'. Remove it or correct its spelling."
    ]
    assert warnings == []


def test_a_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    (mistake,), _ = check_notifiers(tmp_path / "nowhere.yaml")
    assert "cannot be read" in mistake


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (
            "airflow.providers.smtp.notifications.smtp.SmtpNotifer",
            (
                "airflow.providers.smtp.notifications.smtp has no 'SmtpNotifer'. "
                "Did you mean 'SmtpNotifier'?"
            ),
        ),
        (
            "airflow.providers.smtp.notification.smtp.SmtpNotifier",
            "airflow.providers.smtp has no 'notification'. Correct the path.",
        ),
        ("airflow.providerz.smtp.Smtp", "airflow has no 'providerz'. Correct the path."),
        (
            "json.decoder.JSONDecoder.decode",
            "json.decoder is no package. Name a class of a module.",
        ),
    ],
)
def test_a_class_that_an_installed_package_does_not_have_is_a_mistake(
    tmp_path: Path, path: str, said: str
) -> None:
    mistakes, warnings = check(tmp_path, f"notifiers:\n  - name: a\n    class: {path}\n")
    assert mistakes == [f"notifiers.yaml:3: notifiers.0.class: {said}"]
    assert warnings == []


@pytest.mark.parametrize("path", ["airflow.providers.nobody.Notifier", "of_another_image.Notifier"])
def test_a_class_of_a_package_that_is_not_here_may_be_where_the_workers_are(
    tmp_path: Path, path: str
) -> None:
    mistakes, (warning,) = check(tmp_path, f"notifiers:\n  - name: a\n    class: {path}\n")
    assert mistakes == []
    package = path.removesuffix(".Notifier")
    assert warning == (
        f"warning: notifiers.yaml:3: notifiers.0.class: '{package}' is not installed here. Install "
        "it for every worker, or correct the path."
    )


def test_a_class_that_a_module_makes_up_when_it_is_asked_is_left_alone(tmp_path: Path) -> None:
    path = "airflow.sdk.BaseNotifier"  # made by a function of the module
    assert check(tmp_path, f"notifiers:\n  - {{name: a, class: {path}}}\n") == ([], [])


def test_a_name_that_notices_do_not_have_is_a_mistake(tmp_path: Path) -> None:
    mistakes, _ = check(tmp_path, with_argument('"{{ airmend.subjct | upper }}"'))
    place = "notifiers.yaml:6: notifiers.0.arguments.subject"
    assert mistakes == [f"{place}: there is no 'airmend.subjct'. Did you mean 'subject'?"]
    mistakes, _ = check(tmp_path, with_argument("\"{{ airmend['host'] }} {{ run_id }}\""))
    assert mistakes == [f"{place}: there is no 'airmend.host'. docs/approvals.md has the list."]


def test_a_template_that_is_none_is_a_mistake(tmp_path: Path) -> None:
    (mistake,), _ = check(tmp_path, with_argument('"{{ airmend.subject }"'))
    assert mistake.startswith("notifiers.yaml:6: notifiers.0.arguments.subject: is no template: ")
    assert mistake.endswith(". Correct it.")


@pytest.mark.parametrize("value", ["plain", "5", '"{{ airmend.text.upper() }}"', '"{{ ds }}"'])
def test_other_values_are_fine(tmp_path: Path, value: str) -> None:
    assert check(tmp_path, with_argument(value)) == ([], [])


def test_every_mistake_is_told(tmp_path: Path) -> None:
    text = with_argument('"{{ airmend.one }} {{ airmend.two }}"').replace("SmtpNotifier", "Smtp")
    mistakes, _ = check(tmp_path, text)
    assert len(mistakes) == 3
