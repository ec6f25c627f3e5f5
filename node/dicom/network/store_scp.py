"""A plain C-STORE SCP that writes what it gets into a folder: the demonstration's stand-in for a hospital's PACS."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pynetdicom import AE, AllStoragePresentationContexts, evt

from node.dicom.setup import configure
from node.dicom.syntaxes import TRANSFER_SYNTAXES

_VERIFICATION = "1.2.840.10008.1.1"
_UID = re.compile(r"[0-9.]{1,64}")


def start_store_scp(folder: Path, *, host: str, port: int, ae_title: str) -> Any:
    """Listens until `.shutdown()` of the result is called. Files: `<Study UID>/<SOP Instance UID>.dcm`.

    Raises `OSError` when the port is taken.
    """
    configure()
    folder.mkdir(parents=True, exist_ok=True)
    ae = AE(ae_title=ae_title)
    for context in AllStoragePresentationContexts:
        ae.add_supported_context(str(context.abstract_syntax), list(TRANSFER_SYNTAXES))
    ae.add_supported_context(_VERIFICATION)
    return ae.start_server((host, port), block=False, evt_handlers=[(evt.EVT_C_STORE, _store, [folder])])


def _store(event: Any, folder: Path) -> int:
    uid = str(event.request.AffectedSOPInstanceUID)
    study = str(event.dataset.get("StudyInstanceUID", ""))
    if not (_UID.fullmatch(uid) and _UID.fullmatch(study)):
        return 0xA900
    place = folder / study
    place.mkdir(exist_ok=True)
    temporary = place / f".{uid}.part"
    temporary.write_bytes(event.encoded_dataset())
    temporary.replace(place / f"{uid}.dcm")
    return 0x0000
