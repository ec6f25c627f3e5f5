"""The servers that other tests lean on are real, fresh for every test, and gone afterwards."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from tests import services
from tests.orthanc import OrthancServer


def test_every_test_gets_a_ledger_with_tables_and_without_rows(ledger_url: str) -> None:
    engine = create_engine(ledger_url)
    try:
        assert {"studies", "instances", "jobs", "deliveries"} <= set(inspect(engine).get_table_names())
        with engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM jobs")).scalar() == 0
    finally:
        engine.dispose()


def test_a_postgres_database_is_empty_and_dropped_even_when_a_connection_stays_open(
    postgres: services.PostgresServer,
) -> None:
    database = postgres.create()
    engine = create_engine(postgres.url(database))
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == []
        assert connection.execute(text("SHOW server_encoding")).scalar() == "UTF8"
        postgres.drop(database)
        other = postgres.create()
        check = create_engine(postgres.url(other))
        with check.connect() as second:
            names = second.execute(text("SELECT datname FROM pg_database")).scalars().all()
        check.dispose()
        postgres.drop(other)
        connection.invalidate()
    engine.dispose()
    assert other in names
    assert database not in names


def test_redis_answers_and_is_empty(redis: services.RedisServer, redis_url: str) -> None:
    assert redis_url == redis.url
    with socket.create_connection((services.HOST, redis.port), timeout=10) as connection:
        connection.sendall(b"DBSIZE\r\n")
        assert connection.recv(64) == b":0\r\n"


def test_orthanc_takes_an_echo_from_dcmtk_and_holds_nothing(orthanc: OrthancServer) -> None:
    echoscu = services.find_program("echoscu", "dcmtk")
    command = [str(echoscu), "-aec", orthanc.ae_title, services.HOST, str(orthanc.dicom_port)]
    assert subprocess.run(command, check=False, timeout=30).returncode == 0
    assert orthanc.instances() == []


def test_a_server_that_does_not_start_shows_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(["/bin/sh", "-c", "echo port is taken; exit 3"], stdout=output)
    with pytest.raises(services.ServiceError, match=r"exit 3.*\n.*port is taken"):
        services.wait_until_up(process, log, lambda: False, "It")


def test_a_stopped_server_is_gone() -> None:
    with services.redis_server() as server:
        assert services.listens(server.port)
    assert not services.listens(server.port)


def test_a_missing_program_names_the_package_to_install() -> None:
    with pytest.raises(services.ServiceError, match=r"apt-get install dcmtk"):
        services.find_program("no-such-program", "dcmtk")


def test_programs_of_the_virtual_environment_do_not_hide_those_of_the_system() -> None:
    assert services.find_program("storescu", "dcmtk").parent == Path("/usr/bin")
