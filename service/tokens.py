"""Tokens: who an operator is. A token is 32 random bytes; only its hash is kept.

A token belongs to one catalog, or to the administrator of the service.
"""

from __future__ import annotations

import hmac

from sqlalchemy import delete, select

from .core import Operator, Service
from .database import CATALOGS, TOKENS
from .folder import make_token, token_hash
from .refusals import Forbidden, Missing, Unauthenticated

MOST_CHARACTERS = 128


def authenticate(service: Service, token: str) -> Operator:
    """The authority of a token. Raises Unauthenticated."""
    hashed = token_hash(token[:MOST_CHARACTERS])
    with service.database.read() as tx:
        row = tx.execute(select(TOKENS.c.hash, TOKENS.c.catalog).where(TOKENS.c.hash == hashed)).first()
    # The look-up is by a hash the caller cannot steer; the comparison that decides is constant-time.
    if row is None or not hmac.compare_digest(row.hash, hashed):
        raise Unauthenticated("token-unknown", "the bearer token is not known here", "ask for a new token")
    return Operator(row.catalog)


def require_administrator(operator: Operator) -> None:
    if not operator.is_administrator:
        raise Forbidden(
            "administrator-only", "this belongs to the whole service", "use the administrator's token"
        )


def require_catalog(service: Service, operator: Operator, catalog: str | None) -> str:
    """The catalog to act in: the token's own, or for the administrator the one named.

    Another catalog's name is answered as one that does not exist.
    """
    wanted = catalog or operator.catalog
    if wanted is None:
        raise Missing("catalog-missing", "which catalog is not said", "name it in `catalog`")
    if operator.catalog not in (None, wanted):
        raise Missing("catalog-unknown", "there is no such catalog")
    with service.database.read() as tx:
        if tx.execute(select(CATALOGS.c.id).where(CATALOGS.c.id == wanted)).first() is None:
            raise Missing("catalog-unknown", "there is no such catalog")
    return wanted


def create(service: Service, operator: Operator, catalog: str | None, name: str) -> dict[str, object]:
    """A new token, shown this once. The administrator makes them for any catalog, or without one for
    another administrator; a catalog's token makes them for its own catalog."""
    if catalog is not None or not operator.is_administrator:
        catalog = require_catalog(service, operator, catalog)
    token, row = make_token(catalog, name, service.now(), service.random)
    with service.database.write() as tx:
        tx.execute(TOKENS.insert().values(row))
    return {"id": row["id"], "name": name, "catalog": catalog, "token": token}


def list_all(service: Service, operator: Operator) -> list[dict[str, object]]:
    query = select(TOKENS.c.id, TOKENS.c.name, TOKENS.c.catalog, TOKENS.c.created).order_by(TOKENS.c.created)
    if operator.catalog is not None:
        query = query.where(TOKENS.c.catalog == operator.catalog)
    with service.database.read() as tx:
        return [dict(row._mapping) for row in tx.execute(query)]


def revoke(service: Service, operator: Operator, token: str) -> None:
    """The token with this id is not known any more, from the next request on."""
    query = delete(TOKENS).where(TOKENS.c.id == token)
    if operator.catalog is not None:
        query = query.where(TOKENS.c.catalog == operator.catalog)
    with service.database.write() as tx:
        if tx.execute(query).rowcount == 0:
            raise Missing("token-unknown", "there is no such token")
