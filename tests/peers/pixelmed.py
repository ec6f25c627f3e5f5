"""pixelmed: one of the Java stacks. Its programs say little and return 0 always; what counts is read from its log."""

from __future__ import annotations

from pathlib import Path

from tests.peers.gateway import AE_TITLE
from tests.peers.programs import HOST, Said, run
from tests.services import ServiceError, find_program

TITLE = "PIXELMED"
JAR = Path("/usr/share/java/pixelmed.jar")
FAST_START = ("-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


def command(program: str, java: tuple[str, ...] = ()) -> list[str | Path]:
    """The words that start a class of `com.pixelmed.network`; `java` are more options of the virtual machine."""
    if not JAR.exists():
        raise ServiceError(
            f"The tests need {JAR}. Install it with: make system (or: sudo apt-get install pixelmed-apps)"
        )
    found = find_program("java", "default-jre-headless")
    return [found, *FAST_START, *java, "-cp", JAR, f"com.pixelmed.network.{program}"]


def pixelmed(program: str, *arguments: str | Path | int, java: tuple[str, ...] = ()) -> Said:
    return run(*command(program, java), *arguments)


def echo(port: int, *, secure: bool = False, java: tuple[str, ...] = ()) -> Said:
    security = "SECURE" if secure else "NONSECURE"
    return pixelmed("VerificationSOPClassSCU", HOST, port, AE_TITLE, TITLE, security, java=java)


def store(port: int, file: Path) -> Said:
    return pixelmed("StorageSOPClassSCU", HOST, port, AE_TITLE, TITLE, file, 0)


def store_in_one_pdu(port: int, file: Path) -> Said:
    """Its own test of command and data set in one P-DATA-TF (legal: PS3.8 9.3.5)."""
    return pixelmed("TestSendingCommandAndDataInOnePDU", HOST, port, AE_TITLE, TITLE, file, 0)


QUERIED_STUDY = "1.2.840.113619.2.5.1762386977.1328.985934491.590"  # what its finder asks for
QUERIED_SERIES = "1.2.840.113619.2.5.1762386977.1328.985934491.643"


def find_images(port: int) -> Said:
    """Asks for the images of `QUERIED_SERIES`, nothing else can be asked, and prints the answers."""
    return pixelmed("FindSOPClassSCU", HOST, port, AE_TITLE, TITLE)


def move(port: int, destination: str, study: str) -> Said:
    return pixelmed("MoveSOPClassSCU", HOST, port, AE_TITLE, TITLE, destination, "STUDY", study)


def probe(port: int) -> dict[str, set[str]]:
    """What `ProbeCapability` finds out: {storage, query, move, get: SOP class UIDs}."""
    said = pixelmed("ProbeCapability", HOST, port, AE_TITLE, TITLE)
    words = {"storage": "Storage", "query": "Query", "move": "Retrieve with Move", "get": "Retrieve with Get"}
    found: dict[str, set[str]] = {}
    for name, word in words.items():
        lists = said.all(rf"Supported {word} SOP Classes = \[(.*)\]")
        found[name] = {uid for text in lists for uid in text.split(", ") if uid}
    return found
