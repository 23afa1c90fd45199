"""Operations of an OpenAPI document become tools."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator

from core.tools.definitions.reading import parse_any
from core.tools.http_template import fill

PETS = """
openapi: 3.0.3
servers: [{url: 'https://{env}.pets.test/v1', variables: {env: {default: api}}}]
paths:
  /pets/{petId}:
    parameters: [{$ref: '#/components/parameters/PetId'}]
    get:
      operationId: pets.get
      summary: One pet
      parameters:
        - {name: tags, in: query, schema: {type: array, items: {type: string}}}
        - {name: X-Trace, in: header, schema: {type: string, nullable: true}}
        - {name: session, in: cookie, schema: {type: string}}
    post:
      requestBody:
        required: true
        content:
          application/json: {schema: {$ref: '#/components/schemas/Pet'}}
components:
  parameters:
    PetId: {name: petId, in: path, required: true, description: Which, schema: {type: string}}
  schemas:
    Pet:
      type: object
      required: [nullable]
      properties:
        nullable: {type: string, example: Rex}
        owner: {$ref: '#/components/schemas/Owner'}
        age: {type: integer, minimum: 0, exclusiveMinimum: true}
    Owner:
      type: object
      properties: {pets: {type: array, items: {$ref: '#/components/schemas/Pet'}}}
"""


def test_each_operation_of_an_openapi_document_becomes_a_tool_that_can_be_called() -> None:
    parsed = parse_any(PETS)
    get, post = parsed.definitions
    assert [d.tool.name for d in parsed.definitions] == ["pets_get", "post_pets_petId"]
    assert get.tool.description == "One pet"
    schema: Any = get.tool.parameters
    assert schema["properties"]["petId"] == {"type": "string", "description": "Which"}
    assert schema["properties"]["X-Trace"]["type"] == ["string", "null"]
    assert schema["required"] == ["petId"]
    assert {r.path for r in parsed.remarks} >= {"paths./pets/{petId}.get.parameters.session"}
    assert get.http is not None and post.http is not None
    call = fill(get.http, {"petId": "../a b", "tags": ["x", "y&z"]})
    assert call.url == "https://api.pets.test/v1/pets/..%2Fa%20b?tags=x&tags=y%26z"
    body: Any = post.tool.parameters
    assert body["properties"]["nullable"] == {"type": "string", "examples": ["Rex"]}
    assert body["properties"]["age"] == {"type": "integer", "exclusiveMinimum": 0}
    assert body["required"] == ["petId", "nullable"]
    assert set(body["$defs"]) == {"Pet", "Owner"}
    Draft202012Validator.check_schema(body)
    call = fill(post.http, {"petId": "7", "nullable": "Rex", "age": 3})
    assert (call.method, call.url) == ("POST", "https://api.pets.test/v1/pets/7")
    assert call.content == b'{"nullable":"Rex","age":3}'
