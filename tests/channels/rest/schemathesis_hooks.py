"""Loaded by schemathesis: an idempotency key that is valid is made unique, since with the same key
and another request a refusal is right, which no schema can say.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# schemathesis leaves its hooks and headers untyped.

import re
from typing import Any
from uuid import uuid4

import schemathesis
from schemathesis import Case, HookContext

KEY = "Idempotency-Key"


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, object]) -> None:
    del context, kwargs
    if re.fullmatch(r'("?)[!#-~]{1,255}\1', str(case.headers.get(KEY, ""))):
        case.headers[KEY] = uuid4().hex
