"""Where a study is, for the radiographer: which hop of its timeline, which state of its delivery means which stage."""

from __future__ import annotations

from collections.abc import Iterable

from node.domain.delivery import DeliveryState
from node.domain.timeline import Hop

STAGES = (  # from the first to the last; a study is at the furthest one that it reached
    "receiving",
    "stored",
    "held",
    "refused",
    "queued",
    "sending",
    "arrived",
    "waiting-to-be-read",
    "reading",
    "signed",
    "report-arrived",
    "report-delivered",
)

STAGE_OF_HOP: dict[Hop, str] = {
    Hop.SENDING: "sending",
    Hop.VERIFIED: "arrived",
    Hop.SIGNED: "signed",
    Hop.REPORT_BUILT: "signed",
    Hop.REPORT_SENT: "signed",
    Hop.REPORT_RECEIVED: "signed",  # it can be read here when it has its patient again
    Hop.REPORT_REIDENTIFIED: "report-arrived",
    Hop.REPORT_DELIVERED: "report-delivered",
}

STAGE_AT_DESK: dict[Hop, str] = {  # the latest of these counts, not the furthest: a reader may give a study back
    Hop.READY: "waiting-to-be-read",
    Hop.RELEASED: "waiting-to-be-read",
    Hop.CLAIMED: "reading",
    Hop.DRAFTED: "reading",
    Hop.QUESTION_ASKED: "waiting-to-be-read",
    Hop.UNREADABLE: "waiting-to-be-read",
    Hop.ANSWERED: "waiting-to-be-read",
    Hop.PRELIMINARY_SIGNED: "reading",
}

STAGE_OF_DELIVERY: dict[DeliveryState, str] = {
    DeliveryState.WAITING: "queued",
    DeliveryState.SENDING: "sending",
    DeliveryState.DELIVERED: "sending",  # until the far end has confirmed it; a plain PACS never does, see `stage`
    DeliveryState.VERIFIED: "arrived",
    DeliveryState.HELD: "held",
    DeliveryState.REFUSED: "refused",
}

HOPS = frozenset(STAGE_OF_HOP) | frozenset(STAGE_AT_DESK)


def stage(
    study_state: str, hops: Iterable[Hop], deliveries: Iterable[tuple[DeliveryState, bool]], *, announced: bool = False
) -> str:
    """The furthest stage.

    `hops` are in the order of time; `deliveries` are (state, whether the destination confirms); `announced` says that
    more images are on their way to a reading desk here. A delivery that is held or refused shows unless the study got
    further by another one.
    """
    reached = {
        "held" if study_state == "held" else "receiving" if study_state == "receiving" or announced else "stored"
    }
    desk = ""
    for hop in hops:
        if hop in STAGE_AT_DESK:
            desk = STAGE_AT_DESK[hop]
        elif hop in STAGE_OF_HOP:
            reached.add(STAGE_OF_HOP[hop])
    stopped = set()
    for state, confirms in deliveries:
        if state in (DeliveryState.HELD, DeliveryState.REFUSED):
            stopped.add(STAGE_OF_DELIVERY[state])
        else:
            arrived = state == DeliveryState.DELIVERED and not confirms
            reached.add("arrived" if arrived else STAGE_OF_DELIVERY[state])
    if desk:
        reached.add(desk)
    furthest = max(reached, key=STAGES.index)
    if stopped and STAGES.index(furthest) < STAGES.index("arrived"):
        return max(stopped, key=STAGES.index)
    return furthest
