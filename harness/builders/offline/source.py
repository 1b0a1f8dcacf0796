"""A Python source file in the making: its imports are collected as its code is written."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Source:
    """One generated module. `use` notes an import and returns the name to write in the code."""

    path: str
    doc: str = ""
    blocks: list[str] = field(default_factory=list)
    _names: dict[str, set[str]] = field(default_factory=dict)

    @property
    def module(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def use(self, module: str, name: str) -> str:
        """Import `name` from `module` (unless it is this one)."""
        if module != self.module:
            self._names.setdefault(module, set()).add(name)
        return name.split(" as ")[-1]

    def add(self, block: str) -> None:
        self.blocks.append(block.strip("\n"))

    def render(self) -> str:
        lines = [
            f"from {module} import {', '.join(sorted(names))}"
            for module, names in sorted(self._names.items())
        ]
        parts = [f'"""{self.doc}"""'] if self.doc else []
        if lines:
            parts.append("\n".join(lines))
        return "\n\n\n".join(["\n\n".join(parts), *self.blocks]) + "\n"


def indent(text: str, by: int = 4) -> str:
    """Indent every line that is not empty."""
    pad = " " * by
    return "\n".join(pad + line if line else line for line in text.split("\n"))
