# SPDX-License-Identifier: GPL-2.0-only
#
# $(Q) and $(call msg,WHAT,FILE): a short line for each command, or with V=1 the command itself.
# Both go to standard error; standard output is for KTAP.

V	?= 0

ifeq ($(V),0)
Q	:= @
msg	= @printf '  %-8s %s\n' '$(1)' '$(2)' >&2
else
Q	:=
msg	= @:
endif
