// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nvidia_uvm: stands in for NVIDIA's: needs nvidia, and cannot be unloaded while its node, of a
 * number that is not fixed, is open. Nothing loads or unloads it together with the others.
 */
#include <linux/fs.h>
#include <linux/module.h>

#include "nvidia.h"

static const struct file_operations uvm_fops = {.owner = THIS_MODULE};
static int major;

static int __init uvm_init(void)
{
	major = __register_chrdev(0, 0, 1, "nvidia-uvm", &uvm_fops);
	if (major < 0)
		return major;
	nvidia_create_node(MKDEV(major, 0), "nvidia-uvm");
	return 0;
}

static void __exit uvm_exit(void)
{
	nvidia_remove_node(MKDEV(major, 0));
	__unregister_chrdev(major, 0, 1, "nvidia-uvm");
}

module_init(uvm_init);
module_exit(uvm_exit);
MODULE_DESCRIPTION("stand-in for nvidia-uvm, for tests");
MODULE_LICENSE("GPL");
