#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: xlpt_facts
short_description: Facts about PCI passthrough of a Xen host
version_added: "0.1.0"
description:
  - Reads devices, pools, pins, the hotplug budget and what C(xlpt doctor) says. It changes nothing.
options:
  gather:
    description:
      - What is read. Less is faster.
    type: list
    elements: str
    choices: [devices, pools, pins, budget, doctor]
    default: [devices, pools, pins, budget, doctor]
extends_documentation_fragment:
  - xlpt.passthrough.xlpt
attributes:
  check_mode:
    description: It reads all the same.
    support: full
  diff_mode:
    description: There is no difference to show.
    support: none
  facts:
    description: RV(ansible_facts.xlpt) is set.
    support: full
author:
  - xlpt maintainers (@xlpt)
"""

EXAMPLES = r"""
- name: Look
  xlpt.passthrough.xlpt_facts:

- name: Hosts on which something is bad are named
  ansible.builtin.debug:
    msg: "{{ xlpt.doctor.checks | selectattr('state', 'eq', 'bad') | map(attribute='fact') | list }}"
  when: not xlpt.doctor.sound
"""

RETURN = r"""
ansible_facts:
  description: The facts.
  returned: always
  type: dict
  contains:
    xlpt:
      description: Everything is as xlpt prints it with --json; xlpt-json(5).
      returned: always
      type: dict
      contains:
        version:
          description: The version of xlpt.
          returned: always
          type: str
          sample: "0.1.0"
        devices:
          description: All PCI functions, with driver, state and guest.
          returned: when asked for
          type: list
          elements: dict
        pools:
          description: Pools of virtual functions, with how many are free.
          returned: when asked for
          type: list
          elements: dict
        pins:
          description: Names that stay with a device.
          returned: when asked for
          type: list
          elements: dict
        budget:
          description: How many attaches and detaches this host has had and allows.
          returned: when asked for
          type: dict
        doctor:
          description: Whether this host is ready and sound, and each check.
          returned: when asked for
          type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.xlpt.passthrough.plugins.module_utils.xlpt import Xlpt, argument_spec

WORDS = dict(devices=["list", "--all"], pools=["pool", "list"], pins=["pin", "list"], budget=["budget"],
             doctor=["doctor"])


def main():
    module = AnsibleModule(
        argument_spec=argument_spec(
            gather=dict(type="list", elements="str", choices=["devices", "pools", "pins", "budget", "doctor"],
                        default=["devices", "pools", "pins", "budget", "doctor"]),
        ),
        supports_check_mode=True,
    )
    xlpt = Xlpt(module)
    facts = dict(version=xlpt.must("version")["version"])
    for what in module.params["gather"]:
        rc, answer = xlpt.run(*WORDS[what])
        # A doctor that finds something has done his work; and one damaged pool hides no other one.
        if "error" in answer or (rc and what not in ("doctor", "pools")):
            xlpt.fail(rc, answer)
        for pool in answer.get("damaged", []):
            module.warn("pool %s: %s" % (pool["name"], pool["message"]))
        del answer["schema"]
        facts[what] = answer if what in ("budget", "doctor") else answer[what]
    module.exit_json(changed=False, ansible_facts=dict(xlpt=facts))


if __name__ == "__main__":
    main()
