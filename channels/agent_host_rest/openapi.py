"""The OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1), from the table of operations and
the wire models.
"""

from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from agent_host.protocols.host_context import HostContext
from agent_host_rest.answer_schema import ANSWER_MODELS
from agent_host_rest.config import RestConfig
from agent_host_rest.operation import (
    ANY_CALLER_PROBLEMS,
    HEADERS,
    OPERATIONS,
    PROBLEMS,
    PUBLIC_PROBLEMS,
    RUN_LINKS,
    Operation,
    Reply,
)
from agent_host_rest.parameter import PARAMETERS
from agent_host_rest.schema import SESSION_PATTERN, CommandInput, Invocation, RunAnswer

Schema = dict[str, Any]

_SCHEMAS: Final = "#/components/schemas/"
_SECURITY: Final = "caller"
_TARGETS: Final = frozenset(
    {"ChannelsTarget", "IdentitiesTarget", "IdentityName", "PersonTarget", "PlainTarget"}
)
_PROBLEM_JSON: Final = "application/problem+json"


class OpenApiDocument:
    """Made when it is first asked for, then kept."""

    def __init__(self, context: HostContext, config: RestConfig) -> None:
        self._context = context
        self._config = config
        self._document: Schema | None = None

    @property
    def title(self) -> str:
        """What is hosted."""
        return self._context.target.name

    @property
    def description(self) -> str:
        """What it says of itself."""
        return self._context.target.description

    @property
    def path_prefix(self) -> str:
        """What stands before every path."""
        return self._config.path_prefix

    @property
    def scheme(self) -> str:
        """The HTTP authentication scheme of callers, in lower case; empty if none is asked for."""
        return (self._context.challenge or "").partition(" ")[0].lower()  # RFC 9110 §11.3

    def at(self, root_path: str) -> Schema:
        """The document for an application that a proxy serves under `root_path`."""
        if self._document is None:
            self._document = self._make()
        return {**self._document, "servers": [{"url": root_path or "/"}]}

    def _make(self) -> Schema:
        paths: dict[str, Schema] = {}
        scheme = self.scheme
        for operation in OPERATIONS:
            path = paths.setdefault(self._config.path_prefix + operation.path, {})
            path[operation.method] = _operation(operation)
            if scheme and not operation.public:
                path[operation.method]["security"] = [{_SECURITY: []}]
        target = self._context.target
        components: Schema = {"schemas": _schemas(self._config), "parameters": PARAMETERS}
        if scheme:
            components["securitySchemes"] = {_SECURITY: {"type": "http", "scheme": scheme}}
        return {
            "openapi": "3.1.0",
            "info": {
                "title": target.name,
                "version": target.version,
                "description": target.description
                or "An agent hosted by agent-host. Unknown members of a body are refused.",
            },
            "paths": paths,
            "components": components,
        }


def _operation(operation: Operation) -> Schema:
    problems = PUBLIC_PROBLEMS if operation.public else ANY_CALLER_PROBLEMS
    responses = {str(reply.status): _reply(reply) for reply in operation.replies}
    for status in sorted({*problems, *operation.problems}):
        responses[str(status)] = _problem(status)
    described: Schema = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "parameters": [
            {"$ref": f"#/components/parameters/{name}"} for name in operation.parameters
        ],
        "responses": responses,
    }
    if operation.text:
        described["description"] = operation.text
    if operation.body:
        described["requestBody"] = {
            "required": True,
            "content": {kind: {"schema": _ref(name)} for kind, name in operation.body},
        }
    return described


def _reply(reply: Reply) -> Schema:
    described: Schema = {"description": reply.text}
    if reply.content:
        described["content"] = {kind: {"schema": _ref(name)} for kind, name in reply.content}
    if reply.headers:
        described["headers"] = {
            name: {"description": HEADERS[name], "schema": {"type": "string"}}
            for name in reply.headers
        }
    if reply.run_at is not None:
        parameters = {"run_id": f"$response.body#{reply.run_at}"}
        described["links"] = {
            name: {"operationId": name, "parameters": parameters} for name in RUN_LINKS
        }
    return described


def _problem(status: int) -> Schema:
    return {
        "description": PROBLEMS[status],
        "content": {_PROBLEM_JSON: {"schema": _ref("Problem")}},
    }


def _ref(name: str) -> Schema:
    return {"$ref": _SCHEMAS + name}


def _schemas(config: RestConfig) -> Schema:
    wire: tuple[type[BaseModel], ...] = (CommandInput, Invocation, RunAnswer, *ANSWER_MODELS)
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "validation") for model in wire]
    _, definitions = models_json_schema(models, ref_template=f"{_SCHEMAS}{{model}}")
    schemas: Schema = definitions["$defs"]
    if not config.callers_choose_target:
        schemas = _without_response_target(schemas)
    return {
        **schemas,
        "SessionName": {"type": "string", "pattern": SESSION_PATTERN},
        "Upload": _upload(config),
        "EventStream": _event_stream(),
        "FileBytes": {"description": "The file's own bytes."},
        "Problem": _problem_schema(),
    }


def _without_response_target(schemas: Schema) -> Schema:
    invocation: Schema = schemas["Invocation"]
    properties = {**invocation["properties"]}
    del properties["response_target"]
    kept = {name: schema for name, schema in schemas.items() if name not in _TARGETS}
    return {**kept, "Invocation": {**invocation, "properties": properties}}


def _upload(config: RestConfig) -> Schema:
    return {
        "type": "object",
        "description": "`request` is the JSON body. Every other part that has a file name is a "
        f"file, whatever its field is called; at most {config.files_limit} of them, of "
        f"{config.file_limit_bytes} bytes each.",
        "properties": {
            "request": _ref("Invocation"),
            "file": {"type": "string", "format": "binary"},
        },
        "required": ["request"],
        "additionalProperties": False,
    }


def _event_stream() -> Schema:
    """Of the text there is little to say; the members are for readers that take the schema as that
    of each event, as OpenAPI 3.2 does.
    """
    return {
        "description": "Server-sent events. `event` is the type, `data` an Event as JSON, `id` its "
        "sequence number. An event `error` without id means that the stream broke off.",
        "properties": {
            "id": {"type": "string", "pattern": "^[0-9]+$"},
            "event": {"type": "string"},
            "data": {
                "type": "string",
                "contentMediaType": "application/json",
                "contentSchema": _ref("Event"),
            },
        },
    }


def _problem_schema() -> Schema:
    return {
        "type": "object",
        "description": "RFC 9457. `code` is one stable word for programs.",
        "required": ["type", "title", "status", "detail", "code", "retryable"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "code": {"type": "string"},
            "retryable": {"type": "boolean"},
            "run_id": {"type": "string", "description": "The run that failed."},
            "correlation_id": {"type": "string", "description": "Quote it to report a fault."},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["field", "message"],
                    "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                },
            },
        },
    }


__all__ = ["OpenApiDocument"]
