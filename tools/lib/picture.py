#!/usr/bin/env python3
"""Colours of the documents' pictures, light and dark; and Graphviz' picture of a state machine with them.

  tools/lib/picture.py DOT INPUT OUTPUT

DOT is Graphviz' program dot. A browser takes the dark colours where the page that shows the picture is dark. Other
programs ignore them and draw the light ones.
"""

import pathlib
import subprocess
import sys

PAGE_PX = 736  # the width of the site's pages
LETTER_PX = 10  # no letter is smaller on such a page
LIGHT = {"paper": "#ffffff", "ink": "#111111", "soft": "#595959", "grid": "#dddddd", "box": "#eef4fb"}
DARK = {"paper": "#131416", "ink": "#ececec", "soft": "#a8a8a8", "grid": "#404246", "box": "#1f3147"}


def style(rules):
    """A style element of @rules, a function of the colours that gives CSS."""
    return (f"<style>{rules(LIGHT)}\n@media (prefers-color-scheme:dark){{{rules(DARK)}}}</style>")


def plot_rules(colours):
    return (f".paper{{fill:{colours['paper']}}}text{{fill:{colours['ink']}}}.axis{{stroke:{colours['soft']}}}"
            f".mark{{fill:{colours['paper']};stroke:{colours['ink']}}}")


def machine_rules(colours):
    paper, ink, soft, box = (colours[name] for name in ("paper", "ink", "soft", "box"))
    return (f".graph>polygon{{fill:{paper}}}text{{fill:{ink}}}text[fill]{{fill:{soft}}}"
            f".node path,.node polygon{{fill:{box};stroke:{ink}}}.note path,.note polygon{{fill:{paper};stroke:{soft}}}"
            f".edge path{{stroke:{ink}}}.edge polygon{{fill:{ink};stroke:{ink}}}"
            f".end path{{stroke:{soft}}}.end polygon{{fill:{soft};stroke:{soft}}}")


def number_x(end, marks, text, gap, size=13):
    """Where a number begins: @gap behind the bar's @end, or behind the marks that it would touch."""
    begin, width = end + gap, 0.6 * size * len(text)
    for mark in sorted(marks):
        if begin - gap < mark < begin + width + gap:
            begin = mark + gap
    return begin


def with_colours(svg):
    """Graphviz' SVG with the style of a machine behind its first tag; it is as wide as the page at most."""
    begin = svg.index("<svg ")
    end = svg.index(">", begin) + 1
    return svg[:end] + "\n" + style(machine_rules) + svg[end:]


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    svg = subprocess.run([sys.argv[1], "-Tsvg", sys.argv[2]], check=True, stdout=subprocess.PIPE, text=True).stdout
    pathlib.Path(sys.argv[3]).write_text(with_colours(svg), encoding="utf-8")


if __name__ == "__main__":
    main()
