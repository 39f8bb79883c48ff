// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// A static probe in user space (USDT): a place that the program's author has marked, with arguments. SEC("usdt") names no
// binary, so that it is given when it is loaded, with the probe's provider and name:
//   corescope load build/examples/usdt.bpf.o --attach on_probe=/usr/bin/python3:python:gc__start@PID
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

SEC("usdt")
int BPF_USDT(on_probe, long first, long second)
{
	bpf_printk("probe: %ld %ld", first, second);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
