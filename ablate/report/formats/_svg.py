"""Puts an SVG file into a page that holds others: no styles, no names that clash."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
LEFT_OUT = (f"{SVG}metadata", f"{SVG}style", f"{SVG}script", f"{SVG}foreignObject")


def inline(text: str, prefix: str, title: str) -> str:
    """An SVG element for a page whose policy allows no inline styles.

    Args:
        text: the SVG file.
        prefix: what sets the ids apart from those of other figures on the page.
        title: the text alternative.
    """
    ET.register_namespace("", SVG[1:-1])
    root = ET.fromstring(NOT_XML.sub("", text))
    for parent in root.iter():
        for child in [child for child in parent if child.tag in LEFT_OUT]:
            parent.remove(child)
    for element in root.iter():
        element.attrib = _attributes(element.attrib, prefix)
    label = ET.Element(f"{SVG}title", {"id": f"{prefix}-title"})
    label.text = NOT_XML.sub("", title)
    root.insert(0, label)
    root.attrib |= {"role": "img", "aria-labelledby": f"{prefix}-title", "focusable": "false"}
    return ET.tostring(root, encoding="unicode")


def _attributes(attributes: dict[str, str], prefix: str) -> dict[str, str]:
    """The attributes with prefixed names, those in ``style`` as attributes of their own."""
    found: dict[str, str] = {}
    for name, value in attributes.items():
        if name == "style":
            pairs = (part.partition(":") for part in value.split(";") if ":" in part)
            found |= {key.strip(): own.strip() for key, _, own in pairs}
        elif name == "id":
            found["id"] = f"{prefix}-{value}"
        elif name == HREF:
            found["href"] = f"#{prefix}-{value[1:]}" if value.startswith("#") else value
        elif not name.startswith("on"):
            found[name] = value
    return {name: value.replace("url(#", f"url(#{prefix}-") for name, value in found.items()}
