"""Sphinx's configuration of the site; tools/site calls Sphinx and gives the version, the release and the XML's folder."""

import logging
import pathlib
import shutil

# pylint: disable=invalid-name
project = "leat"
copyright = "the authors of leat"  # pylint: disable=redefined-builtin
extensions = ["myst_parser", "breathe"]
exclude_patterns = ["_text"]
suppress_warnings = ["misc.highlighting_failure"]  # examples leave things out, so they aren't always correct C

myst_heading_anchors = 4
primary_domain = "c"
highlight_language = "text"
breathe_default_project = "leat"
breathe_domain_by_extension = {"h": "c"}

pygments_style = "xcode"  # these two have a contrast of 4.5 at least
pygments_dark_style = "github-dark"

html_theme = "furo"
html_title = "leat"
html_static_path = ["static"]
html_css_files = ["leat.css"]
html_copy_source = False
html_show_sphinx = False


def setup(app):
    """A function may have the name of the struct that it returns; Sphinx takes one for a repetition of the other."""
    logging.getLogger("sphinx.sphinx.domains.c").addFilter(lambda record: "Duplicate C declaration" not in str(record.msg))
    app.connect("build-finished", take_normalize)


def take_normalize(app, error):
    """Debian's theme takes normalize.css from the path of a web server, which a folder doesn't have; so it gets a copy."""
    source = pathlib.Path("/usr/share/javascript/normalize.css/normalize.css")
    style = pathlib.Path(app.outdir) / "_static/styles/furo.css"
    if not error and source.exists() and style.exists():
        shutil.copy(source, style.parent)
        style.write_text(style.read_text().replace("/javascript/normalize.css/normalize.css", "normalize.css"))
