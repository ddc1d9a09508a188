/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the stand-ins for NVIDIA's modules have in common: nvidia exports the nvidia_ functions,
 * nvidia_modeset the nvkms_ ones. nvidia_drm uses only the latter, as the real one does.
 */
#ifndef VM_NVIDIA_H
#define VM_NVIDIA_H

#include <linux/list.h>
#include <linux/pci.h>

#define NV_MAJOR         195
#define NV_MINOR_MODESET 254
#define NV_MINOR_CTL     255
#define NV_GPUS          8

struct nv_gpu {
	struct pci_dev *pdev;
	void __iomem *regs;
	/* open nodes and the other modules: while it is not 0 the device cannot be removed */
	unsigned int usage;
	/* of nvidia_drm */
	void *drm;
};

/* A module that wants to be told of each GPU that is there, comes or goes. */
struct nv_client {
	struct list_head list;
	void (*probe)(struct nv_gpu *gpu);
	void (*remove)(struct nv_gpu *gpu);
};

void nvidia_register_client(struct nv_client *client);
void nvidia_unregister_client(struct nv_client *client);
/* only from a client's functions */
void nvidia_get_gpu(struct nv_gpu *gpu);
void nvidia_put_gpu(struct nv_gpu *gpu);
struct device *nvidia_create_node(dev_t number, const char *name);
void nvidia_remove_node(dev_t number);

void nvkms_register_client(struct nv_client *client);
void nvkms_unregister_client(struct nv_client *client);
void nvkms_get_gpu(struct nv_gpu *gpu);
void nvkms_put_gpu(struct nv_gpu *gpu);

#endif
