"""What the tests of storage commitment ask for and tell of."""

from __future__ import annotations

from collections.abc import Callable

from node.domain.commitment import CommitmentReport, Reference
from tests.wire.conftest import ListeningNode

CT = "1.2.840.10008.5.1.4.1.1.2"
ONE, TWO = Reference(CT, "1.2.1"), Reference(CT, "1.2.2")
SEVERAL = CommitmentReport("2.25.1", (ONE,), ((TWO, 0x0112),))
NONSENSE = b"\xff" * 40
Start = Callable[..., ListeningNode]
