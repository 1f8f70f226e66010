"""A small Hugging Face Hub of the tests' own: enough of its HTTP interface to send and fetch a model, in memory."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

Files = dict[str, bytes]


@dataclass
class Model:
    private: bool
    commits: dict[str, Files] = field(default_factory=dict)
    branch: str = ""
    """The commit of main."""

    def commit(self, files: Files) -> str:
        content = {**self.commits.get(self.branch, {}), **files}
        digests = [f"{name}{hashlib.sha1(file).hexdigest()}" for name, file in sorted(content.items())]
        self.branch = hashlib.sha1(f"{self.branch}{digests}".encode()).hexdigest()
        self.commits[self.branch] = content
        return self.branch


@dataclass
class Hub:
    port: int = 0
    models: dict[str, Model] = field(default_factory=dict)
    large: Files = field(default_factory=dict)
    """Files that were sent before their commit, by SHA-256."""
    asked: list[str] = field(default_factory=list)
    """Methods and paths of all requests."""
    refuses: str = ""
    """What the card is refused for."""
    fails_at: str = ""
    """Requests whose path holds this get HTTP 500."""

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serve_hub() -> Iterator[Hub]:
    hub = Hub()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, hub)) as server:
        hub.port = server.server_port
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.01))
        thread.start()
        yield hub
        server.shutdown()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, hub: Hub, *arguments: Any) -> None:
        self.hub = hub
        super().__init__(*arguments)

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, content: object = None, *, status: int = 200, body: bytes | None = None, **headers: str) -> None:
        body = json.dumps(content).encode() if body is None else body
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _begin(self) -> tuple[list[str], bytes]:
        """Return the parts of the path, and what was sent."""
        path = urlsplit(self.path).path
        self.hub.asked.append(f"{self.command} {unquote(path)}")
        chunked = self.headers.get("Transfer-Encoding") == "chunked"
        body = b"".join(self._chunks()) if chunked else self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return [unquote(part) for part in path.strip("/").split("/")], body

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        parts, _ = self._begin()
        if self.hub.fails_at and self.hub.fails_at in self.path:
            self._answer({"error": "broken"}, status=500)
            return
        match parts:
            case ["api", "models", owner, name, "revision", revision]:
                found = self._find(f"{owner}/{name}", revision)
                if found is not None:
                    commit, files = found
                    siblings = [{"rfilename": file} for file in files]
                    self._answer({"id": f"{owner}/{name}", "sha": commit, "siblings": siblings, "private": False})
            case ["api", "models", owner, name, "tree", revision]:
                found = self._find(f"{owner}/{name}", revision)
                if found is not None:
                    self._answer(
                        [{"type": "file", "path": file, **_about(file, body)} for file, body in found[1].items()]
                    )
            case [owner, name, "resolve", revision, file]:
                found = self._find(f"{owner}/{name}", revision)
                if found is not None:
                    commit, files = found
                    etag = f'"{_about(file, files[file])["oid"]}"'
                    self._answer(body=files[file], ETag=etag, X_Repo_Commit=commit)
            case _:
                self._answer({"error": "not found"}, status=404)

    def do_PUT(self) -> None:
        parts, body = self._begin()
        self.hub.large[parts[-1]] = body
        self._answer({})

    def do_POST(self) -> None:
        parts, body = self._begin()
        if self.hub.fails_at and self.hub.fails_at in self.path:
            self._answer({"error": "broken"}, status=500)
            return
        match parts:
            case ["api", "repos", "create"]:
                asked = json.loads(body)
                name = f"{asked['organization']}/{asked['name']}"
                private = asked.get("visibility") == "private" or asked.get("private") is True
                exists = name in self.hub.models
                self.hub.models.setdefault(name, Model(private)).branch or self.hub.models[name].commit({})
                self._answer({"url": f"{self.hub.endpoint}/{name}"}, status=409 if exists else 200)
            case ["api", "validate-yaml"]:
                errors = [{"message": self.hub.refuses}] if self.hub.refuses else []
                self._answer({"errors": errors, "warnings": []}, status=400 if errors else 200)
            case ["api", "models", _, _, "preupload", _]:
                files = [
                    {
                        "path": file["path"],
                        "uploadMode": "lfs" if file["path"].endswith(".safetensors") else "regular",
                        "shouldIgnore": False,
                    }
                    for file in json.loads(body)["files"]
                ]
                self._answer({"files": files})
            case [*_, "objects", "batch"]:
                objects = [
                    {**one, "actions": {"upload": {"href": f"{self.hub.endpoint}/large/{one['oid']}"}}}
                    for one in json.loads(body)["objects"]
                ]
                self._answer({"transfer": "basic", "objects": objects})
            case ["api", "models", owner, name, "commit", _]:
                commit = self.hub.models[f"{owner}/{name}"].commit(self._sent(body))
                self._answer({"commitUrl": f"{self.hub.endpoint}/{owner}/{name}/commit/{commit}", "commitOid": commit})
            case _:
                self._answer({"error": "not found"}, status=404)

    def _sent(self, body: bytes) -> Files:
        files: Files = {}
        for line in body.splitlines():
            entry = json.loads(line)
            if entry["key"] == "file":
                files[entry["value"]["path"]] = base64.b64decode(entry["value"]["content"])
            elif entry["key"] == "lfsFile":
                files[entry["value"]["path"]] = self.hub.large[entry["value"]["oid"]]
        return files

    def _find(self, name: str, revision: str) -> tuple[str, Files] | None:
        """Return the commit and its files; answer that there is none otherwise."""
        model = self.hub.models.get(name)
        if model is None:
            self._answer({"error": "no repo"}, status=404, X_Error_Code="RepoNotFound")
            return None
        commit = model.branch if revision == "main" else revision
        if commit not in model.commits:
            self._answer({"error": "no revision"}, status=404, X_Error_Code="RevisionNotFound")
            return None
        return commit, model.commits[commit]


def _about(file: str, body: bytes) -> dict[str, Any]:
    digest = hashlib.sha256(body).hexdigest()
    if file.endswith(".safetensors"):
        return {"size": len(body), "oid": digest, "lfs": {"oid": digest, "size": len(body), "pointerSize": 130}}
    return {"size": len(body), "oid": hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()}
