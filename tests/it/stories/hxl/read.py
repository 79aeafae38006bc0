"""What the humanitarian data people's own library makes of a table: `python read.py TABLE` answers on standard output."""

import json
import sys

import hxl

options = hxl.InputOptions(allow_local=True)
source = hxl.data(sys.argv[1], options)
rows = [row.values for row in source]
report = hxl.validate(hxl.data(sys.argv[1], options))
print(json.dumps({
    "tags": [column.display_tag for column in source.columns],
    "rows": len(rows),
    "sectors": hxl.data(sys.argv[1], options).count("#sector+code+list").values,
    "is_valid": report["is_valid"],
    "issues": report["issues"],
}, default=str))
