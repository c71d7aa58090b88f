# Units that make no sense in an unprivileged container, by the reason why. A masked unit costs
# nothing; one that starts and fails leaves the system `degraded` and hides what really failed.
{
  # The host's kernel has the devices, modules and parameters; a container sees a few nodes in
  # /dev and a /sys that it cannot write.
  hardware = [
    "kmod-static-nodes.service"
    "modprobe@.service"
    "systemd-backlight@.service"
    "systemd-boot-random-seed.service"
    "systemd-hibernate-clear.service"
    "systemd-hwdb-update.service"
    "systemd-modules-load.service"
    "systemd-pstore.service"
    "systemd-random-seed.service"
    "systemd-rfkill.service"
    "systemd-rfkill.socket"
    "systemd-sysctl.service"
    "systemd-tmpfiles-setup-dev-early.service"
    "systemd-tmpfiles-setup-dev.service"
    "systemd-tpm2-setup-early.service"
    "systemd-tpm2-setup.service"
    "systemd-udev-load-credentials.service"
    "systemd-udev-settle.service"
    "systemd-udev-trigger.service"
    "systemd-udevd-control.socket"
    "systemd-udevd-kernel.socket"
    "systemd-udevd-varlink.socket"
    "systemd-udevd.service"
  ];

  # mount(2) needs CAP_SYS_ADMIN. /run/wrappers is a mount of its own in NixOS, and its programs
  # are set-user-ID, which a container mostly forbids (no-new-privileges, nosuid).
  mounts = [
    "dev-hugepages.mount"
    "dev-mqueue.mount"
    "proc-sys-fs-binfmt_misc.automount"
    "proc-sys-fs-binfmt_misc.mount"
    "run-wrappers.mount"
    "suid-sgid-wrappers.service"
    "sys-fs-fuse-connections.mount"
    "sys-kernel-config.mount"
    "sys-kernel-debug.mount"
    "sys-kernel-tracing.mount"
    "systemd-binfmt.service"
    "systemd-remount-fs.service"
    "tmp.mount"
  ];

  # Docker makes the interface, the addresses, the routes and /etc/resolv.conf.
  networking = [
    "dhcpcd.service"
    "network-local-commands.service"
    "network-setup.service"
    "resolvconf.service"
    "systemd-network-generator.service"
    "systemd-networkd-wait-online.service"
    "systemd-networkd.service"
    "systemd-networkd.socket"
  ];

  # Nobody sits at a seat; one comes in with `docker exec`. Without -t there is no console.
  consoles = [
    "autovt@.service"
    "console-getty.service"
    "container-getty@.service"
    "getty@.service"
    "serial-getty@.service"
    "systemd-ask-password-console.path"
    "systemd-ask-password-wall.path"
    "systemd-logind.service"
    "systemd-vconsole-setup.service"
  ];

  # Services write to the container's output instead (virtualisation.dockerImage.journald).
  journal = [
    "systemd-journal-catalog-update.service"
    "systemd-journal-flush.service"
    "systemd-journalctl.socket"
    "systemd-journald-audit.socket"
    "systemd-journald-dev-log.socket"
    "systemd-journald.service"
    "systemd-journald.socket"
  ];

  # The audit socket is the host's even where there is a journal.
  audit = [ "systemd-journald-audit.socket" ];

  # There are no logins to account for, and the machine's id is the container's own: it is
  # written when the container first starts, not committed from memory.
  records = [
    "systemd-machine-id-commit.service"
    "systemd-update-utmp-runlevel.service"
    "systemd-update-utmp.service"
  ];
}
