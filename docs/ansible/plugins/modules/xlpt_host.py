#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: xlpt_host
short_description: Make a Xen host what one file says about PCI passthrough
version_added: "0.1.0"
description:
  - Runs C(xlpt apply) - pins, hidden devices, virtual functions, pools, the guard and settings.
  - The whole file is judged before anything is done, and before it takes the place of the one that is there.
    What fails is taken back.
  - Without O(content) the files that the host has are applied.
options:
  content:
    description:
      - The text of the file, as xlpt-host.conf(5) has it.
    type: str
  path:
    description:
      - Where the text is kept on the host. xlpt-apply.service reads the default at every boot, with the files
        in V(/etc/xlpt/host.conf.d); another file is applied alone.
    type: path
    default: /etc/xlpt/host.conf
  prune:
    description:
      - Take back what an earlier C(xlpt apply) has made and the file does not name any more.
    type: bool
    default: false
extends_documentation_fragment:
  - xlpt.passthrough.xlpt
attributes:
  check_mode:
    description: Says what would be done, by C(xlpt apply --check). What would be refused is refused.
    support: full
  diff_mode:
    description: Shows the file, every other file that changes, and each entry as it was and as it is.
    support: full
notes:
  - An entry that hides a device at boot wants the initramfs or the boot loader's configuration to be made anew.
    xlpt names the programs and does not run them; RV(commands) has them.
seealso:
  - module: xlpt.passthrough.xlpt_device
  - module: xlpt.passthrough.xlpt_facts
author:
  - xlpt maintainers (@xlpt)
"""

EXAMPLES = r"""
- name: Make the host what the file of its rack says
  xlpt.passthrough.xlpt_host:
    content: "{{ lookup('ansible.builtin.file', 'rack.conf') }}"
    prune: true
  register: passthrough
  notify: Run what xlpt names

# A handler, for the program that makes the initramfs and the like
- name: Run what xlpt names
  ansible.builtin.command: "{{ item }}"
  loop: "{{ passthrough.commands }}"
  changed_when: true

- name: Boot the host where the next boot has to finish it
  ansible.builtin.reboot:
  when: passthrough.reboot_required
"""

RETURN = r"""
reboot_required:
  description: The next boot has to finish it. It stays true until that boot.
  returned: success
  type: bool
  sample: true
entries:
  description: Each entry of the file with its place, its devices, and what it was and is.
  returned: success
  type: list
  elements: dict
  sample:
    - kind: hide
      name: storage
      file: /etc/xlpt/host.conf
      line: 4
      devices: ["0000:09:00.0"]
      changed: true
      reboot_required: false
      was: with nvme
      is: hidden now
pruned:
  description: What was taken back, because no entry names it any more.
  returned: success
  type: list
  elements: str
commands:
  description: Programs that have to be run now; xlpt does not run them. Empty when nothing was changed and no boot is due.
  returned: success
  type: list
  elements: str
  sample: ["update-initramfs -u"]
notes:
  description: What else there is to know.
  returned: success
  type: list
  elements: str
errors:
  description: Everything that is wrong or refused, each with its place, the fact, and the line that mends it.
  returned: failure
  type: list
  elements: dict
rc:
  description: The exit status of xlpt; xlpt(8) says what each means.
  returned: failure
  type: int
"""

import os
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.text.converters import to_bytes, to_text
from ansible_collections.xlpt.passthrough.plugins.module_utils.xlpt import Xlpt, argument_spec


DEFAULT = "/etc/xlpt/host.conf"


def read(path):
    try:
        with open(path, "rb") as f:
            return to_text(f.read())
    except IOError:
        return None


def with_end(text):
    return text if not text or text.endswith("\n") else text + "\n"


class Pieces(object):
    """The files of a host as one text, as xlpt reads them; and back from its lines to theirs."""

    def __init__(self, path, content):
        self.pieces = []
        self.text = ""
        self.add(path, content)
        folder = path + ".d"
        names = sorted(os.listdir(folder)) if path == DEFAULT and os.path.isdir(folder) else []
        for name in names:
            if name.endswith(".conf") and not name.startswith("."):
                self.add(os.path.join(folder, name), read(os.path.join(folder, name)) or "")

    def add(self, path, content):
        self.pieces.append((self.text.count("\n"), path))
        self.text += with_end(content)

    def place(self, item, temporary):
        """An entry or an error names the file that the operator knows."""
        if item.get("file") != temporary or not item.get("line"):
            if item.get("file") == temporary:
                item["file"] = self.pieces[0][1]
            return
        for before, path in reversed(self.pieces):
            if item["line"] > before:
                item["file"] = path
                item["line"] -= before
                return


def judge(module, xlpt, content, options):
    """What would be done if the file had this text. Fails where it would be refused."""
    pieces = Pieces(module.params["path"], content)
    fd, temporary = tempfile.mkstemp(dir=module.tmpdir)
    try:
        with os.fdopen(fd, "wb") as f:
            f.write(to_bytes(pieces.text))
        rc, answer = xlpt.run("apply", "--check", "--diff", temporary, *options)
    finally:
        os.unlink(temporary)
    for item in answer.get("entries", []) + answer.get("errors", []):
        pieces.place(item, temporary)
    if answer.get("error"):
        pieces.place(answer["error"], temporary)
    if rc or "entries" not in answer:
        xlpt.fail(rc, answer)
    return answer


def put(module, path, content):
    """In one step, with owner and mode of what is there."""
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        os.makedirs(folder, 0o755)
    fd, temporary = tempfile.mkstemp(dir=module.tmpdir)
    with os.fdopen(fd, "wb") as f:
        f.write(to_bytes(content))
    module.atomic_move(temporary, path)


def diffs(path, before, after, answer):
    """What changes, for --diff: the file, what apply writes, and the devices themselves."""
    found = []
    if after is not None and before != after:
        found.append(dict(before_header=path, after_header=path, before=before or "", after=after))
    for f in answer.get("files", []):
        found.append(dict(before_header=f["path"], after_header=f["path"],
                          before=f["before"] or "", after=f["after"] or ""))
    was, now = "", ""
    for e in answer["entries"]:
        if e["changed"]:
            title = "[%s]%s: " % (" ".join(w for w in (e["kind"], e["name"]) if w),
                                  " (%s)" % ", ".join(e["devices"]) if e["devices"] else "")
            was += title + (e["was"] or "") + "\n"
            now += title + (e["is"] or "") + "\n"
    for p in answer["pruned"]:
        was += p + "\n"
    if was or now:
        found.append(dict(before_header="this host", after_header="this host", before=was, after=now))
    return found


def own_file(path):
    """The default is read with the folder beside it."""
    return [] if path == DEFAULT else [path]


def apply_files(module, xlpt, content, before, options):
    """Puts the file in its place, and makes the host so; a file that could not be applied goes back."""
    path = module.params["path"]
    replaced = content is not None and content != before
    if replaced:
        put(module, path, content)
    rc, answer = xlpt.run("apply", *(options + own_file(path)))
    if rc or "entries" not in answer:
        if replaced and before is None:
            os.unlink(path)
        elif replaced:
            put(module, path, before)
        xlpt.fail(rc, answer)
    return answer


def main():
    module = AnsibleModule(
        argument_spec=argument_spec(
            content=dict(type="str"),
            path=dict(type="path", default=DEFAULT),
            prune=dict(type="bool", default=False),
        ),
        supports_check_mode=True,
    )
    xlpt = Xlpt(module)
    options = ["--prune"] if module.params["prune"] else []
    path = module.params["path"]
    content = module.params["content"]
    before = read(path)
    if content is not None:
        content = with_end(content)
        answer = judge(module, xlpt, content, options)
    else:
        rc, answer = xlpt.run("apply", "--check", "--diff", *(options + own_file(path)))
        if rc or "entries" not in answer:
            xlpt.fail(rc, answer)
    shown = diffs(path, before, content, answer)
    if not module.check_mode:
        answer = apply_files(module, xlpt, content, before, options)
    module.exit_json(
        changed=answer["changed"] or (content is not None and content != before),
        diff=shown,
        **dict((key, answer[key]) for key in ("reboot_required", "entries", "pruned", "notes", "commands")))


if __name__ == "__main__":
    main()
