"""`make bench`: all parts, or those that BENCH names (`make bench BENCH=fleet`)."""

from __future__ import annotations

import sys
from importlib import import_module

PARTS = ("logs", "probe", "hostile", "refused", "fleet")


def main(names: list[str]) -> None:
    """Run the parts one after the other."""
    if unknown := set(names) - set(PARTS):
        sys.exit(f"no such part: {', '.join(unknown)} (there are {', '.join(PARTS)})")
    for name in names or PARTS:
        print(f"\n## {name}\n", flush=True)
        import_module(f"tests.bench.{name}").main()


if __name__ == "__main__":
    main(sys.argv[1:])
