// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * gpu_i2c: gives a card the i2c bus that QEMU's lacks, as a graphics driver does for its connectors:
 * it comes and goes with the driver of the card. As with the real ones the driver's remove() waits
 * for as long as somebody has the bus open.
 */
#include <linux/device.h>
#include <linux/i2c.h>
#include <linux/module.h>
#include <linux/pci.h>

static char *device = "0000:01:00.0";
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "the card");

static u32 functionality(struct i2c_adapter *adapter)
{
	return I2C_FUNC_I2C;
}

static int transfer(struct i2c_adapter *adapter, struct i2c_msg *messages, int count)
{
	return -ENXIO;
}

static const struct i2c_algorithm algorithm = {
	.master_xfer = transfer,
	.functionality = functionality,
};
static struct i2c_adapter bus;
static bool added;

static void add(struct device *card)
{
	bus = (struct i2c_adapter){
		.owner = THIS_MODULE,
		.algo = &algorithm,
		.dev.parent = card,
		.name = "connector",
	};
	added = i2c_add_adapter(&bus) == 0;
}

static void del(void)
{
	if (added)
		i2c_del_adapter(&bus);
	added = false;
}

static int on_change(struct notifier_block *block, unsigned long action, void *data)
{
	struct device *dev = data;

	if (strcmp(dev_name(dev), device) != 0)
		return NOTIFY_DONE;
	if (action == BUS_NOTIFY_BOUND_DRIVER && strcmp(dev->driver->name, "vfio-pci") != 0)
		add(dev);
	else if (action == BUS_NOTIFY_UNBIND_DRIVER)
		del();
	return NOTIFY_OK;
}

static struct notifier_block changes = {.notifier_call = on_change};

static int __init start(void)
{
	struct device *card = bus_find_device_by_name(&pci_bus_type, NULL, device);
	int error;

	if (!card)
		return -ENODEV;
	error = bus_register_notifier(&pci_bus_type, &changes);
	if (error == 0) {
		device_lock(card);
		if (card->driver)
			add(card);
		device_unlock(card);
	}
	put_device(card);
	return error;
}

static void __exit end(void)
{
	bus_unregister_notifier(&pci_bus_type, &changes);
	del();
}

module_init(start);
module_exit(end);
MODULE_DESCRIPTION("an i2c bus on a card, for tests");
MODULE_LICENSE("GPL");
