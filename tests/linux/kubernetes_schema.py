"""Makes kubernetes.json, the JSON schema of the kinds in examples/kubernetes, from the published OpenAPI of Kubernetes.

    python3 tests/linux/kubernetes_schema.py SWAGGER.json     # api/openapi-spec/swagger.json of a release

It has names, types and required members, without descriptions. As `kubectl apply --validate=strict` does, it refuses members
that a kind doesn't have.
"""

import json
import pathlib
import sys

KINDS = ("io.k8s.api.apps.v1.Deployment", "io.k8s.api.core.v1.Service", "io.k8s.api.node.v1.RuntimeClass")
OUTPUT = pathlib.Path(__file__).with_name("kubernetes.json")
COMMENT = ("Made by kubernetes_schema.py from the OpenAPI of Kubernetes 1.36, Copyright The Kubernetes Authors, Apache License 2.0: "
           "names and types of three kinds and of what they contain.")


def shape(schema, used):
    """A schema without its descriptions; the definitions that it refers to are added to @used."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/definitions/")
        used.append(name)
        return {"$ref": f"#/definitions/{name}"}
    if schema.get("format") == "int-or-string":
        return {"type": ["integer", "string"]}
    if "properties" in schema:
        return {"type": "object", "additionalProperties": False, "required": schema.get("required", []),
                "properties": {name: shape(member, used) for name, member in schema["properties"].items()}}
    made = {"type": schema["type"]} if "type" in schema else {}
    for name in ("items", "additionalProperties"):
        if name in schema:
            made[name] = shape(schema[name], used)
    return made


def main():
    published = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))["definitions"]
    made, waiting = {}, list(KINDS)
    while waiting:
        name = waiting.pop()
        if name not in made:
            made[name] = shape(published[name], waiting)
    lines = [f"{json.dumps(name)}: {json.dumps(made[name], sort_keys=True)}" for name in sorted(made)]
    OUTPUT.write_text(f'{{"$comment": {json.dumps(COMMENT)}, "definitions": {{\n' + ",\n".join(lines) + "\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
