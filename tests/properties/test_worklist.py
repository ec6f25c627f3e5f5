"""What the database narrows a worklist question to always holds everything that the rules of matching mean."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.order import OrderText
from node.domain.query import Identifier, Key, Matching, make_key
from node.ledger.sql import SqlLedger, open_ledger
from worklists.modality import desk, store
from worklists.modality.desk import Desk
from worklists.modality.entry import DATE, STATION, STEP, TIME
from worklists.modality.form import read_order
from worklists.modality.intake import read_file
from worklists.modality.search import Asker, question_of, search

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
NAMES = ("Nguyễn Thị Đào", "Nguyễn^Văn^Bình", "Trần Quốc Việt", "Lê Đức Anh", "LE DUC ANH", "Ngô_Bảo", "Đỗ=杜", "An")
TITLES = ("CT1", "CT_1", "CT%", "MR1")
DAYS = ("20260301", "20260302", "20260303")
HOURS = ("080000", "093000", "235959")


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[SqlLedger]:
    file = tmp_path_factory.mktemp("worklist") / "ledger.db"
    shutil.copyfile(migrated_sqlite, file)
    opened = open_ledger(f"sqlite:///{file}")
    with opened.begin() as tx:
        for number in range(96):
            text = OrderText(
                patient_name=NAMES[number % len(NAMES)],
                patient_id=f"BN_{number % 7}",
                modality=("CT", "MR", "DX")[number % 3],
                scheduled_date=DAYS[number % len(DAYS)],
                scheduled_time=HOURS[number // 3 % len(HOURS)],
                accession_number=f"A%{number}",
                stations=TITLES[number % 4 : number % 4 + number % 3],
            )
            desk.enter(tx, Desk(NOW, "ktv"), text, order_id=f"{number:032x}", study_uid=f"2.25.{number}")
    yield opened
    opened.dispose()


def pieces(*wholes: str) -> st.SearchStrategy[str]:
    """Values, parts of them with wildcards, and what is none."""
    cut = st.sampled_from(wholes).flatmap(
        lambda text: st.builds(lambda a, b, sign: f"{text[:a]}{sign}{text[b:]}", st.integers(0, len(text)),
                               st.integers(0, len(text)), st.sampled_from(["*", "?", ""]))
    )  # fmt: skip
    return st.one_of(st.sampled_from(wholes), cut, st.just(""))


TOP = {
    "PatientName": (0x00100010, "PN", pieces(*NAMES, "nguyen thi dao", "NGUYENTHIDAO", "anh le duc", "tran*viet")),
    "PatientID": (0x00100020, "LO", pieces("BN_1", "BN_6", "bn_1", "BN_1\\BN_2")),
    "AccessionNumber": (0x00080050, "SH", pieces("A%1", "A%12", "A%95")),
    "StudyInstanceUID": (0x0020000D, "UI", st.sampled_from(["", "2.25.3", "2.25.3\\2.25.4"])),
}
ITEM = {
    "Modality": (0x00080060, "CS", pieces("CT", "MR", "CT\\MR")),
    STATION: (0x00400001, "AE", pieces(*TITLES, "CT1\\MR1")),
    DATE: (0x00400002, "DA", st.sampled_from(["", "20260302", "20260302-", "-20260302", "20260301-20260302"])),
    TIME: (0x00400003, "TM", st.sampled_from(["", "08", "0800-0930", "-120000", "120000-"])),
}


def keys(table: dict[str, Any]) -> st.SearchStrategy[tuple[Key, ...]]:
    texts = st.fixed_dictionaries({}, optional={name: strategy for name, (_, _, strategy) in table.items()})
    return texts.map(lambda found: tuple(make_key(*table[n][:1], n, table[n][1], text) for n, text in found.items()))


@settings(max_examples=250, deadline=None)
@given(top=keys(TOP), item=keys(ITEM), any_station=st.booleans(), offset=st.sampled_from([None, 0, 420]))
def test_nothing_that_is_meant_is_lost(
    ledger: SqlLedger, top: tuple[Key, ...], item: tuple[Key, ...], any_station: bool, offset: int | None
) -> None:
    step = (Key(0x00400100, STEP, "SQ", Matching.SEQUENCE, nested=item),) if item else ()
    asker = Asker("ct1", "CT1", "127.0.0.1", any_station=any_station)
    question = question_of(asker, Identifier((*top, *step), offset=offset), NOW)
    with ledger.read() as tx:
        found = search(tx, question)
        meant = {order.id for order in store.search(tx, []) if not list(question.failing(order, question.entry(order)))}
    assert found.order_ids == meant


@given(
    given_form=st.dictionaries(
        st.sampled_from(["patient_name", "birth_date", "weight", "sex", "stations", "x"]), st.text()
    )
)
def test_a_form_is_an_order_or_says_what_is_wrong(given_form: dict[str, str]) -> None:
    text, faults = read_order(given_form, NOW)
    assert (text is None) == bool(faults)


@given(content=st.one_of(st.binary(max_size=400), st.text(max_size=200).map(str.encode)))
def test_any_file_is_read_or_refused(content: bytes) -> None:
    found = read_file(content)
    assert bool(found.rows) or bool(found.faults)
