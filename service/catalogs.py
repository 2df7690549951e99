"""Catalogs and what they are divided into: tenants, products, device groups, and signing keys.

A catalog is the boundary of trust: what belongs to one is never seen or touched with the token of
another, and a name or id of another's is answered as if it did not exist.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Table, delete, func, select, true
from sqlalchemy.exc import IntegrityError

from . import evidence
from .certificates import to_pem
from .core import Operator, Service
from .database import CATALOGS, GROUPS, KEYS, PRODUCTS, TENANTS
from .refusals import Conflict, Missing, TooMany, Unprocessable
from .tokens import require_administrator, require_catalog

MOST_KEYS = 16  # image-signing keys of one catalog: each upload may try them all


def within(table: Table, operator: Operator) -> ColumnElement[bool]:
    """The rows of `table` that the operator may know of."""
    return true() if operator.catalog is None else table.c.catalog == operator.catalog


def rows(service: Service, table: Table, operator: Operator) -> list[dict[str, object]]:
    """Every row of a table that the operator may know of, in the order of its first column."""
    with service.database.read() as tx:
        found = tx.execute(select(table).where(within(table, operator)).order_by(table.c[0]))
        return [dict(row._mapping) for row in found]


def create_catalog(service: Service, operator: Operator, name: str) -> dict[str, object]:
    """A new catalog with an authority of its own. It is also a tenant, under its own id."""
    require_administrator(operator)
    row: dict[str, object] = {"id": service.new_id(), "name": name, "created": service.now()}
    try:
        with service.database.write() as tx:
            tx.execute(CATALOGS.insert().values(row))
            tx.execute(TENANTS.insert().values(id=row["id"], catalog=row["id"]))
            service.keys.make_catalog(str(row["id"]), service.now(), service.random)
    except IntegrityError:
        raise Conflict("catalog-exists", "there is a catalog of this name") from None
    return row


def list_catalogs(service: Service, operator: Operator) -> list[dict[str, object]]:
    query = select(CATALOGS).order_by(CATALOGS.c.name)
    if operator.catalog is not None:
        query = query.where(CATALOGS.c.id == operator.catalog)
    with service.database.read() as tx:
        return [dict(row._mapping) for row in tx.execute(query)]


def catalog_chain(service: Service, operator: Operator, catalog: str) -> dict[str, object]:
    """The certificates with which others can check what the catalog's devices present: PEM, the
    catalog's authority first, the root last."""
    catalog = require_catalog(service, operator, catalog)
    root = to_pem((service.keys.root,))
    return {"catalog": catalog, "chain": service.keys.catalog(catalog).chain + root}


def create_tenant(
    service: Service, operator: Operator, tenant: str | None, catalog: str | None
) -> dict[str, object]:
    """A tenant of a catalog: what an app names in DeviceAuthentication.

    The service draws the id. Only the administrator may bring one, or a catalog could take the id
    that another's apps already name.
    """
    if tenant is not None:
        require_administrator(operator)
    row: dict[str, object] = {
        "id": tenant or service.new_id(),
        "catalog": require_catalog(service, operator, catalog),
    }
    return _insert(service, TENANTS, row, "tenant-exists", "this tenant belongs to a catalog already")


def create_product(service: Service, operator: Operator, name: str, catalog: str | None) -> dict[str, object]:
    """A model of device."""
    catalog = require_catalog(service, operator, catalog)
    row: dict[str, object] = {"id": service.new_id(), "catalog": catalog, "name": name}
    return _insert(service, PRODUCTS, row, "product-exists", "the catalog has a product of this name")


def create_group(
    service: Service, operator: Operator, name: str, product: str, is_development: bool
) -> dict[str, object]:
    """Devices that get the same deployment. Only a development group takes devices whose lifecycle
    is not complete, or that hold device capabilities."""
    with service.database.read() as tx:
        query = select(PRODUCTS).where(PRODUCTS.c.id == product, within(PRODUCTS, operator))
        parent = tx.execute(query).first()
    if parent is None:
        raise Missing("product-unknown", "there is no such product")
    row: dict[str, object] = {
        "id": service.new_id(), "catalog": parent.catalog, "product": product, "name": name,
        "is_development": is_development,
    }  # fmt: skip
    return _insert(service, GROUPS, row, "group-exists", "the product has a group of this name")


def add_key(
    service: Service, operator: Operator, public: str, thumbprint: str, catalog: str | None
) -> dict[str, object]:
    """Images signed with this key may be uploaded. `public` is X||Y in hex, `thumbprint` the SHA-1
    of the signer's certificate that image metadata names."""
    catalog = require_catalog(service, operator, catalog)
    try:
        evidence.load_key(bytes.fromhex(public))
    except evidence.BadEvidence:
        raise Unprocessable("key-invalid", "the public key is not a point of P-256") from None
    row: dict[str, object] = {"catalog": catalog, "public": public, "thumbprint": thumbprint}
    with service.database.read() as tx:
        if tx.execute(select(func.count()).where(KEYS.c.catalog == catalog)).scalar_one() >= MOST_KEYS:
            raise TooMany("keys-full", "a catalog has at most " + str(MOST_KEYS) + " keys", "remove one")
    return _insert(service, KEYS, row, "key-exists", "the catalog has this key already")


def remove_key(service: Service, operator: Operator, public: str) -> None:
    """Uploads signed with this key are refused from now on. What was uploaded stays."""
    with service.database.write() as tx:
        if tx.execute(delete(KEYS).where(KEYS.c.public == public, within(KEYS, operator))).rowcount == 0:
            raise Missing("key-unknown", "there is no such key")


def _insert(
    service: Service, table: Table, row: dict[str, object], error: str, reason: str
) -> dict[str, object]:
    try:
        with service.database.write() as tx:
            tx.execute(table.insert().values(row))
    except IntegrityError:
        raise Conflict(error, reason) from None
    return row
