"""The tools that read the recording which is being made."""

from harness.builders.claude import traffic
from harness.chat.knowledge import Knowledge
from harness.chat.toolbox import Given, RefusedError, Told, Tool, data, offer

_MOST_FOUND = 40


class TrafficTools:
    """What a model can look up; `told` gets a line for each question."""

    def __init__(self, knowledge: Knowledge, told: Told) -> None:
        self._knowledge = knowledge
        self._told = told

    def offered(self) -> list[Tool]:
        return [
            offer(
                "search_traffic",
                "Search the exchanges that were recorded until now; the newest come last.",
                self._search,
                {
                    "method": ("string", "GET, POST, ..."),
                    "path": ("string", "Part of path and query"),
                    "status": ("integer", "Status of the answer"),
                    "text": ("string", "Part of a body"),
                },
            ),
            offer(
                "show_exchange",
                "Show one exchange in full.",
                self._show,
                {"exchange": ("string", "Its name or number, as in name#12 or 12")},
                "exchange",
            ),
            offer(
                "endpoints",
                "List the endpoints that are known by now, with what they seem to do.",
                self._endpoints,
                {},
            ),
        ]

    async def _search(self, given: Given) -> str:
        self._told(" ".join(["search_traffic", *(str(one) for one in given.values())]))
        found = list(traffic.found([self._knowledge.recording], traffic.Query.of(given)))
        lines = [traffic.line(*hit) for hit in found[-_MOST_FOUND:]]
        left_out = len(found) - len(lines)
        return data("\n".join([*[f"{left_out} before these"] * bool(left_out), *lines]) or "none")

    async def _show(self, given: Given) -> str:
        recording, name = self._knowledge.recording, str(given["exchange"])
        self._told(f"show_exchange {name}")
        if "#" not in name:
            name = f"{recording.name}#{name}"
        one = traffic.named([recording], name)
        if one is None:
            raise RefusedError(f"There is no exchange {name}.")
        return data(traffic.shown(name, one))

    async def _endpoints(self, _: Given) -> str:
        self._told("endpoints")
        known = await self._knowledge.operations()
        return data("\n".join(one.line for one in known) or "none yet")
