"""pynetdicom as a caller that asks more than once on one association, without its race."""

from __future__ import annotations

import threading
from typing import Any

from pynetdicom.association import Association


def steady(assoc: Association) -> Association:
    """Makes sure that the association's own thread never takes a response.

    That thread looks into the queue of messages for requests of the peer. A request of ours stops it first, but it may stand
    just between its look at whether it may go on and its look into the queue; then it takes the first response for a request
    of the peer, and drops it. Here both looks are one step, for which the stop waits.
    """
    checkpoint, dimse, one_step = assoc._reactor_checkpoint, assoc.dimse, threading.Lock()
    clear, get_msg = checkpoint.clear, dimse.get_msg

    def stop() -> None:
        with one_step:
            clear()

    def next_message(block: bool = False) -> Any:
        if block:
            return get_msg(block=True)
        with one_step:
            return get_msg(block=False) if checkpoint.is_set() else (None, None)

    checkpoint.clear, dimse.get_msg = stop, next_message  # type: ignore[method-assign]
    return assoc
