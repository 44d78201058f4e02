// SPDX-License-Identifier: GPL-2.0-only
/*
 * eeh-rawvmm: the smallest VMM that can ask "is my PE frozen?".
 *
 * A raw KVM virtual machine in PAPR mode. Each vCPU runs a few instructions of
 * real-mode code (guest.S) that make one hypercall after the other. The
 * devices are opened as any VMM opens them: container, KVM VFIO device, group,
 * device. What leaves the kernel as KVM_EXIT_PAPR_HCALL is answered here, as
 * QEMU answers it: ibm,read-slot-reset-state2 by VFIO_EEH_PE_GET_STATE.
 *
 * It knows nothing about the fast path unless asked to attach it (--fastpath):
 * a query that makes no exit to user space was answered by somebody else.
 *
 * No floating point here: a vCPU thread can lose FP register f31 across KVM_RUN
 * on kernels of today, so nothing may live there. Figures are integers.
 */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rawvmm.h"

struct opt opt = {
	.nvcpu = 1, .count = 100, .reps = 11,
	.ask_token = DEFAULT_TOKEN, .vmm_token = DEFAULT_TOKEN,
	.nargs = 3, .nret = 4, .buid = DEFAULT_BUID, .addr = DEFAULT_ADDR, .label = "",
};

uint64_t timebase_hz;

void die(int code, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "eeh-rawvmm: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(code);
}

uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void sleep_ms(uint64_t ms)
{
	struct timespec t = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000,
	};

	while (nanosleep(&t, &t) && errno == EINTR && !stopping)
		;
}

static void kick(int sig)
{
	(void)sig;	/* only there to end KVM_RUN */
}

static void on_signal(int sig)
{
	(void)sig;
	stopping = 1;
}

static void read_timebase(void)
{
	char line[128];
	FILE *f = fopen("/proc/cpuinfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "timebase", 8) && strchr(line, ':'))
			timebase_hz = strtoull(strchr(line, ':') + 1, NULL, 10);
	if (f)
		fclose(f);
}

static const char usage[] =
"eeh-rawvmm: a raw KVM virtual machine that asks \"is my PE frozen?\"\n"
"\n"
"What it asks\n"
"  --ask rtas|null|other|0xNR  ibm,read-slot-reset-state2 (default), H_CONFER(-1), an RTAS call\n"
"                        with another token (0x2003), or a hypercall of that number\n"
"  --vcpus N             vCPU i asks about device i modulo their number\n"
"  --count N --reps N    N queries per rep (100), reps (11)\n"
"  --warmup N            first up to N reps that are not timed, until one makes no exit\n"
"  --seconds S           instead of --reps: until the time is over\n"
"  --loop-until-signal   instead of --reps: until SIGINT, SIGTERM, SIGALRM or the command stop\n"
"  --tight               timing loop: nothing around the hypercall but the sum of the answers\n"
"  --scaling MS          null and rtas, each vCPU alone and all at once, in turns of MS milliseconds;\n"
"                        JSON only: queries per 10^9 timebase ticks of [one alone, all together]\n"
"  --spin TICKS          wait that many timebase ticks before each query (not with --tight)\n"
"  --rest MS             sleep that long after each 20 queries (not with --tight): a test that goes on\n"
"                        for long need not keep a processor busy all along\n"
"  --pin                 vCPU i on CPU i\n"
"\n"
"Devices (bound to vfio-pci)\n"
"  --device 0001:01:00.0 may be repeated; --buid, --addr and --verify-gen after it belong to it\n"
"  --buid X --addr X     how the guest names the PE (0x800000020000000 + index, 0x1)\n"
"  --verify-gen ADDR     physical address of the lab's freeze generation register (PHB base +\n"
"                        0xff8): the guest reads it before and after each query and counts wrong\n"
"                        answers: frozen throughout, yet \"normal\"\n"
"  --one-container       all groups in one container\n"
"  --late-kvm            open the device before its group joins the VM (so it has no owner)\n"
"  --no-kvm-device       the group never joins the VM\n"
"  --no-device           never open the device\n"
"  --no-enable           no VFIO_EEH_PE_ENABLE at the start\n"
"\n"
"The argument block\n"
"  --token X             token that the guest uses and the VMM knows (0x2022)\n"
"  --ask-token X, --vmm-token X   either one alone\n"
"  --nargs N --nret N    (3, 4)\n"
"  --block-at OFFSET|cross|cross-rets|unaligned|odd|end|past|hole\n"
"  --block-nonresident[=dontneed|none]  before each query the page of the block is dropped from\n"
"                        the page tables, or made inaccessible\n"
"  --fuzz SEED           argument blocks that only the VMM may answer, and some ordinary ones; JSON:\n"
"                        fuzz_cases, what was wrong with them, fuzz_digest over what came out\n"
"  --vmm-word I=X        the VMM answers X in return word I (a VMM that is not like QEMU)\n"
"  --vmm-delay MS        the VMM sleeps after it wrote its answer, before the guest goes on\n"
"\n"
"The machine\n"
"  --dirty-log           log dirty pages; check after each rep that the block's page is reported\n"
"                        if the kernel answered (one vCPU; the guest does not write the page)\n"
"  --no-confer           H_CONFER is not enabled for this VM\n"
"  --reset               VFIO_EEH_PE_ENABLE after each rep, as at a machine reset\n"
"  --kill-vcpu-during MS SIGKILL to itself after MS milliseconds of queries\n"
"  --respawn N           N lives one after the other, each killed after up to the MS above\n"
"  --fastpath            attach the fast path through libeeh before the guest starts\n"
"  --hold S              keep the VM for S seconds after the last query\n"
"  --control             commands on standard input, one line of JSON for each:\n"
"                        stats stop pause resume attach state enable disable thaw-io thaw-dma\n"
"                        unfreeze reset (hot, with its waits) reset-hot reset-deactivate configure\n"
"                        device-close device-open group-add group-del [device index]\n"
"                        vmm-word W=X (as --vmm-word, from now on), vmm-word W (the truth again)\n"
"  --live MS             a line of JSON with the counts every MS milliseconds\n"
"  --json --label TEXT --quiet\n"
"\n"
"Exit status: 0; 1 a wrong answer or a page lost by the dirty log; 2 the machine failed.\n";

enum {
	O_ASK = 256, O_VCPUS, O_COUNT, O_REPS, O_SECONDS, O_LOOP, O_TIGHT, O_SPIN, O_PIN,
	O_DEVICE, O_BUID, O_ADDR, O_GEN, O_ONE, O_LATE, O_NOKVM, O_NODEV, O_NOENABLE,
	O_TOKEN, O_ASKTOKEN, O_VMMTOKEN, O_NARGS, O_NRET, O_BLOCK, O_NONRES, O_WORD,
	O_DIRTY, O_NOCONFER, O_RESET, O_KILL, O_RESPAWN, O_FASTPATH, O_HOLD, O_CONTROL,
	O_LIVE, O_JSON, O_LABEL, O_QUIET, O_HELP, O_FIFO, O_WARMUP, O_DELAY, O_SCALING,
	O_FUZZ, O_REST,
};

static const struct option options[] = {
	{ "ask", 1, NULL, O_ASK }, { "vcpus", 1, NULL, O_VCPUS }, { "count", 1, NULL, O_COUNT },
	{ "reps", 1, NULL, O_REPS }, { "seconds", 1, NULL, O_SECONDS },
	{ "scaling", 1, NULL, O_SCALING }, { "warmup", 1, NULL, O_WARMUP }, { "vmm-delay", 1, NULL, O_DELAY },
	{ "loop-until-signal", 0, NULL, O_LOOP }, { "tight", 0, NULL, O_TIGHT },
	{ "spin", 1, NULL, O_SPIN }, { "rest", 1, NULL, O_REST },
	{ "pin", 0, NULL, O_PIN }, { "device", 1, NULL, O_DEVICE },
	{ "buid", 1, NULL, O_BUID }, { "addr", 1, NULL, O_ADDR }, { "verify-gen", 1, NULL, O_GEN },
	{ "one-container", 0, NULL, O_ONE }, { "late-kvm", 0, NULL, O_LATE },
	{ "no-kvm-device", 0, NULL, O_NOKVM }, { "no-device", 0, NULL, O_NODEV },
	{ "no-enable", 0, NULL, O_NOENABLE }, { "token", 1, NULL, O_TOKEN },
	{ "ask-token", 1, NULL, O_ASKTOKEN }, { "vmm-token", 1, NULL, O_VMMTOKEN },
	{ "nargs", 1, NULL, O_NARGS }, { "nret", 1, NULL, O_NRET }, { "block-at", 1, NULL, O_BLOCK },
	{ "block-nonresident", 2, NULL, O_NONRES }, { "vmm-word", 1, NULL, O_WORD },
	{ "dirty-log", 0, NULL, O_DIRTY }, { "no-confer", 0, NULL, O_NOCONFER },
	{ "reset", 0, NULL, O_RESET }, { "kill-vcpu-during", 1, NULL, O_KILL },
	{ "respawn", 1, NULL, O_RESPAWN }, { "fastpath", 0, NULL, O_FASTPATH },
	{ "hold", 1, NULL, O_HOLD }, { "control", 0, NULL, O_CONTROL }, { "live", 1, NULL, O_LIVE },
	{ "json", 0, NULL, O_JSON }, { "label", 1, NULL, O_LABEL }, { "quiet", 0, NULL, O_QUIET },
	{ "fuzz", 1, NULL, O_FUZZ }, { "help", 0, NULL, O_HELP }, { "fifo", 0, NULL, O_FIFO }, { 0 },
};

static uint64_t number(const char *what, const char *s)
{
	char *end;
	uint64_t v;

	errno = 0;
	v = strtoull(s, &end, 0);
	if (errno || end == s || *end)
		die(1, "--%s: '%s' is not a number", what, s);
	return v;
}

static void parse(int argc, char **argv)
{
	struct device *d = NULL;
	int c, i, idx = 0;

	while ((c = getopt_long(argc, argv, "h", options, &idx)) != -1) {
#define NUM()	number(options[idx].name, optarg)
		switch (c) {
		case O_ASK:
			if (!strcmp(optarg, "rtas")) {
				opt.ask = ASK_RTAS;
			} else if (!strcmp(optarg, "null")) {
				opt.ask = ASK_CONFER;
			} else if (!strcmp(optarg, "other")) {
				opt.ask = ASK_OTHER_TOKEN;
			} else {
				opt.ask = ASK_HCALL;
				opt.hcall = NUM();
			}
			break;
		case O_VCPUS:
			opt.nvcpu = (int)NUM();
			if (opt.nvcpu < 1 || opt.nvcpu > MAX_VCPUS)
				die(1, "1 to %d vCPUs", MAX_VCPUS);
			break;
		case O_COUNT:		opt.count = NUM(); break;
		case O_REPS:		opt.reps = NUM(); break;
		case O_SECONDS:		opt.seconds_ms = NUM() * 1000; break;
		case O_WARMUP:		opt.warmup = NUM(); break;
		case O_DELAY:		opt.vmm_delay_ms = NUM(); break;
		case O_LOOP:		opt.loop = true; break;
		case O_TIGHT:		opt.tight = true; break;
		case O_SCALING:		opt.slice_ms = NUM(); break;
		case O_SPIN:		opt.spin = NUM(); break;
		case O_REST:		opt.rest_ms = NUM(); break;
		case O_PIN:		opt.pin = true; break;
		case O_DEVICE:
			if (opt.ndev == MAX_DEVICES)
				die(1, "at most %d devices", MAX_DEVICES);
			d = &opt.dev[opt.ndev++];
			d->gfd = d->dfd = d->cfd = -1;
			snprintf(d->name, sizeof(d->name), "%s", optarg);
			break;
		case O_BUID:
			if (d) {
				d->buid = NUM();
				d->buid_set = true;
			} else {
				opt.buid = NUM();
			}
			break;
		case O_ADDR:
			if (d) {
				d->addr = (uint32_t)NUM();
				d->addr_set = true;
			} else {
				opt.addr = (uint32_t)NUM();
			}
			break;
		case O_GEN:
			if (!d)
				die(1, "--verify-gen belongs to a --device before it");
			d->gen_phys = NUM();
			if (d->gen_phys & 7)
				die(1, "--verify-gen: not the address of a register");
			break;
		case O_ONE:		opt.one_container = true; break;
		case O_LATE:		opt.order = ORDER_LATE; break;
		case O_NOKVM:		opt.order = ORDER_NO_KVM; break;
		case O_NODEV:		opt.no_device = true; break;
		case O_NOENABLE:	opt.no_enable = true; break;
		case O_TOKEN:		opt.ask_token = opt.vmm_token = (uint32_t)NUM(); break;
		case O_ASKTOKEN:	opt.ask_token = (uint32_t)NUM(); break;
		case O_VMMTOKEN:	opt.vmm_token = (uint32_t)NUM(); break;
		case O_NARGS:		opt.nargs = (uint32_t)NUM(); break;
		case O_NRET:		opt.nret = (uint32_t)NUM(); break;
		case O_BLOCK:
			if (*optarg >= '0' && *optarg <= '9') {
				opt.block_at = NUM();
				if (opt.block_at > BLOCK_STRIDE - 0x1000)
					die(1, "--block-at: at most %#llx", BLOCK_STRIDE - 0x1000);
			} else {
				opt.block_word = optarg;
			}
			break;
		case O_NONRES:
			if (!optarg || !strcmp(optarg, "dontneed"))
				opt.nonres = NONRES_DONTNEED;
			else if (!strcmp(optarg, "none"))
				opt.nonres = NONRES_NONE;
			else
				die(1, "--block-nonresident: dontneed or none");
			break;
		case O_WORD: {
			char *eq = strchr(optarg, '=');

			i = atoi(optarg);
			if (!eq || i < 0 || i >= MAX_WORDS)
				die(1, "--vmm-word 0..%d=VALUE", MAX_WORDS - 1);
			opt.vmm_word[i] = (uint32_t)number("vmm-word", eq + 1);
			opt.vmm_word_set[i] = true;
			break;
		}
		case O_FUZZ:		opt.fuzz = fuzz.rnd = NUM(); break;
		case O_DIRTY:		opt.dirty_log = true; break;
		case O_NOCONFER:	opt.no_confer = true; break;
		case O_RESET:		opt.reset = true; break;
		case O_KILL:		opt.kill_ms = NUM(); break;
		case O_RESPAWN:		opt.respawn = NUM(); break;
		case O_FASTPATH:	opt.fastpath = true; break;
		case O_HOLD:		opt.hold_ms = NUM() * 1000; break;
		case O_CONTROL:		opt.control = true; break;
		case O_LIVE:		opt.live_ms = NUM(); break;
		case O_JSON:		opt.json = true; break;
		case O_LABEL:		opt.label = optarg; break;
		case O_QUIET:		opt.quiet = true; break;
		case O_FIFO:		opt.fifo = true; break;
		case 'h':
		case O_HELP:
			fputs(usage, stdout);
			exit(0);
		default:
			die(1, "try --help");
		}
#undef NUM
	}
	if (optind != argc)
		die(1, "what is '%s'? Try --help", argv[optind]);
	for (i = 0; i < opt.ndev; i++) {
		if (!opt.dev[i].buid_set)
			opt.dev[i].buid = opt.buid + (uint64_t)i;
		if (!opt.dev[i].addr_set)
			opt.dev[i].addr = opt.addr;
	}
	if (!opt.count)
		die(1, "--count: at least 1");
	if (opt.dirty_log && opt.nvcpu > 1)
		die(1, "--dirty-log: the log is cleared by reading it, so one vCPU only");
	if (opt.fuzz && (opt.nvcpu > 1 || opt.nonres || opt.tight || opt.ask != ASK_RTAS))
		die(1, "--fuzz: one vCPU, and nothing else that touches its blocks");
	if (opt.tight && (opt.nonres || opt.spin || opt.rest_ms))
		die(1, "--tight has no room for --spin, --rest or --block-nonresident");
	if (opt.slice_ms && (!opt.tight || !opt.seconds_ms || !opt.warmup || opt.ask != ASK_RTAS))
		die(1, "--scaling needs --tight, --seconds and --warmup, and asks what it likes");
	if (opt.respawn && !opt.kill_ms)
		die(1, "--respawn needs --kill-vcpu-during");
	/* the timing loop of a run by time must look up now and then */
	if (opt.tight && (opt.seconds_ms || opt.loop) && opt.count > 100000)
		opt.count = 100000;
}

int main(int argc, char **argv)
{
	struct sigaction stop = { .sa_handler = on_signal }, quiet = { .sa_handler = kick };

	setvbuf(stdout, NULL, _IOLBF, 0);
	parse(argc, argv);
	page_size = sysconf(_SC_PAGESIZE);
	read_timebase();
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGALRM, &stop, NULL);
	sigaction(SIGUSR1, &quiet, NULL);
	if (opt.fifo) {
		struct sched_param sp = { .sched_priority = 50 };

		CHECK(sched_setscheduler(0, SCHED_FIFO, &sp));
	}
	create_ram();
	return opt.respawn ? respawn() : run();
}
