"""Texts as LaTeX that shows them as they are, in plain ASCII."""

from __future__ import annotations

import unicodedata

LONG = 20
"""Letters without a space after which a word may be broken anywhere."""
_LETTERS = "αβγδεζηθικλμνξπρςστυφχψωΓΔΘΛΞΠΣΥΦΨΩ"
_NAMES = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
    *("lambda", "mu", "nu", "xi", "pi", "rho", "varsigma", "sigma", "tau", "upsilon", "phi"),
    *("chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma"),
    *("Upsilon", "Phi", "Psi", "Omega"),
)
COMMANDS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": "'{}",
    "`": r"\textasciigrave{}",
    # After a line's end these would be taken for an option of it; two of the others for one sign.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "-": "-{}",
    ",": ",{}",
    "±": r"\ensuremath{\pm}",
    "−": r"\ensuremath{-}",
    "×": r"\ensuremath{\times}",
    "÷": r"\ensuremath{\div}",
    "·": r"\ensuremath{\cdot}",
    "→": r"\ensuremath{\rightarrow}",
    "←": r"\ensuremath{\leftarrow}",
    "↔": r"\ensuremath{\leftrightarrow}",
    "≤": r"\ensuremath{\leq}",
    "≥": r"\ensuremath{\geq}",
    "≠": r"\ensuremath{\neq}",
    "≈": r"\ensuremath{\approx}",
    "∞": r"\ensuremath{\infty}",
    "°": r"\textdegree{}",
    "€": r"\texteuro{}",
    "£": r"\textsterling{}",
    "§": r"\S{}",
    "©": r"\textcopyright{}",
    "®": r"\textregistered{}",
    "…": r"\ldots{}",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "‘": r"\textquoteleft{}",
    "’": r"\textquoteright{}",
    "‚": r"\quotesinglbase{}",
    "“": r"\textquotedblleft{}",
    "”": r"\textquotedblright{}",
    "„": r"\quotedblbase{}",
    "«": r"\guillemotleft{}",
    "»": r"\guillemotright{}",
    "¡": r"\textexclamdown{}",
    "¿": r"\textquestiondown{}",
    "ß": r"\ss{}",
    "ẞ": "SS",
    "Æ": r"\AE{}",
    "æ": r"\ae{}",
    "Œ": r"\OE{}",
    "œ": r"\oe{}",
    "Ø": r"\O{}",
    "ø": r"\o{}",
    "Ł": r"\L{}",
    "ł": r"\l{}",
    "Đ": r"\DJ{}",
    "đ": r"\dj{}",
    "Ð": r"\DH{}",
    "ð": r"\dh{}",
    "Þ": r"\TH{}",
    "þ": r"\th{}",
    "Ŋ": r"\NG{}",
    "ŋ": r"\ng{}",
    "ı": r"\i{}",
    "ο": "o",
    # Capitals that look like Latin ones have no commands of their own.
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧ", "ABEZHIKMNOPTX", strict=True)),
    **{letter: rf"\ensuremath{{\{name}}}" for letter, name in zip(_LETTERS, _NAMES, strict=True)},
}
ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0306": "u",
    "\u0307": ".",
    "\u0308": '"',
    "\u030a": "r",
    "\u030b": "H",
    "\u030c": "v",
    "\u0323": "d",
    "\u0327": "c",
    "\u0328": "k",
    "\u0331": "b",
}


def escape(text: str) -> str:
    """A text in one line; a letter that LaTeX has no font for becomes its code, [U+4E2D]."""
    return " ".join(_word(word) for word in text.split())


def escape_code(text: str) -> str:
    """Lines that stay lines and keep their spaces."""
    lines = (line.expandtabs(4).rstrip() for line in text.rstrip().splitlines())
    return "\\\\\n".join(rf"\mbox{{}}{_spaced(line)}" for line in lines)


def _spaced(line: str) -> str:
    # Those at the beginning must not vanish, all others are where a line may be broken.
    indent = len(line) - len(line.lstrip(" "))
    words = (_word(word).replace("'{}", r"\textquotesingle{}") for word in line[indent:].split(" "))
    return "~" * indent + r"\ ".join(words)


def _word(word: str) -> str:
    letters = [_letter(letter) for letter in unicodedata.normalize("NFC", word)]
    return (r"\allowbreak{}" if len(letters) > LONG else "").join(letters)


def _letter(letter: str) -> str:
    if letter in COMMANDS:
        return COMMANDS[letter]
    if letter.isascii() and letter.isprintable():
        return letter
    if unicodedata.category(letter) in ("Cc", "Cf", "Mn"):
        return ""
    alike = unicodedata.normalize("NFKD", letter)
    base, marks = alike[0], alike[1:]
    if marks and all(mark in ACCENTS for mark in marks):
        found = _letter(base)
        for mark in marks:
            found = rf"\{ACCENTS[mark]}{{{found}}}"
        return found
    if alike != letter and all(one in COMMANDS or one.isascii() for one in alike):
        return "".join(map(_letter, alike))
    return f"{{[}}U+{ord(letter):04X}{{]}}"
