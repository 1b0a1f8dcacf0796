"""By how much ids may be moved: to where no number of the recording is."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from hashlib import blake2b

import msgspec

from harness.verify.known import Known, pairs
from harness.verify.values import is_id_key
from harness.verify.variant.leaves import json_of
from harness.verify.verify import Case

_NUMBER = re.compile(rb"[0-9]{1,18}")
_LARGEST_ID = 10**6
"""Of ids that a recording counts up to; larger numbers are something else."""
_ROOM = 10
"""So many rows an exchange may make."""
_ATTEMPTS = 50


def free_offset(case: Case, salt: str) -> int:
    """Return an offset by the salt that lifts every id clear of all numbers; 0 where none does.

    It is 0, too, where a client named an id before the original gave it to a row: replay cannot
    tell it from another one then.
    """
    if _is_foretold(case):
        return 0
    numbers = sorted({int(found) for text in _texts(case) for found in _NUMBER.findall(text)})
    largest = max((number for number in numbers if number < _LARGEST_ID), default=0)
    room = largest + _ROOM * len(case.exchanges) + 1
    base = 10 ** len(str(room))
    for attempt in range(_ATTEMPTS):
        draw = blake2b(f"{salt}/{attempt}".encode(), digest_size=4).digest()
        offset: int = base + int.from_bytes(draw) % (8 * base)
        index = bisect_left(numbers, offset)
        if index == len(numbers) or numbers[index] > offset + room:
            return offset
    return 0


def _is_foretold(case: Case) -> bool:
    known = Known()
    seen = {str(value) for key, value in pairs("", case.seed) if is_id_key(key)}
    for exchange in case.exchanges:
        if exchange.is_http and exchange.response is not None:
            value = json_of(exchange.response.body)
            given = {str(one) for key, one in pairs("", value) if key and is_id_key(key)} - seen
            if any(one.isdigit() and known.has_id_of_any(one) for one in given):
                return True
            seen |= given
        known.add_request(exchange.request)
    return False


def _texts(case: Case) -> Iterator[bytes]:
    yield msgspec.json.encode(case.seed)
    for exchange in case.exchanges:
        request, response = exchange.request, exchange.response
        yield from (request.path.encode(), request.query.encode(), request.body)
        if response is not None:
            yield response.body
