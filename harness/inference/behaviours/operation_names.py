"""Names of operations that a person would choose: `list_books`, `update_current_member`."""

import re
from collections import Counter
from dataclasses import dataclass

from harness.inference import naming
from harness.inference.behaviours.scene import LookupDraft
from harness.inference.model import Operation, OperationKind
from harness.inference.state.resources import Draft
from harness.inference.state.roles import LinkDraft
from harness.inference.state.world import World

_PREFIX = re.compile(r"api|rest|v\d+(\.\d+)?")


@dataclass
class OperationNames:
    """Names one operation. `on_caller`: the row that it is about is the caller's own."""

    world: World
    method: str
    template: str
    kind: OperationKind
    drafts: list[LookupDraft]
    link: LinkDraft | None
    vocabulary: str | None
    on_caller: bool

    def _segment(self, draft: Draft) -> str:
        """What the path calls the rows of a draft: `/profiles/{username}` are profiles."""
        if self.drafts and self.drafts[-1].draft is draft and self.template.count("{"):
            head = self.template[: self.template.rindex("{")].rstrip("/").rsplit("/", 1)[-1]
            if head and not is_prefix(head):
                return naming.singular(head)
        return draft.name

    def resource(self, draft: Draft | None) -> str:
        if self.vocabulary is not None:
            return naming.plural(self.vocabulary)
        if self.kind in {"login", "logout", "current_user", "register"} and self.world.user:
            return naming.plural(self.world.user.name)
        if draft is not None:
            return naming.plural(self._segment(draft))
        words = [w for w in naming.literals(self.template) if not is_prefix(w)]
        return naming.plural(words[0]) if words else "root"

    def name(self, draft: Draft | None) -> str:
        entity = self._segment(draft) if draft else "item"
        words = [naming.snake(w) for w in naming.literals(self.template) if not is_prefix(w)]
        last = words[-1] if words else entity
        if self.link is not None:
            verb = self.link.name
            return f"{'' if self.kind == 'link' else 'un'}{verb}_{self.link.target.name}"
        if self.vocabulary is not None:
            return f"list_{naming.plural(self.vocabulary)}"
        if self.kind == "list":
            plural = naming.plural(entity)
            usual = last == plural or naming.singular(last) in {entity, draft.name if draft else ""}
            return f"list_{plural}" if usual else f"list_{last}_{plural}"
        simple = {
            "create": f"create_{entity}",
            "register": "register",
            "login": "login",
            "logout": "logout",
            "current_user": f"get_current_{entity}",
            "delete_all": f"delete_{naming.plural(entity)}",
            "replace": f"replace_{entity}",
            "merge": f"update_{entity}",
            "delete": f"delete_{entity}",
            "read": f"get_{entity}",
        }
        if self.kind in simple:
            own = self.on_caller and self.kind in {"merge", "replace", "delete"}
            name = simple[self.kind].replace(
                f"_{entity}", f"_current_{entity}" if own else f"_{entity}"
            )
            extra = (
                last if self.kind in {"merge", "replace", "read"} and self._is_part(draft) else ""
            )
            return f"{name}_{extra}" if extra else name
        verbs = {"GET": "get", "POST": "", "PUT": "put", "PATCH": "patch", "DELETE": "delete"}
        tail = "_".join(words[-2:]) if self.kind == "constant" else f"{last}_{entity}"
        return "_".join(part for part in (verbs.get(self.method, ""), tail) if part) or "root"

    def _is_part(self, draft: Draft | None) -> bool:
        """Whether the path goes on behind the row: `/users/me/password`."""
        if self.template.rstrip("/").endswith("}") or draft is None:
            return False
        return not any(
            template == self.template and method == "GET" and any(d is draft for _, d in roots)
            for (method, template), roots in self.world.roots.items()
        )

    def summary(self, draft: Draft | None) -> str:
        text = self.name(draft).replace("_", " ")
        return text[0].upper() + text[1:]


def is_prefix(word: str) -> bool:
    return _PREFIX.fullmatch(word) is not None


def name_apart(operations: list[Operation]) -> None:
    counts = Counter(each.id for each in operations)
    used: set[str] = set()
    for each in sorted(operations, key=lambda item: (len(item.path), item.path, item.method)):
        name = each.id
        if counts[name] > 1 and name in used:
            words = [naming.snake(w) for w in naming.literals(each.path) if not is_prefix(w)]
            verb, _, rest = name.partition("_")
            options = [f"{verb}_{lookup.entity}_{rest}" for lookup in each.lookups[:1]]
            options += [f"{name}_{'_'.join(words[-n:])}" for n in range(1, len(words) + 1)]
            options += [f"{name}_{each.method.lower()}"]
            options += [f"{name}_{number}" for number in range(2, 99)]
            name = next(option for option in options if option not in used)
        used.add(name)
        each.id = name
        each.summary = name.replace("_", " ").capitalize()
