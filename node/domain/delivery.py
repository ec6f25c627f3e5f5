"""A delivery: one study on its way to one destination, and each of its instances."""

from __future__ import annotations

from enum import StrEnum


class DeliveryState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"  # every instance was taken
    VERIFIED = "verified"  # the far end confirmed what it holds
    HELD = "held"  # nothing could be prepared; a person decides
    REFUSED = "refused"  # the destination will not take it; says why


class DeliveryEvent(StrEnum):
    SEND = "send"
    TAKEN = "taken"
    VERIFY = "verify"
    MORE = "more"  # late images
    LOST = "lost"  # the far end does not keep some of what it took
    REFUSE = "refuse"
    HOLD = "hold"
    RETRY = "retry"  # a person asks for it again


DELIVERY_TRANSITIONS: dict[tuple[DeliveryState, DeliveryEvent], DeliveryState] = {
    (DeliveryState.WAITING, DeliveryEvent.SEND): DeliveryState.SENDING,
    (DeliveryState.SENDING, DeliveryEvent.SEND): DeliveryState.SENDING,
    (DeliveryState.WAITING, DeliveryEvent.TAKEN): DeliveryState.DELIVERED,
    (DeliveryState.SENDING, DeliveryEvent.TAKEN): DeliveryState.DELIVERED,
    (DeliveryState.DELIVERED, DeliveryEvent.TAKEN): DeliveryState.DELIVERED,
    (DeliveryState.DELIVERED, DeliveryEvent.VERIFY): DeliveryState.VERIFIED,
    (DeliveryState.VERIFIED, DeliveryEvent.VERIFY): DeliveryState.VERIFIED,
    (DeliveryState.DELIVERED, DeliveryEvent.SEND): DeliveryState.DELIVERED,
    (DeliveryState.VERIFIED, DeliveryEvent.SEND): DeliveryState.VERIFIED,
    **{(state, DeliveryEvent.MORE): DeliveryState.SENDING for state in DeliveryState if state != DeliveryState.WAITING},
    (DeliveryState.WAITING, DeliveryEvent.MORE): DeliveryState.WAITING,
    (DeliveryState.DELIVERED, DeliveryEvent.LOST): DeliveryState.SENDING,
    (DeliveryState.SENDING, DeliveryEvent.LOST): DeliveryState.SENDING,
    (DeliveryState.WAITING, DeliveryEvent.REFUSE): DeliveryState.REFUSED,
    (DeliveryState.SENDING, DeliveryEvent.REFUSE): DeliveryState.REFUSED,
    (DeliveryState.WAITING, DeliveryEvent.HOLD): DeliveryState.HELD,
    (DeliveryState.SENDING, DeliveryEvent.HOLD): DeliveryState.HELD,
    (DeliveryState.HELD, DeliveryEvent.RETRY): DeliveryState.WAITING,
    (DeliveryState.REFUSED, DeliveryEvent.RETRY): DeliveryState.WAITING,
}


class ItemState(StrEnum):
    """One instance of a delivery."""

    WAITING = "waiting"  # not yet prepared
    PREPARED = "prepared"  # the bytes that will travel are in the storage
    DELIVERED = "delivered"
    REFUSED = "refused"
    HELD = "held"
