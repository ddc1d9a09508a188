// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nvidia_modeset: stands in for NVIDIA's: between nvidia_drm and nvidia, so that they can only be
 * unloaded in their order, and with a node of its own that counts for no device.
 */
#include <linux/fs.h>
#include <linux/module.h>

#include "nvidia.h"

void nvkms_register_client(struct nv_client *client)
{
	nvidia_register_client(client);
}
EXPORT_SYMBOL(nvkms_register_client);

void nvkms_unregister_client(struct nv_client *client)
{
	nvidia_unregister_client(client);
}
EXPORT_SYMBOL(nvkms_unregister_client);

void nvkms_get_gpu(struct nv_gpu *gpu)
{
	nvidia_get_gpu(gpu);
}
EXPORT_SYMBOL(nvkms_get_gpu);

void nvkms_put_gpu(struct nv_gpu *gpu)
{
	nvidia_put_gpu(gpu);
}
EXPORT_SYMBOL(nvkms_put_gpu);

static const struct file_operations modeset_fops = {.owner = THIS_MODULE};

static int __init modeset_init(void)
{
	int err = __register_chrdev(NV_MAJOR, NV_MINOR_MODESET, 1, "nvidia-modeset", &modeset_fops);

	if (err)
		return err;
	nvidia_create_node(MKDEV(NV_MAJOR, NV_MINOR_MODESET), "nvidia-modeset");
	return 0;
}

static void __exit modeset_exit(void)
{
	nvidia_remove_node(MKDEV(NV_MAJOR, NV_MINOR_MODESET));
	__unregister_chrdev(NV_MAJOR, NV_MINOR_MODESET, 1, "nvidia-modeset");
}

module_init(modeset_init);
module_exit(modeset_exit);
MODULE_DESCRIPTION("stand-in for nvidia-modeset, for tests");
MODULE_LICENSE("GPL");
