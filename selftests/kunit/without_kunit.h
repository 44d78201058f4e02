/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of KUnit as evidence_kunit.c uses, for kernels that are built without it (Debian's): the
 * same KTAP in the same file of debugfs. One suite per module; an assertion that fails returns from
 * the test's function, so it may stand there only.
 */
#ifndef _WITHOUT_KUNIT_H
#define _WITHOUT_KUNIT_H

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

struct kunit {
	bool failed;
	void *mem;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
};

struct kunit_suite {
	const char *name;
	int (*init)(struct kunit *test);
	struct kunit_case *test_cases;
};

static char kunit_text[PAGE_SIZE];

#define kunit_log(fmt, ...) do {					\
	size_t _at = strlen(kunit_text);				\
									\
	scnprintf(kunit_text + _at, sizeof(kunit_text) - _at, fmt, ##__VA_ARGS__); \
} while (0)

#define kunit_info(test, fmt, ...)	kunit_log("    # " fmt, ##__VA_ARGS__)
#define KUNIT_CASE(function)		{ .run_case = function, .name = #function }

/* One object per test */
static inline void *kunit_kzalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	return test->mem = kzalloc(size, gfp);
}

#define KUNIT_CHECK(test, ok, what, otherwise, fmt, ...) do {		\
	if (!(ok)) {							\
		(test)->failed = true;					\
		kunit_log("    # %s:%d: expected %s " fmt "\n", __func__, __LINE__, what, \
			  ##__VA_ARGS__);				\
		otherwise;						\
	}								\
} while (0)

#define KUNIT_EXPECT_EQ_MSG(test, a, b, ...)	KUNIT_CHECK(test, (a) == (b), #a " == " #b, , __VA_ARGS__)
#define KUNIT_EXPECT_PTR_EQ_MSG			KUNIT_EXPECT_EQ_MSG
#define KUNIT_ASSERT_EQ_MSG(test, a, b, ...)	KUNIT_CHECK(test, (a) == (b), #a " == " #b, return, __VA_ARGS__)
#define KUNIT_EXPECT_EQ(test, a, b)		KUNIT_EXPECT_EQ_MSG(test, a, b, "")
#define KUNIT_EXPECT_GT(test, a, b)		KUNIT_CHECK(test, (a) > (b), #a " > " #b, , "")
#define KUNIT_EXPECT_TRUE(test, a)		KUNIT_CHECK(test, a, #a, , "")
#define KUNIT_EXPECT_FALSE(test, a)		KUNIT_CHECK(test, !(a), "!" #a, , "")
#define KUNIT_ASSERT_FALSE(test, a)		KUNIT_CHECK(test, !(a), "!" #a, return, "")

static inline bool kunit_run_suite(const struct kunit_suite *s)
{
	const struct kunit_case *c;
	bool failed = false;
	int n = 0;

	for (c = s->test_cases; c->run_case; c++)
		n++;
	kunit_log("KTAP version 1\n1..1\n    KTAP version 1\n    # Subtest: %s\n    1..%d\n", s->name, n);
	for (c = s->test_cases; c->run_case; c++) {
		struct kunit test = {};

		if (s->init(&test))
			test.failed = true;
		else
			c->run_case(&test);
		kfree(test.mem);
		failed |= test.failed;
		kunit_log("    %sok %d %s\n", test.failed ? "not " : "", (int)(c - s->test_cases + 1),
			  c->name);
	}
	kunit_log("%sok 1 %s\n", failed ? "not " : "", s->name);
	return failed;
}

#define kunit_test_suite(suite)						\
static struct debugfs_blob_wrapper kunit_blob = { .data = kunit_text };	\
static struct dentry *kunit_top;					\
									\
static int __init kunit_module_init(void)				\
{									\
	kunit_run_suite(&suite);					\
	kunit_blob.size = strlen(kunit_text);				\
	kunit_top = debugfs_create_dir("kunit", NULL);			\
	debugfs_create_blob("results", 0400, debugfs_create_dir((suite).name, kunit_top), \
			    &kunit_blob);				\
	return 0;							\
}									\
module_init(kunit_module_init);						\
									\
static void __exit kunit_module_exit(void)				\
{									\
	debugfs_remove(kunit_top);					\
}									\
module_exit(kunit_module_exit)

#endif /* _WITHOUT_KUNIT_H */
