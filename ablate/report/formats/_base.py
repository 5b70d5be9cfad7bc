"""What a format file must hold.

A file ``ablate/report/formats/NAME.py`` makes the format ``NAME``. It defines:

- ``FILE``: the name of the file that it writes, or None when it is printed;
- ``NEEDS_FIGURES``: whether the figures must lie beside it;
- ``render(report: Report, document: Document, width: int) -> str``: the whole text. `report` holds
  the numbers, `document` the same put into words, tables and figures. `width` is the width of the
  screen in characters; only what is printed heeds it.
"""
