// The text for a user who types `xsplice` for the first time.

export function welcomeText(): string {
  return `xsplice - live patching for the Xen hypervisor

Xen is the layer below the operating systems of a server: it runs many virtual machines on one
computer. When a bug is found in Xen itself, the usual way to repair it is to stop every machine
and start the server again. A live patch repairs it while everything keeps running: a small file
with the new code, a "payload", is loaded into the running hypervisor, and a jump is written to the
start of each function that it replaces. It can be taken out again just as quickly.

Three commands to begin with:

  xsplice demo             a tour: boots a real Xen in an emulator, patches it before your eyes,
                           and takes the patch out again; changes nothing on this machine
  xsplice doctor           what is installed and what is missing, per task, and how to get it
  xsplice list             on a Xen host: the live patches that are loaded

  xsplice help             all commands; "xsplice COMMAND --help" tells all about one
`;
}
