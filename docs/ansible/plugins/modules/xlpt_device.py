#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: xlpt_device
short_description: Give PCI devices to a running Xen guest, or take them back
version_added: "0.1.0"
description:
  - Runs C(xlpt attach) and C(xlpt detach). When the task is done, the guest has every device, or none of them.
  - What the guest has already is left alone.
options:
  guest:
    description:
      - Its name or its domain id. It has to run.
    type: str
    required: true
  devices:
    description:
      - Devices as C(xlpt attach) takes them - an address, V(pin:NAME), an interface, V(pool:NAME), each with options
        behind a comma.
      - V(pool:NAME) stands for one virtual function of that pool; three times for three. With O(state=detached) it
        stands for all that the guest has of the pool.
    type: list
    elements: str
    required: true
  state:
    description:
      - Whether the guest is to have them.
    type: str
    choices: [attached, detached]
    default: attached
  hide:
    description:
      - With O(state=attached), take each device from its driver in dom0 first.
    type: bool
    default: false
  to_host:
    description:
      - With O(state=detached), give each device back to its driver in dom0. A device that the guest does not have
        stays where it is.
    type: bool
    default: false
  force:
    description:
      - With O(state=detached), do not wait for the guest's help. It may need a restart afterwards.
    type: bool
    default: false
  timeout:
    description:
      - How many seconds the guest may take to answer.
    type: int
    default: 60
  wait:
    description:
      - When the hotplug budget is used up, wait until there is room again.
    type: bool
    default: false
extends_documentation_fragment:
  - xlpt.passthrough.xlpt
attributes:
  check_mode:
    description: Judges the devices by the rules of this host, and changes nothing.
    support: full
  diff_mode:
    description: Shows each device as it was and as it is.
    support: full
seealso:
  - module: xlpt.passthrough.xlpt_host
author:
  - xlpt maintainers (@xlpt)
"""

EXAMPLES = r"""
- name: Give the guest its network card
  xlpt.passthrough.xlpt_device:
    guest: web1
    devices: pin:nic0
    hide: true

- name: Give the guest two virtual functions of a pool
  xlpt.passthrough.xlpt_device:
    guest: db1
    devices: ["pool:lan", "pool:lan,vlan=42"]

- name: Take back everything that it has of the pool
  xlpt.passthrough.xlpt_device:
    guest: db1
    devices: pool:lan
    state: detached
"""

RETURN = r"""
attached:
  description: The devices that were attached, as xlpt tells them. In check mode empty.
  returned: success
  type: list
  elements: dict
  sample:
    - bdf: "0000:09:00.0"
      state: assigned
      guest_address: "0000:00:00.0"
      reset: done
      reset_method: flr
      reset_fact: null
detached:
  description: The devices that were detached. In check mode empty.
  returned: success
  type: list
  elements: dict
plan:
  description: In check mode, the steps that would be done.
  returned: check mode
  type: list
  elements: dict
errors:
  description: What is refused or failed, with the fact and the line that mends it.
  returned: failure
  type: list
  elements: dict
rc:
  description: The exit status of xlpt; xlpt(8) says what each means.
  returned: failure
  type: int
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.xlpt.passthrough.plugins.module_utils.xlpt import Xlpt, argument_spec


def device_of(spec):
    """"0000:09:00.0,permissive=1" and "pin:nic0@05": what stands in the front."""
    return spec.split(",", 1)[0].split("@", 1)[0].strip()


def is_of(xlpt, guest, owner):
    """Whether the owner of a device is the guest, which is a name or a number."""
    return bool(owner) and guest in (owner.get("name"), str(owner.get("domid")))


class Devices(object):
    """What each SPEC means on this host, and whether the guest has it."""

    def __init__(self, xlpt, guest):
        self.xlpt = xlpt
        self.guest = guest
        self.taken = set()

    def slot(self, prefix):
        return [d for d in self.xlpt.must("list", "--all")["devices"] if d["bdf"].endswith(prefix)
                or d["bdf"].rsplit(".", 1)[0].endswith(prefix)]

    def of_pool(self, pool):
        """The VFs of the pool that the guest has."""
        found = []
        for vf in self.xlpt.must("pool", "show", pool)["vfs"]:
            if vf["lease"] and is_of(self.xlpt, self.guest, vf["lease"]["guest"]):
                found.append(vf["bdf"])
        return found

    def held(self, spec):
        """The devices of this SPEC that the guest has, and whether that is all of it."""
        word = device_of(spec)
        if word.startswith("pool:"):
            for bdf in self.of_pool(word[len("pool:"):]):
                if bdf not in self.taken:
                    self.taken.add(bdf)
                    return [bdf], True
            return [], False
        if word.endswith(".*"):
            members = self.slot(word[:-2])
            mine = [d["bdf"] for d in members if self.has(d["state"], d["guest"])]
            return mine, bool(members) and len(mine) == len(members)
        shown = self.xlpt.must("show", word)
        state = shown["state"]
        mine = self.has(state["state"], state["guest"])
        return ([shown["bdf"]] if mine else []), mine

    def has(self, state, owner):
        """One that is half-way in or out is not had: attach and detach know what to do with it."""
        return state == "assigned" and is_of(self.xlpt, self.guest, owner)

    def touched(self, spec):
        """The devices of this SPEC of which something is with the guest."""
        word = device_of(spec)
        if word.startswith("pool:"):
            return self.of_pool(word[len("pool:"):])
        if word.endswith(".*"):
            return [d["bdf"] for d in self.slot(word[:-2]) if is_of(self.xlpt, self.guest, d["guest"])]
        shown = self.xlpt.must("show", word)
        return [shown["bdf"]] if is_of(self.xlpt, self.guest, shown["state"]["guest"]) else []


def unique(items):
    return [x for i, x in enumerate(items) if x not in items[:i]]


def main():
    module = AnsibleModule(
        argument_spec=argument_spec(
            guest=dict(type="str", required=True),
            devices=dict(type="list", elements="str", required=True),
            state=dict(type="str", choices=["attached", "detached"], default="attached"),
            hide=dict(type="bool", default=False),
            to_host=dict(type="bool", default=False),
            force=dict(type="bool", default=False),
            timeout=dict(type="int", default=60),
            wait=dict(type="bool", default=False),
        ),
        supports_check_mode=True,
    )
    p = module.params
    xlpt = Xlpt(module)
    devices = Devices(xlpt, p["guest"])
    attach = p["state"] == "attached"
    if attach:
        words = [s for s in p["devices"] if not devices.held(s)[1]]
    else:
        words = unique([bdf for s in p["devices"] for bdf in devices.touched(s)])
    result = dict(changed=bool(words), attached=[], detached=[], plan=[])
    if words:
        options = ["--timeout", str(p["timeout"])]
        options += ["--wait"] if p["wait"] else []
        options += ["--hide"] if attach and p["hide"] else []
        options += ["--to-host"] if not attach and p["to_host"] else []
        options += ["--force"] if not attach and p["force"] else []
        options += ["--dry-run"] if module.check_mode else []
        answer = xlpt.must("attach" if attach else "detach", *(options + ["--", p["guest"]] + words))
        for key in ("attached", "detached", "plan"):
            result[key] = answer.get(key, [])
    shown = "".join("%s: %%s\n" % w for w in words)
    states = ("not with %s" % p["guest"], "with %s" % p["guest"])
    if words:
        result["diff"] = dict(
            before=shown % ((states[0 if attach else 1],) * len(words)),
            after=shown % ((states[1 if attach else 0],) * len(words)))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
