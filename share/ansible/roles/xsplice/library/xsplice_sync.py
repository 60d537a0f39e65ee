#!/usr/bin/python
# Brings a Xen host to the payloads that it should run, by `xsplice sync` on the machine that runs Ansible.
# Needs nothing on the host but ssh and Xen's own tools.

DOCUMENTATION = r"""
module: xsplice_sync
short_description: Bring a Xen host to the live patches that it should run
description:
  - Runs C(xsplice sync), or C(xsplice update) where a depot says what a host should run. Delegate it to
    C(localhost) - the host itself needs no Python.
  - Idempotent. In check mode it plans, and changes nothing. With C(--diff) it shows the applied payloads before and
    after.
  - Refuses what would leave a host without a fix for a moment, reset data, or remove everything, unless O(agree).
options:
  host:
    description: As C(xsplice --host) takes it, such as C(ssh:root@dom0).
    type: str
    required: true
  to:
    description: Files of the payloads to be applied, and no others. On the machine that runs the module.
    type: list
    elements: path
  to_dir:
    description: The same for every C(*.livepatch) of a directory; those for other hypervisors are passed over.
    type: path
  to_nothing:
    description: No payload is to be applied or loaded.
    type: bool
    default: false
  depot:
    description: What the depot says that C(xsplice depot trust) has named on this machine.
    type: bool
    default: false
  agree:
    description: Agree in advance to what is lost on the way.
    type: bool
    default: false
  options:
    description: Further options of C(xsplice sync), such as C(--gapless). Ignored with O(depot).
    type: list
    elements: str
    default: []
  after_reboot:
    description: Whether the host applies after a reboot what is applied now. As it is, when it is not given.
    type: bool
  timeout:
    description: Time limit of one request to the host, in seconds.
    type: int
    default: 60
  command:
    description: The program.
    type: str
    default: xsplice
"""

EXAMPLES = r"""
- name: Only this payload
  xsplice_sync:
    host: "ssh:root@{{ inventory_hostname }}"
    to: [files/all-fixes.livepatch]
  delegate_to: localhost
"""

RETURN = r"""
stack:
  description: Names of the applied payloads at the end, from the bottom to the top. In check mode, as planned.
  type: list
  returned: success
steps:
  description: What was done, or would be.
  type: list
  returned: success
notes:
  description: What else a person should know.
  type: list
  returned: success
"""

import json

from ansible.module_utils.basic import AnsibleModule

GOALS = ("to", "to_dir", "to_nothing", "depot")
DOCUMENT_VERSION = 1
PLAN_VERSION = 2


class Xsplice:
    def __init__(self, module):
        self.module = module
        given = module.params
        self.start = [given["command"], "--host", given["host"]]
        self.start += ["--timeout", str(given["timeout"]), "--json"]

    def run(self, *words):
        """The document, or the end of the module with what the document says is wrong."""
        code, out, err = self.module.run_command(self.start + list(words))
        try:
            document = json.loads(out)
        except ValueError:
            said = (err or out).strip() or "it printed nothing"
            self.fail("Cannot understand xsplice %s (exit code %d): %s" % (words[0], code, said))
        if "error" in document and "outcome" not in document:
            self.fail(words_of(document["error"]), error=document["error"])
        if "refused" in document:
            refused = document["refused"]
            self.fail("\n\n".join(words_of(one) for one in refused), refused=refused)
        version = document.get("documentVersion", document.get("version"))
        if version not in (DOCUMENT_VERSION, PLAN_VERSION):
            self.fail("xsplice %s prints documents of version %s" % (words[0], version))
        return document

    def fail(self, message, **more):
        self.module.fail_json(msg=message, **more)


def words_of(report):
    lines = [report["problem"]]
    for key in ("where", "expected", "remedy"):
        if key in report:
            lines.append("%s: %s" % (key, report[key]))
    return "\n".join(lines)


def goal_of(given):
    if given["to_nothing"]:
        return ["--to-nothing"]
    if given["to_dir"] is not None:
        return ["--to-dir", given["to_dir"]]
    return ["--to"] + given["to"]


def shown(names):
    return "".join("%s\n" % name for name in reversed(names))


def plan(xsplice, given):
    if given["depot"]:
        return xsplice.run("update", "--dry-run")["plan"]
    return xsplice.run("plan", *(goal_of(given) + given["options"]))


def act(xsplice, given):
    agreed = ["--yes"] if given["agree"] else []
    if given["depot"]:
        report = xsplice.run("update", *agreed)
    else:
        report = xsplice.run("sync", *(goal_of(given) + given["options"] + agreed))
    if report["outcome"] == "done":
        return report
    error = report.get("error")
    story = "The host is %s" % {
        "stopped": "between two steps: the sync was stopped",
        "returned": "as it was before",
        "astray": "neither as it was nor as it should be",
    }.get(report["outcome"], report["outcome"])
    if "continues" in report:
        story += "; what goes on: %s" % report["continues"]
    xsplice.fail("\n".join([words_of(error)] if error else []) + "\n" + story, report=report)


def after_reboot(xsplice, given, check):
    """Whether the host's service was switched, or would be."""
    wanted = given["after_reboot"]
    if wanted is None:
        return False
    is_on = xsplice.run("boot", "status")["service"] in ("systemd", "manual")
    if is_on == wanted:
        return False
    if check:
        return True
    files = given["to"] or []
    more = ["--payload"] + files if wanted and files else []
    xsplice.run("boot", "enable" if wanted else "disable", *more)
    return True


def main():
    module = AnsibleModule(
        argument_spec={
            "host": {"type": "str", "required": True},
            "to": {"type": "list", "elements": "path"},
            "to_dir": {"type": "path"},
            "to_nothing": {"type": "bool", "default": False},
            "depot": {"type": "bool", "default": False},
            "agree": {"type": "bool", "default": False},
            "options": {"type": "list", "elements": "str", "default": []},
            "after_reboot": {"type": "bool"},
            "timeout": {"type": "int", "default": 60},
            "command": {"type": "str", "default": "xsplice"},
        },
        supports_check_mode=True,
    )
    given = module.params
    goals = [goal for goal in GOALS if given[goal]]
    if len(goals) != 1:
        # An empty list would remove every fix from a host: it has to be said.
        found = ", ".join(goals) or "none"
        module.fail_json(msg="Give one of %s; found: %s" % (", ".join(GOALS), found))
    xsplice = Xsplice(module)
    before = xsplice.run("list", "--stack")
    names = [one["name"] for one in before["applied"]]
    if module.check_mode:
        planned = plan(xsplice, given)
        stack, steps = planned["stack"], planned["steps"]
        notes = [notice["words"] for notice in planned["notices"]]
    else:
        report = act(xsplice, given)
        stack = report.get("stack", {}).get("names", report["plan"]["stack"])
        steps, notes = report["mended"] + report["done"], report["notes"]
    switched = after_reboot(xsplice, given, module.check_mode)
    steps = [{key: step[key] for key in ("action", "name")} for step in steps]
    result = {"changed": bool(steps) or switched, "stack": stack, "steps": steps, "notes": notes}
    header = "payloads applied on %s, the topmost first" % given["host"]
    result["diff"] = {
        "before_header": header,
        "after_header": header,
        "before": shown(names),
        "after": shown(stack),
    }
    module.exit_json(**result)


if __name__ == "__main__":
    main()
