"""The tools that write down what was found out, in spec.md and describe.toml."""

from harness.chat.knowledge import Knowledge, Known
from harness.chat.toolbox import Given, RefusedError, Told, Tool, data, offer
from harness.inference.documents.descriptions import Description

_MOST = 4000
_MOST_SUMMARY = 120
_MOST_TAGS = 5
_OPERATION = ("string", "Method and path as `endpoints` lists it, as in 'GET /notes/{id}'")


class DocumentationTools:
    """What a model can write down; `told` gets a line for each thing that it writes."""

    def __init__(self, knowledge: Knowledge, told: Told) -> None:
        self._knowledge = knowledge
        self._told = told

    def offered(self) -> list[Tool]:
        return [
            offer(
                "describe",
                "Write down what the application is and does, or what one operation does.",
                self._describe,
                {
                    "text": ("string", "A paragraph or a few, Markdown without headings"),
                    "operation": _OPERATION,
                },
                "text",
            ),
            offer(
                "tag",
                "Say which part of the application an operation belongs to.",
                self._tag,
                {"operation": _OPERATION, "tags": ("string", "A word, or several with commas")},
                *("operation", "tags"),
            ),
            offer(
                "rename",
                "Give an operation a better summary, such as 'Publish a note'.",
                self._rename,
                {"operation": _OPERATION, "summary": ("string", "A few words")},
                *("operation", "summary"),
            ),
        ]

    async def _describe(self, given: Given) -> str:
        text = given["text"].strip()
        if not 1 <= len(text) <= _MOST:
            raise RefusedError(f"Give between 1 and {_MOST} characters.")
        if name := given.get("operation"):
            known = await self._operation(name)
            self._told(f"describe {known.name}: {text}")
            self._knowledge.describe(Description(known.name, description=text))
            return f"Written to describe.toml, for {known.name}."
        self._told(f"spec.md: {text}")
        self._knowledge.extend_spec(text)
        return "Added to spec.md."

    async def _tag(self, given: Given) -> str:
        tags = [one.strip() for one in given["tags"].split(",") if one.strip()]
        if not 1 <= len(tags) <= _MOST_TAGS:
            raise RefusedError(f"Give between 1 and {_MOST_TAGS} tags.")
        known = await self._operation(given["operation"])
        self._told(f"tag {known.name}: {', '.join(tags)}")
        self._knowledge.describe(Description(known.name, tags=tags))
        return f"{known.name} is tagged."

    async def _rename(self, given: Given) -> str:
        summary = " ".join(given["summary"].split())
        if not 1 <= len(summary) <= _MOST_SUMMARY:
            raise RefusedError(f"Give between 1 and {_MOST_SUMMARY} characters.")
        known = await self._operation(given["operation"])
        self._told(f"rename {known.name}: {summary}")
        self._knowledge.describe(Description(known.name, summary=summary))
        return f"{known.name} is called that now."

    async def _operation(self, name: str) -> Known:
        known = await self._knowledge.operation(name)
        if known is None:
            listed = "\n".join(one.name for one in self._knowledge.known()) or "none yet"
            raise RefusedError(f"No such operation is known; name one as listed:\n{data(listed)}")
        return known
