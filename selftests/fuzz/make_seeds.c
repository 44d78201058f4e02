// SPDX-License-Identifier: GPL-2.0-only
/* make_seeds DIR: first inputs of each target, in DIR/TARGET/. Add yours to main(). */
#include <errno.h>
#include <sys/stat.h>

#include <eeh/recovery.h>

#include "fuzz.h"
#include "log_internal.h"

static const char *dir;

static void seed(const char *target, const char *name, const void *data, size_t len)
{
	char path[512];
	FILE *f;

	mkdir(dir, 0755);
	snprintf(path, sizeof(path), "%s/%s", dir, target);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%s/%s", dir, target, name);
	f = fopen(path, "wb");
	if (!f || fwrite(data, 1, len, f) != len || fclose(f)) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
}

static void text(const char *target, const char *name, const char *s)
{
	seed(target, name, s, strlen(s));
}

/* ---- binary logs, as the lab's machine and the specifications have them */

static void phb(const char *name, const struct log_layout *l, uint32_t pe, uint64_t a, uint64_t b,
		const char *reg, uint64_t value)
{
	uint8_t buf[12 + PHB_LEN_MAX] = { EEH_LOG_KNOW_PHB | EEH_LOG_KNOW_PE, [4] = 1, [8] = 0xfd };
	uint8_t *data = buf + 12;
	size_t i;

	log_put(data, PHB_VERSION, 4, PHB_VERSION_1);
	log_put(data, PHB_IOTYPE, 4, l->iotype);
	log_put(data, PHB_LEN, 4, l->len);
	log_put(data, l->pesta + 8 * pe, 8, a);
	log_put(data, l->pestb + 8 * pe, 8, b);
	for (i = 0; i < l->nr_regs; i++)
		if (!strcmp(l->regs[i].name, reg))
			log_put(data, l->regs[i].offset, l->regs[i].width, value);
	seed("fuzz_log_binary", name, buf, 12 + l->len);
}

static void ccdf(const char *name, uint32_t bits, uint64_t faddr, uint16_t pec)
{
	uint8_t buf[12 + CCDF_LEN] = { 0 };
	uint8_t *data = buf + 12;

	log_put(data, CCDF_FH, 4, 0x80000005);
	log_put(data, CCDF_FID, 4, 0x10);
	log_put(data, CCDF_BITS, 4, bits);
	log_put(data, CCDF_FADDR, 8, faddr);
	log_put(data, CCDF_PEC, 2, pec);
	seed("fuzz_log_binary", name, buf, sizeof(buf));
}

static void log_binary(void)
{
	const struct log_layout *l = &log_layout_phb4;

	phb("dma", l, 0xfd, 0x8200200001000000, 0x8000000000100000, "phbRxeTceErrorStatus", PPC_BIT(1));
	phb("mmio", l, 0xfd, 0xa440000000000000, 0x800600c080000004, "phbRxeArbErrorStatus", PPC_BIT(1));
	phb("config", l, 0xfd, 0xb740002a01000000, 0x8000000000000000, "phbTxeErrorStatus", PPC_BIT(28));
	phb("msi", l, 0x1ff, 0x8100000001000013, 0x8000000000001000, "linkStatus", 0x110000);
	phb("silent", l, 0, PPC_BIT(0), PPC_BIT(0), "uncorrErrorStatus", 0x20);
	phb("fence", l, 1, 0, 0, "nFir", PPC_BIT(16));
	phb("phb3", &log_layout_phb3, 0xff, 0xa440002a05000000, 0x8000000000000000, "corrErrorStatus", 0x41);
	ccdf("tprote", 0, 0x100000000, 0x4);
	ccdf("msi-zpci", 0x50000, 0, 0x11);
	ccdf("permanent", 0, 0, 0x3b);
}

/* ---- logs as text */

static void log_text(void)
{
	text("fuzz_log_text", "kernel",
	     "[  158.2] EEH: Frozen PE#fd on PHB#1 detected\n"
	     "[  158.3] EEH: of node=0001:01:00.0\n"
	     "[  158.3] EEH: PCI-E AER 00: 14820001 00040000 00000000 00062030 \n"
	     "[  158.3] EEH: PCI-E AER 10: 00000040 00002000 000001e0 00000000 \n"
	     "[  158.4] PHB4 PHB#1 Diag-data (Version: 1)\n"
	     "[  158.4] brdgCtl:    00000002\n"
	     "[  158.4] RootSts:    0000000f 004003c0 20110000 00100107 00000000\n"
	     "[  158.4] RxeTceErr:  4000000000000000 4000000000000000 0200200001000000 0000000000100000\n"
	     "[  158.4] PE[0fd] A/B: 8200200001000000 8000000000100000\n"
	     "[  158.4] PE[..0ff] A/B: as above\n"
	     "[  158.5] EEH: Reset with hotplug activity\n");
	text("fuzz_log_text", "phb3",
	     "PHB3 PHB#1f Diag-data (Version: 1)\nUtlSts:      00000001 00000002 00000003\n"
	     "RootErrLog1: 00000001 0000000000000001 0000000000000002\n"
	     "InAErr:      0000000000000001 0000000000000000 0000000000000000 0000000000000000\n"
	     "PE[0fc] A/B: 8000000000000000 8000000000000000\n");
	text("fuzz_log_text", "opal",
	     "[  171.4,3] PHB#0001[0:1]: PHB Freeze/Fence detected !\n"
	     "[  171.4,3] PHB#0001[0:1]:                  brdgCtl = 00000002\n"
	     "[  171.4,3] PHB#0001[0:1]:                  tlpHdr1 = 04000000\n"
	     "[  171.4,3] PHB#0001[0:1]:        phbTxeErrorStatus = 8000000000000000\n"
	     "[  171.4,3] PHB#0001[0:1]:                PEST[0fd] = 8200200001000000 8000000000100000\n"
	     "[  171.5,3] PHB#0002[0:1]:                  brdgCtl = 00000002\n"
	     "[  171.5,3] PHB#0002[0:1]:          mmioErrorStatus = 0000000000000001\n");
	text("fuzz_log_text", "bare", "EEH: Frozen PHB#1-PE#fd detected\nEEH: Fenced PHB#2 detected\n");
	text("fuzz_log_text", "zpci",
	     "zpci: 0001:00:00.0: Event 0x4 reports an error for PCI function 0x10\n"
	     "zpci: n/a: Event 0x3b reports an error for PCI function 0x11\n");
}

/* ---- lines and files */

static void lines(void)
{
	text("fuzz_lines", "binding", "bvm=3 pe=7 0001:fd token=0x2008 buid=0x800000020000001 addr=0x10000 "
	     "answered=12 colour=blue");
	text("fuzz_lines", "canary", "c0001:01:00.0 bar=0 offset=0x8 width=4 mask=0xff000000 want=0x0 "
	     "state=live reason=- value=0x10400 load_ns=120 query_ns=9000 answered=0 allones=0 "
	     "mismatch=0 suspended=0");
	text("fuzz_lines", "number", "n18446744073709551615");
	text("fuzz_lines", "hex", "n0xffffffffffffffff");
	text("fuzz_lines", "address", "a0001:01:00.0");
	text("fuzz_lines", "pe", "p0001:fd");
	text("fuzz_lines", "taps", "tcheck rtas event");
}

/* A saved engine, and what happens to it. */
static void engine(void)
{
	static const uint8_t happens[] = { 0, 0, 0, 1, 0, 5, 2, 1, 5, 2, 3, 0, 5, 2, 4, 0, 5, 2 };
	char buf[1 + EEH_RECOVERY_TEXT_MAX + sizeof(happens)] = "r";
	struct eeh_recovery_opts opts;
	struct eeh_recovery_step step;
	struct eeh_recovery_event ev;
	struct eeh_recovery *r;
	char name[32];
	int i, n;

	EEH_INIT(&opts);
	opts.policy = EEH_POLICY_RECOVER;
	if (eeh_recovery_new(&r, 1, 0xfd, &opts))
		exit(1);
	EEH_INIT(&ev);
	ev.type = EEH_RECOVERY_EV_FROZEN;
	for (i = 0; i < 4; i++) {
		n = eeh_recovery_save(r, buf + 1, EEH_RECOVERY_TEXT_MAX);
		if (n < 0)
			exit(1);
		memcpy(buf + 1 + n + 1, happens, sizeof(happens));
		snprintf(name, sizeof(name), "engine%d", i);
		seed("fuzz_lines", name, buf, 1 + n + 1 + sizeof(happens));
		ev.now += 1000000;
		EEH_INIT(&step);
		eeh_recovery_event(r, &ev, &step);
		ev.type = EEH_RECOVERY_EV_DONE;
	}
	eeh_recovery_free(r);
}

/* Steps of fuzz_rtas.c: words are named by their place in its table. */
static void rtas(void)
{
	static const uint8_t inject[] = {
		0x3f, 10, 9, 0,				/* ibm,open-errinjct */
		9, 0, 0, 6, 9, 0, 1, 6, 9, 0, 2, 0, 9, 0, 3, 4, 9, 0, 4, 5, 9, 0, 5, 10,
		10, 10, 12, 7, 14, 0,			/* ibm,errinjct */
		10, 11, 7, 0,				/* ibm,close-errinjct */
	};
	static const uint8_t recover[] = {
		0x3f, 2, 2, 10, 0x32, 0, 4, 5, 0,	/* frozen; the state */
		10, 0x35, 0, 4, 5, 6, 6, 16, 17, 7, 0,	/* ibm,slot-error-detail */
		10, 0x33, 0, 4, 5, 7, 0, 3, 0, 0,	/* ibm,set-slot-reset */
		10, 0x33, 0, 4, 5, 6, 0, 3, 0, 0,
		10, 0x34, 0, 4, 5, 0, 3, 0, 0, 5, 6,	/* ibm,configure-pe */
	};

	seed("fuzz_rtas", "inject", inject, sizeof(inject));
	seed("fuzz_rtas", "recover", recover, sizeof(recover));
}

static void file(const char *name, const char *s, size_t len)
{
	seed("fuzz_files", name, s, len);
}

static void controld(void)
{
	text("fuzz_controld", "config", "c# all\n[controller]\nsocket-group = eeh\n"
	     "metrics-listen=127.0.0.1:9813\nmetrics-file = /run/x.prom\nsweep = 90 s\n"
	     "[rule web]\nvm = db-* web-?\ndevice = 0002:*\ndriver = mlx5*\npe = 0001:f*\n"
	     "policy = delegate\non-timeout = recover\ntimeout = 1.5min\nmax-freezes = 9\n"
	     "attempts = 4\nfirst-reset = fundamental\nhold = 300ms\nsettle = 2s\nresume = 2s\n"
	     "unavailable = 1h\n[default]\npolicy = report\n");
	text("fuzz_controld", "status", "r{\"op\": \"status\"}");
	text("fuzz_controld", "clear", "r{\"op\": \"clear\", \"pe\": \"0001:fd\"}");
	text("fuzz_controld", "state", "seeh-controld-state 1\nboot boot\nlast 1\nwindow 1\ntime 1\n"
	     "events 0 0 0 0 0 0 0 0 0\nlost 0\nactions 1\nunsaid 0\nrecovered 0\nnormal 0\n"
	     "permanent 0\nresets 0\nfailed 0\ntimeouts 0\nfreezes 0\nfreezes_by 0 0 0 0 0 0 0\n"
	     "recovery_ns 0\nrecovery 0 0 0 0 0 0 0 0 0\nend 0\n");
	text("fuzz_controld", "event", "eev 1 2 0 1 1 253 0 0");
}

#define DEVICE(pe, driver) "0x1b36\n\0" "0x0010\n\0" "0x010802\n\0" pe "\n\0"			\
	"0x0000210000000000 0x0000210000003fff 0x0000000000140204\n"				\
	"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"				\
	"0x0000220000000000 0x0000220001ffffff 0x000000000014220c\n"				\
	"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"				\
	"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"				\
	"0x0000000000001000 0x000000000000103f 0x0000000000040101\n\0" "D0\n\0"
#define F(name, s) file(name, s, sizeof(s) - 1)

static void files(void)
{
	F("status", "s1\n\0attached\n\0freeze\n\0" "1\n\0" "100\n\0" "0\n\0rtas event\n\0vm=1 pe=1 "
	  "0001:fd token=0x2008 buid=0x8 addr=0x1 answered=12\n");
	F("stats", "S1\0" "2\0" "3\0" "4\0" "5\0" "6\0" "7\0" "8\0" "9\0" "10\0" "11\0" "12");
	F("bindings", "bvm=1 pe=1 0001:fd token=0x2008 buid=0x8 addr=0x1 answered=12\n");
	F("canaries", "c0001:01:00.0 bar=0 offset=0x8 width=4 mask=0x0 want=0x0 state=live reason=- "
	  "value=0x10400\n");
	F("counters", "CEEH Subsystem is enabled\nno device=12\neeh_total_mmio_ffs=100\n"
	  "eeh_false_positives=90\neeh_slot_resets=3\n\0" "11\0" "10");
	F("devices", "d" "\0" "0xc00-0xd00 1048576 foo phys=0x0000220000000000 ioremap\n\0" DEVICE("0x10000", "")
	  DEVICE("0x10000", "") DEVICE("0x10000", ""));
	F("pes", "p" DEVICE("0xfd", "") DEVICE("0xfd", "") DEVICE("0xfe", ""));
	F("vms", "v" DEVICE("0xfd", "") DEVICE("0xfd", "") DEVICE("0xfe", "") "qemu\n\0pos: 0\nkvm: 3\n");
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 1;
	dir = argv[1];
	log_binary();
	log_text();
	lines();
	engine();
	rtas();
	controld();
	files();
	return 0;
}
