#!/usr/bin/env python3
"""Runs one script of tlsfuzzer in this process, and reports each of its conversations.

    tlsfuzzer_script.py SCRIPT [ARGUMENT]...

SCRIPT is a name without "test-" and ".py". PYTHONPATH says where tlsfuzzer and tlslite-ng are. Standard input has a list of
shell patterns in JSON: names of conversations to leave out. Standard output gets a list in JSON a line: a conversation's
name, "pass", "fail" or "skip", and why it failed. The script's own output goes to standard error.

Each script has a dictionary of conversations, of which it runs a random sample by a class Runner, in a loop over `c_name`.
Both names are replaced in its module: the sample becomes the same one in each run, without what is left out, and each
conversation's end is noted. So cases that aren't for leat cost no time. A script that is killed has told what it did.
"""
import fnmatch
import importlib
import json
import os
import random
import sys


class Watch:
    """Chooses conversations, and reports them."""

    def __init__(self, seed, skip, to):
        self.seed, self.skip, self.to = seed, skip, to
        self.failed = False

    def leaves_out(self, name):
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.skip)

    def report(self, name, result, why=""):
        self.failed |= result == "fail"
        print(json.dumps([name, result, why]), file=self.to, flush=True)

    def sample(self, population, count):
        """Stands for random.sample. A population of pairs has names and conversations; another one has parameters."""
        everything = list(population)
        if everything and isinstance(everything[0], tuple):
            for name, _ in everything:
                if self.leaves_out(name):
                    self.report(name, "skip")
            everything = [pair for pair in everything if not self.leaves_out(pair[0])]
        return random.Random(self.seed).sample(everything, min(count, len(everything)))

    def runner(self, base):
        """Returns the class that stands for tlsfuzzer's Runner."""
        watch = self

        class Runner(base):
            def __init__(self, conversation):
                super().__init__(conversation)
                self.name = sys._getframe(1).f_locals["c_name"]

            def run(self):
                if watch.leaves_out(self.name):  # sanity, and others that are in no sample
                    watch.report(self.name, "skip")
                    return
                try:
                    super().run()
                except Exception as error:
                    watch.report(self.name, "fail", f"{type(error).__name__}: {error}")
                    raise
                watch.report(self.name, "pass")

        return Runner


def main():
    script, arguments = sys.argv[1], sys.argv[2:]
    watch = Watch(script, json.load(sys.stdin), os.fdopen(os.dup(1), "w"))
    os.dup2(2, 1)
    module = importlib.import_module("tlsfuzzer._apps.test_" + script.replace("-", "_"))
    module.Runner = watch.runner(module.Runner)
    module.sample = watch.sample
    sys.argv = [script, *arguments]
    try:
        module.main()
    except SystemExit as end:
        if end.code and not watch.failed:
            watch.report("the script's own sum", "fail", f"exit status {end.code}")


if __name__ == "__main__":
    main()
