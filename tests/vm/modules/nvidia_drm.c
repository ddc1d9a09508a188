// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nvidia_drm: stands in for NVIDIA's: a DRM device below the GPU's PCI function.
 *
 * As with the real one: with modeset=1 it is a user of the device, so that nvidia cannot be unbound
 * while it is loaded; with fbdev=1 the text console is on it, which keeps it from being unloaded
 * until the console is taken off.
 *
 * What both draw goes to the one frame buffer of QEMU's card, in a mode that never changes.
 */
#include <drm/drm_atomic_helper.h>
#include <drm/drm_connector.h>
#include <drm/drm_damage_helper.h>
#include <drm/drm_drv.h>
#include <drm/drm_edid.h>
#include <drm/drm_format_helper.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem_atomic_helper.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_managed.h>
#include <drm/drm_modeset_helper_vtables.h>
#include <drm/drm_probe_helper.h>
#include <drm/drm_simple_kms_helper.h>
#include <linux/aperture.h>
#include <linux/fb.h>
#include <linux/module.h>

#include "nvidia.h"

#define WIDTH  1024
#define HEIGHT 768
#define PITCH  (WIDTH * 4)

static bool modeset = true;
module_param(modeset, bool, 0400);
static bool fbdev = true;
module_param(fbdev, bool, 0400);

struct nv_drm {
	struct nv_gpu *gpu;
	struct drm_simple_display_pipe pipe;
	struct drm_connector connector;
	struct fb_info *fb;
	void __iomem *screen;
	u32 palette[16];
};

/* Bochs' display interface, and the one register of VGA that blanks the screen. */
static void set_mode(void __iomem *regs)
{
	static const u16 values[][2] = {
		{4, 0},     {1, WIDTH},  {2, HEIGHT}, {3, 32}, {5, 0},
		{6, WIDTH}, {7, HEIGHT}, {8, 0},      {9, 0},  {4, 0x41},
	};
	int i;

	readb(regs + 0x400 + 0x1a);
	writeb(0x20, regs + 0x400);
	for (i = 0; i < ARRAY_SIZE(values); i++)
		writew(values[i][1], regs + 0x500 + values[i][0] * 2);
}

static void draw(struct nv_drm *nv, struct drm_plane_state *state, struct drm_rect *area)
{
	struct drm_shadow_plane_state *shadow = to_drm_shadow_plane_state(state);
	struct iosys_map to = IOSYS_MAP_INIT_VADDR_IOMEM(nv->screen);
	const unsigned int pitch = PITCH;
	int index;

	if (!drm_dev_enter(state->fb->dev, &index))
		return;
	iosys_map_incr(&to, drm_fb_clip_offset(PITCH, state->fb->format, area));
	drm_fb_memcpy(&to, &pitch, shadow->data, state->fb, area);
	drm_dev_exit(index);
}

static void pipe_enable(struct drm_simple_display_pipe *pipe, struct drm_crtc_state *crtc,
			struct drm_plane_state *state)
{
	struct nv_drm *nv = pipe->crtc.dev->dev_private;
	struct drm_rect all = DRM_RECT_INIT(0, 0, state->fb->width, state->fb->height);

	draw(nv, state, &all);
}

static void pipe_update(struct drm_simple_display_pipe *pipe, struct drm_plane_state *old)
{
	struct drm_rect area;

	if (pipe->plane.state->fb && drm_atomic_helper_damage_merged(old, pipe->plane.state, &area))
		draw(pipe->crtc.dev->dev_private, pipe->plane.state, &area);
}

static enum drm_mode_status pipe_mode_valid(struct drm_simple_display_pipe *pipe,
					    const struct drm_display_mode *mode)
{
	return mode->hdisplay == WIDTH && mode->vdisplay == HEIGHT ? MODE_OK : MODE_BAD;
}

static const struct drm_simple_display_pipe_funcs pipe_funcs = {
	.mode_valid = pipe_mode_valid,
	.enable = pipe_enable,
	.update = pipe_update,
	DRM_GEM_SIMPLE_DISPLAY_PIPE_SHADOW_PLANE_FUNCS,
};

static int connector_modes(struct drm_connector *connector)
{
	const int count = drm_add_modes_noedid(connector, WIDTH, HEIGHT);

	drm_set_preferred_mode(connector, WIDTH, HEIGHT);
	return count;
}

static const struct drm_connector_helper_funcs connector_helper_funcs = {
	.get_modes = connector_modes,
};

static const struct drm_connector_funcs connector_funcs = {
	.fill_modes = drm_helper_probe_single_connector_modes,
	.destroy = drm_connector_cleanup,
	.reset = drm_atomic_helper_connector_reset,
	.atomic_duplicate_state = drm_atomic_helper_connector_duplicate_state,
	.atomic_destroy_state = drm_atomic_helper_connector_destroy_state,
};

static const struct drm_mode_config_funcs mode_config_funcs = {
	.fb_create = drm_gem_fb_create_with_dirty,
	.atomic_check = drm_atomic_helper_check,
	.atomic_commit = drm_atomic_helper_commit,
};

static int add_modesetting(struct drm_device *drm, struct nv_drm *nv)
{
	static const u32 formats[] = {DRM_FORMAT_XRGB8888};
	int err = drmm_mode_config_init(drm);

	if (err)
		return err;
	drm->mode_config.min_width = drm->mode_config.min_height = 1;
	drm->mode_config.max_width = WIDTH;
	drm->mode_config.max_height = HEIGHT;
	drm->mode_config.preferred_depth = 24;
	drm->mode_config.funcs = &mode_config_funcs;
	err = drm_connector_init(drm, &nv->connector, &connector_funcs, DRM_MODE_CONNECTOR_HDMIA);
	if (err)
		return err;
	nv->connector.status = connector_status_connected;
	drm_connector_helper_add(&nv->connector, &connector_helper_funcs);
	err = drm_simple_display_pipe_init(drm, &nv->pipe, &pipe_funcs, formats,
					   ARRAY_SIZE(formats), NULL, &nv->connector);
	if (err)
		return err;
	drm_plane_enable_fb_damage_clips(&nv->pipe.plane);
	drm_mode_config_reset(drm);
	return 0;
}

static int fb_setcolreg(unsigned int number, unsigned int red, unsigned int green,
			unsigned int blue, unsigned int transparent, struct fb_info *fb)
{
	u32 *palette = fb->pseudo_palette;

	if (number >= 16)
		return -EINVAL;
	palette[number] = (red >> 8) << 16 | (green >> 8) << 8 | blue >> 8;
	return 0;
}

/* Its owner is what the console holds: DRM's own emulation would not count for this module. */
static const struct fb_ops nv_fb_ops = {
	.owner = THIS_MODULE,
	.fb_setcolreg = fb_setcolreg,
	.fb_fillrect = cfb_fillrect,
	.fb_copyarea = cfb_copyarea,
	.fb_imageblit = cfb_imageblit,
};

static int add_framebuffer(struct nv_drm *nv)
{
	struct pci_dev *pdev = nv->gpu->pdev;
	struct fb_info *fb = framebuffer_alloc(0, &pdev->dev);
	int err;

	if (!fb)
		return -ENOMEM;
	strscpy(fb->fix.id, "nvidia-drmdrmfb", sizeof(fb->fix.id));
	fb->fix.type = FB_TYPE_PACKED_PIXELS;
	fb->fix.visual = FB_VISUAL_TRUECOLOR;
	fb->fix.accel = FB_ACCEL_NONE;
	fb->fix.line_length = PITCH;
	fb->fix.smem_start = pci_resource_start(pdev, 0);
	fb->fix.smem_len = PITCH * HEIGHT;
	fb->var.xres = fb->var.xres_virtual = WIDTH;
	fb->var.yres = fb->var.yres_virtual = HEIGHT;
	fb->var.bits_per_pixel = 32;
	fb->var.activate = FB_ACTIVATE_NOW;
	fb->var.red = (struct fb_bitfield){16, 8, 0};
	fb->var.green = (struct fb_bitfield){8, 8, 0};
	fb->var.blue = (struct fb_bitfield){0, 8, 0};
	fb->fbops = &nv_fb_ops;
	fb->screen_base = nv->screen;
	fb->screen_size = fb->fix.smem_len;
	fb->pseudo_palette = nv->palette;
	err = register_framebuffer(fb);
	if (err) {
		framebuffer_release(fb);
		return err;
	}
	nv->fb = fb;
	return 0;
}

DEFINE_DRM_GEM_FOPS(nv_drm_fops);

static const struct drm_driver nv_drm_driver = {
	.driver_features = DRIVER_GEM | DRIVER_RENDER | DRIVER_MODESET | DRIVER_ATOMIC,
	.name = "nvidia-drm",
	.desc = "stand-in for NVIDIA's DRM driver",
	.date = "20240101",
	.major = 1,
	.fops = &nv_drm_fops,
	DRM_GEM_SHMEM_DRIVER_OPS,
};

static int add_drm(struct drm_device *drm, struct nv_gpu *gpu)
{
	struct nv_drm *nv = drmm_kzalloc(drm, sizeof(*nv), GFP_KERNEL);
	int err;

	if (!nv)
		return -ENOMEM;
	drm->dev_private = nv;
	nv->gpu = gpu;
	if (!modeset) {
		drm->driver_features &= ~(DRIVER_MODESET | DRIVER_ATOMIC);
		return drm_dev_register(drm, 0);
	}
	err = aperture_remove_conflicting_pci_devices(gpu->pdev, nv_drm_driver.name);
	if (err)
		return err;
	nv->screen = pci_iomap_wc(gpu->pdev, 0, PITCH * HEIGHT);
	if (!nv->screen)
		return -ENOMEM;
	set_mode(gpu->regs);
	err = add_modesetting(drm, nv);
	if (!err)
		err = drm_dev_register(drm, 0);
	if (err) {
		pci_iounmap(gpu->pdev, nv->screen);
		return err;
	}
	nvkms_get_gpu(gpu);
	if (fbdev && add_framebuffer(nv))
		drm_err(drm, "no frame buffer\n");
	return 0;
}

static void nv_drm_probe(struct nv_gpu *gpu)
{
	struct drm_device *drm = drm_dev_alloc(&nv_drm_driver, &gpu->pdev->dev);
	int err;

	if (IS_ERR(drm))
		return;
	err = add_drm(drm, gpu);
	if (err) {
		drm_err(drm, "no DRM device: %d\n", err);
		drm_dev_put(drm);
		return;
	}
	gpu->drm = drm;
}

static void nv_drm_remove(struct nv_gpu *gpu)
{
	struct drm_device *drm = gpu->drm;
	struct nv_drm *nv;

	if (!drm)
		return;
	nv = drm->dev_private;
	gpu->drm = NULL;
	if (nv->fb) {
		unregister_framebuffer(nv->fb);
		framebuffer_release(nv->fb);
	}
	drm_dev_unplug(drm);
	if (nv->screen) {
		drm_atomic_helper_shutdown(drm);
		pci_iounmap(gpu->pdev, nv->screen);
		nvkms_put_gpu(gpu);
	}
	drm_dev_put(drm);
}

static struct nv_client client = {
	.probe = nv_drm_probe,
	.remove = nv_drm_remove,
};

static int __init nv_drm_init(void)
{
	nvkms_register_client(&client);
	return 0;
}

static void __exit nv_drm_exit(void)
{
	nvkms_unregister_client(&client);
}

module_init(nv_drm_init);
module_exit(nv_drm_exit);
MODULE_DESCRIPTION("stand-in for nvidia-drm, for tests");
MODULE_LICENSE("GPL");
