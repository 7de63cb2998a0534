# -*- coding: utf-8 -*-
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs xlpt and reads its JSON. Standard library only."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json

SCHEMA = 1

EXITS = {
    1: "it failed, and nothing was changed",
    2: "the words or the file are wrong",
    3: "a rule of this host refuses it",
    4: "the hotplug budget of this host or of the device is used up",
    5: "it failed, and something is left: xlpt repair",
}


def argument_spec(**options):
    options["executable"] = dict(type="str", default="xlpt")
    return options


class Xlpt(object):
    def __init__(self, module):
        self.module = module
        # Root's own folders are not in the PATH of every login.
        self.program = module.get_bin_path(
            module.params["executable"], True, ["/usr/local/sbin", "/usr/sbin", "/sbin"])

    def run(self, *words):
        """Exit status and the object that it printed."""
        rc, out, err = self.module.run_command([self.program, "--json=compact"] + list(words))
        try:
            answer = json.loads(out)
        except ValueError:
            self.module.fail_json(
                msg="xlpt %s prints no JSON (exit status %d)" % (words[0], rc),
                stdout=out, stderr=err, rc=rc)
        if answer.get("schema") != SCHEMA:
            self.module.fail_json(
                msg="xlpt prints JSON of schema %s, and this collection reads %d: install the "
                    "collection of that xlpt" % (answer.get("schema"), SCHEMA), rc=rc)
        return rc, answer

    def must(self, *words):
        """The object, or the task fails with what xlpt says."""
        rc, answer = self.run(*words)
        if rc or "error" in answer:
            self.fail(rc, answer)
        return answer

    def fail(self, rc, answer, **more):
        errors = answer.get("errors") or ([answer["error"]] if answer.get("error") else [])
        self.module.fail_json(
            msg="; ".join(say(e) for e in errors) or EXITS.get(rc, "xlpt failed"),
            errors=errors, rc=rc, meaning=EXITS.get(rc), **more)


def say(error):
    """One error as one line: place, message, fact, and what mends it."""
    text = ""
    if error.get("file"):
        text = error["file"] + ":"
        if error.get("line"):
            text += "%d:" % error["line"]
        text += " "
    text += error.get("message") or "it failed"
    if error.get("fact"):
        text += " (%s)" % error["fact"]
    if error.get("hint"):
        text += "; to mend: " + error["hint"]
    return text
