"""Request models: Pydantic classes whose fields carry the rules of the original."""

from collections import Counter
from dataclasses import dataclass, field

from harness.builders.offline import names
from harness.builders.offline.backend import PYTHON_TYPES, Backend, check_of
from harness.builders.offline.errors import ErrorRegistry
from harness.builders.offline.expressions import literal, type_name
from harness.builders.offline.rules import Shapes
from harness.builders.offline.schemas import Schemas
from harness.builders.offline.source import Source, indent
from harness.inference.model import Column, InputField, InputValue, Operation, Rule

INPUT_TYPES = {
    "string": "Text", "integer": "int", "number": "float", "boolean": "bool",
    "object": "dict[str, Any]", "strings": "list[Text]", "array": "list[Any]", "any": "Any",
}  # fmt: skip
RULE_CLASSES = {
    "required": "Required", "not_null": "NotNull", "type": "OfType", "not_blank": "NotBlank",
    "min_length": "MinLength", "max_length": "MaxLength", "minimum": "Minimum",
    "maximum": "Maximum", "email": "Email", "uuid": "UniqueId", "url": "Url", "enum": "OneOf",
    "pattern": "Matches",
}  # fmt: skip
LIMITED = {"type", "min_length", "max_length", "minimum", "maximum", "enum", "pattern"}
SHARED = 2
TYPE_NAMES = {"Text": "Text", "int": "Number", "float": "Number", "bool": "Flag",
              "list[Text]": "Texts"}  # fmt: skip
EMPTY = {"Text": '""', "int": "0", "float": "0", "bool": "False"}


@dataclass(slots=True)
class RequestField:
    """A field of a request model: its attribute, type and default."""

    attribute: str
    type: str
    optional: bool
    default: str


@dataclass
class Requests:
    """The request models of a backend, one for each operation with a body."""

    backend: Backend
    schemas: Schemas
    errors: ErrorRegistry
    shapes: Shapes
    models: dict[str, tuple[str, str]] = field(default_factory=dict)
    fields: dict[str, dict[str, RequestField]] = field(default_factory=dict)
    _same: dict[str, str] = field(default_factory=dict)
    _annotations: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _taken: set[str] = field(
        default_factory=lambda: {
            "RequestModel",
            "FormModel",
            "Rule",
            "Text",
            *RULE_CLASSES.values(),
        }
    )

    def add_all(self) -> None:
        for operation in self.backend.operations:
            if operation.request is not None and operation.request.fields:
                self._add(operation)
        for source in self.schemas.sources.values():
            self._name_annotations(source)

    def _name_annotations(self, source: Source) -> None:
        """Give a name to every annotated type that several requests share."""
        aliases: list[str] = []
        taken = set(self._taken)
        for (module, kind), attributes in self._annotations.items():
            uses = sum(block.count(kind) for block in source.blocks)
            if module != source.module or uses < SHARED:
                continue
            alias = names.unique(_alias(kind, attributes), taken)
            source.blocks = [block.replace(kind, alias) for block in source.blocks]
            aliases.append(f"{alias} = {kind}")
        if aliases:
            source.blocks.insert(0, "\n".join(aliases))

    @property
    def main_unparsable(self) -> str:
        """The error that most operations answer an unparsable body with."""
        checks = [check_of(operation, "unparsable") for operation in self.backend.operations]
        used = Counter(
            self.errors.of(check.response).name for check in checks if check and check.response
        )
        return used.most_common(1)[0][0] if used else "UnparsableBodyError"

    def use(self, source: Source, operation: Operation) -> str:
        name, module = self.models[operation.id]
        return source.use(module, name)

    def _add(self, operation: Operation) -> None:
        request = operation.request
        assert request is not None  # noqa: S101  (the caller has asked)
        source = self.schemas.source(names.variable(operation.resource))
        own = {item.name: self._field(source, operation, item) for item in request.fields}
        self.fields[operation.id] = own
        body = self._body(source, operation, own)
        key = source.module + body
        if key not in self._same:
            self._same[key] = names.unique(_model_name(operation), self._taken)
            base = "RequestModel" if request.content_type == "application/json" else "FormModel"
            self.backend.helpers.add(base)
            source.use("app.validation", base)
            source.add(f"class {self._same[key]}({base}):\n{indent(body)}")
        self.models[operation.id] = (self._same[key], source.module)

    def _body(self, source: Source, operation: Operation, own: dict[str, RequestField]) -> str:
        request = operation.request
        assert request is not None  # noqa: S101  (the caller has asked)
        lines = self._settings(source, operation)
        if lines:
            lines.append("")
        for item in request.fields:
            lines.append(self._line(source, item, own[item.name]))
        return "\n".join(lines)

    def _settings(self, source: Source, operation: Operation) -> list[str]:
        request = operation.request
        assert request is not None  # noqa: S101  (the caller has asked)
        settings: list[str] = []
        if request.envelope:
            settings.append(f"envelope: ClassVar[str | None] = {literal(request.envelope)}")
        for name, rules in (
            ("body_rules", request.body_rules),
            ("envelope_rules", request.envelope_rules),
        ):
            if rules:
                self.backend.helpers.add(name)
                use = source.use("app.validation", "Rule")
                code = ", ".join(self._rule(source, rule) for rule in rules)
                settings.append(f"{name}: ClassVar[tuple[{use}, ...]] = ({code},)")
        if request.report == "first":
            self.backend.helpers.add("report_first")
            settings.append("first_only: ClassVar[bool] = True")
        if request.forms:
            self.backend.helpers.add("reads_forms")
            settings.append("reads_forms: ClassVar[bool] = True")
        if not request.objects_only:
            self.backend.helpers.add("any_value")
            settings.append("objects_only: ClassVar[bool] = False")
        check = check_of(operation, "unparsable")
        if check is not None and check.response is not None:
            name = self.errors.of(check.response).name
            if name != self.main_unparsable:
                use = source.use("app.errors", "ApiError")
                error = source.use("app.errors", name)
                settings.append(f"unparsable: ClassVar[type[{use}]] = {error}")
        if settings:
            source.use("typing", "ClassVar")
        return settings

    def _line(self, source: Source, item: InputField, own: RequestField) -> str:
        metadata = [self._rule(source, rule, nullable=item.nullable) for rule in item.rules]
        for step in item.normalize:
            helper = source.use("app.validation", f"{step}")
            self.backend.helpers.add(step)
            use = source.use("app.validation", "Normalize")
            self.backend.helpers.add("Normalize")
            metadata.append(f"{use}({helper})")
        options = [f"alias={literal(item.name)}"] if own.attribute != item.name else []
        if own.type.removesuffix(" | None") in ("datetime", "date", "UUID"):
            options.append("strict=False")
            self.backend.helpers.add("IsoText")
            metadata.append(source.use("app.validation", "IsoText"))
        kind = own.type
        if metadata:
            kind = f"{source.use('typing', 'Annotated')}[{kind}, {', '.join(metadata)}]"
            self._annotations.setdefault((source.module, kind), []).append(own.attribute)
        if own.optional:
            mutable = {"[]": "list", "{}": "dict"}.get(own.default)
            if own.default[0] in "[{" and mutable is None:
                mutable = f"lambda: {own.default}"
            if mutable:
                options.insert(0, f"default_factory={mutable}")
            elif not options:
                return f"{own.attribute}: {kind} = {own.default}"
            else:
                options.insert(0, f"default={own.default}")
        if options:
            use = source.use("pydantic", "Field")
            return f"{own.attribute}: {kind} = {use}({', '.join(options)})"
        return f"{own.attribute}: {kind}"

    def _rule(self, source: Source, rule: Rule, *, nullable: bool = False) -> str:
        name = RULE_CLASSES[rule.kind]
        self.backend.helpers.add(name)
        source.use("app.validation", name)
        shape, details = self.shapes.of(rule)
        arguments = [literal(rule.limit)] if rule.kind in LIMITED else []
        arguments += [literal(detail) for detail in details]
        if rule.kind == "type" and nullable:
            arguments.append("nullable=True")
        if rule.status != 422:  # noqa: PLR2004
            arguments.append(f"status={rule.status}")
        if shape is not self.shapes.main:
            arguments.append(f"shape={source.use('app.errors', shape.name)}")
        return f"{name}({', '.join(arguments)})"

    def _field(self, source: Source, operation: Operation, item: InputField) -> RequestField:
        column = stored_column(self.backend, operation, item.name)
        kind = INPUT_TYPES[item.type]
        if column is not None and item.type == "string" and column.type in ("datetime", "date"):
            kind = PYTHON_TYPES[column.type]
        if column is not None and item.type == "string" and column.type == "uuid":
            kind = "UUID"
        if "Any" in kind:
            source.use("typing", "Any")
        if "Text" in kind:
            self.backend.helpers.add(source.use("app.validation", "Text"))
        type_name(source, kind)
        required = any(rule.kind == "required" for rule in item.rules)
        update = any(
            effect.kind == "update" and not effect.replace and item.name in effect.inputs.values()
            for effect in operation.effects
        )
        nullable = item.nullable or (
            not required and not update and column is not None and column.nullable
        )
        if not required and kind in ("datetime", "date", "UUID"):
            nullable = True
        if not required and not update and column is not None and column.generated is not None:
            nullable = True
        if nullable and kind != "Any":
            kind = f"{kind} | None"
        default = _default(kind, column)
        return RequestField(names.attribute(item.name), kind, not required, default)


def _default(kind: str, column: Column | None) -> str:
    """Return what a field that was not sent holds."""
    if kind == "Any" or "None" in kind:
        return "None"
    if column is not None and column.default is not None:
        return literal(column.default)
    return "{}" if kind.startswith("dict") else EMPTY.get(kind, "[]")


def stored_column(backend: Backend, operation: Operation, name: str) -> Column | None:
    """Return the column that a request field is stored in."""
    rows = {lookup.name: lookup.entity for lookup in operation.lookups}
    if backend.auth:
        rows["me"] = backend.auth.user
    for effect in operation.effects:
        if effect.kind == "insert":
            for column, value in effect.values.items():
                if isinstance(value, InputValue) and value.name == name:
                    return backend.entity(effect.entity).column(column)
        if effect.kind == "update":
            for column, source in effect.inputs.items():
                if source == name:
                    return backend.entity(rows[effect.row]).column(column)
    return None


def _alias(kind: str, attributes: list[str]) -> str:
    """Return a name for an annotated type: after its field, or after what it holds."""
    base = kind.removeprefix("Annotated[").partition(",")[0].partition(" |")[0]
    holds = TYPE_NAMES.get(base, "Value")
    if len(set(attributes)) == 1:
        return names.pascal(attributes[0]) + holds
    if "Required(" in kind:
        return f"Required{holds}"
    if "None" in kind.partition(",")[0]:
        return f"Optional{holds}"
    return f"{'Filled' if 'NotBlank(' in kind else 'Given'}{holds}"


def _model_name(operation: Operation) -> str:
    verb, *rest = names.words(operation.id)
    if not rest:
        return f"{names.pascal(verb)}Request"
    return names.pascal("_".join([*rest, verb]))
