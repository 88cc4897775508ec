"""What an agent does with a refusal of MCP: it mends the call, by the members of the refusal alone."""

from typing import Any


def mend(arguments: Any, refusal: dict[str, Any]) -> None:
    for error in refusal["errors"]:
        *way, name = [part.replace("~1", "/").replace("~0", "~") for part in error["pointer"].split("/")[1:]]
        place = arguments
        for part in way:
            place = place[int(part) if isinstance(place, list) else part]
        if error["action"] == "remove":
            del place[name]
        elif error["action"] == "rename":
            place[error["feature"]] = place.pop(name)
        elif error["action"] == "wrap":
            place[name] = [place[name]]
        elif "feature" in error:
            allowed = refusal["allowed"][error["feature"]]
            place[name] = allowed.get("enum", allowed["examples"])[0]
        elif way:
            place[int(name)] = refusal["example"]["records"][0]
        else:
            place[name] = refusal["example"][name]
