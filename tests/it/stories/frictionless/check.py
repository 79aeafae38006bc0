"""What Frictionless finds in a folder by a descriptor: `python check.py FOLDER DESCRIPTOR` names each fault on a line of its own.

Of the descriptor's tables only those that are in the folder are looked at, and of their fields those that stand there or have to. A table that is
not there has no rows, so whatever names one of them is a fault.
"""

import csv
import json
import os
import sys

from frictionless import Package, system

folder, descriptor = sys.argv[1], json.load(open(sys.argv[2], encoding="utf-8"))


def looked_at(resource):
    """A table as it is, or an empty one in its place."""
    path = os.path.join(folder, resource["path"])
    if not os.path.exists(path):
        schema = {"fields": [{"name": "id", "type": "string"}], "primaryKey": "id"}
        return {"name": resource["name"], "data": [["id"]], "schema": schema}
    with open(path, encoding="utf-8", newline="") as table:
        header = next(csv.reader(table))
    schema = resource["schema"]
    known = {field["name"]: field for field in schema["fields"]}
    # In the order of the table, with what the descriptor does not know, and what has to be there at the end.
    fields = [known.pop(name, {"name": name, "type": "any"}) for name in header]
    fields += [field for field in known.values() if field.get("constraints", {}).get("required")]
    schema["fields"] = fields
    schema["foreignKeys"] = [key for key in schema.get("foreignKeys", []) if key["fields"] in header]
    return {"name": resource["name"], "path": resource["path"], "schema": schema}


resources = [looked_at(resource) for resource in descriptor["resources"]]
with system.use_context(trusted=True):
    for name in [resource["name"] for resource in resources]:
        # Read anew for each: a table that was looked at once already is no table to look up names in any more.
        package = Package.from_descriptor({"name": "checked", "resources": resources}, basepath=folder)
        report = package.get_resource(name).validate()
        for kind, field, fields, cell, note in report.flatten(["type", "fieldName", "fieldNames", "cell", "note"]):
            print(f"{name}.{field or ','.join(fields or [])}: {kind}: {cell or note}")
