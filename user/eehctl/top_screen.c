// SPDX-License-Identifier: GPL-2.0-only
/* The screen of eehctl top. */
#include <ncurses.h>
#include <stdlib.h>
#include <string.h>

#include "top.h"

static SCREEN *screen;

bool top_screen_open(void)
{
	/* Not initscr(), which ends the program where it cannot. */
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return false;
	set_term(screen);
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	return true;
}

void top_screen_close(void)
{
	endwin();
	delscreen(screen);
	screen = NULL;
}

static void draw(const struct top *t, enum top_sort by)
{
	static const char * const names[TOP_SORTS] = { "queries", "freezes", "name" };
	char line[256];
	int y;

	erase();
	for (y = 0; y < LINES - 1 && (size_t)y < t->nr + 4; y++) {
		top_line(t, y, line, sizeof(line));
		if (y == 3)
			attron(A_REVERSE);
		/* What is frozen is seen at once. */
		if (y > 3 && strcmp(t->pes[y - 4].state, "-") && strcmp(t->pes[y - 4].state, "idle"))
			attron(A_BOLD);
		mvaddnstr(y, 0, line, COLS);
		attrset(A_NORMAL);
	}
	snprintf(line, sizeof(line), "q quit   s sorted by %s", names[by]);
	mvaddnstr(LINES - 1, 0, line, COLS);
	refresh();
}

bool top_screen_show(struct top *t, enum top_sort *by, uint32_t delay_ms)
{
	draw(t, *by);
	timeout(delay_ms);
	for (;;) {
		switch (getch()) {
		case 'q':
		case 'Q':
		case 27:
			return false;
		case 's':
			*by = (*by + 1) % TOP_SORTS;
			top_sort(t, *by);
			draw(t, *by);
			break;
		case KEY_RESIZE:
			draw(t, *by);
			break;
		case ERR:
		case ' ':
			return true;
		}
	}
}
