"""How versions share the requests."""

from collections.abc import Mapping


def share(traffic: Mapping[str, int], version: str, percent: int) -> dict[str, int]:
    """Give a version its share of the requests, and the rest to the one that has most of them now."""
    others = {name: part for name, part in traffic.items() if name != version and part}
    if not others or percent == 100:
        return {version: 100}
    return {version: percent, max(others, key=others.__getitem__): 100 - percent}
