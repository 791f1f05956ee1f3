#!/usr/bin/env python3
"""Runs Ansible's own commands for tests/compat.rs: one JSON request a line, {"cwd", "argv"}, and one JSON answer a line.

Each runs in a process of its own, forked from one that has imported Ansible, which is what takes the time. What is
called is what the installed commands call: the main function of their module.
"""

import importlib
import json
import os
import sys
import tempfile

import ansible
import ansible.cli.adhoc
import ansible.cli.inventory

COMMANDS = {"ansible": "ansible.cli.adhoc", "ansible-inventory": "ansible.cli.inventory"}


def run(cwd, argv):
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            os.chdir(cwd)
            sys.argv = argv
            status = 1
            try:
                importlib.import_module(COMMANDS[argv[0]]).main(argv)
                status = 0
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else int(end.code is not None)
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
        return {"status": status, "stdout": texts[0], "stderr": texts[1]}


print(json.dumps({"version": ansible.__version__}), flush=True)
for line in sys.stdin:
    print(json.dumps(run(**json.loads(line))), flush=True)
