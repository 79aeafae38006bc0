"""What a validator of others finds in a description of an API: `python check.py DESCRIPTION` names each fault on a line of its own."""

import json
import sys

from openapi_spec_validator import OpenAPIV31SpecValidator

with open(sys.argv[1], encoding="utf-8") as file:
    described = json.load(file)
for fault in OpenAPIV31SpecValidator(described).iter_errors():
    print("/".join(map(str, fault.absolute_path)), fault.message)
