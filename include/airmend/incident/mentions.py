"""Services and hosts that a text mentions: known ones by their names, others by their shape.

Called by `intent.py`. Each word is looked at a bounded number of times, in dictionaries and by
regular expressions that take linear time on one word.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from airmend.incident.names import MAX_NAME_WORDS, KnownNames, name_parts
from airmend.incident.words import Word

NAMED = 0.95  # exactly as it is known
SHORT = 0.85  # by the first part of a known full name
LONGER = 0.8  # a full name that begins with a known short one
SERVICE_WORD = 0.8  # a service whose name may be a word of the language
KNOWN = 0.8  # from here on a mention is a known name, however it is written
SHAPED = 0.6  # a full name or an address that nobody knows
IN_CONTEXT = 0.5  # like a host's name, after "host", "server" or "on"
LIKE_A_HOST = 0.4
"""How sure a mention is. The order is what counts: these are no probabilities."""


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


_CONTEXT = _words(
    "host hosts server servers node nodes machine machines vm vms on instance hostname box",
    "auf",
)
_SERVICE_CONTEXT = _words("service services app application system dienst anwendung")
_JOINS = _words("and or und oder")
_NOT = _words("not no never isn't aren't wasn't nicht kein keine")
_SMALL = _words("on in at the for of a host server node service auf in der die das")
_ELSEWHERE = _words("except unlike besides than außer")
_WELL = _words("fine ok okay healthy unaffected well")
_NO_HOST_ENDINGS = _words(
    "conf cfg ini log txt md html htm php js css json xml yaml yml toml py sh rb go java jar war",
    "exe dll so rpm deb zip gz tar bak tmp sql csv pdf doc docx xls xlsx png jpg svg pem crt key",
    "service socket timer mount target slice scope",
)
_LONGEST = 253  # characters of a host's full name
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_HOST_WORD = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*-?[0-9]{1,4}[a-z]?")
_NO_HOST_WORDS = re.compile(
    r"(?:inc|chg|prb|ritm|req|task|ke|cve|rfc|iso|utf|sha|md|http|tls|ssl|ipv|log4j|x|p|sev|prio|"
    r"priority|level|tier|phase|step|version|v|release|build|rev|rhel|el|centos|debian|ubuntu|win|"
    r"windows|java|jdk|python|php|mysql|postgres|oracle|q|kw|week|day|room|floor|building|"
    r"covid|eth|ens|eno|bond|sd|nvme|vd|md|dm|tty|lo|usb|com|port|vlan|raid|nfs|layer|l)"
    r"-?[0-9.]+[a-z]?(?:-[0-9]+)*"
)
_SENTENCE_END = re.compile(r"[a-z0-9]\.[A-Z][a-z]")  # without the space: "restarted.Please"
_ADDRESS = re.compile(r"(?<![\w:.])[0-9a-fA-F:.]{3,45}(?![\w:])")


@dataclass(frozen=True)
class Mention:
    """What one place of a text may mean: several values where its words fit several."""

    values: frozenset[str]
    start: int
    end: int
    confidence: float


def find_services(words: Sequence[Word], names: KnownNames) -> list[Mention]:
    """Known services by name, whole words only; of overlapping ones the longest."""
    found: list[Mention] = []
    position = 0
    while position < len(words):
        length, values = _longest_service(words, position, names)
        if values:
            last = position + length - 1
            if not _is_excluded(words, position, last):
                whole = "".join(part for word in words[position : last + 1] for part in word.folded)
                is_certain = length > 1 or not whole.isalpha() or _is_in(words, position, last)
                if len(whole) > 2 or _is_in(words, position, last):
                    found.append(
                        Mention(
                            values,
                            words[position].start,
                            words[last].end,
                            NAMED if is_certain else SERVICE_WORD,
                        )
                    )
        position += length
    return found


def find_hosts(text: str, words: Sequence[Word], names: KnownNames) -> list[Mention]:
    """Known hosts by any of their names, and what looks like a host's name or an address."""
    found = [
        mention
        for position, word in enumerate(words)
        if (mention := _read_host(text, words, position, names)) is not None
        and not _is_excluded(words, position, position)
    ]
    return found + list(_addresses(text, words, names))


def _longest_service(
    words: Sequence[Word], position: int, names: KnownNames
) -> tuple[int, frozenset[str]]:
    parts: tuple[str, ...] = ()
    best = (1, frozenset[str]())
    first = name_parts(words[position].folded)
    if not first or not names.may_begin_service(first[0].removesuffix("'s")):
        return best
    for length in range(1, MAX_NAME_WORDS + 1):
        if position + length > len(words):
            break
        word = words[position + length - 1]
        if word.part != words[position].part:
            break
        parts += name_parts(word.folded.removesuffix(".service").removesuffix("'s"))
        if len(parts) > MAX_NAME_WORDS:
            break
        if values := names.services_called(parts):
            best = (length, values)
    return best


def _is_in(words: Sequence[Word], first: int, last: int) -> bool:
    """Whether a word like "service" stands beside a name."""
    beside = (first - 1, last + 1)
    return any(
        0 <= each < len(words)
        and words[each].folded in _SERVICE_CONTEXT
        and words[each].sentence == words[first].sentence  # "Service: shop" too
        for each in beside
    )


def _is_excluded(words: Sequence[Word], first: int, last: int) -> bool:
    """Whether the text says that it is another one: not on web1, except web1, web1 is fine."""
    part = words[first].part
    while first > 1 and words[first - 1].folded in _JOINS and words[first - 1].part == part:
        first -= 2  # except web1 and web2
    while last + 2 < len(words) and words[last + 1].folded in _JOINS:
        last += 2  # web1 and web2 are fine
    if _is_denied(words, first):
        return True
    if any(
        word.folded in _ELSEWHERE and word.part == part for word in words[max(0, first - 3) : first]
    ):
        return True
    after = [word for word in words[last + 1 : last + 4] if word.part == part]
    said = [word.folded for word in after]
    if said[:1] and said[0] in {"is", "are", "works", "was"} | _WELL:
        return bool(_WELL.intersection(said)) or said[1:3] == ["not", "affected"]
    return False


def _is_denied(words: Sequence[Word], first: int) -> bool:
    """Whether "not" stands in front of a name with nothing but small words between them.

    In "cannot reach web1" and "no connection to web1" something else is denied.
    """
    before = first - 1
    while (
        before >= 0 and words[before].folded in _SMALL and words[before].part == words[first].part
    ):
        before -= 1
    return before >= 0 and words[before].folded in _NOT and words[before].part == words[first].part


def _read_host(
    text: str, words: Sequence[Word], position: int, names: KnownNames
) -> Mention | None:
    word = words[position]
    folded, start = word.folded.removesuffix("'s"), word.start
    if "@" in folded:
        user, _, folded = folded.rpartition("@")
        if not names.hosts_called(folded):
            return None  # an address of e-mail
        start += len(user) + 1
    end = start + len(folded)
    if values := names.hosts_called(folded):
        return Mention(values, start, end, NAMED)
    if values := names.hosts_with_short_name(folded):
        return Mention(values, start, end, SHORT)
    short, _, domain = folded.partition(".")
    if domain and _is_full_name(folded):
        if values := names.hosts_called(short):
            return Mention(values, start, end, LONGER)
        if _is_part_of_a_path(text, word) or _SENTENCE_END.search(text, start, end):
            return None
        # an address on the web is more often that of a dashboard than that of a broken host
        shape = LIKE_A_HOST if text.endswith("://", 0, start) else SHAPED
        return Mention(frozenset({folded}), start, end, shape)
    if (
        len(folded) > _LONGEST
        or not _HOST_WORD.fullmatch(folded)
        or _NO_HOST_WORDS.fullmatch(folded)
    ):
        return None
    if _is_part_of_a_path(text, word):
        return None
    before = words[position - 1] if position else None
    if before and before.folded in _CONTEXT and before.sentence == word.sentence:
        return Mention(frozenset({folded}), start, end, IN_CONTEXT)
    if "-" in folded:
        return Mention(frozenset({folded}), start, end, LIKE_A_HOST)
    return None


def _is_full_name(folded: str) -> bool:
    """A name with a domain: not the name of a file, nor a version or an abbreviation."""
    labels = folded.split(".")
    return (
        len(folded) <= _LONGEST
        and (len(labels) > 2 or any(character.isdigit() for character in labels[0]))
        and labels[-1].isascii()
        and labels[-1].isalpha()
        and len(labels[-1]) > 1
        and len(labels[0]) > 1
        and labels[-1] not in _NO_HOST_ENDINGS
        and all(_LABEL.fullmatch(label) for label in labels)
    )


def _is_part_of_a_path(text: str, word: Word) -> bool:
    before = text[max(0, word.start - 3) : word.start]
    return before.endswith(("/", "\\")) and not before.endswith("://")


def _addresses(text: str, words: Sequence[Word], names: KnownNames) -> Iterator[Mention]:
    """Addresses of IPv4 and IPv6, without their port."""
    for found in _ADDRESS.finditer(text, 0, words[-1].end if words else 0):
        raw = found[0].rstrip(".:") if not found[0].endswith("::") else found[0]
        host, colon, port = raw.partition(":")
        if host.count(".") == 3 and colon and port.isdigit():
            raw = host
        try:
            address = ipaddress.ip_address(raw)
        except ValueError:
            continue
        if address.is_unspecified or address.is_loopback or address.is_multicast:
            continue
        end = found.start() + len(raw)
        values = names.hosts_called(raw.lower()) or names.hosts_called(str(address))
        if values:
            yield Mention(values, found.start(), end, NAMED)
        elif address.version == 4 or raw.count(":") > 2 or "::" in raw:
            yield Mention(frozenset({str(address)}), found.start(), end, SHAPED)
