"""Secrets out of text: what a person or a record sees never holds a password, token or key.

Secret is what stands under a name that says so (`secret_names`), or has the shape of one (a PEM
key, a JWT). Called by everything that keeps or shows text of Ansible or of a checked service.

Why own patterns: the libraries at hand (detect-secrets, trufflehog) search source code for
findings to review; they guess by entropy, take seconds and do not rewrite text. Here known
shapes are replaced on every line of every playbook, so the work must stay linear: a run of
characters is taken whole (possessive `++`) and never again from each of its positions.
When in doubt more is hidden, not less.
"""

from __future__ import annotations

import re

from airmend.secret_names import looks_secret

MASK = "***"

_PEM_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:.*?-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|.*\Z)",
    re.DOTALL,
)
# A line of a key file, for text that shows only a part of one. Digests are hexadecimal.
_PEM_LINE = re.compile(r"(?m)^(?=[^\n]{0,80}[G-Zg-z])[+\- ]?[A-Za-z0-9+/]{60,76}={0,2}$")
_SCHEME = re.compile(
    r"\b(Bearer[ \t]++)\S++|\b(Basic[ \t]++)[A-Za-z0-9+/]{12,}+={0,2}", re.IGNORECASE
)
_KNOWN_SHAPE = re.compile(
    r"whsec_[\w+/=-]{8,}+|eyJ[\w.-]{16,}+|(?:AKIA|ASIA)[A-Z0-9]{16}"
    r"|gh[pousr]_\w{20,}+|github_pat_\w{20,}+|glpat-[\w-]{16,}+|xox[abeprs]-[\w-]{10,}+"
    r"|sk-[\w-]{20,}+|SG\.[\w.-]{20,}+|AIza[\w-]{30,}+|hv[sb]\.[\w-]{20,}+"
    r"|hooks\.slack\.com/services/[\w/]++"
    r"|\$(?:1|2[abxy]|5|6|7|y|argon2(?:id?|d))\$[^\s:\"']{8,}+"
)
_WORD = re.compile(r"[^\s\"'<>]++")
_USER_OPTION = re.compile(r"(?<![\w-])((?:-u|--user|--proxy-user)(?:[ \t]++|=)[^\s:]*+:)\S++")

# A name, what may close its quotes, and what stands before its value: `=`, `: `, `=>`, `>`,
# or, for an option of a command, only spaces.
_NAME = re.compile(
    r"(?<![\w.-])(?P<name>[\w.-]++)(?:\[[^\]\n]{0,40}\])?(?:\\*+[\"'])?"
    r"(?:(?P<separator>[ \t]*+(?:=>|:=|==?|:|>))|(?P<spaces>[ \t]++))"
)
_BLANKS = re.compile(r"[ \t]*+")
_OPENING_QUOTE = re.compile(r"[bru]?(?P<quote>\\*+[\"'])")
_STRING_REST = {quote: re.compile(rf"(?:[^{quote}\\]|\\.)*+{quote}", re.DOTALL) for quote in "\"'"}
_AFTER_STRING = re.compile(r"[^\s,;:&)}\]\\]\S*+")  # 'it''s', 'a'"b"
_LITERAL = re.compile(
    r"(?:\*{3}|-?\d[\d.]*+|true|false|null|none)(?=[ \t]*+[,}\])])", re.IGNORECASE
)
_SCHEME_WORD = re.compile(r"(?:bearer|basic|digest|negotiate|token|apikey)[ \t]", re.IGNORECASE)
_BLOCK = re.compile(r"[|>\[{(][^\n]*+|(?=\n)")
_LINE = re.compile(r"\n([ \t]*+)(?=[^\n])[^\n]*+")
_UNTIL_BLANK = re.compile(r"\S*+")
_UNTIL_LINE_END = re.compile(r"[^\n]*+")
_LINE_OPENING = re.compile(r"[+\- \t]*+(?:export[ \t]++|set[ \t]++)?", re.IGNORECASE)
_LONGEST_LINE_OPENING = 200


def redact(text: str) -> str:
    """Replace what looks like a secret by `***`.

    Hidden are values of secret-looking names (`key=value`, `key: value`, JSON, also inside
    JSON text, YAML blocks, XML, command options), passwords in URLs, Authorization values,
    PEM private keys, and tokens of known shapes (JWT, `whsec_`, AWS, GitHub, password hashes).

    Returns:
        The text without them; the time it takes grows with the length of the text alone.
    """
    if not text:
        return text
    text = _PEM_KEY.sub(MASK, text)
    text = _PEM_LINE.sub(MASK, text)
    text = _SCHEME.sub(lambda match: f"{match[1] or match[2]}{MASK}", text)
    if "://" in text:
        text = _WORD.sub(lambda match: _hide_url_password(match[0]), text)
    text = _hide_named_values(text)
    text = _USER_OPTION.sub(rf"\1{MASK}", text)
    return _KNOWN_SHAPE.sub(MASK, text)


def _hide_url_password(word: str) -> str:
    """Hide what stands before the last `@` of a URL; a bare user of ssh:// or the like stays."""
    start = word.find("://")
    if start < 0:
        return word
    start += len("://")
    end = word.rfind("@")
    if end < start:
        return word
    authority = word[start:].split("/", 1)[0]
    colon = authority.find(":")
    if colon >= 0 and start + colon < end:
        # the password may itself hold "/" or "@", so everything up to the last one goes
        return f"{word[:start]}{authority[: colon + 1]}{MASK}{word[end:]}"
    if "@" in authority and word[: start - 3].lower().endswith(("http", "https")):
        return f"{word[:start]}{MASK}{word[end:]}"
    return word


def _hide_named_values(text: str) -> str:
    parts: list[str] = []
    kept_until = position = line_start = 0
    while (match := _NAME.search(text, position)) is not None:
        newline = text.rfind("\n", position, match.start())
        line_start = line_start if newline < 0 else newline + 1
        name, separator = match["name"], match["separator"]
        position = match.end() if separator else match.end("name")
        if not looks_secret(name) or not (separator or name.startswith("-")):
            continue
        start = _end(_BLANKS, text, match.end())
        spaced = start > match.end()
        opens_line = (
            match.start() - line_start < _LONGEST_LINE_OPENING
            and _end(_LINE_OPENING, text, line_start) >= match.start()
        )
        whole_line = separator is not None and (spaced or opens_line or separator.endswith(">"))
        mask, end = _value(text, start, separator, whole_line, line_start)
        if end > start:
            parts += [text[kept_until:start], mask]
            kept_until = position = end
            newline = text.rfind("\n", start, end)
            line_start = line_start if newline < 0 else newline + 1
    parts.append(text[kept_until:])
    return "".join(parts)


def _value(
    text: str, start: int, separator: str | None, whole_line: bool, line_start: int
) -> tuple[str, int]:
    """What to write instead of the value that begins at `start`, and where the value ends.

    Without a separator it is the next word of a command, quoted or not.
    """
    if opening := _OPENING_QUOTE.match(text, start):
        quote = opening["quote"]
        return f"{opening[0]}{MASK}{quote}", _string_end(text, opening.end(), quote)
    if literal := _LITERAL.match(text, start):
        return MASK, literal.end()
    if separator and (block := _BLOCK.match(text, start)):
        return MASK, _block_end(text, block.end(), line_start)
    if whole_line or (separator and _SCHEME_WORD.match(text, start)):
        return MASK, _end(_UNTIL_LINE_END, text, start)
    return MASK, _end(_UNTIL_BLANK, text, start)


def _string_end(text: str, start: int, quote: str) -> int:
    """Where a quoted value ends; an open one has no end but that of the text."""
    if len(quote) == 1:
        closed = _STRING_REST[quote].match(text, start)
        if closed is None:
            return len(text)
        rest = _AFTER_STRING.match(text, closed.end())
        return rest.end() if rest else closed.end()
    end = text.find(quote, start)
    while end > start and text[end - 1] == "\\":  # a quote of a deeper level
        end = text.find(quote, end + 1)
    return len(text) if end < 0 else end + len(quote)


def _block_end(text: str, start: int, line_start: int) -> int:
    """Where the lines below a name end that are indented more than the name's own line."""
    indentation = _end(_BLANKS, text, line_start) - line_start
    end = start
    while (line := _LINE.match(text, end)) and len(line[1]) > indentation:
        end = line.end()
    return end


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return start if match is None else match.end()
