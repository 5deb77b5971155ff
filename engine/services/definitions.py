"""Commands on definitions: shipped processes become published versions, each with its certificate as a loop.

A version keeps its original bytes, their digest, the compiled net and its forms. The same bytes and forms are never
stored twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import bindparam, select

from engine import shipped
from engine.bpmn.check import check
from engine.bpmn.net import Call, Net
from engine.bpmn.net_codec import net_to_bytes
from engine.bpmn.proof import prove
from engine.errors import Rejected
from engine.forms import compile_form
from engine.storage.prepared import Prepared, insert_into
from engine.storage.tables.processes import definition
from engine.storage.types import canonical_json

from .desk import Desk
from .starts import arm

CERTIFICATE: Mapping[str, Any] = {
    "proved": False,
    "statement": "not proved",
    "covers": "a process of which there is nothing that runs, so there is nothing to prove",
}

_NEW = insert_into(definition)
_NEWEST = Prepared(
    select(definition.c.id, definition.c.version, definition.c.digest)
    .where(definition.c.process_id == bindparam("process_id"))
    .order_by(definition.c.version.desc())
    .limit(1)
)
_STORED = Prepared(
    select(definition.c.id).where(
        definition.c.process_id == bindparam("process_id"), definition.c.digest == bindparam("digest")
    )
)


@dataclass(frozen=True, slots=True)
class Source:
    """A process as files: its BPMN bytes and its forms by name."""

    process_id: str
    content: bytes
    forms: Mapping[str, Mapping[str, Any]]

    @property
    def digest(self) -> str:
        """SHA-256 over the bytes and the forms, in hex."""
        parts = hashlib.sha256(self.content)
        parts.update(canonical_json({name: dict(form) for name, form in self.forms.items()}).encode())
        return parts.hexdigest()


def shipped_sources() -> Iterator[Source]:
    """The loops that travel with the engine."""
    for folder in sorted((shipped.path("processes") / "loops").iterdir()):
        if folder.is_dir():
            yield read_source(folder)


def read_source(folder: Path) -> Source:
    """The process in a folder: `<id>.bpmn` and `forms/<name>.json`, the id being the folder's name."""
    forms = {file.stem: json.loads(file.read_text("utf-8")) for file in sorted((folder / "forms").glob("*.json"))}
    return Source(folder.name, (folder / f"{folder.name}.bpmn").read_bytes(), forms)


def install_shipped(desk: Desk) -> list[str]:
    """Install every shipped process that is not among the stored versions; the ids of the new versions.

    A version that a city put after it stays the newest.
    """
    new = []
    for source in shipped_sources():
        if desk.uow.one(_STORED, {"process_id": source.process_id, "digest": source.digest}) is None:
            new.append(install_version(desk, source))
    return [id_ for id_ in new if id_ is not None]


def install_version(desk: Desk, source: Source, *, kind: Literal["loop", "plain"] = "loop") -> str | None:
    """Store `source`, which travels with the engine, as the next published version of its process; None if it is there.

    Raises: Rejected (`definition.refused`) with the findings, unless the check says it runs; (`definition.no_form`)
    where a step asks for a form that is not there; (`form.*`) for a form.
    """
    newest = desk.uow.one(_NEWEST, {"process_id": source.process_id})
    if newest is not None and newest[2] == source.digest:
        return None
    net = _checked_net(source)
    id_ = desk.uow.new_id()
    desk.uow.run(
        _NEW,
        {
            "id": id_,
            "process_id": source.process_id,
            "version": 1 if newest is None else newest[1] + 1,
            "digest": source.digest,
            "state": "published",
            "kind": kind,
            "source": source.content,
            "net": net_to_bytes(net),
            "certificate": dict(_certificate(source, net)),
            "forms": {name: dict(form) for name, form in source.forms.items()},
            "shipped": True,
            "effective_from": desk.now,
            "author_id": None,
            "publisher_id": None,
            "deployment_id": None,
            "file_name": f"{source.process_id}.bpmn",
            "normalised": None,
            "report": None,
            "answers": {},
            "decisions": {},
            "tag": None,
            "return_reason": None,
            "created_at": desk.now,
            "published_at": desk.now,
            "revision": 1,
        },
    )
    arm(desk, id_, net)
    return id_


@cache
def shipped_loop(process_id: str) -> tuple[Net, Mapping[str, Any]] | None:
    """The net and forms of a loop that travels with the engine; None where there is none of this id."""
    source = next((each for each in shipped_sources() if each.process_id == process_id), None)
    net = None if source is None else check(source.content).nets.get(process_id)
    return None if source is None or net is None else (net, source.forms)


_certificates: dict[str, Mapping[str, Any]] = {}


def _certificate(source: Source, net: Net) -> Mapping[str, Any]:
    """The proof of a version as a loop, among the shipped processes; made once for the same bytes and forms."""
    made = _certificates.get(source.digest)
    if made is None:
        known = {source.process_id: (net, source.forms)}

        def found(process: str) -> tuple[Net, Mapping[str, Any]] | None:
            return known.get(process) or shipped_loop(process)

        def net_of(process: str, call: Call | None) -> Net | None:
            return (found(process) or (None,))[0]

        def forms_of(process: str) -> Mapping[str, Any]:
            reached = found(process)
            return {} if reached is None else reached[1]

        made = _certificates[source.digest] = prove(net, "loop", net_of=net_of, forms_of=forms_of).to_json()
    return made


def _checked_net(source: Source) -> Net:
    """The net of a process that runs, with every form it asks for."""
    report = check(source.content)
    if report.grade != "runs" or source.process_id not in report.nets:
        raise Rejected(
            "definition.refused",
            f"Expected a process “{source.process_id}” that runs, but the check says {report.grade}.",
            findings=tuple(report.findings),
            process=source.process_id,
        )
    net = report.nets[source.process_id]
    missing = sorted({node.form for node in net.nodes if node.form} - source.forms.keys())
    if missing:
        raise Rejected(
            "definition.no_form",
            f"Expected every form a step asks for, but {', '.join(missing)} came with none.",
            forms=missing,
        )
    for form in source.forms.values():
        compile_form(form)
    return net
