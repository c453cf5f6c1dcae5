"""The site of the documentation: no dead link, a text for each picture, and pages that fit a phone, in light and in dark."""

import html.parser
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.parse
from pathlib import Path

import tree

sys.path.append(str(tree.ROOT / "tests/linux"))
SPHINX = all(importlib.util.find_spec(name) for name in ("sphinx", "furo", "myst_parser", "breathe")) and shutil.which("doxygen")
BROWSER = "chromium-headless-shell"
LOOKED_AT = ["index.html", "docs/README.html", "docs/security.html", "docs/performance.html", "docs/why-dropped.html",
             "docs/book/2-echo.html", "docs/lab/tcp-transitions.html", "docs/lab/conformance.html", "interface/tcp.html",
             "interface/stats.html", "src/tcp/input.c.html", "genindex.html", "search.html"]
# The visible texts of a page, [place, text] each. Words in code, of which a page has thousands, come once of each kind.
TEXTS = """
    const is_seen = (place) => place.checkVisibility({visibilityProperty: true, opacityProperty: true});
    const texts = [], kinds = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const place = walker.currentNode.parentElement, text = walker.currentNode.data.trim();
        const kind = place.matches("pre span") ? place.className : null;
        if (!text || kinds.has(kind) || ["SCRIPT", "STYLE", "NOSCRIPT", "TITLE"].includes(place.tagName) || !is_seen(place))
            continue;
        if (kind !== null)
            kinds.add(kind);
        texts.push([place, text]);
    }
"""
# The lowest contrast of a text with its background (WCAG 2.1, 1.4.3 demands 4.5), and that text.
CONTRAST = "(() => {" + TEXTS + """
    const part = (value) => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
    const behind = (place) => {
        for (; place; place = place.parentElement) {
            const color = numbers(getComputedStyle(place).backgroundColor);
            if (color.length < 4 || color[3] === 1)
                return color;
        }
        return [255, 255, 255];
    };
    let lowest = [100, ""];
    for (const [place, text] of texts) {
        if (place.closest(".headerlink"))
            continue;
        const both = [light(numbers(getComputedStyle(place).color)), light(behind(place))].sort((a, b) => b - a);
        const contrast = (both[0] + 0.05) / (both[1] + 0.05);
        if (contrast < lowest[0])
            lowest = [contrast, text.slice(0, 60)];
    }
    return lowest;
})()"""

# Texts of less than 12 px, and targets of taps of less than 24 px by 24 px. WCAG 2.2, 2.5.8 excepts targets with room around
# them, links in a sentence, and those that a larger target repeats. The viewport must be a phone's.
SIZES = "(() => {" + TEXTS + """
    const least = 24, found = [];
    const name = (place) => `${place.tagName} "${(place.innerText || place.getAttribute("aria-label") || place.className).trim().slice(0, 40)}"`;
    const viewport = document.querySelector("meta[name=viewport]")?.content || "";
    if (!/width=device-width/.test(viewport) || /user-scalable=(no|0)|maximum-scale=[0-4](\\D|$)/.test(viewport))
        found.push(`viewport "${viewport}"`);

    for (const [place, text] of texts) {
        const size = parseFloat(getComputedStyle(place).fontSize);
        if (size < 12)
            found.push(`text of ${size} px "${text.slice(0, 40)}"`);
    }

    const is_in_sentence = (place) => {
        if (!getComputedStyle(place).display.startsWith("inline") || !place.matches("a"))
            return false;
        let block = place.parentElement;
        while (getComputedStyle(block).display.startsWith("inline") && block.parentElement)
            block = block.parentElement;
        const around = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
        while (around.nextNode()) {
            if (/[\\p{L}\\p{N}]/u.test(around.currentNode.data) && !around.currentNode.parentElement.closest("a, button"))
                return true;
        }
        return false;
    };
    const targets = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, label[for], [role=button]")]
        .filter((place) => is_seen(place) && place.type !== "hidden" && !place.disabled)
        .map((place) => ({place, box: place.getBoundingClientRect(), what: place.href || place.htmlFor}))
        .filter(({box}) => box.width > 0 && box.height > 0 && box.right > 0 && box.left < innerWidth);
    const is_small = ({box}) => box.width < least || box.height < least;
    const middle = ({box}) => [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
    const distance = (x, y, box) => Math.hypot(Math.max(box.left - x, x - box.right, 0), Math.max(box.top - y, y - box.bottom, 0));
    const is_near = (one, other) => {
        const [x, y] = middle(one);
        if (is_small(other))
            return Math.hypot(x - middle(other)[0], y - middle(other)[1]) < least - 0.01;
        return Math.min(...[...other.place.getClientRects()].map((box) => distance(x, y, box))) < least / 2 - 0.01;
    };
    const rows = new Map(), row = (y) => Math.floor(y / 100);
    for (const target of targets) {
        for (let at = row(target.box.top - least); at <= row(target.box.bottom + least); at++)
            rows.set(at, [...rows.get(at) || [], target]);
    }
    const large = new Set(targets.filter((target) => target.what && !is_small(target)).map(({what}) => what));
    for (const one of targets) {
        if (!is_small(one) || large.has(one.what) || is_in_sentence(one.place))
            continue;
        const near = rows.get(row(middle(one)[1])).find((other) => other !== one && !other.place.contains(one.place)
            && !one.place.contains(other.place) && !(one.what && other.what === one.what) && is_near(one, other));
        if (near)
            found.push(`${name(one.place)} has ${one.box.width.toFixed()} by ${one.box.height.toFixed()} px, beside ${name(near.place)}`);
    }
    return found;
})()"""


class Page(html.parser.HTMLParser):
    """The links, places and pictures of a page."""

    def __init__(self, path):
        super().__init__()
        self.links, self.places, self.untold = [], set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.places |= {attrs[name] for name in ("id", "name") if attrs.get(name)}
        if tag == "img" and not attrs.get("alt", "").strip():
            self.untold.append(attrs.get("src"))
        target = attrs.get("href" if tag in ("a", "link") else "src")
        if target and tag != "script":
            self.links.append(target)


@unittest.skipUnless(SPHINX, "without Sphinx, its theme furo, MyST, Breathe or Doxygen")
class Site(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = Path(os.environ.get("LEAT_SITE") or Path(cls.scratch.name) / "site")
        if not cls.folder.exists():
            made = subprocess.run([sys.executable, tree.ROOT / "tools/site", "--output", cls.folder], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, check=False)
            assert made.returncode == 0, made.stdout
        cls.pages = {path: Page(path) for path in cls.folder.rglob("*.html")}

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def test_each_link_leads_to_a_page_and_a_place(self):
        dead = set()
        for path, page in self.pages.items():
            for link in page.links:
                target = urllib.parse.urlparse(link)
                if target.scheme or target.netloc:
                    continue
                file = Path(os.path.normpath(path.parent / urllib.parse.unquote(target.path))) if target.path else path
                place = urllib.parse.unquote(target.fragment)
                if not file.is_file() or place and file in self.pages and place not in self.pages[file].places:
                    dead.add(f"{path.relative_to(self.folder)}: {link}")
        self.assertEqual(sorted(dead), [])

    def test_each_picture_has_a_text(self):
        untold = {str(path.relative_to(self.folder)): page.untold for path, page in self.pages.items() if page.untold}
        self.assertEqual(untold, {})

    def test_each_header_and_document_has_a_page(self):
        wanted = {f"interface/{path.stem}.html" for path in (tree.ROOT / "include/leat").glob("*.h")}
        wanted |= {str(path.relative_to(tree.ROOT).with_suffix(".html")) for path in (tree.ROOT / "docs").rglob("*.md")}
        self.assertEqual({page for page in wanted if not (self.folder / page).exists()}, set())

    def test_nothing_is_fetched_from_elsewhere(self):
        """A reader's browser asks no other server, so the site works without a network."""
        from_others = {link for page in self.pages.values() for link in page.links
                       if link.startswith(("http:", "https:", "//")) and link.endswith((".css", ".js", ".woff2", ".png", ".svg"))}
        self.assertEqual(from_others, set())

    @unittest.skipUnless(shutil.which(BROWSER), f"no {BROWSER}")
    def test_pages_fit_and_can_be_read_and_tapped(self):
        """All pages of the site, on a phone and on a desktop, in light and in dark."""
        from chromium import Chromium
        browser = Chromium()
        try:
            for path in sorted(self.pages):
                browser.look_like(360, 800, "light", is_phone=True)
                browser.open(path.as_uri())
                for width, scheme in (360, "light"), (360, "dark"), (1280, "light"), (1280, "dark"):
                    with self.subTest(page=str(path.relative_to(self.folder)), width=width, scheme=scheme):
                        browser.look_like(width, 800, scheme, is_phone=width < 500)
                        self.assertLessEqual(browser.value("document.documentElement.scrollWidth"), width)
                        contrast, text = browser.value(CONTRAST)
                        self.assertGreaterEqual(contrast, 4.5, text)
                        self.assertEqual(browser.value(SIZES), [])
                        self.assertEqual(browser.complaints, [])
        finally:
            browser.stop()

    @unittest.skipUnless(shutil.which(BROWSER), f"no {BROWSER}")
    def test_the_search_finds_parts_of_names(self):
        from chromium import Chromium
        browser = Chromium()
        try:
            for part, whole in ("tcp_conn", "leat_tcp_connect"), ("blocklist_l", "leat_blocklist_line"), ("reassembly", "src/ip/reassembly.c"):
                browser.open((self.folder / "search.html").as_uri() + f"?q={part}")
                found = ""
                for _ in range(40):
                    found = browser.value("document.querySelector('#search-results').innerText") or ""
                    if whole in found:
                        break
                    browser.value("new Promise(done => setTimeout(done, 250))")
                self.assertIn(whole, found, part)
        finally:
            browser.stop()


if __name__ == "__main__":
    unittest.main()
