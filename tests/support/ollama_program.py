"""A program named ``ollama`` that serves as little of its API as a page needs to find it."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["ollama_program"]

_CODE = """#!{python}
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
here = os.path.dirname(os.path.abspath(__file__))
open(here + "/environ", "w").write("\\n".join(f"{{k}}={{v}}" for k, v in os.environ.items()))
open(here + "/pid", "w").write(str(os.getpid()))
NONE = {{"models": []}}
SAID = {{"/api/version": {{"version": "0.30.0"}}, "/api/tags": NONE, "/api/ps": NONE}}
class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = json.dumps(SAID.get(self.path, {{}})).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
if sys.argv[1:] == ["serve"]:
    host, port = os.environ["OLLAMA_HOST"].split(":")
    HTTPServer((host, int(port)), Answers).serve_forever()
"""


def ollama_program(folder: Path) -> Path:
    """Write it to a folder and return its path; beside it, it writes its id and environment."""
    program = folder / "ollama"
    program.write_text(_CODE.format(python=sys.executable))
    program.chmod(0o755)
    return program
