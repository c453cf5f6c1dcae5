"""The documents' pictures: letters that can be read, no mark over a figure, colours for the dark, and a text."""

import re
import sys
import unittest
import xml.etree.ElementTree as ElementTree

import tree

sys.path.append(str(tree.ROOT / "tools/lib"))
from picture import LETTER_PX, PAGE_PX  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"
PICTURES = sorted((tree.ROOT / "docs").rglob("*.svg"))
PX_OF_PT = 4 / 3
LETTER_WIDTH = 0.6  # of the size: sans-serif, on average


def numbers(text):
    return [float(number) for number in re.findall(r"-?\d+\.?\d*", text)]


def sizes(root, inherited=None):
    """The size of each text below @root."""
    size = float(root.get("font-size") or inherited or 16)
    if root.tag == SVG + "text":
        yield size
    for child in root:
        yield from sizes(child, size)


def shown_px(root):
    """The width on a page: its own, or that of the page if it has none or is wider."""
    width = root.get("width")
    own = PAGE_PX if not width else numbers(width)[0] * (PX_OF_PT if width.endswith("pt") else 1)
    return min(own, PAGE_PX)


def overlap(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def figures(root):
    """(text, box) of the numbers of a plot."""
    size = float(root.get("font-size", 16))
    right = {name for rule in re.findall(r"([^{}]+)\{[^{}]*text-anchor:end", "".join(root.itertext())) for name in re.findall(r"\.(\w+)", rule)}
    for text in root.iter(SVG + "text"):
        said = "".join(text.itertext())
        if re.fullmatch(r"[\d,.]+", said) and text.get("x"):
            x, y, width = float(text.get("x")), float(text.get("y")), LETTER_WIDTH * size * len(said)
            if text.get("text-anchor") == "end" or text.get("class") in right:
                x -= width
            yield said, (x, y - 0.75 * size, x + width, y)


def mark_box(mark):
    """The box of a path of a move, lines, and vertical or horizontal ones."""
    place, corners = (0.0, 0.0), []
    for letter, rest in re.findall(r"([Mlhvz])([^Mlhvz]*)", mark.get("d")):
        given = numbers(rest)
        if letter in "hv":
            given = [given[0], 0] if letter == "h" else [0, given[0]]
        for x, y in zip(given[::2], given[1::2]):
            place = (x, y) if letter == "M" else (place[0] + x, place[1] + y)
            corners.append(place)
    return (min(x for x, _ in corners), min(y for _, y in corners), max(x for x, _ in corners), max(y for _, y in corners))


class Pictures(unittest.TestCase):
    def test_letters_have_ten_pixels_on_a_page(self):
        small = {}
        for path in PICTURES:
            root = ElementTree.parse(path).getroot()
            scale = shown_px(root) / numbers(root.get("viewBox"))[2]
            if min(sizes(root)) * scale < LETTER_PX:
                small[path.name] = round(min(sizes(root)) * scale, 1)
        self.assertEqual(small, {})

    def test_no_mark_lies_over_a_figure(self):
        covered = set()
        for path in PICTURES:
            root = ElementTree.parse(path).getroot()
            marks = [mark_box(mark) for mark in root.iter(SVG + "path") if mark.get("class") in ("mark", "axis")]
            covered |= {(path.name, said) for said, box in figures(root) for mark in marks if overlap(mark, box)}
        self.assertEqual(covered, set())

    def test_each_has_colours_for_the_dark_a_title_and_a_text(self):
        pages = "".join(path.read_text(encoding="utf-8") for path in (tree.ROOT / "docs").rglob("*.md"))
        for path in PICTURES:
            with self.subTest(picture=path.name):
                svg = path.read_text(encoding="utf-8")
                self.assertIn("@media (prefers-color-scheme:dark)", svg)
                self.assertRegex(svg, r"<title>[^<]+</title>")
                texts = re.findall(rf"!\[([^\]]*)\]\([\w/.-]*\b{path.stem}\.svg\)", pages)
                self.assertTrue(texts, "no page shows it")
                self.assertTrue(all(len(text) >= 20 for text in texts), texts)


if __name__ == "__main__":
    unittest.main()
