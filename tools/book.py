#!/usr/bin/env python3
"""Makes HTML of the book: tools/book.py FOLDER-OF-MARKDOWN FOLDER-OF-HTML.

Supports only the Markdown that the book uses: headings, paragraphs, lists, tables, blocks of code, links, `code`,
**strong** and *emphasis*. Links to other documents of the tree stay relative to the book's folder.
"""

import html
import os
import pathlib
import re
import sys

STYLE = """body{font:1.05em/1.5 sans-serif;max-width:46em;margin:2em auto;padding:0 1em}
pre{background:#f4f4f4;padding:.7em;overflow:auto}code{font-size:.95em}
table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.2em .6em;text-align:left;vertical-align:top}"""


def link(target, folder, out):
    """The target of a page's link, as seen from its HTML."""
    if "://" in target:
        return target
    path, hash_mark, place = target.partition("#")
    if "/" not in path and path.endswith(".md"):
        path = "index.html" if path == "README.md" else path[:-3] + ".html"
    elif path:
        path = os.path.relpath(folder / path, out)
    return path + hash_mark + place


def inline(text, to):
    """The text of a line as HTML; @to maps the targets of links."""
    parts = re.split(r"(`[^`]+`)", text)
    for at, part in enumerate(parts):
        if part.startswith("`") and len(part) > 2:
            parts[at] = f"\0{html.escape(part[1:-1], quote=False)}\1"
        else:
            part = html.escape(part, quote=False)
            part = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", part)
            parts[at] = re.sub(r"(?<![\w*])\*([^*]+)\*(?![\w*])", r"<em>\1</em>", part)
    text = "".join(parts)
    text = re.sub(r"\[([^\]]+)\]\(([^)]+)\)", lambda found: f'<a href="{to(found[2])}">{found[1]}</a>', text)
    return text.replace("\0", "<code>").replace("\1", "</code>")


def cells(row, tag, to):
    return "<tr>" + "".join(f"<{tag}>{inline(cell.strip(), to)}</{tag}>" for cell in row.strip().strip("|").split("|")) + "</tr>"


def one(block, to):
    """HTML of one block, which empty lines delimit."""
    lines = block.splitlines()
    if heading := re.fullmatch(r"(#+) (.*)", lines[0]):
        level = len(heading[1])
        return f"<h{level}>{inline(heading[2], to)}</h{level}>"
    if lines[0].startswith("|"):
        rows = [cells(lines[0], "th", to)] + [cells(row, "td", to) for row in lines[2:]]
        return "<table>" + "\n".join(rows) + "</table>"
    if lines[0].startswith("    "):
        return "<pre>" + html.escape("\n".join(line[4:] for line in lines), quote=False) + "</pre>"
    for mark, tag in ((r"- ", "ul"), (r"\d+\. ", "ol")):
        if re.match(mark, lines[0]):
            items = re.split(rf"^{mark}", block, flags=re.M)[1:]
            return f"<{tag}>" + "\n".join(f"<li>{inline(' '.join(item.split()), to)}</li>" for item in items) + f"</{tag}>"
    return f"<p>{inline(' '.join(lines), to)}</p>"


def page(text, to):
    """HTML of a page, and its title."""
    body = []
    text = re.sub(r"^<!--.*?-->\n", "", text, flags=re.M)
    for at, part in enumerate(re.split(r"^```\w*\n(.*?)^```\n", text, flags=re.M | re.S)):
        if at % 2:
            body.append("<pre>" + html.escape(part, quote=False) + "</pre>")
        else:
            body += [one(block, to) for block in re.split(r"\n{2,}", part.strip("\n")) if block.strip()]
    title = re.search(r"^# (.*)$", text, re.M)[1]
    return (f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title>"
            f"<style>{STYLE}</style>\n" + "\n".join(body) + "\n")


def main():
    folder, out = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.glob("*.md")):
        name = "index.html" if path.name == "README.md" else path.stem + ".html"
        text = page(path.read_text(encoding="utf-8"), lambda target: link(target, folder, out))
        (out / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main()
