"""The program that draws figures: reads an order from its standard input, writes files."""

from __future__ import annotations

import sys
from pathlib import Path

from ablate.report.figures.process import Order


def main() -> None:
    """Loads seaborn, then waits for the order; without one it ends."""
    # Seaborn loads SciPy where it is there, which takes as long as all else together, for kinds
    # of plots that are not drawn here. In this process there is none.
    sys.modules["scipy"] = None  # type: ignore[assignment]
    from ablate.report.figures.draw import draw

    text = sys.stdin.read()
    if not text:
        return
    order = Order.model_validate_json(text)
    try:
        draw(order.data, Path(order.folder), order.types)
    except OSError as error:
        sys.exit(f"{order.folder}: {error.strerror}")


if __name__ == "__main__":
    main()
