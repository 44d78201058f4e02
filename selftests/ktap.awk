# SPDX-License-Identifier: GPL-2.0-only
#
# Count the results in KTAP text. Prints every failure as "FAIL text" and its diagnosis (up to eight
# lines, the first 300 characters of each) as "WHY text", every skip as "SKIP text", and last
# "passed failed skipped".
#
# A result that follows more deeply indented ones is their summary and is not counted, unless it
# failed while none of them did. A plan that was not kept is a failure, and so is text without any
# result: a test that died must not look like one that passed.

function indent(line) {
	match(line, /^ */)
	return RLENGTH
}

function fail(text) {
	failed++
	why = 8
	print "FAIL " text
}

# All levels deeper than d are complete: check their plans. Returns 1 if there were results.
function close_deeper(d,    i, had) {
	had = 0
	deeper_failed = 0
	for (i in seen)
		if (i + 0 > d) {
			had = 1
			deeper_failed += bad[i]
			if (i in plan && plan[i] != seen[i]) {
				fail(sprintf("%d of %d planned results came (%s)", seen[i], plan[i], context))
				deeper_failed++
			}
			delete seen[i]
			delete bad[i]
			delete plan[i]
		}
	return had
}

{ sub(/\r$/, "") }

/^ *1\.\.0 *# *SKIP/ {
	d = indent($0)
	sub(/^.*# *SKIP */, "")
	skips_all[d] = $0
	if (d == 0) {
		skipped++
		any = 1
		print "SKIP " $0
	}
	next
}

/^ *1\.\.[0-9]+/ {
	d = indent($0)
	sub(/^ *1\.\./, "")
	plan[d] = $0 + 0
	if (!(d in seen))
		seen[d] = bad[d] = 0
	next
}

/^ *# Subtest: / {
	context = $0
	sub(/^ *# Subtest: /, "", context)
	next
}

/^ *#/ {
	if (why-- > 0) {
		sub(/^ *# */, "")
		print "WHY " (length($0) > 300 ? substr($0, 1, 300) "..." : $0)
	}
	next
}

/^ *Bail out!/ { fail($0); next }

/^ *(not )?ok [0-9]+/ {
	d = indent($0)
	text = $0
	sub(/^ *(not )?ok [0-9]+( -)? */, "", text)
	not_ok = $0 ~ /^ *not ok/
	any = 1
	why = 0
	parent = close_deeper(d)
	seen[d]++
	if (not_ok)
		bad[d]++
	if (parent) {
		if (not_ok && !deeper_failed)
			fail(text)
	} else if (text ~ /# *SKIP/) {
		skipped++
		print "SKIP " text
	} else if (not_ok) {
		fail((d > 0 && context != "" ? context ": " : "") text)
	} else {
		passed++
	}
}

END {
	close_deeper(-1)
	if (!any)
		fail("no result at all")
	print passed + 0, failed + 0, skipped + 0
}
