"""The database: every table of the service, and the two kinds of transaction on them.

SQLite in write-ahead mode with full synchronisation: what was answered has reached the disk. A
writer takes the write lock when it begins, so a rule reads and writes one state and two writers
never deadlock on an upgrade. Times are Unix seconds, ids are lower-case text, digests are hex.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any  # SQLite's driver gives its connections no type

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    create_engine,
    event,
)

METADATA = MetaData()
FORMAT = 2  # kept in SQLite's user_version; a newer number is refused
# format: what makes the next one of it
MIGRATIONS = {
    1: ("ALTER TABLE reports ADD COLUMN id VARCHAR", "CREATE UNIQUE INDEX reports_once ON reports (device, id)"),
}


def _table(name: str, *parts: Column[Any] | UniqueConstraint | Index) -> Table:
    return Table(name, METADATA, *parts)


TOKENS = _table(
    "tokens",
    Column("id", String, primary_key=True),
    Column("hash", String, nullable=False, unique=True),  # SHA-256 of the token, hex
    Column("catalog", ForeignKey("catalogs.id", ondelete="CASCADE")),  # null: the service's administrator
    Column("name", String, nullable=False),
    Column("created", BigInteger, nullable=False),
)
CATALOGS = _table(
    "catalogs",
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("created", BigInteger, nullable=False),
)
TENANTS = _table(
    "tenants",
    Column("id", String, primary_key=True),
    Column("catalog", ForeignKey("catalogs.id"), nullable=False, index=True),
)
PRODUCTS = _table(
    "products",
    Column("id", String, primary_key=True),
    Column("catalog", ForeignKey("catalogs.id"), nullable=False),
    Column("name", String, nullable=False),
    UniqueConstraint("catalog", "name"),
)
GROUPS = _table(
    "groups",
    Column("id", String, primary_key=True),
    Column("catalog", ForeignKey("catalogs.id"), nullable=False, index=True),
    Column("product", ForeignKey("products.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("is_development", Boolean, nullable=False),
    UniqueConstraint("product", "name"),
)
DEVICES = _table(
    "devices",
    Column("id", String, primary_key=True),
    Column("key_id", String, nullable=False, unique=True),  # SHA-256 of the device's public key, hex
    Column("catalog", ForeignKey("catalogs.id"), nullable=False, index=True),
    Column("group", ForeignKey("groups.id"), nullable=False, index=True),
    Column("state", String, nullable=False),
    Column("claimed", BigInteger, nullable=False),
)
BOOTS = _table(
    "boots",
    Column("at", Integer, primary_key=True),
    Column("device", ForeignKey("devices.id", ondelete="CASCADE"), nullable=False),
    Column("seed", String, nullable=False),
    UniqueConstraint("device", "seed"),
)
SPENT = _table(
    "spent",
    Column("nonce", String, primary_key=True),
    Column("device", String, nullable=False, index=True),
    Column("expires", BigInteger, nullable=False, index=True),
)
VERDICTS = _table(
    "verdicts",
    Column("at", Integer, primary_key=True),
    Column("device", String, nullable=False),
    Column("catalog", String),
    Column("time", BigInteger, nullable=False),
    Column("is_accepted", Boolean, nullable=False),
    Column("error", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("release", String, nullable=False),
    Index("verdicts_of_device", "device", "catalog", "at"),
    Index("verdicts_of_catalog", "catalog", "at"),
)
CERTIFICATES = _table(
    "certificates",
    Column("serial", String, primary_key=True),  # hex
    Column("device", String, nullable=False, index=True),
    Column("catalog", String, nullable=False),
    Column("tenant", String, nullable=False),  # empty: the device's own
    Column("not_after", BigInteger, nullable=False),
    Column("pem", String, nullable=False),  # of the leaf
)
KEYS = _table(
    "keys",
    Column("catalog", ForeignKey("catalogs.id"), primary_key=True),
    Column("public", String, primary_key=True),
    Column("thumbprint", String, nullable=False),
)
IMAGES = _table(
    "images",
    Column("catalog", ForeignKey("catalogs.id"), primary_key=True),
    Column("image", String, primary_key=True),
    Column("component", String, nullable=False),
    Column("name", String, nullable=False),
    Column("security_version", BigInteger, nullable=False),
    Column("built", BigInteger, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("sha256", String, nullable=False),
    Column("uploaded", BigInteger, nullable=False),
)
DEPLOYMENTS = _table(
    "deployments",
    Column("at", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("catalog", ForeignKey("catalogs.id"), nullable=False),
    Column("group", ForeignKey("groups.id"), nullable=False, index=True),
    Column("images", String, nullable=False),  # guids separated by spaces
    Column("created", BigInteger, nullable=False),
)
RELEASES = _table(
    "releases",
    Column("name", String, primary_key=True),
    Column("is_withdrawn", Boolean, nullable=False),
    Column("created", BigInteger, nullable=False),
)
RELEASE_COMPONENTS = _table(
    "release_components",
    Column("release", ForeignKey("releases.name"), primary_key=True),
    Column("type", Integer, primary_key=True),
    Column("sha256", String, nullable=False, index=True),
    Column("version", BigInteger, nullable=False),
)
REPORTS = _table(
    "reports",
    Column("at", Integer, primary_key=True),
    Column("device", String, nullable=False),
    Column("catalog", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("time", BigInteger, nullable=False),  # Unix milliseconds, by the device's clock
    Column("received", BigInteger, nullable=False),
    Column("component", String, nullable=False),
    Column("detail", String, nullable=False),  # JSON
    Column("id", String),  # the device's own; null in reports without one
    Index("reports_of_device", "device", "catalog", "at"),
    Index("reports_of_catalog", "catalog", "at"),
    Index("reports_once", "device", "id", unique=True),
)

PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=5000",
    "secure_delete=ON",
    "trusted_schema=OFF",
)


class Database:
    """One SQLite file. Any number of threads may read and write; each transaction has its connection."""

    def __init__(self, path: Path) -> None:
        """Open `path`, making its tables if it is new, and bringing an older one up to date. Raises ValueError if its format is
        newer than ours."""
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # SQLite's side files copy this mode
        self._engine = create_engine("sqlite:///" + str(path))
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "begin", _begin)
        with self.write() as tx:
            version = tx.exec_driver_sql("PRAGMA user_version").scalar_one()
            if not 0 <= version <= FORMAT:
                raise ValueError("a database of format " + str(version))
            if version == 0:
                METADATA.create_all(tx)
            for old in range(version or FORMAT, FORMAT):
                for statement in MIGRATIONS[old]:
                    tx.exec_driver_sql(statement)
            tx.exec_driver_sql("PRAGMA user_version=" + str(FORMAT))

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state and changes nothing."""
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the write lock; commits unless the body raises."""
        with self._engine.connect() as connection:
            connection = connection.execution_options(is_writer=True)
            with connection.begin():
                yield connection

    def close(self) -> None:
        self._engine.dispose()


def _configure(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where `_begin` says, not where sqlite3 guesses
    for pragma in PRAGMAS:
        connection.execute("PRAGMA " + pragma)


def _begin(connection: Connection) -> None:
    is_writer = connection.get_execution_options().get("is_writer")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")
