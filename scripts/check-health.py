"""Ends with 0 when a component of Airflow says that it is well: a container's health check.

`check-health.py URL [COMPONENT ...]` wants a good answer from the address; with components, each
of them must be "healthy" in the JSON of it. On the standard library alone, since it runs every
few seconds.
"""

from __future__ import annotations

import json
import sys
import urllib.request

TIMEOUT_SECONDS = 5


def main(url: str, *components: str) -> int:
    """Ask, and print why the answer is not good."""
    # a proxy of the company is not asked for a neighbour
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=TIMEOUT_SECONDS) as answer:
            document = json.load(answer) if components else {}
        states = {name: document[name]["status"] for name in components}
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"{url}: {type(error).__name__}: {error}")
        return 1
    unwell = [f"{name} is {state}" for name, state in states.items() if state != "healthy"]
    print(", ".join(unwell) or "healthy")
    return 1 if unwell else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
