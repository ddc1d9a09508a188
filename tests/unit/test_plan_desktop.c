/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Who is ended for a card, who stays, and what is refused instead: over pictures made by hand, since
 * the plan is pure. Each test is named after what broke for somebody.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/plan/goes.h"
#include "tests/unit/profile_text.h"

#define HOLDERS  8
#define UNITS    6
#define SESSIONS 4

/* One card with its sound, and everything that may have them open. */
struct desk {
	struct vh_function functions[2];
	struct vh_holder holders[HOLDERS];
	struct vh_unit units[UNITS];
	struct vh_user_unit user_units[UNITS];
	struct vh_session sessions[SESSIONS];
	struct vh_host host;
	struct vh_profile profile;
	struct vh_plan plan;
};

static void desk_init(struct desk *d, const char *profile)
{
	*d = (struct desk){0};
	d->functions[0] = (struct vh_function){.address = {0, 1, 0, 0},
					       .name = "0000:01:00.0",
					       .parent = "0000:00:10.0",
					       .vendor = 0x1002,
					       .device = 0x73bf,
					       .class_code = 0x030000,
					       .driver = "amdgpu",
					       .module = "amdgpu",
					       .group = 6,
					       .inspected = true,
					       .holders = d->holders};
	d->functions[1] = (struct vh_function){.address = {0, 1, 0, 1},
					       .name = "0000:01:00.1",
					       .parent = "0000:00:10.0",
					       .class_code = 0x040300,
					       .driver = "snd_hda_intel",
					       .module = "snd_hda_intel",
					       .group = 6,
					       .inspected = true};
	d->host = (struct vh_host){.functions = d->functions,
				   .function_count = 2,
				   .units = d->units,
				   .user_units = d->user_units,
				   .sessions = d->sessions,
				   .iommu = true,
				   .vfio_loaded = true,
				   .manager = VH_MANAGER_SYSTEMD,
				   .kernel_major = 6,
				   .kernel_minor = 1};
	read_good(&d->profile, profile);
}

static struct vh_holder *holder(struct desk *d, const char *name, const char *node)
{
	struct vh_holder *h = &d->holders[d->functions[0].holder_count++];

	assert_true(d->functions[0].holder_count <= HOLDERS);
	h->process = (struct vh_process){800 + (pid_t)d->functions[0].holder_count, 4711};
	(void)vh_copy(h->name, sizeof(h->name), name);
	(void)vh_copy(h->node, sizeof(h->node), node);
	(void)vh_copy(h->user, sizeof(h->user), "root");
	h->draws = strstr(node, "/dri/") != NULL;
	h->shows = strstr(node, "/dri/card") != NULL;
	return h;
}

static struct vh_unit *unit(struct desk *d, const char *name, const char *id)
{
	struct vh_unit *u = &d->units[d->host.unit_count++];

	assert_true(d->host.unit_count <= UNITS);
	(void)vh_copy(u->name, sizeof(u->name), name);
	(void)vh_copy(u->id, sizeof(u->id), id);
	(void)vh_copy(u->load, sizeof(u->load), "loaded");
	(void)vh_copy(u->active, sizeof(u->active), "active");
	return u;
}

static void display_manager(struct desk *d, const char *id)
{
	(void)unit(d, id, id);
	(void)vh_copy(d->host.display_manager, sizeof(d->host.display_manager), id);
}

static struct vh_unit *user_unit(struct desk *d, uid_t uid, const char *name)
{
	struct vh_user_unit *u = &d->user_units[d->host.user_unit_count++];

	assert_true(d->host.user_unit_count <= UNITS);
	u->uid = uid;
	(void)vh_copy(u->unit.name, sizeof(u->unit.name), name);
	(void)vh_copy(u->unit.id, sizeof(u->unit.id), name);
	(void)vh_copy(u->unit.load, sizeof(u->unit.load), "loaded");
	(void)vh_copy(u->unit.active, sizeof(u->unit.active), "active");
	return &u->unit;
}

static struct vh_session *session(struct desk *d, const char *id, uid_t uid, const char *type,
				  const char *service)
{
	struct vh_session *s = &d->sessions[d->host.session_count++];

	assert_true(d->host.session_count <= SESSIONS);
	(void)vh_copy(s->id, sizeof(s->id), id);
	s->uid = uid;
	(void)snprintf(s->user, sizeof(s->user), "user%u", (unsigned)uid);
	(void)vh_copy(s->type, sizeof(s->type), type);
	(void)vh_copy(s->class, sizeof(s->class), "user");
	(void)vh_copy(s->seat, sizeof(s->seat), strcmp(type, "tty") == 0 ? "" : "seat0");
	(void)vh_copy(s->service, sizeof(s->service), service);
	s->vt = s->seat[0] ? 2 : 0;
	return s;
}

static void make_plan(struct desk *d)
{
	assert_int_equal(vh_plan_detach(&d->host, &d->profile, &d->plan), 0);
}

static void desk_done(struct desk *d)
{
	vh_plan_done(&d->plan);
	vh_profile_done(&d->profile);
}

/* Index of the step, or -1. */
static int at(const struct desk *d, enum vh_step_kind kind, const char *path)
{
	for (size_t i = 0; i < d->plan.steps.count; i++) {
		const struct vh_step *s = &d->plan.steps.steps[i];

		if (s->kind == kind && strcmp(s->path, path) == 0) {
			return (int)i;
		}
	}
	return -1;
}

static bool is_refused(const struct desk *d, enum vh_refusal_kind kind, const char *words)
{
	for (size_t i = 0; i < d->plan.refusal_count; i++) {
		if (d->plan.refusals[i].kind == kind && strstr(d->plan.refusals[i].reason, words)) {
			return true;
		}
	}
	return false;
}

static void expect_no_end(const struct desk *d)
{
	for (size_t i = 0; i < d->plan.steps.count; i++) {
		enum vh_step_kind kind = d->plan.steps.steps[i].kind;

		assert_false(kind == VH_STEP_SERVICE || kind == VH_STEP_SESSION ||
			     kind == VH_STEP_USER_UNIT || kind == VH_STEP_PROCESS);
	}
}

/* A display manager, its X server and the session of user 1000, all on the card; logind, too. */
static void x_desktop(struct desk *d)
{
	display_manager(d, "lightdm.service");
	(void)session(d, "c1", 1000, "x11", "lightdm-autologin");
	(void)vh_copy(holder(d, "Xorg", "/dev/dri/card0")->unit, VH_UNIT_MAX, "lightdm.service");
	(void)vh_copy(holder(d, "systemd-logind", "/dev/dri/card0")->unit, VH_UNIT_MAX,
		      "systemd-logind.service");
}

static void desktop_on_the_card_ends_display_manager_first(void **state)
{
	struct desk d;

	(void)state;
	desk_init(&d, GPU);
	x_desktop(&d);
	make_plan(&d);
	assert_int_equal(d.plan.refusal_count, 0);
	assert_int_equal(at(&d, VH_STEP_SERVICE, "lightdm.service"), 0);
	assert_int_equal(at(&d, VH_STEP_SESSION, "c1"), 1);
	assert_int_equal(d.plan.steps.steps[2].kind, VH_STEP_HOLDERS);
	assert_string_equal(d.plan.steps.steps[0].extra, "display");
	assert_true(d.plan.notes.count > 0);
	desk_done(&d);
}

/* joeknock90#63: the card is not in use, so nobody loses a session for it. */
static void card_that_nobody_uses_costs_no_session(void **state)
{
	struct desk d;

	(void)state;
	desk_init(&d, GPU);
	display_manager(&d, "gdm.service");
	(void)session(&d, "2", 1000, "wayland", "gdm-password");
	make_plan(&d);
	assert_int_equal(d.plan.refusal_count, 0);
	expect_no_end(&d);
	desk_done(&d);
}

/* QaidVoid#40, joeknock90#20: a session elsewhere, and what has only the card's sound, live on. */
static void sessions_that_do_not_have_it_open_stay(void **state)
{
	struct desk d;

	(void)state;
	desk_init(&d, GPU);
	x_desktop(&d);
	(void)session(&d, "7", 1001, "tty", "sshd");
	(void)session(&d, "9", 1002, "wayland", "login");
	make_plan(&d);
	assert_int_equal(at(&d, VH_STEP_SESSION, "c1"), 1);
	assert_int_equal(at(&d, VH_STEP_SESSION, "7"), -1);
	assert_int_equal(at(&d, VH_STEP_SESSION, "9"), -1);
	desk_done(&d);
}

/* QaidVoid#31, #50: Plasma's compositor is a unit of the user's own systemd and outlives the rest. */
static void compositor_as_user_unit_is_stopped_and_not_started_again(void **state)
{
	struct vh_holder *h;
	struct desk d;
	int step;

	(void)state;
	desk_init(&d, GPU);
	display_manager(&d, "sddm.service");
	(void)session(&d, "3", 1000, "wayland", "sddm");
	h = holder(&d, "kwin_wayland", "/dev/dri/card0");
	(void)vh_copy(h->unit, sizeof(h->unit), "user@1000.service");
	(void)vh_copy(h->user_unit, sizeof(h->user_unit), "plasma-kwin_wayland.service");
	h->uid = 1000;
	(void)user_unit(&d, 1000, "plasma-kwin_wayland.service");
	make_plan(&d);
	assert_int_equal(d.plan.refusal_count, 0);
	assert_int_equal(at(&d, VH_STEP_SERVICE, "sddm.service"), 0);
	assert_int_equal(at(&d, VH_STEP_SESSION, "3"), 1);
	step = at(&d, VH_STEP_USER_UNIT, "1000/plasma-kwin_wayland.service");
	assert_int_equal(step, 2);
	assert_string_equal(d.plan.steps.steps[step].extra, "draws");
	desk_done(&d);
}

/* thesofproject#3196: PipeWire has the HDMI sound of a card whose screen nobody uses. */
static void sound_alone_ends_no_session_but_refuses(void **state)
{
	struct vh_holder *h;
	struct desk d;

	(void)state;
	desk_init(&d, GPU);
	display_manager(&d, "gdm.service");
	(void)session(&d, "2", 1000, "wayland", "gdm-password");
	h = holder(&d, "wireplumber", "/dev/snd/controlC1");
	(void)vh_copy(h->unit, sizeof(h->unit), "user@1000.service");
	(void)vh_copy(h->user_unit, sizeof(h->user_unit), "wireplumber.service");
	h->uid = 1000;
	(void)user_unit(&d, 1000, "wireplumber.service");
	make_plan(&d);
	assert_true(is_refused(&d, VH_REFUSED_HOLDER, "wireplumber"));
	expect_no_end(&d);
	desk_done(&d);
}

/* A program that computes on the card, in a desktop on another one: it is named, nobody is ended. */
static void render_node_alone_ends_no_session(void **state)
{
	struct vh_holder *h;
	struct desk d;

	(void)state;
	desk_init(&d, GPU);
	display_manager(&d, "gdm.service");
	(void)session(&d, "2", 1000, "wayland", "gdm-password");
	h = holder(&d, "firefox", "/dev/dri/renderD129");
	(void)vh_copy(h->unit, sizeof(h->unit), "user@1000.service");
	(void)vh_copy(h->user_unit, sizeof(h->user_unit), "app-firefox-1.scope");
	h->uid = 1000;
	(void)user_unit(&d, 1000, "app-firefox-1.scope");
	make_plan(&d);
	assert_true(is_refused(&d, VH_REFUSED_HOLDER, "firefox"));
	expect_no_end(&d);
	desk_done(&d);

	desk_init(&d, GPU);
	(void)session(&d, "2", 1000, "x11", "login");
	(void)vh_copy(holder(&d, "blender", "/dev/dri/renderD129")->session, VH_NAME_MAX, "2");
	make_plan(&d);
	assert_true(is_refused(&d, VH_REFUSED_HOLDER, "blender"));
	expect_no_end(&d);
	desk_done(&d);
}

/* The same with `holders = terminate`: its unit goes, what would start it again before it. */
static void terminate_stops_sockets_before_their_service(void **state)
{
	static char sockets[] = "pipewire.socket";
	struct vh_holder *h;
	struct vh_unit *u;
	struct desk d;

	(void)state;
	desk_init(&d, GPU "[host]\nholders = terminate\n");
	(void)session(&d, "2", 1000, "wayland", "gdm-password");
	h = holder(&d, "pipewire", "/dev/snd/controlC1");
	(void)vh_copy(h->unit, sizeof(h->unit), "user@1000.service");
	(void)vh_copy(h->user_unit, sizeof(h->user_unit), "pipewire.service");
	h->uid = 1000;
	u = user_unit(&d, 1000, "pipewire.service");
	u->triggered_by = sockets;
	(void)user_unit(&d, 1000, "pipewire.socket");
	make_plan(&d);
	assert_int_equal(d.plan.refusal_count, 0);
	assert_int_equal(at(&d, VH_STEP_USER_UNIT, "1000/pipewire.socket"), 0);
	assert_int_equal(at(&d, VH_STEP_USER_UNIT, "1000/pipewire.service"), 1);
	assert_string_equal(d.plan.steps.steps[1].extra, "");
	assert_int_equal(at(&d, VH_STEP_SESSION, "2"), -1);
	desk_done(&d);
}

/* mateussouzaweb#3, gswitch#9: startx from a terminal, and no display manager at all. */
static void startx_without_display_manager(void **state)
{
	struct desk d;

	(void)state;
	desk_init(&d, GPU);
	(void)session(&d, "1", 1000, "x11", "login");
	(void)vh_copy(holder(&d, "Xorg", "/dev/dri/card0")->session, VH_NAME_MAX, "1");
	make_plan(&d);
	assert_int_equal(d.plan.refusal_count, 0);
	assert_int_equal(at(&d, VH_STEP_SESSION, "1"), 0);
	desk_done(&d);
}

/* The same as it is seen: logind goes on to call it "tty", and an automatic login would come again. */
static void startx_in_a_text_login(void **state)
{
	struct vh_session *s;
	struct desk d;

	(void)state;
	desk_init(&d, GPU);
	s = session(&d, "1", 1000, "tty", "login");
	(void)vh_copy(s->seat, sizeof(s->seat), "seat0");
	s->vt = 2;
	(void)session(&d, "2", 1000, "tty", "login");
	(void)vh_copy(holder(&d, "Xorg", "/dev/dri/card0")->session, VH_NAME_MAX, "1");
	(void)unit(&d, "getty@tty2.service", "getty@tty2.service");
	make_plan(&d);
	assert_int_equal(d.plan.refusal_count, 0);
	assert_int_equal(at(&d, VH_STEP_SERVICE, "getty@tty2.service"), 0);
	assert_int_equal(at(&d, VH_STEP_SESSION, "1"), 1);
	assert_int_equal(at(&d, VH_STEP_SESSION, "2"), -1);
	desk_done(&d);

	desk_init(&d, GPU);
	s = session(&d, "1", 1000, "tty", "login");
	(void)vh_copy(s->seat, sizeof(s->seat), "seat0");
	(void)vh_copy(holder(&d, "blender", "/dev/dri/renderD128")->session, VH_NAME_MAX, "1");
	make_plan(&d);
	assert_true(is_refused(&d, VH_REFUSED_HOLDER, "blender"));
	expect_no_end(&d);
	desk_done(&d);
}

/* startx beside a display manager that does not have the card open: that one stays. */
static void startx_leaves_the_display_manager_alone(void **state)
{
	struct desk d;

	(void)state;
	desk_init(&d, GPU);
	display_manager(&d, "lightdm.service");
	(void)session(&d, "1", 1000, "x11", "login");
	(void)vh_copy(holder(&d, "Xorg", "/dev/dri/card0")->session, VH_NAME_MAX, "1");
	make_plan(&d);
	assert_int_equal(at(&d, VH_STEP_SERVICE, "lightdm.service"), -1);
	assert_int_equal(at(&d, VH_STEP_SESSION, "1"), 0);
	desk_done(&d);
}

/* systemd#8393: logind alone has it open, and no session ends: it is named. */
static void logind_alone_refuses(void **state)
{
	struct desk d;

	(void)state;
	desk_init(&d, GPU "[host]\nholders = kill\n");
	(void)vh_copy(holder(&d, "systemd-logind", "/dev/dri/card0")->unit, VH_UNIT_MAX,
		      "systemd-logind.service");
	make_plan(&d);
	assert_true(is_refused(&d, VH_REFUSED_HOLDER, "systemd-logind"));
	expect_no_end(&d);
	desk_done(&d);
}

/* As seen with each compositor that logind gives the card to: systemd holds it, too, for logind. */
static void first_process_goes_as_logind_does(void **state)
{
	struct desk d;

	(void)state;
	desk_init(&d, GPU);
	x_desktop(&d);
	holder(&d, "systemd", "/dev/dri/card0")->process.pid = 1;
	make_plan(&d);
	assert_int_equal(d.plan.refusal_count, 0);
	desk_done(&d);
	desk_init(&d, GPU "[host]\nholders = kill\n");
	holder(&d, "systemd", "/dev/dri/card0")->process.pid = 1;
	make_plan(&d);
	assert_true(is_refused(&d, VH_REFUSED_HOLDER, "systemd (pid 1"));
	expect_no_end(&d);
	desk_done(&d);
}

/* bryansteiner#3, and one promise: with one holder that stays, nobody is ended. */
static void stranger_beside_the_desktop_refuses_by_name(void **state)
{
	struct desk d;

	(void)state;
	desk_init(&d, GPU);
	x_desktop(&d);
	(void)vh_copy(holder(&d, "ollama", "/dev/dri/renderD128")->unit, VH_UNIT_MAX,
		      "ollama.service");
	make_plan(&d);
	assert_true(is_refused(&d, VH_REFUSED_HOLDER, "ollama"));
	assert_false(is_refused(&d, VH_REFUSED_HOLDER, "Xorg"));
	desk_done(&d);
}

/* Bensikrac#7: a program of a login, such as a tool for lights, goes by signal; a service by its unit. */
static void terminate_takes_the_smallest_thing(void **state)
{
	struct vh_holder *h;
	struct desk d;
	int step;

	(void)state;
	desk_init(&d, GPU "[host]\nholders = kill\n");
	(void)session(&d, "7", 1001, "tty", "sshd");
	h = holder(&d, "openrgb", "/dev/i2c-3");
	(void)vh_copy(h->unit, sizeof(h->unit), "session-7.scope");
	(void)vh_copy(h->session, sizeof(h->session), "7");
	h->uid = 1001;
	(void)vh_copy(holder(&d, "ollama", "/dev/dri/renderD128")->unit, VH_UNIT_MAX,
		      "ollama.service");
	(void)unit(&d, "ollama.service", "ollama.service");
	make_plan(&d);
	assert_int_equal(d.plan.refusal_count, 0);
	assert_int_equal(at(&d, VH_STEP_SESSION, "7"), -1);
	assert_int_equal(at(&d, VH_STEP_SERVICE, "ollama.service"), 0);
	step = at(&d, VH_STEP_PROCESS, "proc/801");
	assert_int_equal(step, 1);
	assert_string_equal(d.plan.steps.steps[step].extra, "4711 kill");
	desk_done(&d);
}

/* What is not ours to end, whatever the profile says: daemons that wait for us, and other VMs. */
static void terminate_spares_daemons_and_vms(void **state)
{
	struct desk d;

	(void)state;
	desk_init(&d, GPU "[host]\nholders = kill\n");
	(void)vh_copy(holder(&d, "libvirtd", "/dev/dri/renderD128")->unit, VH_UNIT_MAX,
		      "libvirtd.service");
	(void)unit(&d, "libvirtd.service", "libvirtd.service");
	(void)vh_copy(holder(&d, "qemu-system-x86", "/dev/dri/renderD128")->unit, VH_UNIT_MAX,
		      "machine-qemu\\x2d1\\x2dother.scope");
	(void)holder(&d, "kvm", "/dev/snd/controlC0");
	make_plan(&d);
	assert_true(is_refused(&d, VH_REFUSED_HOLDER, "libvirtd"));
	assert_true(is_refused(&d, VH_REFUSED_HOLDER, "qemu-system-x86"));
	assert_true(is_refused(&d, VH_REFUSED_HOLDER, "kvm (pid"));
	expect_no_end(&d);
	desk_done(&d);
}

/* joeknock90#56: by hand from the terminal that it would end, the hand-over would end itself. */
static void session_we_run_in_refuses(void **state)
{
	struct desk d;

	(void)state;
	desk_init(&d, GPU);
	x_desktop(&d);
	d.sessions[0].is_ours = true;
	make_plan(&d);
	assert_true(is_refused(&d, VH_REFUSED_DESKTOP, "we run in it ourselves"));
	assert_non_null(strstr(d.plan.refusals[0].hint, "systemd-run vfio-handoff detach"));
	desk_done(&d);
}

static void unit_of_the_user_we_run_in_refuses(void **state)
{
	struct desk d;

	(void)state;
	desk_init(&d, GPU);
	x_desktop(&d);
	(void)vh_copy(d.host.own_user_unit, sizeof(d.host.own_user_unit), "app-terminal.scope");
	make_plan(&d);
	assert_true(is_refused(&d, VH_REFUSED_DESKTOP, "we run in it ourselves"));
	desk_done(&d);
}

/* `display-manager = none`: they are holders like any other. */
static void none_never_touches_the_desktop(void **state)
{
	struct desk d;

	(void)state;
	desk_init(&d, GPU "[host]\ndisplay-manager = none\n");
	x_desktop(&d);
	make_plan(&d);
	assert_true(is_refused(&d, VH_REFUSED_HOLDER, "Xorg"));
	assert_true(is_refused(&d, VH_REFUSED_HOLDER, "systemd-logind"));
	expect_no_end(&d);
	desk_done(&d);
}

static void display_manager_that_is_not_there_refuses_with_its_line(void **state)
{
	struct vh_unit *u;
	struct desk d;

	(void)state;
	desk_init(&d, GPU "[host]\ndisplay-manager = gdn\n");
	u = unit(&d, "gdn.service", "gdn.service");
	(void)vh_copy(u->load, sizeof(u->load), "not-found");
	(void)vh_copy(u->active, sizeof(u->active), "inactive");
	make_plan(&d);
	assert_true(is_refused(&d, VH_REFUSED_DESKTOP,
			       "win11.ini:4: there is no display manager 'gdn.service'"));
	desk_done(&d);
}

/* Whose a holder is cannot be said without logind's word: nothing is guessed. */
static void logins_that_cannot_be_asked_refuse(void **state)
{
	struct vh_holder *h;
	struct desk d;

	(void)state;
	desk_init(&d, GPU);
	h = holder(&d, "Xorg", "/dev/dri/card0");
	(void)vh_copy(h->session, sizeof(h->session), "2");
	(void)vh_copy(d.host.logins_unknown, sizeof(d.host.logins_unknown),
		      "loginctl did not answer within 30 s");
	make_plan(&d);
	assert_true(is_refused(&d, VH_REFUSED_DESKTOP, "loginctl did not answer"));
	desk_done(&d);
}

/* joeknock90#25, BigAnteater#35: persistenced alone holds the card, and comes back with it. */
static void nvidia_services_go_by_themselves(void **state)
{
	struct desk d;

	(void)state;
	desk_init(&d, GPU "[host]\nmodules = keep\n");
	(void)vh_copy(d.functions[0].driver, sizeof(d.functions[0].driver), "nvidia");
	(void)unit(&d, "nvidia-persistenced.service", "nvidia-persistenced.service");
	(void)vh_copy(holder(&d, "nvidia-persiste", "/dev/nvidia0")->unit, VH_UNIT_MAX,
		      "nvidia-persistenced.service");
	make_plan(&d);
	assert_int_equal(d.plan.refusal_count, 0);
	assert_int_equal(at(&d, VH_STEP_SERVICE, "nvidia-persistenced.service"), 0);
	vh_plan_done(&d.plan);
	d.units[0].unknown = ETIMEDOUT;
	make_plan(&d);
	assert_true(is_refused(&d, VH_REFUSED_HOLDER, "nvidia-persiste"));
	desk_done(&d);
}

/* ilayna: the display manager started before the consoles were bound. It is started last of all. */
static void display_manager_starts_after_everything_else(void **state)
{
	struct vh_step_list back = {0};
	const struct vh_step *last;
	struct desk d;

	(void)state;
	desk_init(&d, GPU "[host]\nservices = ollama\n");
	x_desktop(&d);
	(void)unit(&d, "ollama.service", "ollama.service");
	make_plan(&d);
	assert_int_equal(d.plan.refusal_count, 0);
	assert_int_equal(vh_plan_reverse(&d.plan.steps, &back), 0);
	last = &back.steps[back.count - 1];
	assert_int_equal(last->kind, VH_STEP_SERVICE);
	assert_string_equal(last->path, "lightdm.service");
	assert_string_equal(back.steps[back.count - 2].path, "ollama.service");
	vh_step_list_done(&back);
	desk_done(&d);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(desktop_on_the_card_ends_display_manager_first),
		cmocka_unit_test(card_that_nobody_uses_costs_no_session),
		cmocka_unit_test(sessions_that_do_not_have_it_open_stay),
		cmocka_unit_test(compositor_as_user_unit_is_stopped_and_not_started_again),
		cmocka_unit_test(sound_alone_ends_no_session_but_refuses),
		cmocka_unit_test(render_node_alone_ends_no_session),
		cmocka_unit_test(terminate_stops_sockets_before_their_service),
		cmocka_unit_test(startx_without_display_manager),
		cmocka_unit_test(startx_in_a_text_login),
		cmocka_unit_test(startx_leaves_the_display_manager_alone),
		cmocka_unit_test(logind_alone_refuses),
		cmocka_unit_test(first_process_goes_as_logind_does),
		cmocka_unit_test(stranger_beside_the_desktop_refuses_by_name),
		cmocka_unit_test(terminate_takes_the_smallest_thing),
		cmocka_unit_test(terminate_spares_daemons_and_vms),
		cmocka_unit_test(session_we_run_in_refuses),
		cmocka_unit_test(unit_of_the_user_we_run_in_refuses),
		cmocka_unit_test(none_never_touches_the_desktop),
		cmocka_unit_test(display_manager_that_is_not_there_refuses_with_its_line),
		cmocka_unit_test(logins_that_cannot_be_asked_refuse),
		cmocka_unit_test(nvidia_services_go_by_themselves),
		cmocka_unit_test(display_manager_starts_after_everything_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
