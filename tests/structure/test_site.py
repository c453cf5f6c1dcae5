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
# The lowest contrast of a text with its background (WCAG 2.1, 1.4.3 demands 4.5), and that text.
CONTRAST = """(() => {
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
    const texts = document.createTreeWalker(document.querySelector("article") || document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const place = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim() || !place.checkVisibility({visibilityProperty: true, opacityProperty: true})
            || ["SCRIPT", "STYLE", "NOSCRIPT"].includes(place.tagName) || place.closest(".headerlink"))
            continue;
        const both = [light(numbers(getComputedStyle(place).color)), light(behind(place))].sort((a, b) => b - a);
        const contrast = (both[0] + 0.05) / (both[1] + 0.05);
        if (contrast < lowest[0])
            lowest = [contrast, texts.currentNode.data.trim().slice(0, 60)];
    }
    return lowest;
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
    def test_pages_fit_and_can_be_read(self):
        from chromium import Chromium
        browser = Chromium()
        try:
            for name in LOOKED_AT:
                for width, scheme in (360, "light"), (360, "dark"), (1280, "light"), (1280, "dark"):
                    with self.subTest(page=name, width=width, scheme=scheme):
                        browser.look_like(width, 800, scheme, is_phone=width < 500)
                        browser.open((self.folder / name).as_uri())
                        self.assertLessEqual(browser.value("document.documentElement.scrollWidth"), width)
                        contrast, text = browser.value(CONTRAST)
                        self.assertGreaterEqual(contrast, 4.5, text)
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
