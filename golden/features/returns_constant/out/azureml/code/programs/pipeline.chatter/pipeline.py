from __future__ import annotations

import sys


def chatter(n: int) -> int:
    print('{"outputs": "not this"}')
    print("\x1b[31mred\x1b[0m {{ ds }}", file=sys.stderr)
    return n
