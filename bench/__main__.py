"""make bench: the measurements of a few minutes in turn, one JSON object, ratios first.

Named, one runs alone; ``nightly`` (100,000 loans) and ``books`` (a million entries) take long and run only by name.
"""

import importlib
import json
import sys

MEASUREMENTS = ("imports", "bids", "pages", "search")


def main() -> None:
    """Run the named measurements, or those of a few minutes."""
    figures: dict[str, object] = {}
    for name in sys.argv[1:] or MEASUREMENTS:
        print(f"measuring {name}", file=sys.stderr)
        figures |= importlib.import_module(f"bench.{name}").measure()
    ordered = sorted(figures.items(), key=lambda entry: "ratio" not in entry[0])
    print(json.dumps(dict(ordered), indent=2))


if __name__ == "__main__":
    main()
