# -*- coding: utf-8 -*-
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the documents of all modules of this collection have."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type


class ModuleDocFragment(object):
    DOCUMENTATION = r"""
options:
  executable:
    description:
      - The program, or its name if it is in one of root's folders.
    type: str
    default: xlpt
attributes:
  platform:
    description: The hosts on which it works.
    support: full
    platforms: posix
"""
