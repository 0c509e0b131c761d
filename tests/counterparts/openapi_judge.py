#!/usr/bin/env python3
"""Judges answers by an OpenAPI 3.1 description.   (pip install jsonschema)

usage: openapi_judge.py DOCUMENT ANSWERS

ANSWERS has one answer a line: {"operation": "GET /path/{of}/the/document", "status", "media_type", "body"}. Each must be
one that the document describes: its status, its media type, and its body by the schema. Complaints go to standard
error and end it with 1.
"""

import json
import pathlib
import sys

import jsonschema

document = json.loads(pathlib.Path(sys.argv[1]).read_text())
complaints = 0


def complain(answer, text):
    global complaints
    complaints += 1
    print(f"{answer['operation']} {answer['status']}: {text}", file=sys.stderr)


def judge(answer):
    method, path = answer["operation"].split(" ")
    operation = document["paths"].get(path, {}).get(method.lower())
    if operation is None:
        return complain(answer, "is no operation")
    response = operation["responses"].get(str(answer["status"]))
    if response is None:
        return complain(answer, f"is not described: {json.dumps(answer['body'])[:500]}")
    content = response.get("content", {})
    if not content:
        if answer["body"] not in ("", None):
            complain(answer, "has a body, and none is described")
        return None
    if answer["media_type"] not in content:
        return complain(answer, f"is {answer['media_type']}, not {list(content)}")
    schema = {**document, **content[answer["media_type"]]["schema"]}
    judging = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    for error in judging.iter_errors(answer["body"]):
        complain(answer, f"{'/'.join(map(str, error.path))}: {error.message[:500]}")


lines = pathlib.Path(sys.argv[2]).read_text().splitlines()
for line in lines:
    judge(json.loads(line))
print(f"{len(lines)} answers, {complaints} complaints")
sys.exit(1 if complaints else 0)
