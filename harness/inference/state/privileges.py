"""Users whose privileges no answer shows, deduced from what they were let do.

An administrator who was there before the recording may never be shown. What other users are refused
and this one is not tells that the flag of administrators is set.
"""

from harness.inference.observe import Observation
from harness.inference.state.keys import ForeignKeys
from harness.inference.state.rows import Row
from harness.inference.state.world import World

_REFUSED = {403, 404}


def deduce_privileges(world: World, keys: ForeignKeys) -> None:
    """Learn the one flag that is off by default for users who act as if it were on."""
    flag = _privilege(world)
    if world.user is None or flag is None:
        return
    unknown = {id(row) for row in world.rows[id(world.user)] if flag not in row.facts}
    if not unknown:
        return
    ordinary = _Ordinary(world, keys, flag)
    for each in world.observations:
        caller = world.caller(each)
        if caller is None or id(caller) not in unknown or not each.ok:
            continue
        if ordinary.would_be_refused(each, caller):
            caller.learn(0, flag, True)
            unknown.discard(id(caller))


def _privilege(world: World) -> str | None:
    """The only stored boolean of users that is off for whoever is new."""
    if world.user is None:
        return None
    found = []
    for name in world.user.fields:
        firsts = [row.first(name) for row in world.rows[id(world.user)] if name in row.facts]
        off = sum(value is False for value in firsts)
        if firsts and all(isinstance(value, bool) for value in firsts) and off * 2 > len(firsts):
            found.append(name)
    return found[0] if len(found) == 1 else None


class _Ordinary:
    """What users without the privilege were let do and refused."""

    def __init__(self, world: World, keys: ForeignKeys, flag: str) -> None:
        self.world = world
        self.keys = keys
        self.accepted: set[tuple[str, str]] = set()
        self.refused: set[tuple[str, str]] = set()
        self.refused_others: set[tuple[str, str]] = set()
        self.lists_others: set[tuple[str, str]] = set()
        self.lists: set[tuple[str, str]] = set()
        for each in world.observations:
            caller = world.caller(each)
            if caller is not None and caller.value(flag, each.index - 1) is False:
                self._note(each, caller)

    def would_be_refused(self, each: Observation, caller: Row) -> bool:
        if each.key in self.refused and each.key not in self.accepted:
            return True
        if each.key in self.refused_others and self._others_row(each, caller):
            return True
        narrowed = each.key in self.lists and each.key not in self.lists_others
        return narrowed and self._shows_others(each, caller)

    def _note(self, each: Observation, caller: Row) -> None:
        if each.ok:
            self.accepted.add(each.key)
            if each.method == "GET" and not each.params:
                self.lists.add(each.key)
                if self._shows_others(each, caller):
                    self.lists_others.add(each.key)
        elif each.status in _REFUSED:
            if each.status == 403:  # noqa: PLR2004
                self.refused.add(each.key)
            if self._others_row(each, caller):
                self.refused_others.add(each.key)

    def _others_row(self, each: Observation, caller: Row) -> bool:
        targets = self.world.targets.get(each.index, {})
        row = targets.get(list(each.params)[-1]) if each.params else None
        return row is not None and self._belongs_to_another(row, caller, each.index)

    def _shows_others(self, each: Observation, caller: Row) -> bool:
        return any(
            shape.is_list and self._belongs_to_another(row, caller, each.index)
            for shape, _, row in self.world.shown.get(each.index, ())
        )

    def _belongs_to_another(self, row: Row, caller: Row, index: int) -> bool:
        for column, parent in self.keys.of(row.draft).items():
            if parent is self.world.user:
                owner = self.keys.parent(row, column, index)
                return owner is not None and owner is not caller
        return False
