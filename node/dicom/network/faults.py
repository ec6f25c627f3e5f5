"""Noting a failure of ours: what kind and where. Its text may hold values of an object, so only our own texts are written."""

from __future__ import annotations

import logging

from node.errors import NodeError

log = logging.getLogger("node.dicom.network")


def noted(error: Exception) -> Exception:
    """Logs `error` and returns it."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f"{frame.tb_frame.f_globals.get('__name__', '?')}:{frame.tb_lineno}" if frame else "?"
    text = error.message if isinstance(error, NodeError) else ""
    log.warning("%s at %s %s", type(error).__name__, where, text)
    return error
