"""Writes a client in Python from an OpenAPI file, as generators do: a class with a method for each operation id, path and
query parameters as arguments, the body as another. It knows nothing of Readback but the file."""
import keyword
import re

HEAD = '''"""Generated from {title} {version}."""
import http.client
import json
import socket
import urllib.parse


class Problem(Exception):
    def __init__(self, status, told):
        super().__init__(f"{{status}}: {{told.get('detail', told.get('title', ''))}}")
        self.status, self.told = status, told


class _Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Client:
    def __init__(self, path):
        self.path = path

    def _ask(self, method, path, query, body, problems):
        query = {{name: value for name, value in query.items() if value is not None}}
        if query:
            path += "?" + urllib.parse.urlencode(query)
        connection = _Connection(self.path)
        try:
            connection.request(method, path, None if body is None else json.dumps(body),
                               {{"Content-Type": "application/json"}} if body is not None else {{}})
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        kind = answer.headers.get("Content-Type", "")
        told = json.loads(data) if kind in ("application/json", "application/problem+json") else data
        if answer.status >= 300:
            if str(answer.status) not in problems:
                raise AssertionError(f"{{answer.status}} is no answer that the file names for {{method}} {{path}}")
            raise Problem(answer.status, told)
        return told
'''


def word(name):
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", re.sub(r"\W", "_", name)).lower()
    return name + "_" if keyword.iskeyword(name) else name


def generate(file):
    text = HEAD.format(title=file["info"]["title"], version=file["info"]["version"])
    for path, operations in file["paths"].items():
        for method, operation in operations.items():
            given = [*operations.get("parameters", []), *operation.get("parameters", [])] if method != "parameters" else []
            if method == "parameters":
                continue
            in_path = [p["name"] for p in given if p["in"] == "path"]
            in_query = [p["name"] for p in given if p["in"] == "query"]
            arguments = [word(n) for n in in_path] + (["body=None"] if "requestBody" in operation else [])
            arguments += [f"{word(n)}=None" for n in in_query]
            filled = re.sub(r"\{(\w+)\}", lambda m: "{urllib.parse.quote(" + word(m[1]) + ", safe='')}", path)
            query = "{" + ", ".join(f"{n!r}: {word(n)}" for n in in_query) + "}"
            body = "body" if "requestBody" in operation else "None"
            problems = sorted(s for s in operation["responses"] if s.isdigit() and int(s) >= 300)
            text += (f"\n    def {word(operation['operationId'])}(self{''.join(', ' + a for a in arguments)}):\n"
                     f"        {operation.get('summary', '')!r}\n"
                     f"        return self._ask({method.upper()!r}, f{filled!r}, {query}, {body}, {problems!r})\n")
    return text
