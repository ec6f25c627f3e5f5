"""Orthanc for the tests: a PACS of this run, or one with options of its own, as `services` starts servers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.services import (
    HOST,
    PATIENCE,
    PLAIN,
    ServiceError,
    find_program,
    free_port,
    listens,
    stop,
    temporary_folder,
    wait_until_up,
)


@dataclass(frozen=True)
class OrthancServer:
    """A PACS: takes what any AE sends, answers over HTTP and DICOMweb without a login."""

    dicom_port: int
    http_port: int
    ae_title: str = "ORTHANC"

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.http_port}"

    @property
    def dicomweb_url(self) -> str:
        return f"{self.url}/dicom-web"

    def know(self, ae_title: str, port: int, **more: object) -> None:
        """Tells Orthanc of a DICOM peer on loopback, so that it can send to it; `more` as UseDicomTls."""
        peer = {"AET": ae_title, "Host": HOST, "Port": port} | more
        httpx.put(f"{self.url}/modalities/{ae_title}", json=peer, timeout=PATIENCE, verify=PLAIN).raise_for_status()

    def echo(self, ae_title: str) -> bool:
        """Whether the peer answers its C-ECHO."""
        return self._post(f"/modalities/{ae_title}/echo", {}).is_success

    def store(self, ae_title: str, instances: Sequence[str]) -> int:
        """Sends instances to the peer by C-STORE; returns how many could not be sent."""
        body = {"Resources": list(instances), "Synchronous": True}
        return int(self._post(f"/modalities/{ae_title}/store", body).raise_for_status().json()["FailedInstancesCount"])

    def query(self, ae_title: str, level: str, keys: Mapping[str, str]) -> tuple[str, list[dict[str, str]]]:
        """C-FIND; returns Orthanc's name of the query, and its answers by keyword."""
        made = self._post(f"/modalities/{ae_title}/query", {"Level": level, "Query": dict(keys)}).raise_for_status()
        path = f"{self.url}/queries/{made.json()['ID']}/answers"
        answers = httpx.get(path, params={"expand": "", "simplify": ""}, timeout=PATIENCE, verify=PLAIN)
        return made.json()["ID"], answers.raise_for_status().json()

    def retrieve(self, query: str, target: str) -> bool:
        """C-MOVE of all answers of a query to `target`; whether Orthanc calls it a success."""
        return self._post(f"/queries/{query}/retrieve", {"TargetAet": target, "Synchronous": True}).is_success

    def _post(self, path: str, body: Mapping[str, object]) -> httpx.Response:
        return httpx.post(f"{self.url}{path}", json=body, timeout=PATIENCE, verify=PLAIN)

    def give(self, file: Path) -> str:
        """Puts a DICOM file into it over HTTP; returns Orthanc's own identifier of the instance."""
        answer = httpx.post(f"{self.url}/instances", content=file.read_bytes(), timeout=PATIENCE, verify=PLAIN)
        return str(answer.raise_for_status().json()["ID"])

    def instances(self) -> list[str]:
        """Orthanc's own identifiers of what it holds."""
        return [
            str(one)
            for one in httpx.get(f"{self.url}/instances", timeout=PATIENCE, verify=PLAIN).raise_for_status().json()
        ]

    def file(self, instance: str) -> bytes:
        """The DICOM file of an instance, as Orthanc keeps it."""
        return (
            httpx.get(f"{self.url}/instances/{instance}/file", timeout=PATIENCE, verify=PLAIN)
            .raise_for_status()
            .content
        )

    def clear(self) -> None:
        """Deletes all that it holds and whom it knows: of two peers with one AE title it would take the older."""
        for modality in httpx.get(f"{self.url}/modalities", timeout=PATIENCE, verify=PLAIN).raise_for_status().json():
            httpx.delete(f"{self.url}/modalities/{modality}", timeout=PATIENCE, verify=PLAIN).raise_for_status()
        for patient in httpx.get(f"{self.url}/patients", timeout=PATIENCE, verify=PLAIN).raise_for_status().json():
            httpx.delete(f"{self.url}/patients/{patient}", timeout=PATIENCE, verify=PLAIN).raise_for_status()

    def is_up(self) -> bool:
        try:
            return httpx.get(f"{self.url}/system", timeout=1, verify=PLAIN).is_success and listens(self.dicom_port)
        except httpx.HTTPError:
            return False


@contextmanager
def orthanc_server(
    python_script: Path | None = None, options: Mapping[str, object] | None = None
) -> Iterator[OrthancServer]:
    """Orthanc with DICOMweb and more `options` of its configuration; with `python_script` its Python plugin running that
    file, too."""
    program = find_program("Orthanc", "orthanc")
    wanted = {"libOrthancDicomWeb.so": "orthanc-dicomweb"}
    if python_script is not None:
        wanted["libOrthancPython.so"] = "orthanc-python"
    plugins = []
    for name, package in wanted.items():
        found = Path("/usr/share/orthanc/plugins", name)
        if not found.exists():
            raise ServiceError(
                f"The tests need {name}. Install it with: make system (or: sudo apt-get install {package})"
            )
        plugins.append(str(found))
    with temporary_folder("orthanc") as folder:
        server = OrthancServer(free_port(), free_port())
        configuration = folder / "orthanc.json"
        written = _orthanc_options(server, folder, plugins, python_script) | dict(options or {})
        configuration.write_text(json.dumps(written), encoding="utf-8")
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen([str(program), str(configuration)], cwd=folder, stdout=output, stderr=output)
        try:
            wait_until_up(process, log, server.is_up, "Orthanc")
            yield server
        finally:
            stop(process)


def _orthanc_options(
    server: OrthancServer, folder: Path, plugins: list[str], python_script: Path | None
) -> dict[str, object]:
    options: dict[str, object] = {
        "Name": "tests",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "HttpPort": server.http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomPort": server.dicom_port,
        "DefaultEncoding": "Utf8",
        "DicomAet": server.ae_title,
        "DicomCheckCalledAet": False,
        "DicomAlwaysAllowEcho": True,
        "DicomAlwaysAllowStore": True,
        "UnknownSopClassAccepted": True,
        "DicomModalitiesInDatabase": True,
        "StoreMD5ForAttachments": False,
        "Plugins": plugins,
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    if python_script is not None:
        options["PythonScript"] = str(python_script)
        options["PythonVerbose"] = False
    return options
