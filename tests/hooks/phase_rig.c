/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/hooks/phase_rig.h"

#include <ctype.h>
#include <unistd.h>

#include "hooks/hook.h"
#include "lib/proxmox/proxmox.h"

#define USER 1000

const struct card first_card = {{"0000:01:00.0", "0000:01:00.1"}, 14};
const struct card second_card = {{"0000:02:00.0", "0000:02:00.1"}, 15};

/* What the functions below answer for. */
static struct {
	pid_t parent;
	uid_t user;
	struct vh_log_sink *journal;
} asked;

/* The linker finds these before libc's and the library's. */
pid_t getppid(void)
{
	return asked.parent;
}

uid_t geteuid(void)
{
	return asked.user;
}

static void journal_write(struct vh_log_sink *sink, const struct vh_log_record *record)
{
	(void)sink;
	if (asked.journal) {
		asked.journal->write(asked.journal, record);
	}
}

void vh_journal_sink_open(struct vh_journal_sink *s, const char *tag)
{
	*s = (struct vh_journal_sink){.sink = {.write = journal_write}, .fd = -1, .tag = tag};
}

void vh_journal_sink_close(struct vh_journal_sink *s)
{
	s->fd = -1;
}

/* --- the rig ------------------------------------------------------------------------------------ */

/* Processes come and go, and what Proxmox writes down about its VMs is its own. */
static char *dump(struct phases *p)
{
	return fk_dump_except(p->rig.fk, "run/vfio-handoff", "run/qemu-server", "proc", NULL);
}

void phases_begin_here(struct phases *p)
{
	free(p->rig.before);
	p->rig.before = dump(p);
}

struct phases *phases_open(void **state, const char *lines)
{
	struct phases *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	*state = p;
	p->rig.fk = fk_host_with("proxmox", lines);
	p->rig.lines.sink.write = rig_log;
	asked.journal = &p->rig.lines.sink;
	asked.user = 0;
	phases_task(p);
	phases_begin_here(p);
	return p;
}

/* The first member is released with it: rig_teardown() ends in free(). */
int phases_teardown(void **state)
{
	struct phases *p = *state;
	bool wrote = p && strstr(fk_operation_log(p->rig.fk), " etc/");

	if (wrote) {
		print_error("something below /etc was written\n");
	}
	asked.journal = NULL;
	if (p) {
		free(p->said);
	}
	return rig_teardown(state) || wrote ? -1 : 0;
}

void phases_put(struct phases *p, const char *path, const char *text)
{
	fk_set(p->rig.fk, path, text);
	phases_begin_here(p);
}

void phases_vm(struct phases *p, const char *vmid, const char *lines)
{
	char path[64];
	char text[2048];

	(void)snprintf(path, sizeof(path), NODE "qemu-server/%s.conf", vmid);
	(void)snprintf(text, sizeof(text),
		       "bios: ovmf\nboot: order=scsi0\ncores: 8\n%shookscript: "
		       "local:snippets/vfio-handoff\nmachine: q35\nmemory: 16384\nname: vm%s\n",
		       lines, vmid);
	fk_set(p->rig.fk, path, text);
	fk_chmod(p->rig.fk, path, 0640, 0);
	phases_begin_here(p);
}

struct phases *phases_open_gpu(void **state, const char *profile)
{
	struct phases *p = phases_open(state, "");

	phases_vm(p, "100", HOSTPCI_FIRST);
	phases_put(p, PROFILE "100.ini", profile);
	return p;
}

void phases_watcher(struct phases *p)
{
	struct vh_process watcher = rig_process(p->rig.fk, "vfio-handoff");
	char text[64];

	vh_stuck_format(text, sizeof(text), &watcher);
	fk_set(p->rig.fk, VH_RUN_WATCH, text);
}

void phases_as_user(bool user)
{
	asked.user = user ? USER : 0;
}

/* --- calls -------------------------------------------------------------------------------------- */

void phases_task(struct phases *p)
{
	if (p->task.pid != 0) {
		fk_process_exit(p->rig.fk, p->task.pid);
	}
	p->task = rig_process(p->rig.fk, "task UPID:pve1:");
	asked.parent = p->task.pid;
}

/* All that was written to @file, which is closed. */
static char *collect(FILE *file)
{
	char *text = calloc(1, 65536);

	assert_non_null(text);
	rewind(file);
	text[fread(text, 1, 65535, file)] = '\0';
	(void)fclose(file);
	return text;
}

/* What the hook writes goes to files of its own while it runs. */
static int run(struct phases *p, const char *vmid, const char *phase, FILE *out, FILE *err)
{
	struct hook hook = {.sys = fk_sys(p->rig.fk)};
	int saved_out = dup(STDOUT_FILENO);
	int saved_err = dup(STDERR_FILENO);
	int status;

	(void)fflush(NULL);
	assert_true(saved_out >= 0 && saved_err >= 0);
	assert_true(dup2(fileno(out), STDOUT_FILENO) >= 0 && dup2(fileno(err), STDERR_FILENO) >= 0);
	status = hook_is_phase(phase) ? hook_proxmox(&hook, vmid, phase)
				      : hook_libvirt(&hook, vmid, phase);
	hook_end(&hook);
	(void)fflush(NULL);
	(void)dup2(saved_out, STDOUT_FILENO);
	(void)dup2(saved_err, STDERR_FILENO);
	(void)close(saved_out);
	(void)close(saved_err);
	/* Whoever wants to end the test still can. */
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGHUP, SIG_DFL);
	return status;
}

/* "vfio-handoff: " and printable text, each line to its end. */
static void check_lines(const char *text)
{
	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		if (strncmp(line, "vfio-handoff: ", 14) != 0 || !strchr(line, '\n')) {
			fail_msg("not a line of ours on stderr: %s", line);
		}
	}
	for (const char *c = text; *c; c++) {
		assert_true(*c == '\n' || !iscntrl((unsigned char)*c));
	}
}

int phases_call(struct phases *p, const char *vmid, const char *phase)
{
	FILE *out = tmpfile();
	FILE *err = tmpfile();
	VH_AUTO_FREE char *on_stdout = NULL;

	assert_true(out && err);
	free(p->said);
	p->status = run(p, vmid, phase, out, err);
	on_stdout = collect(out);
	p->said = collect(err);
	assert_string_equal(on_stdout, "");
	check_lines(p->said);
	if (strcmp(phase, "post-start") == 0 || strcmp(phase, "pre-stop") == 0) {
		assert_true(p->status == 0 || asked.user != 0);
	}
	return p->status;
}

void phases_silent(struct phases *p, const char *vmid, const char *phase)
{
	(void)phases_call(p, vmid, phase);
	assert_string_equal(p->said, "");
	assert_int_equal(p->status, 0);
}

void phases_refused(struct phases *p, const char *vmid, const char *phase, const char *part)
{
	if (phases_call(p, vmid, phase) != 1) {
		fail_msg("%s of %s: exit status %d instead of 1\n%s", phase, vmid, p->status,
			 p->said);
	}
	phases_said(p, part);
	if (strcmp(phase, "pre-start") == 0 &&
	    strchr(p->said, '\n') != p->said + strlen(p->said) - 1) {
		fail_msg("more than one line on stderr:\n%s", p->said);
	}
}

void phases_said(const struct phases *p, const char *part)
{
	if (!strstr(p->said, part)) {
		fail_msg("no '%s' on stderr:\n%s", part, p->said);
	}
}

void phases_detach_by_hand(struct phases *p, const char *vmid)
{
	VH_AUTO_PROFILE struct vh_profile profile = {0};
	struct vh_engine e = rig_engine(&p->rig);
	struct vh_process nobody = {0};
	struct vh_error err = {0};

	if (vh_profile_of_vm(e.sys, vmid, &profile, &err) ||
	    vh_detach(&e, &profile, VH_ORIGIN_MANUAL, &nobody, &err) != VH_OUTCOME_DONE) {
		fail_msg("%s", err.msg);
	}
}

/* --- Proxmox ------------------------------------------------------------------------------------ */

static struct pve_vm *vm_of(struct phases *p, const char *vmid)
{
	struct pve_vm *vm = p->vms;

	while (vm < p->vms + p->vm_count && strcmp(vm->vmid, vmid) != 0) {
		vm++;
	}
	assert_true(vm < p->vms + VH_ARRAY_SIZE(p->vms));
	if (vm == p->vms + p->vm_count) {
		p->vm_count++;
		(void)snprintf(vm->vmid, sizeof(vm->vmid), "%s", vmid);
	}
	return vm;
}

/* qemu-server src/PVE/QemuServer/PCI.pm: reserve_pci_usage(), remove_pci_reservation() */
static void show_reservations(struct phases *p)
{
	VH_AUTO_TEXT struct vh_text text = {0};

	for (size_t i = 0; i < p->vm_count; i++) {
		const struct pve_vm *vm = &p->vms[i];

		for (size_t k = 0; vm->card && k < VH_ARRAY_SIZE(vm->card->functions); k++) {
			vh_text_addf(&text, "%s %s pid:%d\n", vm->card->functions[k], vm->vmid,
				     (int)vm->qemu);
		}
	}
	fk_set(p->rig.fk, RESERVED, vh_text_str(&text));
}

/* pve-common src/PVE/SysFSTools.pm: pci_dev_bind_to_vfio() */
void pve_bind(struct phases *p, const char *bdf)
{
	struct fakekernel *fk = p->rig.fk;
	struct vh_sys *sys = fk_sys(fk);
	char vendor[16];
	char device[16];
	char path[128];
	char id[40];

	if (vh_sys_exists(sys, PCI "drivers/vfio-pci/%s", bdf)) {
		return;
	}
	assert_int_equal(vh_sys_attr(sys, vendor, sizeof(vendor), D "%s/vendor", bdf), 0);
	assert_int_equal(vh_sys_attr(sys, device, sizeof(device), D "%s/device", bdf), 0);
	(void)snprintf(id, sizeof(id), "%s %s", vendor + 2, device + 2);
	(void)fk_write(fk, PCI "drivers/vfio-pci/new_id", id);
	(void)snprintf(path, sizeof(path), D "%s/driver/unbind", bdf);
	(void)fk_write(fk, path, bdf);
	if (!vh_sys_exists(sys, PCI "drivers/vfio-pci/%s", bdf)) {
		assert_int_equal(fk_write(fk, PCI "drivers/vfio-pci/bind", bdf), 0);
	}
}

int pve_begin(struct phases *p, const char *vmid)
{
	phases_task(p);
	return phases_call(p, vmid, "pre-start");
}

/* A bare process holds the group, as the kernel does for a while after QEMU's end. */
void pve_run(struct phases *p, const char *vmid, const struct card *card)
{
	struct pve_vm *vm = vm_of(p, vmid);

	for (size_t i = 0; i < VH_ARRAY_SIZE(card->functions); i++) {
		pve_bind(p, card->functions[i]);
	}
	assert_true(fk_vm_open(p->rig.fk, card->group) > 0);
	vm->qemu = fk_proxmox_qemu(p->rig.fk, vmid);
	vm->card = card;
	show_reservations(p);
}

void pve_go_on(struct phases *p, const char *vmid, const struct card *card)
{
	pve_run(p, vmid, card);
	phases_silent(p, vmid, "post-start");
	phases_task(p);
}

void pve_start(struct phases *p, const char *vmid, const struct card *card)
{
	if (pve_begin(p, vmid) != 0) {
		fail_msg("%s: pre-start ended with %d: %s", vmid, p->status, p->said);
	}
	pve_go_on(p, vmid, card);
}

void pve_quit(struct phases *p, const char *vmid)
{
	struct pve_vm *vm = vm_of(p, vmid);

	fk_process_exit(p->rig.fk, vm->qemu);
	fk_vm_close(p->rig.fk, vm->card->group);
	vm->qemu = 0;
}

void pve_forget(struct phases *p, const char *vmid)
{
	vm_of(p, vmid)->card = NULL;
	show_reservations(p);
}

void pve_stop(struct phases *p, const char *vmid)
{
	phases_task(p);
	phases_silent(p, vmid, "pre-stop");
	pve_quit(p, vmid);
	pve_forget(p, vmid);
	if (phases_call(p, vmid, "post-stop") != 0) {
		fail_msg("%s: post-stop ended with %d: %s", vmid, p->status, p->said);
	}
}

void pve_stop_old(struct phases *p, const char *vmid)
{
	phases_task(p);
	phases_silent(p, vmid, "pre-stop");
	pve_quit(p, vmid);
	phases_task(p);
}

void pve_cleanup_old(struct phases *p, const char *vmid)
{
	phases_task(p);
	pve_forget(p, vmid);
	if (phases_call(p, vmid, "post-stop") != 0) {
		fail_msg("%s: post-stop ended with %d: %s", vmid, p->status, p->said);
	}
}

void pve_lock(struct phases *p, const char *vmid, const char *lock)
{
	char path[64];
	char text[4096];

	(void)snprintf(path, sizeof(path), NODE "qemu-server/%s.conf", vmid);
	(void)snprintf(text, sizeof(text), "lock: %s\n%s", lock, fk_get(p->rig.fk, path));
	fk_set(p->rig.fk, path, text);
}

void pve_unlock(struct phases *p, const char *vmid)
{
	VH_AUTO_FREE char *text = NULL;
	char path[64];

	(void)snprintf(path, sizeof(path), NODE "qemu-server/%s.conf", vmid);
	text = strdup(strchr(fk_get(p->rig.fk, path), '\n') + 1);
	fk_set(p->rig.fk, path, text);
}

/* --- what there is ------------------------------------------------------------------------------ */

unsigned phases_touches(struct phases *p)
{
	return rig_operations(&p->rig, "write sys/");
}

void phases_on(struct phases *p, const struct card *card, const char *driver)
{
	bool vfio = strcmp(driver, "vfio-pci") == 0;

	rig_driver(&p->rig, card->functions[0], driver);
	rig_driver(&p->rig, card->functions[1], vfio ? driver : "snd_hda_intel");
}

enum vh_state phases_state(struct phases *p, const char *vmid)
{
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	struct vh_error err = {0};

	if (vh_journal_load(fk_sys(p->rig.fk), vmid, false, &j, &err)) {
		fail_msg("%s", err.msg);
	}
	return vh_journal_state(fk_sys(p->rig.fk), &j);
}

bool phases_has_journal(struct phases *p, const char *vmid)
{
	return vh_sys_exists(fk_sys(p->rig.fk), VH_RUN_VM_DIR "/%s/journal", vmid);
}

void phases_is_as_before(struct phases *p)
{
	VH_AUTO_FREE char *now = dump(p);
	VH_AUTO_FREE char *diff = fk_diff(p->rig.before, now);

	if (strcmp(p->rig.before, now) != 0) {
		fail_msg("the host differs\n%s", diff);
	}
}

void phases_is_clean(struct phases *p)
{
	phases_is_as_before(p);
	rig_has_no_records(&p->rig);
}
