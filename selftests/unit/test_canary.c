// SPDX-License-Identifier: GPL-2.0-only
/* Canaries: the table, the module's file, why a device has one, the kernel's counters. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

#define CANARIES "sys/kernel/eeh_bpf/canaries"
#define DEV "0001:01:00.0"

#define GOOD DEV " bar=0 offset=0x8 width=4 mask=0xff000000 want=0x0 state=live value=0x10400 " \
	     "load_ns=120 query_ns=9000 answered=12 allones=1 mismatch=2 suspended=3 reason=-"

/* ---- the table */

static void t_table(void **state)
{
	const struct eeh_canary_entry *e, *o, *end = eeh_canary_table + eeh_canary_table_len;
	const uint16_t *id;
	uint64_t ones;

	(void)state;
	assert_true(eeh_canary_table_len >= 20);
	for (e = eeh_canary_table; e < end; e++) {
		assert_non_null(e->name);
		if (!strchr(e->name, ':') || strlen(e->name) < 8)
			fail_msg("%s: a name is \"device: register\"", e->name);
		if (!e->source || strlen(e->source) < 20)
			fail_msg("%s: no source", e->name);
		if (!e->harmless || strlen(e->harmless) < 9 || !e->never_ones ||
		    strlen(e->never_ones) < 10)
			fail_msg("%s: no reason", e->name);
		if (e->bar >= EEH_BARS ||
		    (e->width != 1 && e->width != 2 && e->width != 4 && e->width != 8) ||
		    e->offset % e->width || e->offset >= EEH_CANARY_REACH)
			fail_msg("%s: no register", e->name);
		ones = e->width == 8 ? UINT64_MAX : (1ULL << (8 * e->width)) - 1;
		if (e->mask & ~ones || e->want & ~e->mask)
			fail_msg("%s: mask and want", e->name);
		/* A mask that all-ones fits would be good for nothing. */
		if (e->mask && (ones & e->mask) == e->want)
			fail_msg("%s: all-ones is as wanted", e->name);

		/* One key each, and no device in two rows. */
		if (!e->class_code == !e->devices || !e->devices == !!e->vendor ||
		    e->class_code > 0xffffff)
			fail_msg("%s: by class, or by vendor and device", e->name);
		if (!e->devices) {
			for (o = e + 1; o < end; o++)
				if (o->class_code == e->class_code)
					fail_msg("%s: class %06x twice", e->name, e->class_code);
			assert_ptr_equal(eeh_canary_find(0, 0, e->class_code), e);
			continue;
		}
		assert_true(*e->devices);
		for (id = e->devices; *id; id++)
			if (eeh_canary_find(e->vendor, *id, 0) != e ||
			    eeh_canary_find(e->vendor, *id, 0x010802) != e)
				fail_msg("%s: %04x:%04x is in another row, too", e->name, e->vendor, *id);
	}
}

static void t_table_unknown(void **state)
{
	/* Virtual functions have other registers than their physical ones. */
	static const struct {
		uint16_t vendor, device;
	} vfs[] = {
		{ 0x8086, 0x10ca }, { 0x8086, 0x1520 },			/* igbvf */
		{ 0x8086, 0x10ed }, { 0x8086, 0x1515 }, { 0x8086, 0x1565 },	/* ixgbevf */
		{ 0x8086, 0x154c }, { 0x8086, 0x37cd }, { 0x8086, 0x1889 },	/* iavf */
		{ 0x14e4, 0x166f }, { 0x14e4, 0x16a9 }, { 0x14e4, 0x16ad },
		{ 0x14e4, 0x16af }, { 0x14e4, 0x163f },			/* bnx2x */
		{ 0x15b3, 0x1002 }, { 0x15b3, 0x1004 },			/* mlx4 */
		{ 0x10df, 0xe208 }, { 0x10df, 0xe268 },			/* lpfc */
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(vfs); i++)
		if (eeh_canary_find(vfs[i].vendor, vfs[i].device, 0x020000))
			fail_msg("%04x:%04x is a virtual function", vfs[i].vendor, vfs[i].device);
	assert_null(eeh_canary_find(0, 0, 0));
	assert_null(eeh_canary_find(0x8086, 0, 0));
	/* UHCI has no memory; RAID controllers that hide AHCI are not AHCI. */
	assert_null(eeh_canary_find(0x8086, 0x2829, 0x0c0300));
	assert_null(eeh_canary_find(0x8086, 0x2829, 0x010400));
}

/* ---- parsing */

static void t_address(void **state)
{
	static const struct {
		const char *in, *out;
	} good[] = {
		{ "0001:01:00.0", "0001:01:00.0" }, { "01:00.0", "0000:01:00.0" },
		{ "ABCD:ef:1F.7", "abcd:ef:1f.7" }, { "12345678:01:00.0", "12345678:01:00.0" },
	};
	static const char * const bad[] = {
		"", "0", "0001", "0001:01:00", "0001:01:00.", "0001:01:00.8", "0001:01:20.0",
		"0001:01:00.0 ", " 0001:01:00.0", "0001:01:00.00", "001:01:00.0", "x001:01:00.0",
		"0001:1:00.0", "0001:01:0.0", "123456789:01:00.0", "all", "../../etc", "0001:01:00.0/..",
	};
	char out[EEH_PCI_ADDRESS_LEN];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(eeh_pci_address(good[i].in, out), 0);
		assert_string_equal(out, good[i].out);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (eeh_pci_address(bad[i], out) != -EINVAL)
			fail_msg("\"%s\" is an address?", bad[i]);
	assert_int_equal(eeh_pci_address(NULL, out), -EINVAL);
}

static void t_parse_good(void **state)
{
	struct eeh_canary c;

	(void)state;
	assert_int_equal(eeh_canary_parse(GOOD, &c), 0);
	assert_string_equal(c.address, DEV);
	assert_string_equal(c.reason, "-");
	assert_int_equal(c.state, EEH_CANARY_LIVE);
	assert_int_equal(c.bar, 0);
	assert_int_equal(c.offset, 8);
	assert_int_equal(c.width, 4);
	assert_true(c.mask == 0xff000000);
	assert_int_equal(c.want, 0);
	assert_int_equal(c.value, 0x10400);
	assert_int_equal(c.load_ns, 120);
	assert_int_equal(c.query_ns, 9000);
	assert_int_equal(c.answered, 12);
	assert_int_equal(c.allones, 1);
	assert_int_equal(c.mismatch, 2);
	assert_int_equal(c.suspended, 3);

	/* The module may say more, or count less. */
	assert_int_equal(eeh_canary_parse("pe=0x7 state=suspended reason=d3 width=8 offset=0x10 bar=2 "
					  "0002:01:00.0", &c), 0);
	assert_int_equal(c.state, EEH_CANARY_SUSPENDED);
	assert_string_equal(c.reason, "d3");
	assert_int_equal(c.answered, 0);
	assert_int_equal(eeh_canary_parse(DEV " bar=0 offset=0 width=1 state=asleep", &c), 0);
	assert_int_equal(c.state, EEH_CANARY_UNKNOWN);
	assert_string_equal(c.reason, "-");
}

static void t_parse_bad(void **state)
{
	static const char * const bad[] = {
		"", "x", DEV, "bar=0 offset=0x8 width=4 state=live",
		DEV " offset=0x8 width=4 state=live", DEV " bar=0 width=4 state=live",
		DEV " bar=0 offset=0x8 state=live", DEV " bar=0 offset=0x8 width=4",
		DEV " bar=6 offset=0x8 width=4 state=live", DEV " bar=-1 offset=0x8 width=4 state=live",
		DEV " bar=0 offset=8x width=4 state=live", DEV " bar=0 offset= width=4 state=live",
		DEV " bar=0 offset=0x8 width=16 state=live",
		DEV " bar=0 bar=0 offset=0x8 width=4 state=live",
		DEV " " DEV " bar=0 offset=0x8 width=4 state=live",
		DEV " bar=0 offset=0x8 width=4 state=live state=live",
		DEV " bar=0 offset=0x8 width=4 state=live answered=many",
		DEV " bar=0 offset=0x11112222333344445 width=4 state=live",
		"0001:01:00 bar=0 offset=0x8 width=4 state=live",
	};
	char line[300];
	struct eeh_canary c;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (eeh_canary_parse(bad[i], &c) != -EBADMSG)
			fail_msg("\"%s\" is understood?", bad[i]);
	/* Longer than any word. */
	memset(line, 'a', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	assert_int_equal(eeh_canary_parse(line, &c), -EBADMSG);
	/* Cut anywhere, with any byte replaced: no crash, whatever it says. */
	for (i = 0; i < strlen(GOOD); i++) {
		strcpy(line, GOOD);
		line[i] = '=';
		eeh_canary_parse(line, &c);
		line[i] = '\0';
		eeh_canary_parse(line, &c);
	}
}

/* ---- the module's file */

static int setup(void **state)
{
	int err = unit_setup(state);

	if (!err) {
		unit_file(*state, CANARIES, "%s", "");
		unit_file(*state, "sys/kernel/eeh_bpf/stats/check_queries", "0\n");
		unit_file(*state, "sys/kernel/eeh_bpf/stats/check_answered", "0\n");
	}
	return err;
}

struct device {
	const char *address;
	uint16_t vendor, device;
	uint32_t class_code;
	const char *driver;	/* NULL: none */
	const char *pe;		/* NULL: no EEH */
	const char *bars;	/* NULL: BAR 0 of 16 KiB */
};

#define NO_BAR	"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
#define BAR0	"0x0000210000000000 0x0000210000003fff 0x0000000000140204\n"
#define OK	"0x10000"

static void device(struct unit *u, const struct device *d)
{
	char rel[160], path[300];

#define FILE_(name, ...) do {								\
	snprintf(rel, sizeof(rel), "sys/bus/pci/devices/%s/" name, d->address);		\
	unit_file(u, rel, __VA_ARGS__);							\
} while (0)
	FILE_("vendor", "0x%04x\n", d->vendor);
	FILE_("device", "0x%04x\n", d->device);
	FILE_("class", "0x%06x\n", d->class_code);
	FILE_("power_state", "D0\n");
	FILE_("resource", "%s%s", d->bars ? d->bars : BAR0 NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR, NO_BAR);
	if (d->pe)
		FILE_("eeh_pe_config_addr", "%s\n", d->pe);
	if (d->driver) {
		snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/%s/driver", u->root, d->address);
		unlink(path);
		snprintf(rel, sizeof(rel), "../../../bus/pci/drivers/%s", d->driver);
		assert_int_equal(symlink(rel, path), 0);
	}
#undef FILE_
}

static const struct device nvme = { DEV, 0x1b36, 0x0010, 0x010802, "nvme", OK, NULL };

static int count(void *arg, const struct eeh_canary *c)
{
	(void)c;
	++*(int *)arg;
	return 0;
}

static int stop(void *arg, const struct eeh_canary *c)
{
	strcpy(arg, c->address);
	return 7;
}

static void t_list(void **state)
{
	struct unit *u = *state;
	char first[32];
	int n = 0;

	assert_int_equal(eeh_canary_for_each(u->ctx, count, &n), 0);
	assert_int_equal(n, 0);
	unit_file(u, CANARIES, "%s\n0002:01:00.0 bar=1 offset=0 width=8 state=suspended reason=d3\n", GOOD);
	assert_int_equal(eeh_canary_for_each(u->ctx, count, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(eeh_canary_for_each(u->ctx, stop, first), 7);
	assert_string_equal(first, DEV);

	unit_file(u, CANARIES, "%s\nrubbish\n", GOOD);
	assert_int_equal(eeh_canary_for_each(u->ctx, count, &n), -EBADMSG);
	assert_non_null(strstr(eeh_last_error(u->ctx), "canaries says \"rubbish\""));
	unit_remove(u, CANARIES);
	assert_int_equal(eeh_canary_for_each(u->ctx, count, &n), -EBADMSG);
	assert_non_null(strstr(eeh_last_error(u->ctx), "install matching ones"));
	unit_remove(u, "sys/kernel/eeh_bpf");
	assert_int_equal(eeh_canary_for_each(u->ctx, count, &n), -ENODEV);
	assert_int_equal(eeh_canary_delete(u->ctx, NULL), -ENODEV);
	device(u, &nvme);
	assert_int_equal(eeh_canary_add(u->ctx, DEV, NULL), -ENODEV);
	assert_non_null(strstr(eeh_last_error(u->ctx), "modprobe eeh_bpf"));
}

static void listed(struct unit *u, const char *want)
{
	char buf[1024];

	assert_true(eeh_read(u->ctx, EEH_ROOT_SYSFS, "kernel/eeh_bpf/canaries", buf, sizeof(buf)) >= 0);
	if (!strstr(buf, want))
		fail_msg("\"%s\" is not in \"%s\"", want, buf);
}

static void t_add(void **state)
{
	struct eeh_canary_spec spec;
	struct unit *u = *state;
	int n = 0;

	device(u, &nvme);
	assert_int_equal(eeh_canary_add(u->ctx, "1:00.0", NULL), -EINVAL);
	assert_int_equal(eeh_canary_add(u->ctx, NULL, NULL), -EINVAL);
	assert_int_equal(eeh_canary_add(u->ctx, DEV, NULL), 0);
	listed(u, DEV " bar=0 offset=0x8 width=4 mask=0xff000000 want=0x0 ");
	EEH_INIT(&spec);
	spec.bar = 4;
	spec.offset = 0x2000000;
	spec.width = 8;
	spec.mask = 0xff;
	spec.want = 0xab;
	assert_int_equal(eeh_canary_add(u->ctx, DEV, &spec), 0);
	listed(u, DEV " bar=4 offset=0x2000000 width=8 mask=0xff want=0xab ");

	assert_int_equal(eeh_canary_delete(u->ctx, "0001:01:00.1"), -ENOENT);
	assert_int_equal(eeh_canary_delete(u->ctx, "x"), -EINVAL);
	assert_int_equal(eeh_canary_delete(u->ctx, DEV), 0);
	assert_int_equal(eeh_canary_for_each(u->ctx, count, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(eeh_canary_add(u->ctx, DEV, NULL), 0);
	assert_int_equal(eeh_canary_delete(u->ctx, NULL), 0);
	assert_int_equal(eeh_canary_delete(u->ctx, NULL), 0);
	assert_int_equal(eeh_canary_for_each(u->ctx, count, &n), 0);
	assert_int_equal(n, 0);
}

static void t_add_bad(void **state)
{
	static const struct eeh_canary_spec bad[] = {
		{ .bar = 6, .width = 4 }, { .width = 0 }, { .width = 3 }, { .width = 16 },
		{ .width = 4, .offset = 2 }, { .width = 4, .want = 1 },
		{ .width = 1, .mask = 0x100 }, { .width = 4, .mask = 0xf00000000 },
		{ .width = 4, .mask = 0xf0, .want = 0x1f0 },
	};
	struct {
		struct eeh_canary_spec s;
		uint64_t later;
	} newer;
	struct unit *u = *state;
	struct eeh_canary_spec spec;
	size_t i;

	device(u, &nvme);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		spec = bad[i];
		spec.sz = sizeof(spec);
		if (eeh_canary_add(u->ctx, DEV, &spec) != -EINVAL)
			fail_msg("spec %zu is good?", i);
	}
	spec = (struct eeh_canary_spec){ .width = 4 };
	assert_int_equal(eeh_canary_add(u->ctx, DEV, &spec), -EINVAL);
	memset(&newer, 0, sizeof(newer));
	newer.s = spec;
	newer.s.sz = sizeof(newer);
	assert_int_equal(eeh_canary_add(u->ctx, DEV, &newer.s), 0);
	newer.later = 1;
	assert_int_equal(eeh_canary_add(u->ctx, DEV, &newer.s), -E2BIG);
}

static void t_refused(void **state)
{
	static const struct {
		int err;
		const char *text;
	} cases[] = {
		{ EINVAL, "does not understand" }, { EOPNOTSUPP, "not under EEH" },
		{ ENXIO, "no memory BAR" }, { EBUSY, "no driver is bound" }, { EIO, "reads all-ones" },
		{ EPROTO, "what is expected" }, { ETIME, "half a question" },
		{ EEXIST, "already" }, { ENOSPC, "no room" }, { EAGAIN, "could not probe" },
		{ EACCES, "run it as root" }, { ENOMEM, DEV ": Cannot allocate memory" },
	};
	struct unit *u = *state;
	size_t i;

	device(u, &nvme);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		unit_file(u, "sys/fake/refuse", DEV " %d\n", cases[i].err);
		if (eeh_canary_add(u->ctx, DEV, NULL) != -cases[i].err ||
		    !strstr(eeh_last_error(u->ctx), cases[i].text))
			fail_msg("errno %d: %s", cases[i].err, eeh_last_error(u->ctx));
	}
	/* Without a row nobody asks the kernel. */
	device(u, &(struct device){ "0002:01:00.0", 0x1234, 0x5678, 0x020000, "x", OK, NULL });
	unit_file(u, "sys/fake/refuse", "0002:01:00.0 5\n");
	assert_int_equal(eeh_canary_add(u->ctx, "0002:01:00.0", NULL), -ENOENT);
	assert_non_null(strstr(eeh_last_error(u->ctx), "no canary for 1234:5678, class 020000"));
	assert_int_equal(eeh_canary_add(u->ctx, "0003:01:00.0", NULL), -ENODEV);
	assert_non_null(strstr(eeh_last_error(u->ctx), "no PCI device 0003:01:00.0"));
}

static void t_try(void **state)
{
	struct unit *u = *state;
	struct eeh_canary c;
	int n = 0;

	device(u, &nvme);
	EEH_INIT(&c);
	assert_int_equal(eeh_canary_try(u->ctx, DEV, NULL, &c), 0);
	assert_int_equal(c.load_ns, 120);
	assert_int_equal(c.query_ns, 9000);
	assert_int_equal(c.value, 0x10400);
	assert_int_equal(eeh_canary_for_each(u->ctx, count, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(eeh_canary_try(u->ctx, DEV, NULL, NULL), 0);

	/* It stays away from what is there. */
	unit_file(u, CANARIES, "%s\n", GOOD);
	assert_int_equal(eeh_canary_try(u->ctx, DEV, NULL, &c), -EEXIST);
	listed(u, GOOD);

	unit_file(u, CANARIES, "0002:01:00.0 bar=1 offset=0 width=8 state=live\n");
	unit_file(u, "sys/fake/refuse", DEV " %d\n", ETIME);
	assert_int_equal(eeh_canary_try(u->ctx, DEV, NULL, &c), -ETIME);
	unit_file(u, "sys/fake/refuse", "%s", "");
	/* The driver goes right after it was added. */
	unit_file(u, "sys/fake/shy", DEV "\n");
	assert_int_equal(eeh_canary_try(u->ctx, DEV, NULL, &c), 0);
	listed(u, "0002:01:00.0 bar=1");
	memset(&c, 0, sizeof(c));
	assert_int_equal(eeh_canary_try(u->ctx, DEV, NULL, &c), -EINVAL);
}

/* ---- why */

static void why(struct unit *u, const char *address, enum eeh_canary_verdict verdict,
		const char *text)
{
	struct eeh_canary_device *d;

	assert_int_equal(eeh_canary_device_get(u->ctx, address, &d), 0);
	if (eeh_canary_device_verdict(d) != verdict || !strstr(eeh_canary_device_why(d), text))
		fail_msg("%s: verdict %d, wanted %d with \"%s\": %s", address,
			 eeh_canary_device_verdict(d), verdict, text, eeh_canary_device_why(d));
	eeh_canary_device_free(d);
}

static void t_why(void **state)
{
	static const struct {
		const char *reason, *text;
	} reasons[] = {
		{ "new", "a moment ago" }, { "idle", "no policy" }, { "grace", "in order again" },
		{ "isolated", "found frozen" }, { "reset", "was reset" }, { "thaw", "was thawed" },
		{ "config-write", "config space" }, { "d3", "not in D0" }, { "decode-off", "decode" },
		{ "bar-moved", "elsewhere" }, { "firmware", "firmware" },
		{ "passed", "passed through" }, { "error", "an error" }, { "gone", "no more" },
		 { "missed", "missed" },
		{ "moonlight", "moonlight" },
	};
	struct device d = nvme;
	struct unit *u = *state;
	size_t i;

	device(u, &d);
	why(u, DEV, EEH_CANARY_CAN, "can have NVMe: VS, BAR 0 at 0x8");
	unit_file(u, "sys/bus/pci/devices/" DEV "/power_state", "D3hot\n");
	why(u, DEV, EEH_CANARY_ASLEEP, "asleep (D3hot)");
	unit_file(u, "sys/bus/pci/devices/" DEV "/power_state", "unknown\n");
	why(u, DEV, EEH_CANARY_CAN, "");
	d.bars = NO_BAR BAR0 NO_BAR NO_BAR NO_BAR NO_BAR;
	device(u, &d);
	why(u, DEV, EEH_CANARY_NO_BAR, "there is no such BAR");
	d.bars = "0x1000 0x103f 0x40101\n" BAR0 NO_BAR NO_BAR NO_BAR NO_BAR;
	device(u, &d);
	why(u, DEV, EEH_CANARY_NO_BAR, "that is I/O");
	d.bars = "0x210000000000 0x210000000007 0x40200\n" BAR0 NO_BAR NO_BAR NO_BAR NO_BAR;
	device(u, &d);
	why(u, DEV, EEH_CANARY_NO_BAR, "too small");
	d.bars = "0x210000000000 0x21000fffffff 0x140204\n" NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR;
	device(u, &d);
	why(u, DEV, EEH_CANARY_NO_BAR, "larger than 128 MiB");
	d.bars = "0x210000000000 0x210007ffffff 0x140204\n" NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR;
	device(u, &d);
	why(u, DEV, EEH_CANARY_CAN, "");
	/* IORESOURCE_UNSET: it has a size, but no address. */
	d.bars = "0x0000000000000000 0x0000000000003fff 0x0000000020140204\n" NO_BAR NO_BAR NO_BAR NO_BAR
		 NO_BAR;
	device(u, &d);
	why(u, DEV, EEH_CANARY_NO_BAR, "there is no such BAR");
	d.class_code = 0x010801;
	device(u, &d);
	why(u, DEV, EEH_CANARY_NO_ROW, "no safe register for 1b36:0010, class 010801");
	d.driver = "vfio-pci";
	device(u, &d);
	why(u, DEV, EEH_CANARY_PASSED, "(vfio-pci)");

	d = nvme;
	d.address = "0002:01:00.0";
	d.driver = NULL;
	device(u, &d);
	why(u, d.address, EEH_CANARY_NO_DRIVER, "no driver is bound");
	d.address = "0003:01:00.0";
	d.pe = NULL;
	device(u, &d);
	why(u, d.address, EEH_CANARY_NO_EEH, "not under EEH");
	unit_file(u, "sys/bus/pci/devices/0003:01:00.0/eeh_pe_config_addr", "%s", "");
	why(u, d.address, EEH_CANARY_NO_EEH, "not under EEH");
	device(u, &(struct device){ "0001:00:00.0", 0x1014, 0x4c1, 0x060400, "pcieport", OK, NULL });
	why(u, "0001:00:00.0", EEH_CANARY_BRIDGE, "a bridge");

	unit_file(u, CANARIES, "%s\n", GOOD);
	why(u, DEV, EEH_CANARY_HAS, "in BAR 0 at 0x8: live, answered 12");
	unit_file(u, CANARIES, "%s\n%s\n", GOOD, GOOD);
	why(u, DEV, EEH_CANARY_HAS, "the first of 2");
	for (i = 0; i < ARRAY_SIZE(reasons); i++) {
		unit_file(u, CANARIES, DEV " bar=0 offset=0x8 width=4 state=suspended reason=%s\n",
			  reasons[i].reason);
		why(u, DEV, EEH_CANARY_HAS, reasons[i].text);
	}
	/* No module: what it would say. */
	unit_remove(u, "sys/kernel/eeh_bpf");
	device(u, &nvme);
	why(u, DEV, EEH_CANARY_CAN, "can have");
}

static void t_device(void **state)
{
	struct eeh_canary_device *d;
	struct eeh_canary_row row;
	struct unit *u = *state;

	device(u, &nvme);
	assert_int_equal(eeh_canary_device_get(u->ctx, DEV, &d), 0);
	assert_string_equal(eeh_canary_device_address(d), DEV);
	assert_string_equal(eeh_canary_device_driver(d), "nvme");
	assert_int_equal(eeh_canary_device_vendor(d), 0x1b36);
	assert_int_equal(eeh_canary_device_id(d), 0x0010);
	assert_int_equal(eeh_canary_device_class(d), 0x010802);
	EEH_INIT(&row);
	assert_int_equal(eeh_canary_device_row(d, &row), 0);
	assert_string_equal(row.name, "NVMe: VS");
	assert_non_null(strstr(row.source, "NVM Express"));
	assert_int_equal(row.offset, 8);
	row.sz = 0;
	assert_int_equal(eeh_canary_device_row(d, &row), -EINVAL);
	eeh_canary_device_free(d);
	eeh_canary_device_free(NULL);

	assert_int_equal(eeh_canary_device_get(u->ctx, "0009:01:00.0", &d), -ENODEV);
	assert_null(d);
	assert_int_equal(eeh_canary_device_get(u->ctx, "../" DEV, &d), -EINVAL);
	unit_file(u, "sys/bus/pci/devices/" DEV "/class", "storage\n");
	assert_int_equal(eeh_canary_device_get(u->ctx, DEV, &d), -EBADMSG);
	unit_file(u, "sys/bus/pci/devices/" DEV "/class", "0x1010802\n");
	assert_int_equal(eeh_canary_device_get(u->ctx, DEV, &d), -EBADMSG);
	device(u, &nvme);
	unit_file(u, "sys/bus/pci/devices/" DEV "/resource", "0x0 0x0\n");
	assert_int_equal(eeh_canary_device_get(u->ctx, DEV, &d), -EBADMSG);
	assert_non_null(strstr(eeh_last_error(u->ctx), "resource"));
	device(u, &nvme);
	unit_file(u, CANARIES, "rubbish\n");
	assert_int_equal(eeh_canary_device_get(u->ctx, DEV, &d), -EBADMSG);
}

static void t_bars(void **state)
{
	struct device d = nvme;
	struct unit *u = *state;
	struct eeh_canary_device *dev;
	struct eeh_canary_bar b[EEH_BARS];
	long page = sysconf(_SC_PAGESIZE);
	uint32_t i, unknown, no;

	d.bars = "0x0000210000000000 0x0000210000003fff 0x0000000000140204\n" NO_BAR
		 "0x0000220000800000 0x00002200027fffff 0x000000000014220c\n" NO_BAR
		 "0x0000210000010000 0x000021000001ffff 0x0000000000040200\n"
		 "0x0000000000001000 0x000000000000103f 0x0000000000040101\n";
	device(u, &d);
	unit_file(u, CANARIES, "%s\n" DEV " bar=2 offset=0x900000 width=4 state=live\n"
		  "0002:01:00.0 bar=4 offset=0 width=4 state=live\n", GOOD);
	/*
	 * Two pages of which one is the guard; a vmalloc area; other memory; one whose guard page
	 * would be in BAR 4.
	 */
	unit_file(u, "proc/vmallocinfo",
		  "0xc008000000000000-0xc008000000020000 %9ld nvme_remap_bar+0x58/0xd0 "
		  "phys=0x0000210000000000 ioremap\n"
		  "0xc008000000040000-0xc008000000060000  131072 copy_process+0x1/0x2 pages=1 vmalloc\n"
		  "0xc008000000080000-0xc0080000000a0000  131072 x phys=0x0000230000000000 ioremap\n"
		  "0xc0080000000c0000-0xc0080000000e0000 %9ld x phys=0x%lx ioremap\n"
		  "rubbish\n\n", 2 * page, 2 * page, 0x210000010000 - page);
	for (unknown = 0; unknown < 2; unknown++) {
		assert_int_equal(eeh_canary_device_get(u->ctx, DEV, &dev), 0);
		for (i = 0; i < EEH_BARS; i++) {
			EEH_INIT(&b[i]);
			assert_int_equal(eeh_canary_device_bar(dev, i, &b[i]), 0);
		}
		no = unknown ? EEH_BAR_MAPPED_UNKNOWN : EEH_BAR_NOT_MAPPED;
		EEH_INIT(&b[0]);
		assert_int_equal(eeh_canary_device_bar(dev, EEH_BARS, &b[0]), -EINVAL);
		assert_int_equal(eeh_canary_device_bar(dev, 0, &b[0]), 0);
		eeh_canary_device_free(dev);
		assert_int_equal(b[0].kind, EEH_BAR_MEM64);
		assert_int_equal(b[0].size, 0x4000);
		assert_true(b[0].start == 0x210000000000);
		assert_int_equal(b[0].pieces, 1);
		assert_int_equal(b[0].covered, 1);
		assert_false(b[0].prefetch);
		assert_int_equal(b[1].kind, EEH_BAR_NONE);
		assert_int_equal(b[1].pieces, 0);
		assert_int_equal(b[2].kind, EEH_BAR_MEM64);
		assert_int_equal(b[2].pieces, 3);
		assert_int_equal(b[2].covered, 1);
		assert_true(b[2].prefetch);
		assert_int_equal(b[4].kind, EEH_BAR_MEM32);
		assert_int_equal(b[4].covered, 0);
		assert_int_equal(b[5].kind, EEH_BAR_IO);
		assert_int_equal(b[0].mapped, unknown ? EEH_BAR_MAPPED_UNKNOWN : EEH_BAR_MAPPED);
		assert_int_equal(b[1].mapped, EEH_BAR_NOT_MAPPED);
		assert_int_equal(b[2].mapped, no);
		assert_int_equal(b[4].mapped, no);
		unit_remove(u, "proc/vmallocinfo");
	}
}

struct order {
	char text[200];
	int ret;
};

static int add_address(void *arg, const struct eeh_canary_device *d)
{
	struct order *o = arg;

	strcat(o->text, eeh_canary_device_address(d));
	strcat(o->text, " ");
	return o->ret;
}

static void t_for_each_device(void **state)
{
	struct unit *u = *state;
	struct order o = { "", 0 };
	struct device d = nvme;

	assert_int_equal(eeh_canary_for_each_device(u->ctx, add_address, &o), -ENOENT);
	d.address = "10000:01:00.0";
	device(u, &d);
	d.address = "0002:01:00.0";
	device(u, &d);
	device(u, &nvme);
	unit_file(u, "sys/bus/pci/devices/readme", "not a device\n");
	/* Gone after it was listed. */
	unit_file(u, "sys/bus/pci/devices/0001:02:00.0/uevent", "%s", "");
	assert_int_equal(eeh_canary_for_each_device(u->ctx, add_address, &o), 0);
	assert_string_equal(o.text, "0001:01:00.0 0002:01:00.0 10000:01:00.0 ");
	o = (struct order){ "", 3 };
	assert_int_equal(eeh_canary_for_each_device(u->ctx, add_address, &o), 3);
	assert_string_equal(o.text, "0001:01:00.0 ");
}

/* ---- /proc/powerpc/eeh */

#define PROC "EEH Subsystem is enabled\nno device=12\nno device node=1\nno config address=2\n" \
	     "check not wanted=3\neeh_total_mmio_ffs=100\neeh_false_positives=90\neeh_slot_resets=4\n"

static void t_counters(void **state)
{
	struct eeh_canary_counters c;
	struct unit *u = *state;

	EEH_INIT(&c);
	assert_int_equal(eeh_canary_counters(u->ctx, &c), -ENOENT);
	unit_file(u, "proc/powerpc/eeh", PROC);
	assert_int_equal(eeh_canary_counters(u->ctx, &c), 0);
	assert_true(c.enabled);
	assert_int_equal(c.no_device, 12);
	assert_int_equal(c.mmio_ffs, 100);
	assert_int_equal(c.false_positives, 90);
	assert_int_equal(c.slot_resets, 4);
	assert_int_equal(c.true_no_device, 12);
	assert_int_equal(c.true_mmio_ffs, 100);
	assert_int_equal(c.true_false_positives, 90);
	unit_file(u, "sys/kernel/eeh_bpf/stats/check_queries", "20\n");
	unit_file(u, "sys/kernel/eeh_bpf/stats/check_answered", "10\n");
	assert_int_equal(eeh_canary_counters(u->ctx, &c), 0);
	assert_int_equal(c.check_queries, 20);
	assert_int_equal(c.check_answered, 10);
	assert_int_equal(c.true_no_device, 2);
	assert_int_equal(c.true_mmio_ffs, 110);
	assert_int_equal(c.true_false_positives, 100);
	unit_file(u, "sys/kernel/eeh_bpf/stats/check_answered", "ten\n");
	assert_int_equal(eeh_canary_counters(u->ctx, &c), -EBADMSG);
	unit_remove(u, "sys/kernel/eeh_bpf");
	assert_int_equal(eeh_canary_counters(u->ctx, &c), 0);
	assert_int_equal(c.check_answered, 0);
	assert_int_equal(c.true_no_device, 12);

	unit_file(u, "proc/powerpc/eeh", "EEH Subsystem is globally disabled\neeh_total_mmio_ffs=7\n");
	assert_int_equal(eeh_canary_counters(u->ctx, &c), 0);
	assert_false(c.enabled);
	assert_int_equal(c.mmio_ffs, 7);
	unit_file(u, "proc/powerpc/eeh", "EEH Subsystem is enabled\neeh_total_mmio_ffs=7\n");
	assert_int_equal(eeh_canary_counters(u->ctx, &c), -EBADMSG);
	unit_file(u, "proc/powerpc/eeh", "eeh_total_mmio_ffs=\n");
	assert_int_equal(eeh_canary_counters(u->ctx, &c), -EBADMSG);
	c.sz = 0;
	assert_int_equal(eeh_canary_counters(u->ctx, &c), -EINVAL);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, unit_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t_table),
		cmocka_unit_test(t_table_unknown),
		cmocka_unit_test(t_address),
		cmocka_unit_test(t_parse_good),
		cmocka_unit_test(t_parse_bad),
		TEST(t_list),
		TEST(t_add),
		TEST(t_add_bad),
		TEST(t_refused),
		TEST(t_try),
		TEST(t_why),
		TEST(t_device),
		TEST(t_bars),
		TEST(t_for_each_device),
		TEST(t_counters),
	};

	return cmocka_run_group_tests_name("canary", tests, NULL, NULL) ? 1 : 0;
}
