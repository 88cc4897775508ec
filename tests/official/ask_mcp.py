"""Call tools with the MCP SDK, in both of its ways to begin, and mend a refused call by its refusal alone."""

import asyncio
from typing import Any

from cases import Case, run
from mcp import Client
from mending import mend


def predict(case: Case) -> list[Any]:
    return asyncio.run(_predict(case))


async def _predict(case: Case) -> list[Any]:
    async with Client(f"{case.url}/mcp", mode="legacy") as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
    async with Client(f"{case.url}/mcp") as client:
        found = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert found.keys() == names
        tool = found[f"predict_{case.name}"]
        options = {"probabilities": True} if "probabilities" in tool.input_schema["properties"] else {}
        result = await client.call_tool(tool.name, {"records": case.records, **options})
        assert result.structured_content == case.answer  # The client has validated it by the tool's schema.
        if f"explain_{case.name}" in found:
            explained = await client.call_tool(f"explain_{case.name}", {"records": case.records[:1]})
            assert explained.structured_content["prediction"] == case.answer["prediction"][:1]
        await _mend(client, tool.name, case)
    predictions: list[Any] = result.structured_content["prediction"]
    return predictions


async def _mend(client: Client, tool: str, case: Case) -> None:
    """Break each value of two records, and then mend the call by what its refusals say."""
    wrong = {feature["name"]: {"not": "a value"} for feature in case.signature["features"]}
    arguments: dict[str, Any] = {"records": [{**wrong, "no feature": 1}, None], "verbose": "yes"}
    misspelt: dict[str, Any] = {"records": {f"{name}_": value for name, value in case.records[0].items()}}
    for broken, n_rows in ((arguments, 2), (misspelt, 1)):
        for _ in range(3):
            result = await client.call_tool(tool, broken)
            if not result.is_error:
                break
            mend(broken, result.structured_content)
        assert not result.is_error, result
        assert len(result.structured_content["prediction"]) == n_rows


if __name__ == "__main__":
    run(predict)
