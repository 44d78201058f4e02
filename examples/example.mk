# SPDX-License-Identifier: GPL-2.0-only
#
# Builds $(NAME) of $(SRCS), with libeeh:
#
#	make [O=outdir] [CROSS_COMPILE=powerpc64le-linux-gnu-] LIBEEH=path/libeeh.a
#
# With an installed libeeh: make LIBEEH="$(pkg-config --libs libeeh)"
CROSS_COMPILE	?=
O		?= build
top		:= $(dir $(abspath $(lastword $(MAKEFILE_LIST))))..
LIBEEH		?= $(top)/user/build/lib/libeeh.a
LIBS		?= -lbpf -lelf -lz -lpthread
ifeq ($(origin CC),default)
CC		:= $(CROSS_COMPILE)gcc
endif
CFLAGS		?= -O2 -g
ALL_CFLAGS	:= -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Werror -I$(top)/include \
		   -I$(top)/examples/nvme-admin $(CFLAGS)
HDRS		:= $(wildcard $(top)/examples/nvme-admin/*.h $(top)/include/eeh/*.h)

$(O)/$(NAME): $(SRCS) $(HDRS) $(filter %.a,$(LIBEEH)) $(MAKEFILE_LIST)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,--gc-sections -o $@ $(SRCS) $(LIBEEH) $(LIBS)

clean:
	rm -f $(O)/$(NAME)

.PHONY: clean
