"""make bench: every measurement in turn, one JSON object, ratios first; name one to run it alone."""

import importlib
import json
import sys

MEASUREMENTS = ("imports", "bids", "pages", "search", "nightly", "books")


def main() -> None:
    """Run the named measurements, or all."""
    figures: dict[str, object] = {}
    for name in sys.argv[1:] or MEASUREMENTS:
        print(f"measuring {name}", file=sys.stderr)
        figures |= importlib.import_module(f"bench.{name}").measure()
    ordered = sorted(figures.items(), key=lambda entry: "ratio" not in entry[0])
    print(json.dumps(dict(ordered), indent=2))


if __name__ == "__main__":
    main()
