"""Writing texts for devices that know only an older repertoire (PS3.3 C.12.1.1.2): without accents rather than with
question marks."""

from __future__ import annotations

import unicodedata
from typing import Final

UNICODE: Final = "ISO_IR 192"
CODECS: Final = {  # defined term, without code extensions: Python's codec
    "": "ascii",
    "ISO_IR 6": "ascii",
    "ISO_IR 100": "latin-1",
    "ISO_IR 101": "iso8859-2",
    "ISO_IR 109": "iso8859-3",
    "ISO_IR 110": "iso8859-4",
    "ISO_IR 144": "iso8859-5",
    "ISO_IR 127": "iso8859-6",
    "ISO_IR 126": "iso8859-7",
    "ISO_IR 138": "iso8859-8",
    "ISO_IR 148": "iso8859-9",
    "ISO_IR 203": "iso8859-15",
    "ISO_IR 166": "iso8859-11",
    "ISO_IR 13": "shift_jis",
    "GB18030": "gb18030",
    "GBK": "gbk",
    UNICODE: "utf-8",
}
_UNWRITABLE: Final = "_"
_LETTERS: Final = str.maketrans(
    {  # what has no decomposition
        "Đ": "D", "đ": "d", "Ð": "D", "ð": "d", "Ø": "O", "ø": "o", "Ł": "L", "ł": "l", "Ħ": "H", "ħ": "h", "ı": "i",
        "ß": "ss", "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "Þ": "Th", "þ": "th", "×": "x", "–": "-", "—": "-",
        "‐": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "«": '"', "»": '"', "…": "...", "\N{NO-BREAK SPACE}": " ",
    }
)  # fmt: skip


def transliterate(text: str, charset: str) -> str:
    """`text` as the repertoire `charset` can write it: as it is, else without its accents ('Nguyen Van Duc').

    Never question marks: what has no likeness becomes an underscore. An unknown `charset` is taken for ASCII.
    """
    codec = CODECS.get(charset, "ascii")
    if _fits(text, codec):
        return text
    decomposed = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return bare if _fits(bare, codec) else "".join(c if _fits(c, codec) else _UNWRITABLE for c in bare)


def encode_text(text: str, charset: str, vr: str = "LO") -> bytes:
    """`text` in `charset`, transliterated where needed. Groups of a name (VR PN) of which nothing can be written go."""
    if charset == UNICODE or text.isascii():
        return text.encode("utf-8")
    if vr == "PN":
        groups = [_written(group, transliterate(group, charset)) for group in text.split("=")]
        text = "=".join(groups).rstrip("=") or _UNWRITABLE
    else:
        text = transliterate(text, charset)
    return text.encode(CODECS.get(charset, "ascii"), "replace")


def _written(group: str, text: str) -> str:
    letters = [c for c in text if c.isalnum()]
    return text if letters or not any(c.isalnum() for c in group) else ""


def _fits(text: str, codec: str) -> bool:
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True
