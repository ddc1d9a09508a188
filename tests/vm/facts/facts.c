/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does the fake kernel of the tests behave like the real one? The same writes are made to both,
 * through the same door, and what each answers and what each shows afterwards is compared line by
 * line. Runs as root in the throw-away VM, whose devices tests/hosts/single-gpu.host describes.
 *
 *	facts		both, and the difference; exit status 0 if there is none
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/console.h"
#include "lib/sys/real.h"
#include "tests/support/fakekernel.h"

#define GPU   "0000:01:00.0"
#define SOUND "0000:01:00.1"
#define NVME  "0000:03:00.0"
#define D     "sys/bus/pci/devices/"
#define DRV   "sys/bus/pci/drivers/"

#define TIMEOUT_MS 20000U

/**
 * struct act - one thing to do
 * @op: w write @value to @path, r read it, l last component of the link (its driver),
 *      c what fbcon says, v set fbcon to @value, g the group of the device @path, m load a module
 */
struct act {
	char op;
	const char *path;
	const char *value;
};

/* Ends with everything as it was, but for the reset_method of the GPU, whose `bus` is stale. */
static const struct act script[] = {
	{'m', "vfio-pci", NULL},
	/* driver_override: unset reads (null), a newline clears */
	{'r', D SOUND "/driver_override", NULL},
	{'w', D SOUND "/driver_override", "nosuch"},
	{'r', D SOUND "/driver_override", NULL},
	{'w', D SOUND "/driver_override", "\n"},
	{'r', D SOUND "/driver_override", NULL},
	/* errno of bind, unbind and probe */
	{'w', DRV "nvme/unbind", SOUND},
	{'w', DRV "snd_hda_intel/bind", SOUND},
	{'w', DRV "vfio-pci/bind", SOUND},
	{'w', "sys/bus/pci/drivers_probe", SOUND},
	{'w', "sys/bus/pci/drivers_probe", "0000:77:00.0"},
	/* a probe that binds nothing is a success */
	{'w', D SOUND "/driver_override", "nosuch"},
	{'w', DRV "snd_hda_intel/unbind", SOUND},
	{'l', D SOUND "/driver", NULL},
	{'w', "sys/bus/pci/drivers_probe", SOUND},
	{'l', D SOUND "/driver", NULL},
	{'w', DRV "snd_hda_intel/bind", SOUND},
	{'w', D SOUND "/driver_override", "\n"},
	{'w', DRV "vfio-pci/bind", SOUND},
	{'w', DRV "snd_hda_intel/bind", SOUND},
	{'l', D SOUND "/driver", NULL},
	/* power and reset files take only what they know */
	{'w', D SOUND "/power/control", "bogus"},
	{'w', D SOUND "/power/control", "auto"},
	{'r', D SOUND "/power/control", NULL},
	{'w', D SOUND "/power/control", "on"},
	{'w', D NVME "/reset_method", "nosuch"},
	{'r', D NVME "/reset_method", NULL},
	{'w', D NVME "/reset_method", "flr"},
	{'r', D NVME "/reset_method", NULL},
	{'w', D NVME "/reset_method", "\n"},
	{'r', D NVME "/reset_method", NULL},
	{'w', D NVME "/reset", "1"},
	{'w', D NVME "/reset_method", "default"},
	{'r', D NVME "/reset_method", NULL},
	{'w', D NVME "/reset", "2"},
	{'r', D SOUND "/reset_method", NULL},
	/* the console: a write always succeeds; it goes and comes with the frame buffer */
	{'c', NULL, NULL},
	{'v', NULL, "0"},
	{'c', NULL, NULL},
	{'w', DRV "bochs-drm/unbind", GPU},
	{'c', NULL, NULL},
	{'w', DRV "bochs-drm/bind", GPU},
	{'c', NULL, NULL},
	/* vfio-pci: the group is viable without drivers, and not beside a host driver */
	{'v', NULL, "0"},
	{'w', D GPU "/driver_override", "vfio-pci"},
	{'w', D SOUND "/driver_override", "vfio-pci"},
	{'w', DRV "snd_hda_intel/unbind", SOUND},
	{'w', DRV "vfio-pci/bind", SOUND},
	{'l', D SOUND "/driver", NULL},
	{'r', D SOUND "/power/control", NULL},
	{'g', SOUND, NULL},
	{'w', DRV "bochs-drm/unbind", GPU},
	{'g', SOUND, NULL},
	{'w', DRV "bochs-drm/bind", GPU},
	{'w', DRV "vfio-pci/bind", GPU},
	{'w', DRV "vfio-pci/bind", GPU},
	{'l', D GPU "/driver", NULL},
	{'g', SOUND, NULL},
	{'w', D "0000:00:10.0/reset_subordinate", "1"},
	{'w', DRV "vfio-pci/unbind", SOUND},
	{'r', D SOUND "/power/control", NULL},
	{'w', DRV "vfio-pci/unbind", GPU},
	{'w', D GPU "/driver_override", "\n"},
	{'w', D SOUND "/driver_override", "\n"},
	{'w', DRV "bochs-drm/bind", GPU},
	{'w', DRV "snd_hda_intel/bind", SOUND},
	{'l', D GPU "/driver", NULL},
	{'c', NULL, NULL},
	/* ids of new_id: an override beats them; else the drivers are asked in the order of loading */
	{'w', DRV "vfio-pci/new_id", "8086"},
	{'w', DRV "vfio-pci/remove_id", "8086"},
	{'w', DRV "vfio-pci/remove_id", "8086 293e"},
	{'w', DRV "snd_hda_intel/new_id", "8086 293e"},
	{'w', DRV "vfio-pci/new_id", "8086 293e"},
	{'w', DRV "vfio-pci/new_id", "8086 293e"},
	{'l', D SOUND "/driver", NULL},
	{'w', D SOUND "/driver_override", "nosuch"},
	{'w', DRV "snd_hda_intel/unbind", SOUND},
	{'w', DRV "vfio-pci/bind", SOUND},
	{'w', D SOUND "/driver_override", "\n"},
	{'w', "sys/bus/pci/drivers_probe", SOUND},
	{'l', D SOUND "/driver", NULL},
	{'w', DRV "snd_hda_intel/unbind", SOUND},
	{'w', DRV "vfio-pci/bind", SOUND},
	{'l', D SOUND "/driver", NULL},
	/* one write takes one entry; what is bound stays bound */
	{'w', DRV "vfio-pci/remove_id", "8086 293e"},
	{'w', DRV "vfio-pci/remove_id", "8086 293e"},
	{'l', D SOUND "/driver", NULL},
	{'w', DRV "vfio-pci/unbind", SOUND},
	{'w', DRV "vfio-pci/bind", SOUND},
	/* a new id takes what is free at once */
	{'w', DRV "vfio-pci/new_id", "8086 293e"},
	{'l', D SOUND "/driver", NULL},
	{'w', DRV "vfio-pci/remove_id", "8086 293e"},
	{'w', DRV "vfio-pci/unbind", SOUND},
	{'w', DRV "snd_hda_intel/bind", SOUND},
	{'l', D SOUND "/driver", NULL},
	/* `bus` on a card of two functions is listed, but does not work; `default` finds out */
	{'r', D GPU "/reset_method", NULL},
	{'w', D GPU "/reset", "1"},
	{'w', D GPU "/reset_method", "default"},
	{'r', D GPU "/reset_method", NULL},
};

static void describe(struct vh_text *out, int rc, const char *value)
{
	if (rc < 0) {
		vh_text_addf(out, "%s\n", strerrorname_np(-rc));
	} else {
		vh_text_addf(out, "ok%s%s\n", value[0] ? " " : "", value);
	}
}

static int group_status(struct vh_sys *sys, const char *device)
{
	char group[16];
	uint64_t number;
	int rc = vh_sys_link_name(sys, group, sizeof(group), D "%s/iommu_group", device);

	if (rc || vh_parse_u64(group, 10, 4096, &number)) {
		return -ENOENT;
	}
	return sys->ops->group_status(sys, (unsigned)number);
}

static int set_console(struct vh_sys *sys, const char *value)
{
	struct vh_vtconsole con;
	char path[64];

	if (vh_vtconsole_find_fbcon(sys, &con)) {
		return -ENOENT;
	}
	(void)snprintf(path, sizeof(path), "sys/class/vtconsole/vtcon%u/bind", con.index);
	return sys->ops->write(sys, path, value, strlen(value), TIMEOUT_MS, NULL);
}

static int run(struct vh_sys *sys, const struct act *a, char *value, size_t size)
{
	const char *modprobe[] = {"/usr/sbin/modprobe", "--", a->path, NULL};
	struct vh_process stuck;
	struct vh_vtconsole con;
	int rc = 0;

	value[0] = '\0';
	switch (a->op) {
	case 'w':
		rc = sys->ops->write(sys, a->path, a->value, strlen(a->value), TIMEOUT_MS, &stuck);
		break;
	case 'r':
		rc = vh_sys_attr_guarded(sys, TIMEOUT_MS, value, size, "%s", a->path);
		break;
	case 'l':
		rc = vh_sys_link_name(sys, value, size, "%s", a->path);
		break;
	case 'c':
		rc = vh_vtconsole_find_fbcon(sys, &con);
		(void)vh_copy(value, size, rc ? "" : con.bound ? "bound" : "not bound");
		break;
	case 'v':
		rc = set_console(sys, a->value);
		break;
	case 'g':
		rc = group_status(sys, a->path);
		(void)vh_copy(value, size, rc == 1 ? "viable" : "not viable");
		break;
	case 'm':
		rc = sys->ops->run(
			sys, &(struct vh_command){.argv = modprobe, .timeout_ms = TIMEOUT_MS});
		break;
	default:
		abort();
	}
	return rc;
}

static void play(struct vh_sys *sys, struct vh_list *ret)
{
	for (size_t i = 0; i < VH_ARRAY_SIZE(script); i++) {
		const struct act *a = &script[i];
		VH_AUTO_TEXT struct vh_text line = {0};
		char value[128];
		int rc = run(sys, a, value, sizeof(value));

		vh_text_addf(&line, "%c %s %s: ", a->op, a->path ? a->path : "fbcon",
			     a->value ? (a->value[0] == '\n' ? "newline" : a->value) : "");
		describe(&line, rc, value);
		if (vh_list_add(ret, vh_text_str(&line))) {
			abort();
		}
	}
}

int main(void)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");
	VH_AUTO_LIST struct vh_list real = {0};
	VH_AUTO_LIST struct vh_list fake = {0};
	struct vh_error err = {0};
	struct vh_sys *sys;
	int different = 0;

	if (vh_sys_open(NULL, false, &sys, &err)) {
		(void)fprintf(stderr, "facts: %s\n", err.msg);
		return 2;
	}
	play(sys, &real);
	sys->ops->close(sys);
	play(fk_sys(fk), &fake);
	for (size_t i = 0; i < real.count; i++) {
		bool same = strcmp(real.items[i], fake.items[i]) == 0;

		(void)printf("%s %s", same ? "same" : "real", real.items[i]);
		if (!same) {
			(void)printf("fake %s", fake.items[i]);
			different++;
		}
	}
	(void)printf("%zu answers compared, %d differ\n", real.count, different);
	return different > 0;
}
