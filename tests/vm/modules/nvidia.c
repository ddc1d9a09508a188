// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nvidia: stands in for NVIDIA's driver, on QEMU's VGA card.
 *
 * As the real one: a device has a count of its users, which open nodes and the other modules
 * raise, and remove() waits for as long as it is not 0, whatever signal the writer of unbind gets;
 * loading fails if no device was bound; some parameters can be read back in sysfs, others not.
 */
#include "nvidia.h"

#include <linux/cdev.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

/* the registers of Bochs' display interface in BAR 2 */
#define NV_REGS_BAR 2
#define NV_REG_ID   0x500

static unsigned int preserve;
module_param_named(NVreg_PreserveVideoMemoryAllocations, preserve, uint, 0444);
static unsigned int debug_level;
module_param_named(NVreg_ResmanDebugLevel, debug_level, uint, 0644);
/* most of the real module's parameters are not in sysfs */
static unsigned int firmware = 1;
module_param_named(NVreg_EnableGpuFirmware, firmware, uint, 0);

/* faults */
static unsigned int leak;
module_param(leak, uint, 0644);
MODULE_PARM_DESC(leak, "uses of each device that nobody has and nobody gives back (595.x)");
static unsigned int fail_probe;
module_param(fail_probe, uint, 0644);
MODULE_PARM_DESC(fail_probe, "how many of the next probes fail");

static struct nv_gpu gpus[NV_GPUS];
static LIST_HEAD(clients);
/* holds all of the above */
static DEFINE_MUTEX(lock);
static unsigned int probed;
static struct class nv_class = {.name = "nvidia"};
static struct proc_dir_entry *proc_folder, *proc_gpus;

void nvidia_register_client(struct nv_client *client)
{
	int i;

	mutex_lock(&lock);
	list_add_tail(&client->list, &clients);
	for (i = 0; i < NV_GPUS; i++)
		if (gpus[i].pdev)
			client->probe(&gpus[i]);
	mutex_unlock(&lock);
}
EXPORT_SYMBOL(nvidia_register_client);

void nvidia_unregister_client(struct nv_client *client)
{
	int i;

	mutex_lock(&lock);
	for (i = 0; i < NV_GPUS; i++)
		if (gpus[i].pdev)
			client->remove(&gpus[i]);
	list_del(&client->list);
	mutex_unlock(&lock);
}
EXPORT_SYMBOL(nvidia_unregister_client);

void nvidia_get_gpu(struct nv_gpu *gpu)
{
	lockdep_assert_held(&lock);
	gpu->usage++;
}
EXPORT_SYMBOL(nvidia_get_gpu);

void nvidia_put_gpu(struct nv_gpu *gpu)
{
	lockdep_assert_held(&lock);
	gpu->usage--;
}
EXPORT_SYMBOL(nvidia_put_gpu);

struct device *nvidia_create_node(dev_t number, const char *name)
{
	return device_create(&nv_class, NULL, number, NULL, "%s", name);
}
EXPORT_SYMBOL(nvidia_create_node);

void nvidia_remove_node(dev_t number)
{
	device_destroy(&nv_class, number);
}
EXPORT_SYMBOL(nvidia_remove_node);

/* nvidiactl is there for all devices, and counts for none */
static int nvidia_open(struct inode *inode, struct file *file)
{
	struct nv_gpu *gpu;
	int err = 0;

	if (iminor(inode) == NV_MINOR_CTL)
		return 0;
	mutex_lock(&lock);
	gpu = iminor(inode) < NV_GPUS ? &gpus[iminor(inode)] : NULL;
	if (gpu && gpu->pdev)
		gpu->usage++;
	else
		err = -ENODEV;
	mutex_unlock(&lock);
	file->private_data = gpu;
	return err;
}

static int nvidia_release(struct inode *inode, struct file *file)
{
	struct nv_gpu *gpu = file->private_data;

	if (!gpu)
		return 0;
	mutex_lock(&lock);
	gpu->usage--;
	mutex_unlock(&lock);
	return 0;
}

static const struct file_operations nvidia_fops = {
	.owner = THIS_MODULE,
	.open = nvidia_open,
	.release = nvidia_release,
};

static int information_show(struct seq_file *seq, void *unused)
{
	struct nv_gpu *gpu = seq->private;

	seq_puts(seq, "Model: \t\t NVIDIA stand-in\n");
	seq_printf(seq, "Bus Location: \t %s\n", pci_name(gpu->pdev));
	seq_printf(seq, "Device Minor: \t %d\n", (int)(gpu - gpus));
	return 0;
}

static int params_show(struct seq_file *seq, void *unused)
{
	seq_printf(seq, "ResmanDebugLevel: %u\n", debug_level);
	seq_printf(seq, "EnableGpuFirmware: %u\n", firmware);
	seq_printf(seq, "PreserveVideoMemoryAllocations: %u\n", preserve);
	return 0;
}

static void publish(struct nv_gpu *gpu)
{
	const int minor = gpu - gpus;
	struct proc_dir_entry *folder = proc_mkdir(pci_name(gpu->pdev), proc_gpus);
	struct nv_client *client;
	char name[16];

	proc_create_single_data("information", 0444, folder, information_show, gpu);
	snprintf(name, sizeof(name), "nvidia%d", minor);
	nvidia_create_node(MKDEV(NV_MAJOR, minor), name);
	list_for_each_entry(client, &clients, list)
	{
		client->probe(gpu);
	}
}

static int nvidia_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct nv_gpu *gpu = gpus;
	int err;

	if (fail_probe > 0) {
		fail_probe--;
		dev_err(&pdev->dev, "NVRM: told to fail\n");
		return -EIO;
	}
	err = pci_enable_device(pdev);
	if (err)
		return err;
	/* the registers alone, as the real one: BAR 0 may be the firmware's frame buffer */
	err = pci_request_region(pdev, NV_REGS_BAR, "nvidia");
	if (err)
		goto disable;
	mutex_lock(&lock);
	while (gpu < gpus + NV_GPUS && gpu->pdev)
		gpu++;
	err = -ENOMEM;
	if (gpu < gpus + NV_GPUS)
		gpu->regs = pci_iomap(pdev, NV_REGS_BAR, 0);
	if (gpu == gpus + NV_GPUS || !gpu->regs)
		goto unlock;
	err = -EIO;
	if (readw(gpu->regs + NV_REG_ID) == 0xffff) {
		dev_err(&pdev->dev, "NVRM: The GPU has fallen off the bus.\n");
		pci_iounmap(pdev, gpu->regs);
		goto unlock;
	}
	gpu->pdev = pdev;
	pci_set_drvdata(pdev, gpu);
	publish(gpu);
	probed++;
	mutex_unlock(&lock);
	return 0;
unlock:
	mutex_unlock(&lock);
	pci_release_region(pdev, NV_REGS_BAR);
disable:
	pci_disable_device(pdev);
	return err;
}

/* As nv_pci_remove_helper(): there is no way out but that the last user goes. */
static void wait_until_unused(struct nv_gpu *gpu)
{
	if (gpu->usage + leak == 0)
		return;
	pr_err("NVRM: Attempting to remove device %s with non-zero usage count!\n",
	       pci_name(gpu->pdev));
	while (gpu->usage + leak != 0) {
		mutex_unlock(&lock);
		msleep(100);
		mutex_lock(&lock);
	}
	pr_err("NVRM: Continuing with GPU removal for device %s\n", pci_name(gpu->pdev));
}

static void nvidia_remove(struct pci_dev *pdev)
{
	struct nv_gpu *gpu = pci_get_drvdata(pdev);
	struct nv_client *client;

	mutex_lock(&lock);
	wait_until_unused(gpu);
	list_for_each_entry(client, &clients, list)
	{
		client->remove(gpu);
	}
	nvidia_remove_node(MKDEV(NV_MAJOR, gpu - gpus));
	remove_proc_subtree(pci_name(pdev), proc_gpus);
	pci_iounmap(pdev, gpu->regs);
	memset(gpu, 0, sizeof(*gpu));
	mutex_unlock(&lock);
	pci_release_region(pdev, NV_REGS_BAR);
	pci_disable_device(pdev);
}

static const struct pci_device_id nvidia_ids[] = {{PCI_DEVICE(0x1234, 0x1111)}, {}};
MODULE_DEVICE_TABLE(pci, nvidia_ids);

static struct pci_driver nvidia_driver = {
	.name = "nvidia",
	.id_table = nvidia_ids,
	.probe = nvidia_probe,
	.remove = nvidia_remove,
};

static void remove_all(void)
{
	nvidia_remove_node(MKDEV(NV_MAJOR, NV_MINOR_CTL));
	proc_remove(proc_folder);
	class_unregister(&nv_class);
	__unregister_chrdev(NV_MAJOR, NV_MINOR_CTL, 1, "nvidiactl");
	__unregister_chrdev(NV_MAJOR, 0, NV_GPUS, "nvidia");
}

static int __init nvidia_init(void)
{
	int err = __register_chrdev(NV_MAJOR, 0, NV_GPUS, "nvidia", &nvidia_fops);

	if (err)
		return err;
	err = __register_chrdev(NV_MAJOR, NV_MINOR_CTL, 1, "nvidiactl", &nvidia_fops);
	if (err)
		goto unregister_gpus;
	err = class_register(&nv_class);
	if (err)
		goto unregister_ctl;
	proc_folder = proc_mkdir("driver/nvidia", NULL);
	proc_gpus = proc_mkdir("gpus", proc_folder);
	proc_create_single("params", 0444, proc_folder, params_show);
	nvidia_create_node(MKDEV(NV_MAJOR, NV_MINOR_CTL), "nvidiactl");
	err = pci_register_driver(&nvidia_driver);
	if (err)
		goto remove_all;
	/* as the real one: with driver_override on another driver it cannot be loaded */
	if (probed == 0) {
		pr_err("NVRM: No NVIDIA devices probed.\n");
		pci_unregister_driver(&nvidia_driver);
		err = -ENODEV;
		goto remove_all;
	}
	return 0;
remove_all:
	remove_all();
	return err;
unregister_ctl:
	__unregister_chrdev(NV_MAJOR, NV_MINOR_CTL, 1, "nvidiactl");
unregister_gpus:
	__unregister_chrdev(NV_MAJOR, 0, NV_GPUS, "nvidia");
	return err;
}

static void __exit nvidia_exit(void)
{
	pci_unregister_driver(&nvidia_driver);
	remove_all();
}

module_init(nvidia_init);
module_exit(nvidia_exit);
MODULE_DESCRIPTION("stand-in for NVIDIA's driver, for tests");
MODULE_LICENSE("GPL");
