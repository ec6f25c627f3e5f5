"""The toolkits' global settings, made once per process, and this implementation's name in DICOM.

pydicom and pynetdicom put element values into warnings and log lines; a hospital's log must not hold a patient's name,
so both are silenced: what goes wrong comes out as an exception that `node.dicom` translates.
"""

from __future__ import annotations

import logging
import threading
import warnings

import pydicom.config
import pynetdicom._config

from node import __version__

IMPLEMENTATION_CLASS_UID = "2.25.142071735652996271956783111722929885553"  # made from a random UUID (PS3.5 B.2)
IMPLEMENTATION_VERSION_NAME = f"LIENTUYEN_{__version__}"[:16]  # SH, at most 16 characters

_lock = threading.Lock()
_done = False


def configure() -> None:
    """Sets the toolkits up. Idempotent and cheap when repeated; called by every entry point of `node.dicom`."""
    global _done
    if _done:
        return
    with _lock:
        pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
        pynetdicom._config.LOG_HANDLER_LEVEL = "none"
        pynetdicom._config.LOG_REQUEST_IDENTIFIERS = False
        pynetdicom._config.LOG_RESPONSE_IDENTIFIERS = False
        warnings.filterwarnings("ignore", module=r"pydicom(\.|$)")
        for name in ("pydicom", "pynetdicom"):
            logger = logging.getLogger(name)
            logger.addHandler(logging.NullHandler())
            logger.setLevel(logging.CRITICAL + 1)
            logger.propagate = False
        _done = True
