"""Creates the tables under test from `infra/tables.yaml`, so that each table has only one definition."""

from typing import Any

from infra import templates

TABLES = {"numbers": "NumbersTable", "audit": "AuditTable", "accounts": "AccountsTable"}
_PROPERTIES = (
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "StreamSpecification",
)


def create(client: Any, suffix: str = "") -> dict[str, str]:
    """Create the three tables and return their names."""
    resources = templates.nested()["Tables"]["Resources"]
    names = {}
    for name, resource in TABLES.items():
        properties = resources[resource]["Properties"]
        wanted = {key: properties[key] for key in _PROPERTIES if key in properties}
        if "StreamSpecification" in wanted:
            wanted["StreamSpecification"] = {"StreamEnabled": True, **wanted["StreamSpecification"]}
        names[name] = f"{name}{suffix}"
        client.create_table(TableName=names[name], **wanted)
    return names
