/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/step.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/words.h"

static const struct {
	const char *word;
	const char *there;
	const char *back;
} names[VH_STEP_MAX] = {
	[VH_STEP_EXEC_BEFORE] = {"exec-before", "run before-detach", "run after-reattach"},
	[VH_STEP_INHIBIT] = {"inhibit", "the host must not sleep", "the host may sleep again"},
	[VH_STEP_SERVICE] = {"service", "stop the service", "start the service again"},
	[VH_STEP_SESSION] = {"session", "end the login", "logins do not come back"},
	[VH_STEP_USER_UNIT] = {"user-unit", "stop the user's service",
			       "start the user's service again"},
	[VH_STEP_PROCESS] = {"process", "end the process", "processes do not come back"},
	[VH_STEP_HOLDERS] = {"holders", "look that nobody has it open any more",
			     "nobody need be gone"},
	[VH_STEP_RETURN] = {"return", "note what works now", "wait until it works again"},
	[VH_STEP_MODULE] = {"module", "load vfio-pci", "vfio-pci stays loaded"},
	[VH_STEP_POWER] = {"power", "keep it awake", "power control as before"},
	[VH_STEP_D3COLD] = {"d3cold", "keep it out of D3cold", "D3cold as before"},
	[VH_STEP_VT] = {"vt", "another terminal in front", "the terminal in front as before"},
	[VH_STEP_CONSOLE] = {"console", "console off the card", "console back on the card"},
	[VH_STEP_FRAMEBUFFER] = {"framebuffer", "firmware frame buffer off the card",
				 "firmware frame buffer back"},
	[VH_STEP_OVERRIDE] = {"override", "reserve it for vfio-pci", "driver override as before"},
	[VH_STEP_DYNAMIC_ID] = {"dynamic-id", "note the id that Proxmox may leave with vfio-pci",
				"vfio-pci forgets the id"},
	[VH_STEP_UNBIND] = {"unbind", "host driver lets go", "host driver takes it back"},
	[VH_STEP_UNLOAD] = {"unload", "unload the module", "load the module again"},
	[VH_STEP_REBIND] = {"rebind", "note the driver", "host driver takes it back"},
	[VH_STEP_RESET_METHOD] = {"reset-method", "choose the reset method",
				  "reset method as before"},
	[VH_STEP_RESET] = {"reset", "note to reset it on return", "reset it"},
	[VH_STEP_BIND] = {"bind", "vfio-pci takes it", "vfio-pci lets go"},
	[VH_STEP_AWAKE] = {"awake", "keep it awake for the VM", "vfio-pci leaves with its setting"},
	[VH_STEP_VIABLE] = {"viable", "ask the kernel about the group", "group no longer needed"},
	[VH_STEP_EXEC_AFTER] = {"exec-after", "run after-detach", "run before-reattach"},
};

const char *vh_step_word(enum vh_step_kind kind)
{
	return kind < VH_STEP_MAX ? names[kind].word : "?";
}

enum vh_step_kind vh_step_kind_of(const char *word)
{
	for (int i = 0; i < VH_STEP_MAX; i++) {
		if (strcmp(names[i].word, word) == 0) {
			return (enum vh_step_kind)i;
		}
	}
	return VH_STEP_INVALID;
}

const char *vh_step_title(enum vh_step_kind kind, bool back)
{
	if (kind >= VH_STEP_MAX) {
		return "?";
	}
	return back ? names[kind].back : names[kind].there;
}

bool vh_step_has_file(const struct vh_step *step)
{
	return step->kind != VH_STEP_SERVICE && step->kind != VH_STEP_SESSION &&
	       step->kind != VH_STEP_USER_UNIT && step->kind != VH_STEP_PROCESS &&
	       step->kind != VH_STEP_INHIBIT;
}

void vh_step_target(const struct vh_step *step, char *buf, size_t size)
{
	const char *slash = strchr(step->path, '/');

	if (step->kind == VH_STEP_SESSION) {
		(void)snprintf(buf, size, "%s (%s)", step->path, step->extra);
	} else if (step->kind == VH_STEP_USER_UNIT && slash) {
		(void)snprintf(buf, size, "%s of user %.*s", slash + 1, (int)(slash - step->path),
			       step->path);
	} else if (step->kind == VH_STEP_PROCESS && slash) {
		(void)snprintf(buf, size, "process %s", slash + 1);
	} else {
		(void)snprintf(buf, size, "%s%s", vh_step_has_file(step) ? "/" : "", step->path);
	}
}

static void swap_values(const struct vh_step *step, struct vh_step *ret)
{
	memcpy(ret->found, step->wanted, sizeof(ret->found));
	memcpy(ret->wanted, step->found, sizeof(ret->wanted));
}

/* As the kernel takes it: "10de 2204". */
static void separate_ids(char *text)
{
	char *colon = strchr(text, ':');

	if (colon) {
		*colon = ' ';
	}
}

void vh_step_program(struct vh_step *step)
{
	VH_AUTO_LIST struct vh_list words = {0};

	step->path[0] = '\0';
	if (vh_words(step->wanted, &words) == 0 && words.count > 0 && words.items[0][0] == '/') {
		(void)vh_copy(step->path, sizeof(step->path), words.items[0] + 1);
	}
}

bool vh_step_reverse(const struct vh_step *step, struct vh_step *ret)
{
	*ret = *step;
	switch (step->kind) {
	case VH_STEP_MODULE:
	case VH_STEP_SESSION:
	case VH_STEP_PROCESS:
	case VH_STEP_HOLDERS:
	case VH_STEP_AWAKE:
	case VH_STEP_VIABLE:
		return false;
	case VH_STEP_SERVICE:
		swap_values(step, ret);
		return strcmp(step->found, "active") == 0;
	case VH_STEP_USER_UNIT:
		swap_values(step, ret);
		return strcmp(step->found, "active") == 0 && strcmp(step->extra, "draws") != 0;
	case VH_STEP_RETURN:
		(void)vh_copy(ret->wanted, sizeof(ret->wanted), step->found);
		(void)vh_copy(ret->found, sizeof(ret->found), "");
		return true;
	case VH_STEP_RESET:
		(void)vh_copy(ret->wanted, sizeof(ret->wanted), "1");
		(void)vh_copy(ret->found, sizeof(ret->found), "");
		return true;
	case VH_STEP_DYNAMIC_ID:
		separate_ids(ret->wanted);
		return true;
	case VH_STEP_REBIND:
		(void)vh_copy(ret->wanted, sizeof(ret->wanted), step->found);
		(void)vh_copy(ret->found, sizeof(ret->found), "");
		(void)snprintf(ret->path, sizeof(ret->path), "sys/bus/pci/drivers/%.63s/bind",
			       step->found);
		return true;
	case VH_STEP_UNLOAD:
		swap_values(step, ret);
		return strcmp(step->extra, "driver") != 0;
	case VH_STEP_UNBIND:
		swap_values(step, ret);
		(void)snprintf(ret->path, sizeof(ret->path), "sys/bus/pci/drivers/%.63s/bind",
			       step->found);
		return true;
	case VH_STEP_BIND:
		swap_values(step, ret);
		(void)vh_copy(ret->path, sizeof(ret->path), "sys/bus/pci/drivers/vfio-pci/unbind");
		return true;
	case VH_STEP_FRAMEBUFFER:
		swap_values(step, ret);
		(void)snprintf(ret->path, sizeof(ret->path), "sys/bus/platform/drivers/%.63s/bind",
			       step->found);
		return true;
	case VH_STEP_EXEC_BEFORE:
	case VH_STEP_EXEC_AFTER:
		swap_values(step, ret);
		vh_step_program(ret);
		return ret->wanted[0] != '\0';
	case VH_STEP_INHIBIT:
	case VH_STEP_VT:
	case VH_STEP_POWER:
	case VH_STEP_D3COLD:
	case VH_STEP_CONSOLE:
	case VH_STEP_OVERRIDE:
	case VH_STEP_RESET_METHOD:
		swap_values(step, ret);
		return true;
	case VH_STEP_MAX:
	default:
		return false;
	}
}

int vh_step_list_add(struct vh_step_list *list, const struct vh_step *step)
{
	struct vh_step *steps = realloc(list->steps, (list->count + 1) * sizeof(*steps));

	if (!steps) {
		return -ENOMEM;
	}
	list->steps = steps;
	steps[list->count++] = *step;
	return 0;
}

void vh_step_list_done(struct vh_step_list *list)
{
	free(list->steps);
	*list = (struct vh_step_list){0};
}
