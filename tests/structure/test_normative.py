"""Each normative sentence of the RFCs about TCP has a row in docs/lab/conformance.md (normative.tsv)."""

import collections
import re
import unittest

import conformance
import tree

TABLE = "tests/structure/normative.tsv"
KEYWORDS = ("MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "RECOMMENDED", "NOT RECOMMENDED", "REQUIRED")
Sentence = collections.namedtuple("Sentence", "rfc section number keyword subject row")


def lines():
    return [line.split("\t") for line in tree.read(TABLE).splitlines() if not line.startswith("#")]


class Sentences(unittest.TestCase):
    def setUp(self):
        self.sentences = [Sentence(*cells) for cells in lines() if cells[0] != "count"]
        self.names = [row.name for row in conformance.rows()]

    def rows_of(self, sentence):
        return [name for name in self.names if name == sentence.row or name.startswith(sentence.row)]

    def test_each_has_one_row_or_a_reason(self):
        wrong = []
        for each in self.sentences:
            count = len(self.rows_of(each))
            if each.row.startswith("-"):
                if not re.fullmatch(r"- \w.*", each.row):
                    wrong.append(f"{each}: no reason")
            elif count != 1:
                wrong.append(f"RFC {each.rfc}, {each.section}, sentence {each.number} ({each.keyword}: {each.subject}): "
                             f"{count} rows begin with {each.row!r}")
        self.assertEqual(wrong, [])

    def test_each_has_a_keyword_and_a_subject(self):
        self.assertEqual([each for each in self.sentences if each.keyword not in KEYWORDS or not each.subject.strip()], [])

    def test_as_many_as_the_RFC_has(self):
        counted = {(cells[1], cells[2]): int(cells[3]) for cells in lines() if cells[0] == "count"}
        self.assertEqual(dict(collections.Counter((each.rfc, each.keyword) for each in self.sentences)), counted)

    def test_numbers_of_a_section_have_no_gaps(self):
        sections = {}
        for each in self.sentences:
            sections.setdefault((each.rfc, each.section), []).append(each.number)
        for section, numbers in sections.items():
            wanted, last = [], 0
            for number in numbers:
                letter = re.fullmatch(r"\d+([a-z]?)", number)[1]
                last += letter in ("", "a")
                wanted.append(f"{last}{letter}")
                if letter > "a":
                    self.assertIn(f"{last}{chr(ord(letter) - 1)}", wanted, f"{section}, {number}")
            self.assertEqual(numbers, wanted, section)

    def test_sentences_that_are_done_have_a_row(self):
        bare = [row.name for row in conformance.rows() if row.status.startswith("done") and not row.where]
        self.assertEqual(bare, [])


if __name__ == "__main__":
    unittest.main()
