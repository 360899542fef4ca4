# SPDX-License-Identifier: GPL-2.0-only
#
# awk -v kind=KIND -f candidates.awk FILE.c...: the places where a mutant of that kind can be made, a line
# "FILE<tab>LINE<tab>FUNCTION" each; mutant.awk makes it.
#
#   unlock	an unlock in a block that returns right after it, in a function that unlocks elsewhere too
#   swap	two locks that are taken one after the other
#   guard	a lock that is held to the end of its scope
#   branch	a lock that is the first thing in a block under a condition
#   put	a put, as a statement, in a function that looks something up or takes a reference
#   get	a get, as a statement, in a function that also puts

function flush(   i) {
	for (i = 1; i <= n; i++)
		if ((kind != "unlock" || unlocks > 1) && (kind != "put" || gets) && (kind != "get" || puts))
			print FILENAME "\t" place[i] "\t" name
	n = unlocks = pending = gets = puts = 0
	last = ""
}

# 1: the line takes a lock, and does no more
function takes() {
	return /^\t+(mutex_lock|(raw_)?spin_lock(_bh|_irq|_irqsave)?|read_lock|write_lock|down_read|down_write)\(.*\);$/
}

# 1: the line gives a counted reference back, and does no more
function gives() {
	return /^\t+(put_device|platform_device_put|of_node_put|fwnode_handle_put|pci_dev_put|iommu_group_put|module_put|kobject_put|usb_put_dev|usb_put_intf|acpi_dev_put|i2c_put_adapter|scsi_device_put|scsi_host_put)\(.*\);$/
}

# 1: the line looks something up that comes with a reference, or takes one
function looks_up() {
	return /[^a-z_](of_(find|get|parse|graph_get)_[a-z_]+|(for_each|device_for_each|fwnode_for_each)_[a-z_]*(node|pci_dev|child)[a-z_]*|(bus|class|driver|auxiliary)_find_[a-z_]*device[a-z_]*|device_find_[a-z_]*child[a-z_]*|get_dev_from_fwnode|fwnode_(get|find|graph_get)_[a-z_]+|pci_get_(device|class|subsys|slot|domain_bus_and_slot)|pci_dev_get|get_device|of_node_get|iommu_group_get|try_module_get|kobject_get|usb_get_(dev|intf)|acpi_dev_get_[a-z_]+|i2c_get_adapter)\(/
}

FNR == 1 { inside = n = 0 }

/^[a-z_].*\(/ && !/;$/ {
	found = $0
	sub(/\(.*/, "", found)
	sub(/.*[ *]/, "", found)
}

/^\}/ { if (inside) flush(); inside = 0 }
/^\{/ { inside = 1; name = found; n = 0; flush() }
!inside { next }

kind == "unlock" && pending && /^\t\t+return/ { place[++n] = pending; pending = 0 }
kind == "unlock" && pending && (/\}/ || FNR > pending + 3) { pending = 0 }
kind == "unlock" && /^\t+(mutex_unlock|(raw_)?spin_unlock(_bh|_irq|_irqrestore)?|read_unlock|write_unlock|up_read|up_write)\(.*\);$/ {
	unlocks++
	pending = /^\t\t/ ? FNR : 0
}
{ gets += looks_up(); puts += gives() }
kind == "put" && gives() { place[++n] = FNR }
kind == "get" && /^\t+(get_device|of_node_get|fwnode_handle_get|pci_dev_get|kobject_get|__module_get|iommu_group_ref_get)\(.*\);$/ { place[++n] = FNR }
kind == "guard" && /^\t+guard\(.*\);$/ { place[++n] = FNR }
kind == "swap" && takes() && last_takes && $0 != last { place[++n] = FNR - 1 }
kind == "branch" && takes() && last ~ /^\t+if \(.*\{$/ { place[++n] = FNR }
{ last_takes = takes(); last = $0 }
